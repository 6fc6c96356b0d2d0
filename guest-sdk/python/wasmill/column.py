"""Columns of byte strings, as they cross the boundary: all data in one piece, and where each entry ends.

No `ends` means that all entries have one width. The bindings have classes of their own with the same fields, so columns
are read by functions here and not by methods. What comes from the host is checked before it is trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, pairwise, repeat
from typing import Iterable, Sequence

from .errors import Malformed

#: Stands for "no timestamp" in a batch.
NO_TIMESTAMP = -(2**63)


@dataclass(slots=True)
class Column:
    """Byte strings: `data`, and the end of each in it, or nothing if all have one width."""

    ends: list[int] = field(default_factory=list)
    data: bytes = b""


@dataclass(slots=True)
class Batch:
    """Records in columns; `timestamps` is empty if no record has one."""

    count: int = 0
    timestamps: list[int] = field(default_factory=list)
    keys: Column = field(default_factory=Column)
    values: Column = field(default_factory=Column)


@dataclass(slots=True)
class TimerBatch:
    """Timers in columns."""

    count: int = 0
    times: list[int] = field(default_factory=list)
    keys: Column = field(default_factory=Column)
    namespaces: Column = field(default_factory=Column)


def column_of(parts: Sequence[bytes], width: int | None = None) -> Column:
    """A column of these entries, which all have `width` bytes if it is given."""
    data = b"".join(parts)
    return Column([] if width is not None else list(accumulate(map(len, parts))), data)


def check_column(column: Column, count: int, what: str) -> None:
    """Refuses ends that are not those of `count` entries."""
    ends, size = column.ends, len(column.data)
    if not ends:
        if size % count if count else size:
            raise Malformed(f"column of {what}: {size} bytes do not divide into {count} entries")
    elif len(ends) != count or ends[-1] != size or any(a > b for a, b in pairwise(ends)):
        raise Malformed(f"column of {what}: its ends are not those of {count} entries")


def entries(column: Column, count: int) -> Iterable[bytes]:
    """The entries of a checked column in order."""
    data = column.data
    if column.ends:
        return [data[start:end] for start, end in pairwise((0, *column.ends))]
    if not data:
        return repeat(data, count)
    width = len(data) // count
    return [data[at : at + width] for at in range(0, len(data), width)]


def timestamps(batch: Batch) -> Iterable[int]:
    """A timestamp for each record, `NO_TIMESTAMP` where there is none."""
    return batch.timestamps or repeat(NO_TIMESTAMP, batch.count)


def check_batch(batch: Batch) -> None:
    """Refuses columns that do not fit the count."""
    if batch.timestamps and len(batch.timestamps) != batch.count:
        raise Malformed(f"batch of {batch.count} records has {len(batch.timestamps)} timestamps")
    check_column(batch.keys, batch.count, "keys")
    check_column(batch.values, batch.count, "values")


def check_timers(timers: TimerBatch) -> None:
    """Refuses columns that do not fit the count."""
    if len(timers.times) != timers.count:
        raise Malformed(f"batch of {timers.count} timers has {len(timers.times)} times")
    check_column(timers.keys, timers.count, "keys of timers")
    check_column(timers.namespaces, timers.count, "namespaces of timers")
