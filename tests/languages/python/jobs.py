"""Jobs in Python that answer the oracle's questions, J2, J4, J5, J7 and J8; one with a source and a sink of its own, one
that makes instances grow, and one that fails."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

import wasmill
from wasmill import (
    END_OF_TIME,
    Collector,
    Connector,
    Context,
    Count,
    Env,
    Generator,
    KeyedContext,
    KeyedProcess,
    OpenContext,
    Session,
    Sliding,
    Source,
    SourceContext,
    SourceOutput,
    Stream,
    TextFiles,
    Tumbling,
    TwoPhaseSink,
    Watermarks,
    Window,
)

WORD = re.compile(r"[a-z0-9]+")


class Pair(NamedTuple):
    key: int
    one: int


class Bid(NamedTuple):
    auction: int
    bidder: int
    price: int
    ts: int


class WordCount(NamedTuple):
    word: str
    count: int


class WindowCount(NamedTuple):
    window_start: int
    key: int
    count: int


class Numbers(Source):
    """So many numbers, in as many splits as there are subtasks; a position is the next number and the one to stop
    before."""

    def __init__(self, count: int) -> None:
        self.count = count

    def splits(self, parallelism: int) -> list[tuple[int, int]]:
        bounds = [self.count * split // parallelism for split in range(parallelism + 1)]
        return list(zip(bounds, bounds[1:]))

    def poll(
        self, position: tuple[int, int], ctx: SourceContext, out: SourceOutput[int]
    ) -> tuple[tuple[int, int], str | int]:
        first, end = position
        after = min(end, first + out.room)
        for number in range(first, after):
            out.emit(number)
        return (after, end), Source.MORE if after < end else Source.ENDED


class Parts(TwoPhaseSink):
    """Files that appear by a rename."""

    def __init__(self, ctx: OpenContext) -> None:
        self.files = ctx.files()

    def begin(self, name: str, ctx: Context) -> str:
        return name

    def write(self, name: str, records: list[int], ctx: Context) -> str:
        self.files.append(f"{name}.pending", "".join(f"{number}\n" for number in records).encode())
        return name

    def pre_commit(self, name: str, checkpoint: int, ctx: Context) -> str:
        self.files.sync(f"{name}.pending")
        return name

    def commit(self, name: str, ctx: Context) -> None:
        if self.files.size(f"{name}.pending") is not None:
            self.files.rename(f"{name}.pending", f"part-{name}")

    def abort(self, name: str, ctx: Context) -> None:
        self.files.remove(f"{name}.pending")

    def recover(self, committed: list[str], ctx: Context) -> None:
        for name in list(self.files.list()):
            if name.endswith(".pending"):
                self.files.remove(name)


class CountPairs(KeyedProcess):
    """Tells every sum."""

    def __init__(self, ctx: OpenContext) -> None:
        self.sum = ctx.value_state("sum", int)

    def process(self, pair: Pair, ctx: KeyedContext, out: Collector[Pair]) -> None:
        total = self.sum.get(0) + pair.one
        self.sum.set(total)
        out.emit(Pair(pair.key, total))


class CountWords(KeyedProcess):
    """Counts a word; tells every count, or only the last one."""

    def __init__(self, ctx: OpenContext) -> None:
        self.count = ctx.value_state("count", int)
        self.emit_all = ctx.place.parameters.get("emit") == "all"

    def process(self, word: str, ctx: KeyedContext, out: Collector[WordCount]) -> None:
        count = self.count.get(0) + 1
        self.count.set(count)
        if self.emit_all:
            out.emit(WordCount(word, count))
        elif count == 1:
            ctx.register_event_timer(END_OF_TIME)

    def on_timer(self, domain: str, ctx: KeyedContext, out: Collector[WordCount]) -> None:
        out.emit(WordCount(ctx.key, self.count.get(0)))


def words(line: str) -> list[str]:
    return WORD.findall(line.lower())


def large(pair: Pair) -> Iterator[bytes]:
    """A kilobyte for every pair: what is written to the outside and never given back."""
    yield bytes(1024)


def refuse(pair: Pair) -> Pair:
    if pair.key == 7:
        raise ValueError("seven is refused")
    return pair


def window_count(key: int, window: Window, count: int) -> WindowCount:
    return WindowCount(window.start, key, count)


def greater(a: WindowCount, b: WindowCount) -> WindowCount:
    return b if (b.count, -b.key) > (a.count, -a.key) else a


def windows(job: str, bids: Stream) -> Stream:
    """The jobs over bids with event time."""
    if job == "J4":
        return bids.key_by("auction").window(Tumbling.of_secs(10)).aggregate(Count(), window_count)
    if job == "J8":
        return bids.key_by("bidder").window(Session.with_gap_secs(5)).aggregate(Count(), window_count)
    counts = bids.key_by("auction").window(Sliding.of_secs(10, 2)).aggregate(Count(), window_count)
    return counts.key_by(lambda _: 0, returns=int).window(Tumbling.of_secs(2)).reduce(greater).parallelism(1)


@wasmill.job
def jobs(env: Env) -> None:
    job = env.param("job", default="J2", describe="J2, J4, J5, J7, J8, connectors, grow or fail")
    count = env.param("n", default=1_000_000, describe="how many records to generate")
    keys = env.param("keys", default=1000, describe="how many different keys")
    epm = env.param("epm", default=1, describe="records in a millisecond of event time")
    rate = env.param("rate", default=0, describe="records a second, 0 for as many as possible")
    file = env.param("file", default="words.txt", describe="text files for J7")
    env.param("emit", default="all", describe="J7: `all` updates or `final` counts")
    out = env.param("out", default="", describe="directory to write results to instead of a checksum")
    env.name(f"python-{job}")
    if job == "J7":
        lines = env.source(TextFiles(file).rate(rate))
        results = lines.flat_map(words).key_by(lambda word: word, returns=str).process(CountWords)
    elif job == "connectors":
        env.add_source(lambda _: Numbers(count)).add_sink(Parts)
        return
    elif job in ("J2", "grow", "fail"):
        pairs = env.source(Generator("pairs", count, rate, keys=keys), Pair)
        simple = {"grow": lambda: pairs.flat_map(large), "fail": lambda: pairs.map(refuse)}
        results = simple[job]() if job in simple else pairs.key_by("key").process(CountPairs)
    else:
        bids = env.source(Generator("bids", count, rate, keys=keys, epm=epm), Bid)
        results = windows(job, bids.assign_timestamps(lambda bid: bid.ts, Watermarks.bounded_ms(100)))
    # The largest of all windows are one subtask's.
    sink = results.sink(Connector("text-files", path=out) if out else Connector("checksum"))
    if job == "J5":
        sink.parallelism(1)
