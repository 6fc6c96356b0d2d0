"""Keyed logic: state, timers, side outputs, failures, whatever the batches and instances are."""

from __future__ import annotations

import random
from collections import Counter as Multiset
from dataclasses import dataclass
from typing import Any, Iterator

import pytest

from wasmill import (
    END_OF_TIME,
    CallFailure,
    Collect,
    Collection,
    Collector,
    Env,
    GraphError,
    KeyedCoProcess,
    KeyedContext,
    KeyedProcess,
    OpenContext,
    OutputTag,
    Print,
    Process,
    ProcessContext,
    Watermarks,
)
from wasmill.testing import Harness

REJECTED = OutputTag("rejected", str)


@dataclass
class Total:
    word: str
    count: int


@dataclass
class Bag:
    words: list[str]


class CountWords(KeyedProcess):
    """Counts words in a value, remembers them in a list and a map, tells at the end."""

    def __init__(self, ctx: OpenContext) -> None:
        self.count = ctx.value_state("count", int)
        self.bag = ctx.value_state("bag", Bag)
        self.all = ctx.list_state("all", str)
        self.lengths = ctx.map_state("lengths", int, int)
        self.rejected = ctx.side_output(REJECTED)
        self.seen = ctx.counter("seen")

    def process(self, word: str, ctx: KeyedContext, out: Collector[Total]) -> None:
        self.seen.add()
        if word == "bad":
            raise ValueError("a bad word")
        if word.isdigit():
            self.rejected.emit(word)
            return
        count = self.count.get(0) + 1
        self.count.set(count)
        if count == 1:
            ctx.register_event_timer(END_OF_TIME)
        self.all.add(word)
        self.lengths.put(len(word), (self.lengths.get(len(word)) or 0) + 1)
        bag = self.bag.get() or Bag([])
        bag.words.append(word)
        self.bag.set(bag)
        bag.words.append("never stored")

    def on_timer(self, domain: str, ctx: KeyedContext, out: Collector[Total]) -> None:
        assert self.all.get() == self.bag.get().words
        assert sum(n for _, n in self.lengths.items()) == self.count.get()
        assert [length for length, _ in self.lengths.items()] == sorted(length for length, _ in self.lengths.items())
        out.emit(Total(ctx.key, self.count.get()))


def first_letter(word: str) -> str:
    return word[:1]


def count_job(env: Env) -> None:
    words = env.source(Collection(str, []))
    counts = words.key_by(first_letter).process(CountWords).uid("count")
    counts.sink(Collect())
    counts.side_output(REJECTED).sink(Collect())


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("soft_bytes", [1, 256 * 1024])
@pytest.mark.parametrize("seed", range(5))
def test_counts_do_not_depend_on_batches_and_instances(seed: int, soft_bytes: int, forget: bool) -> None:
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcé7", k=rng.randint(1, 3))) for _ in range(300)]
    harness = Harness(count_job, output_soft_bytes=soft_bytes, forget_between_calls=forget)
    rest = list(words)
    while rest:
        size = rng.randint(1, 100)
        harness.push(rest[:size])
        rest = rest[size:]
    harness.finish()
    expected = Multiset(word[:1] for word in words if not word.isdigit())
    assert {total.word: total.count for total in harness.output()} == expected
    assert harness.output(1) == [word for word in words if word.isdigit()]
    assert harness.counter("seen") == len(words)


def test_state_is_read_and_written_once_a_batch() -> None:
    harness = Harness(count_job)
    harness.push(["ab", "b", "ab", "cc"])
    calls = harness.host("count").calls
    # One for the numbers and one for the bags.
    assert calls["get_many"] == 2
    # And one for the map.
    assert calls["put_many"] == 3


def test_a_failure_names_the_record_and_undoes_the_call() -> None:
    harness = Harness(count_job)
    harness.push(["a", "b"])
    with pytest.raises(CallFailure, match=r"ValueError: a bad word \(test_process.py, line \d+, in process\)") as failed:
        harness.push(["a", "a", "bad", "b"])
    assert failed.value.record == 2
    harness.finish()
    assert {total.word: total.count for total in harness.output()} == {"a": 1, "b": 1}


