"""Window operators: regular windows with an accumulator each, and sessions, which are one list per key.

A record is folded into its windows when it comes; a window gives its result when a timer at its end fires, with its last
millisecond as timestamp. With allowed lateness it is kept on: a late record makes it fire again (the timer that is
registered is already due), and a second timer removes it. A session that has grown keeps the timer it had, which
registers the next one when it comes early: one timer per gap, not per record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from .column import NO_TIMESTAMP, Batch, TimerBatch, check_column, column_of, entries
from .context import Send, Shared
from .errors import WasmillError
from .failure import failure
from .host import EVENT
from .operators import Head, Operator
from .state import KeySpace, ValueState
from .timers import TimerService
from .types import Type
from .window import TIMESTAMP_MAX, Aggregate, Assigner, Session, Window, accumulated

#: Counters of what no window takes.
LATE_DROPPED = "numLateRecordsDropped"
LATE_OUT = "numLateRecordsOut"
NOWHERE = "numRecordsInNoWindow"

#: The state of regular windows by address, and of the sessions of a key.
WINDOW_STATE = "window"
SESSIONS_STATE = "sessions"
#: The namespace of timers that remove sessions.
CLEAN_UP = b"clean-up"


@dataclass
class Shape:
    """What a window operator is made of."""

    assigner: Assigner | Session
    aggregate: Aggregate
    #: Makes the output record of key, window and result.
    emit: Callable[[Any, Window, Any], Any]
    key_type: Type
    acc_type: Type
    lateness: int = 0


class WindowNode(Operator):
    """What both operators share: time, output, late records."""

    def __init__(self, number: int, shape: Shape, send: Send, late: Send | None, shared: Shared) -> None:
        """`late` takes late records, if anything does."""
        self._number, self._shape, self._send, self._late, self._shared = number, shape, send, late, shared
        self._domain, self._lateness = shape.assigner.domain, shape.lateness
        self._timers = TimerService(shared.host)

    def begin(self, keys: list[bytes], times: list[int]) -> None:
        """A call begins that has records with these keys and times."""
        raise NotImplementedError

    def add(self, key: bytes, time: int, record: Any) -> bool:
        """Takes a record; False if it comes too late."""
        raise NotImplementedError

    def time_of(self, timestamp: int) -> int:
        """The time by which a record is put into windows."""
        if self._domain != EVENT:
            return self._shared.processing_time
        if abs(timestamp) > TIMESTAMP_MAX:
            raise WasmillError("record has no usable timestamp for its window, call assign_timestamps")
        return timestamp

    def receive(self, key: bytes, timestamp: int, record: Any) -> None:
        """Takes one record."""
        if self.add(key, self.time_of(timestamp), record):
            return
        if self._late is not None:
            self.count(LATE_OUT)
            self._late(record, timestamp)
        else:
            self.count(LATE_DROPPED)

    def count(self, name: str) -> None:
        """Counts a record that no window takes."""
        self._shared.metrics.counts[self._number, name] += 1

    def fire_time(self, window: Window) -> int:
        """The time at which a window is complete."""
        return window.end - 1 if self._domain == EVENT else window.end

    def has_passed(self, time: int) -> bool:
        """Whether the watermark is there already; processing time is never late."""
        return self._domain == EVENT and time <= self._shared.watermark

    def is_over(self, window: Window) -> bool:
        """Whether a window takes no more records."""
        return self.has_passed(self.fire_time(window) + self._lateness)

    def emit(self, key: bytes, window: Window, acc: Any) -> None:
        """Gives the result of a window."""
        shape = self._shape
        record = shape.emit(shape.key_type.decode(key), window, shape.aggregate.result(acc))
        self._send(record, window.end - 1)

    def end_call(self) -> None:
        self._timers.flush()


class RegularWindows(WindowNode):
    """Tumbling and sliding windows."""

    def __init__(self, number: int, shape: Shape, state: int, send: Send, late: Send | None, shared: Shared) -> None:
        super().__init__(number, shape, send, late, shared)
        self._state = state
        #: Accumulators of this call by key and window; None where there is none.
        self._cells: dict[tuple[bytes, Window], Any] = {}
        self._changed: dict[tuple[bytes, Window], None] = {}

    def begin(self, keys: list[bytes], times: list[int]) -> None:
        if self._domain != EVENT:
            times = [self._shared.processing_time] * len(keys)
        windows = self._shape.assigner.windows  # type: ignore[union-attr]
        of_time = {time: windows(time) for time in dict.fromkeys(times) if time != NO_TIMESTAMP}
        self._windows_of = of_time
        self._read({(key, window): None for key, time in zip(keys, times) for window in of_time.get(time, ())})

    def _read(self, wanted: dict[tuple[bytes, Window], None]) -> None:
        self._cells, self._changed = wanted, {}
        if not wanted:
            return
        keys, windows = zip(*wanted)
        addresses = column_of([window.address() for window in windows], 16)
        found = self._shared.host.get_many(self._state, len(keys), column_of(keys), addresses)
        check_column(found.values, len(keys), f"state {WINDOW_STATE}")
        decode = self._shape.acc_type.decode
        for cell, present, value in zip(wanted, found.present, entries(found.values, len(keys))):
            if present:
                wanted[cell] = decode(value)

    def add(self, key: bytes, time: int, record: Any) -> bool:
        windows = self._windows_of[time]
        if not windows:
            self.count(NOWHERE)
            return True
        taken, aggregate, cells = False, self._shape.aggregate, self._cells
        for window in windows:
            if self.is_over(window):
                continue
            taken, cell = True, (key, window)
            acc = cells[cell]
            if acc is None:
                acc = aggregate.create()
                self._register(key, window)
            elif cell not in self._changed and self.has_passed(self.fire_time(window)):
                self._timers.register(self._domain, self.fire_time(window), key, window.address())
            cells[cell] = aggregate.add(acc, record)
            self._changed[cell] = None
        return taken

    def _register(self, key: bytes, window: Window) -> None:
        """Registers what a new window needs."""
        fire_time, address = self.fire_time(window), window.address()
        self._timers.register(self._domain, fire_time, key, address)
        if self._lateness:
            self._timers.register(self._domain, fire_time + self._lateness, key, address)

    def on_timers(self, domain: int, timers: TimerBatch) -> int:
        """Fires timers from the front; returns how many."""
        keys = list(entries(timers.keys, timers.count))
        windows = list(map(Window.of_address, entries(timers.namespaces, timers.count)))
        self._read(dict.fromkeys(zip(keys, windows)))
        for index, (key, window, time) in enumerate(zip(keys, windows, timers.times)):
            acc = self._cells[key, window]
            if acc is not None and time == self.fire_time(window):
                self.emit(key, window, acc)
            if acc is not None and time == self.fire_time(window) + self._lateness:
                self._cells[key, window] = None
                self._changed[key, window] = None
            if self._shared.stop:
                return index + 1
        return timers.count

    def end_call(self) -> None:
        host, kind = self._shared.host, self._shape.acc_type
        puts = [(cell, acc) for cell in self._changed if (acc := self._cells[cell]) is not None]
        deletes = [cell for cell in self._changed if self._cells[cell] is None]
        if puts:
            keys = column_of([key for (key, _), _ in puts])
            addresses = column_of([window.address() for (_, window), _ in puts], 16)
            values = column_of([kind.encode(acc) for _, acc in puts], kind.width)
            host.put_many(self._state, len(puts), keys, addresses, values)
        if deletes:
            keys = column_of([key for key, _ in deletes])
            addresses = column_of([window.address() for _, window in deletes], 16)
            host.delete_many(self._state, len(deletes), keys, addresses)
        self._cells, self._changed = {}, {}
        super().end_call()


class SessionWindows(WindowNode):
    """Windows that merge; all sessions of a key with their accumulators are one value of it."""

    def __init__(self, number: int, shape: Shape, state: int, send: Send, late: Send | None, shared: Shared) -> None:
        super().__init__(number, shape, send, late, shared)
        self._space = KeySpace(shared.host)
        kind = accumulated(shape.acc_type)
        self._sessions: ValueState[list[tuple[int, int, Any]]]
        self._sessions = ValueState(self._space, state, SESSIONS_STATE, kind)

    def begin(self, keys: list[bytes], times: list[int]) -> None:
        self._space.begin(list(dict.fromkeys(keys)))

    def add(self, key: bytes, time: int, record: Any) -> bool:
        aggregate = self._shape.aggregate
        start, end = time, time + self._shape.assigner.gap  # type: ignore[union-attr]
        self._space.key = key
        apart: list[tuple[int, int, Any]] = []
        touching: list[tuple[int, int, Any]] = []
        for session in self._sessions.get(()):
            (touching if session[0] <= end and start <= session[1] else apart).append(session)
        window = Window(min([start, *(s[0] for s in touching)]), max([end, *(s[1] for s in touching)]))
        if self.is_over(window):
            return False
        acc = touching[0][2] if touching else aggregate.create()
        for other in touching[1:]:
            acc = aggregate.merge(acc, other[2])
        acc = aggregate.add(acc, record)
        # A session whose end has not passed has a timer that will look again.
        if all(self.has_passed(self.fire_time(Window(s[0], s[1]))) for s in touching):
            self._timers.register(self._domain, self.fire_time(window), key)
        self._sessions.set(sorted([*apart, (window.start, window.end, acc)], key=lambda s: s[:2]))
        return True

    def on_timers(self, domain: int, timers: TimerBatch) -> int:
        """Fires timers from the front; returns how many."""
        keys = list(entries(timers.keys, timers.count))
        self.begin(keys, timers.times)
        kinds = entries(timers.namespaces, timers.count)
        for index, (key, time, kind) in enumerate(zip(keys, timers.times, kinds)):
            self._space.key = key
            sessions = self._sessions.get(())
            due = self._expires if kind == CLEAN_UP else self._fires
            kept = [session for session in sessions if not due(key, time, session)]
            if len(kept) < len(sessions):
                if kept:
                    self._sessions.set(kept)
                else:
                    self._sessions.clear()
            if self._shared.stop:
                return index + 1
        return timers.count

    def _fires(self, key: bytes, time: int, session: tuple[int, int, Any]) -> bool:
        """Does what a session needs at a time; whether it is over. Each has a timer of its own that comes at its end
        exactly, so one that should have fired before is left to that timer."""
        window = Window(session[0], session[1])
        fire_time = self.fire_time(window)
        if time < fire_time:
            self._timers.register(self._domain, fire_time, key)
        if time != fire_time:
            return False
        self.emit(key, window, session[2])
        if self._lateness:
            self._timers.register(self._domain, fire_time + self._lateness, key, CLEAN_UP)
        return not self._lateness

    def _expires(self, key: bytes, time: int, session: tuple[int, int, Any]) -> bool:
        """Whether a session that has fired is over at a time."""
        return time == self.fire_time(Window(session[0], session[1])) + self._lateness

    def end_call(self) -> None:
        self._space.flush()
        super().end_call()


class WindowHead(Head):
    """The input of a window operator."""

    def __init__(self, shared: Shared, kind: Type, node: WindowNode) -> None:
        super().__init__(shared, kind)
        self._node = node
        self._keys: list[bytes] = []

    def load(self, batch: Batch) -> None:
        super().load(batch)
        self._keys = list(entries(batch.keys, batch.count))
        self._node.begin(self._keys, self._times)

    def run(self, first: int, end: int, to_the_end: bool) -> int:
        shared, receive, index = self._shared, self._node.receive, first
        values, times, keys = self._values, self._times, self._keys
        try:
            for index in range(first, end):
                receive(keys[index], times[index], values[index])
                if shared.stop and not to_the_end:
                    return index + 1
        except Exception as error:
            raise failure(error, index) from error
        return end
