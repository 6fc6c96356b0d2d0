"""Windows: what assigns records to them, and what folds the records of one."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass, replace
from functools import cache
from typing import Any, Callable, NamedTuple

from .host import EVENT, PROCESSING
from .state import ordered, unordered
from .types import Type, type_of

#: Timestamps of windowed records are within this distance of the epoch: 9 million years.
TIMESTAMP_MAX = 1 << 58


class Window(NamedTuple):
    """A stretch of time (milliseconds), `start` inclusive, `end` exclusive."""

    start: int
    end: int

    @property
    def max_timestamp(self) -> int:
        """The last millisecond of the window: the timestamp of its results."""
        return self.end - 1

    def address(self) -> bytes:
        """The sub-key of the window's state and the namespace of its timers; sorts as windows do."""
        return ordered(self.start) + ordered(self.end)

    @staticmethod
    def of_address(address: bytes) -> Window:
        """The window of an address."""
        return Window(unordered(address[:8]), unordered(address[8:]))


@dataclass(frozen=True)
class Assigner:
    """Regular windows: size, slide and offset (milliseconds). Made by `Tumbling` and `Sliding`."""

    size: int
    slide: int
    offset: int = 0
    domain: int = EVENT

    def offset_ms(self, offset: int) -> Assigner:
        """Windows start this much after the multiples of their slide."""
        return replace(self, offset=offset)

    def processing_time(self) -> Assigner:
        """Windows of the operator's clock instead of event time."""
        return replace(self, domain=PROCESSING)

    def windows(self, time: int) -> list[Window]:
        """The windows of a time, earliest first; none in the gap of a slide that is longer than the size."""
        last = time - (time - self.offset) % self.slide
        first = last - (self.size - 1) // self.slide * self.slide
        starts = range(first, last + 1, self.slide)
        return [Window(start, start + self.size) for start in starts if start + self.size > time]

    def defect(self) -> str | None:
        """What is wrong with the windows, if anything."""
        if not (1 <= self.size <= TIMESTAMP_MAX and 1 <= self.slide <= TIMESTAMP_MAX):
            return f"windows of {self.size} ms every {self.slide} ms are impossible, give positive numbers"
        if abs(self.offset) >= self.slide:
            return f"windows every {self.slide} ms cannot have an offset of {self.offset} ms, give less"
        return None


class Tumbling:
    """Windows that follow each other without gaps."""

    @staticmethod
    def of_ms(size: int) -> Assigner:
        """Windows of this many milliseconds."""
        return Assigner(size, size)

    @staticmethod
    def of_secs(size: int) -> Assigner:
        """Windows of this many seconds."""
        return Tumbling.of_ms(size * 1000)


class Sliding:
    """Windows that overlap, or leave gaps if the slide is longer than the size."""

    @staticmethod
    def of_ms(size: int, slide: int) -> Assigner:
        """Windows of `size` milliseconds, one every `slide` milliseconds."""
        return Assigner(size, slide)

    @staticmethod
    def of_secs(size: int, slide: int) -> Assigner:
        """Windows of `size` seconds, one every `slide` seconds."""
        return Sliding.of_ms(size * 1000, slide * 1000)


@dataclass(frozen=True)
class Session:
    """Windows that grow while records of the key are at most `gap` milliseconds apart. Made by `with_gap_ms`."""

    gap: int
    domain: int = EVENT

    @staticmethod
    def with_gap_ms(gap: int) -> Session:
        """Sessions that end after so many milliseconds without a record."""
        return Session(gap)

    @staticmethod
    def with_gap_secs(gap: int) -> Session:
        """Sessions that end after so many seconds without a record."""
        return Session(gap * 1000)

    def processing_time(self) -> Session:
        """Sessions of the operator's clock instead of event time."""
        return replace(self, domain=PROCESSING)

    def defect(self) -> str | None:
        """What is wrong with the windows, if anything."""
        if 1 <= self.gap <= TIMESTAMP_MAX:
            return None
        return f"sessions with a gap of {self.gap} ms are impossible, give a positive number"


class Aggregate:
    """An incremental aggregation. Functions of their arguments alone; annotate what `create` and `result` return, from
    which the types of accumulator and result follow."""

    def create(self) -> Any:
        """The accumulator of no records."""
        raise NotImplementedError

    def add(self, acc: Any, record: Any) -> Any:
        """The accumulator with a record added."""
        raise NotImplementedError

    def merge(self, acc: Any, other: Any) -> Any:
        """The accumulator of the records of both; session windows need it."""
        raise NotImplementedError

    def result(self, acc: Any) -> Any:
        """The result."""
        raise NotImplementedError


class Count(Aggregate):
    """Counts records."""

    def create(self) -> int:
        return 0

    def add(self, acc: int, record: Any) -> int:
        return acc + 1

    def merge(self, acc: int, other: int) -> int:
        return acc + other

    def result(self, acc: int) -> int:
        return acc


class Sum(Aggregate):
    """Adds up a whole number of each record."""

    def __init__(self, number: Callable[[Any], int]) -> None:
        self._number = number

    def create(self) -> int:
        return 0

    def add(self, acc: int, record: Any) -> int:
        return acc + self._number(record)

    def merge(self, acc: int, other: int) -> int:
        return acc + other

    def result(self, acc: int) -> int:
        return acc


class Avg(Aggregate):
    """The mean of a number of each record."""

    def __init__(self, number: Callable[[Any], float]) -> None:
        self._number = number

    def create(self) -> tuple[float, int]:
        return (0.0, 0)

    def add(self, acc: tuple[float, int], record: Any) -> tuple[float, int]:
        return (acc[0] + self._number(record), acc[1] + 1)

    def merge(self, acc: tuple[float, int], other: tuple[float, int]) -> tuple[float, int]:
        return (acc[0] + other[0], acc[1] + other[1])

    def result(self, acc: tuple[float, int]) -> float:
        return acc[0] / acc[1]


class Reduce(Aggregate):
    """Reduces records two by two; the accumulator of no records is None."""

    def __init__(self, reduce: Callable[[Any, Any], Any]) -> None:
        self._reduce = reduce

    def create(self) -> None:
        return None

    def add(self, acc: Any, record: Any) -> Any:
        return record if acc is None else self._reduce(acc, record)

    def merge(self, acc: Any, other: Any) -> Any:
        return self._reduce(acc, other)

    def result(self, acc: Any) -> Any:
        return acc


@cache
def windowed(key: Type, value: Type) -> type:
    """The record of a result: `key`, `window_start`, `window_end` and `value`."""
    name = f"Windowed_{key.name}_{value.name}"
    fields = [("key", key), ("window_start", int), ("window_end", int), ("value", value)]
    return make_dataclass(name, fields, frozen=True)


def accumulated(kind: Type) -> Type:
    """The type of the sessions of a key: start, end and accumulator of each."""
    return type_of(list[tuple[int, int, kind]])  # type: ignore[valid-type]