class Reminder(KeyedProcess):
    """Tells of a key that was silent for ten milliseconds of event time, or of the clock."""

    def __init__(self, ctx: OpenContext) -> None:
        self.last = ctx.value_state("last", int)

    def process(self, record: tuple[str, int], ctx: KeyedContext, out: Collector[str]) -> None:
        before = self.last.get()
        if before is not None:
            ctx.delete_event_timer(before + 10)
        self.last.set(ctx.timestamp)
        ctx.register_event_timer(ctx.timestamp + 10)
        ctx.register_processing_timer(ctx.processing_time + 1000)

    def on_timer(self, domain: str, ctx: KeyedContext, out: Collector[str]) -> None:
        out.emit(f"{domain} {ctx.key} {ctx.timer_time}")


def reminder_job(env: Env) -> None:
    records = env.source(Collection(tuple[str, int], []))
    records = records.assign_timestamps(lambda record: record[1], Watermarks.bounded_ms(0))
    records.key_by(lambda record: record[0], returns=str).process(Reminder).sink(Print())


def test_timers_fire_once_and_deleted_ones_never() -> None:
    harness = Harness(reminder_job)
    harness.push([("a", 1), ("b", 2)])
    harness.push([("a", 5)])
    assert harness.output() == []
    harness.push([("c", 14)])
    assert harness.output() == ["event b 12"]
    harness.set_clock(1000)
    assert harness.output()[1:] == ["processing a 1000", "processing b 1000", "processing c 1000"]
    harness.finish()
    assert harness.output_at()[4:] == [("event a 15", 15), ("event c 24", 24)]


class Pair(KeyedCoProcess):
    def __init__(self, ctx: OpenContext) -> None:
        self.left = ctx.value_state("left", str)

    def process1(self, record: str, ctx: KeyedContext, out: Collector[str]) -> None:
        self.left.set(record)

    def process2(self, record: str, ctx: KeyedContext, out: Collector[str]) -> None:
        out.emit(f"{self.left.get('nothing')} meets {record}")


def test_two_streams_share_state() -> None:
    def job(env: Env) -> None:
        first = env.source(Collection(str, [])).key_by(first_letter)
        second = env.source(Collection(str, [])).key_by(first_letter)
        first.connect(second).process(Pair).sink(Print())

    harness = Harness(job)
    harness.push(["ape", "bee"])
    harness.push(["ant", "cat"], source=1)
    assert harness.output() == ["ape meets ant", "nothing meets cat"]


class Tail(Process):
    def __init__(self, ctx: OpenContext) -> None:
        pass

    def process(self, record: str, ctx: ProcessContext, out: Collector[str]) -> None:
        if ctx.watermark > 0:
            out.emit(f"{record} after {ctx.watermark}")

    def finish(self, ctx: ProcessContext, out: Collector[str]) -> None:
        out.emit("end")


def split(line: str) -> Iterator[str]:
    yield from line.split()


def test_simple_operators_chain_in_order() -> None:
    def job(env: Env) -> None:
        lines = env.source(Collection(str, []))
        words = lines.flat_map(split).filter(lambda word: word != "no").map(str.upper, returns=str)
        words.union(words).process(Tail).sink(Print())
        words.key_by(first_letter).reduce(lambda a, b: a + b).sink(Print())

    harness = Harness(job)
    harness.push(["a b no", "", "ab no"])
    assert harness.output(1) == ["A", "B", "AAB"]
    harness.advance_watermark(7)
    harness.push(["x"])
    assert harness.output(0) == ["X after 7", "X after 7"]
    harness.finish()
    assert harness.output(0)[2:] == ["end"]


def job_of(build: Any) -> Any:
    def job(env: Env) -> None:
        build(env.source(Collection(str, [])))

    return job


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda words: words.map(lambda word: word).sink(Print()), "map-1: nothing says what its function returns"),
        (lambda words: words.process(CountWords).sink(Print()), "process-1: state count needs a keyed stream"),
        (lambda words: words.key_by("size").process(CountWords).sink(Print()), "key-by-1: string has no field size"),
        (lambda words: words.filter(bool).uid("x").filter(bool).uid("x").sink(Print()), "x: another operator"),
        (lambda words: words.filter(bool).parallelism(0).sink(Print()), "parallelism is 0"),
        (lambda words: words.side_output(REJECTED).sink(Print()), "it has no side output rejected"),
    ],
)
def test_an_impossible_graph_is_refused_with_the_operator_named(build: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Harness(job_of(build))
