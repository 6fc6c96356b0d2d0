"""Windows against a naive model: every record in the windows of its time, each window told once."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest

from wasmill import Collection, Env, OutputTag, Print, Session, Sliding, Sum, Tumbling, Watermarks
from wasmill.testing import Harness

Row = tuple[str, int, int]
LATE = OutputTag("late", Row)


def job_with(assigner: Any, lateness: int = 0) -> Any:
    def job(env: Env) -> None:
        rows = env.source(Collection(Row, []))
        rows = rows.assign_timestamps(lambda row: row[1], Watermarks.bounded_ms(20))
        windows = rows.key_by(lambda row: row[0], returns=str).window(assigner)
        sums = windows.allowed_lateness_ms(lateness).late_output(LATE).aggregate(Sum(lambda row: row[2]))
        sums.sink(Print())
        sums.side_output(LATE).sink(Print())

    return job


def rows_of(rng: random.Random) -> list[Row]:
    """In order up to 20 milliseconds, so that nothing is late."""
    return [(rng.choice("ab"), 3 * i - rng.randint(0, 20), rng.randint(1, 9)) for i in range(200)]


def run(job: Any, rows: list[Row], rng: random.Random, forget: bool) -> Harness:
    harness = Harness(job, forget_between_calls=forget)
    while rows:
        size = rng.randint(1, 40)
        harness.push(rows[:size])
        rows = rows[size:]
    harness.finish()
    return harness


def regular(rows: list[Row], size: int, slide: int, offset: int) -> dict[tuple[str, int, int], int]:
    sums: dict[tuple[str, int, int], int] = defaultdict(int)
    for key, time, number in rows:
        for start in range(-1000 * slide + offset, 1000 * slide, slide):
            if start <= time < start + size:
                sums[key, start, start + size] += number
    return sums


def sessions(rows: list[Row], gap: int) -> dict[tuple[str, int, int], int]:
    sums: dict[tuple[str, int, int], int] = {}
    for key in sorted({row[0] for row in rows}):
        mine = sorted((time, number) for k, time, number in rows if k == key)
        group = [mine[0]]
        for row in [*mine[1:], (10**9, 0)]:
            if row[0] - group[-1][0] > gap:
                sums[key, group[0][0], group[-1][0] + gap] = sum(number for _, number in group)
                group = []
            group.append(row)
    return sums


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("size", "slide", "offset"), [(10, 10, 0), (10, 10, 3), (30, 10, 0), (25, 10, -4), (5, 20, 0)])
def test_regular_windows_are_those_of_the_model(size: int, slide: int, offset: int, seed: int, forget: bool) -> None:
    rng = random.Random(seed)
    rows = rows_of(rng)
    harness = run(job_with(Sliding.of_ms(size, slide).offset_ms(offset)), rows, rng, forget)
    found = {(w.key, w.window_start, w.window_end): w.value for w in harness.output()}
    assert found == regular(rows, size, slide, offset)
    assert len(harness.output()) == len(found)
    assert all(time == w.window_end - 1 for w, time in harness.output_at())
    assert all(not host.host.values for host in harness._fragments)


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("gap", [3, 7, 30])
def test_sessions_are_those_of_the_model(gap: int, seed: int, forget: bool) -> None:
    rng = random.Random(seed)
    rows = rows_of(rng)
    harness = run(job_with(Session.with_gap_ms(gap)), rows, rng, forget)
    found = {(w.key, w.window_start, w.window_end): w.value for w in harness.output()}
    assert found == sessions(rows, gap)
    assert len(harness.output()) == len(found)
    assert all(not host.host.values for host in harness._fragments)


@pytest.mark.parametrize("assigner", [Tumbling.of_ms(10), Session.with_gap_ms(10)])
def test_late_records_fire_again_within_the_lateness_and_leave_after_it(assigner: Any) -> None:
    harness = Harness(job_with(assigner, lateness=100))
    harness.push([("a", 0, 1), ("a", 60, 5)])
    assert [w.value for w in harness.output()] == [1]
    harness.push([("a", 0, 2)])
    assert [w.value for w in harness.output()] == [1, 3]
    harness.push([("a", 200, 7), ("b", 300, 1)])
    harness.push([("a", 1, 4)])
    assert harness.output(1) == [("a", 1, 4)]
    assert harness.counter("numLateRecordsOut") == 1
    harness.finish()
    assert sorted(w.value for w in harness.output()) == [1, 1, 3, 5, 7]
    assert all(not host.host.values for host in harness._fragments)


def test_windows_of_the_clock_close_by_the_clock() -> None:
    def job(env: Env) -> None:
        rows = env.source(Collection(str, []))
        rows.key_by(lambda row: row, returns=str).window(Tumbling.of_ms(10).processing_time()).count().sink(Print())

    harness = Harness(job)
    harness.set_clock(5)
    harness.push(["a", "a"])
    harness.set_clock(9)
    assert harness.output() == []
    harness.set_clock(10)
    assert [(w.key, w.window_start, w.value) for w in harness.output()] == [("a", 0, 2)]
