"""Operators without windows: what runs between the inputs and the outputs of a task.

A receiver is a function of a record and its timestamp. Between operators of a chain records move by call, as they are.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable

from .column import NO_TIMESTAMP, Batch, TimerBatch, entries, timestamps
from .context import Collector, KeyedContext, ProcessContext, Send, Shared
from .errors import WasmillError
from .failure import failure
from .host import EVENT
from .state import KeySpace
from .timers import TimerService
from .types import Type


class Operator:
    """What the task tells an operator besides records."""

    def on_watermark(self, watermark: int) -> None:
        """Event time has advanced at its input."""

    def finish(self) -> None:
        """All input has ended: the last chance to emit."""

    def close(self) -> None:
        """The subtask has come to its end."""

    def end_call(self) -> None:
        """The call ends: hands over what it gathered."""


class Head:
    """An operator at an input of the task."""

    def __init__(self, shared: Shared, kind: Type) -> None:
        self._shared, self._type = shared, kind
        self._values: list[Any] = []
        self._times: list[int] = []

    def load(self, batch: Batch) -> None:
        """Takes the next batch, before any of its records is processed."""
        count = batch.count
        self._times = list(timestamps(batch))
        try:
            self._values = self._type.decode_column(batch.values, count)
        except WasmillError:
            self._values = []
            for index, value in enumerate(entries(batch.values, count)):
                try:
                    self._values.append(self._type.decode(value))
                except WasmillError as error:
                    raise failure(error, index) from error

    def run(self, first: int, end: int, to_the_end: bool) -> int:
        """Processes records, all of them or until the call should stop; returns the index after the last one."""
        raise NotImplementedError


class ReceiverHead(Head):
    """The head of an operator without keys."""

    def __init__(self, shared: Shared, kind: Type, receive: Send) -> None:
        super().__init__(shared, kind)
        self._receive = receive

    def run(self, first: int, end: int, to_the_end: bool) -> int:
        shared, receive, index = self._shared, self._receive, first
        values, times = self._values, self._times
        try:
            for index in range(first, end):
                receive(values[index], times[index])
                if shared.stop and not to_the_end:
                    return index + 1
        except Exception as error:
            raise failure(error, index) from error
        return end


def fan_out(receivers: list[Send]) -> Send:
    """What an output sends to: nobody, one receiver (the usual case), or several, who share the record."""
    if len(receivers) == 1:
        return receivers[0]

    def send(record: Any, timestamp: int) -> None:
        for receive in receivers:
            receive(record, timestamp)

    return send


def map_receiver(function: Callable[[Any], Any], send: Send) -> Send:
    """One record in, one out."""
    return lambda record, timestamp: send(function(record), timestamp)


def filter_receiver(keep: Callable[[Any], bool], send: Send) -> Send:
    """Keeps the records for which the function says yes."""

    def receive(record: Any, timestamp: int) -> None:
        if keep(record):
            send(record, timestamp)

    return receive


def flat_map_receiver(function: Callable[[Any], Iterable[Any]], send: Send) -> Send:
    """One record in, any number out."""

    def receive(record: Any, timestamp: int) -> None:
        for made in function(record):
            send(made, timestamp)

    return receive


class Assign(Operator):
    """Gives each record its event time and tells the host the largest one of a call, and the largest watermark if the
    rule names any. Watermarks themselves are made by the host, per source split."""

    def __init__(
        self,
        number: int,
        timestamp: Callable[[Any, int], int],
        punctuate: Callable[[Any], int | None] | None,
        send: Send,
        shared: Shared,
    ) -> None:
        self._number, self._timestamp, self._punctuate = number, timestamp, punctuate
        self._send, self._shared = send, shared
        self._max = self._watermark = NO_TIMESTAMP

    def receive(self, record: Any, timestamp: int) -> None:
        """Takes one record."""
        timestamp = self._timestamp(record, timestamp)
        if timestamp > self._max:
            self._max = timestamp
        elif timestamp == NO_TIMESTAMP:
            raise WasmillError(
                "the record has no timestamp: assign_watermarks relies on the one that its source gives, "
                "use assign_timestamps where there is none"
            )
        if self._punctuate is not None:
            watermark = self._punctuate(record)
            if watermark is not None and watermark > self._watermark:
                self._watermark = watermark
        self._send(record, timestamp)

    def end_call(self) -> None:
        if self._max != NO_TIMESTAMP:
            self._shared.observations.append((self._number, self._max, self._watermark))
            self._max = self._watermark = NO_TIMESTAMP


class ProcessNode(Operator):
    """User logic without keys."""

    def __init__(self, logic: Any, shared: Shared, send: Send, sides: list[Collector[Any]]) -> None:
        self._logic, self._context, self._out = logic, ProcessContext(shared), Collector(send)
        self._sides = sides

    def _enter(self, timestamp: int) -> None:
        self._context._timestamp = self._out._timestamp = timestamp
        for side in self._sides:
            side._timestamp = timestamp

    def receive(self, record: Any, timestamp: int) -> None:
        """Takes one record."""
        self._enter(timestamp)
        self._logic.process(record, self._context, self._out)

    def on_watermark(self, watermark: int) -> None:
        self._context._at = watermark

    def finish(self) -> None:
        self._enter(NO_TIMESTAMP)
        self._logic.finish(self._context, self._out)

    def close(self) -> None:
        self._logic.close()


class KeyedNode(Operator):
    """User logic over keyed state and timers, with one input or several that share them."""

    def __init__(
        self, logic: Any, space: KeySpace, key_type: Type, shared: Shared, send: Send, sides: list[Collector[Any]]
    ) -> None:
        self._logic, self.space, self._shared = logic, space, shared
        self._timers = TimerService(shared.host)
        self.context = KeyedContext(shared, space, self._timers, key_type)
        self.out: Collector[Any] = Collector(send)
        self.sides = sides

    def begin(self, keys: list[bytes]) -> None:
        """A call begins that has these keys: their states are read at once."""
        self.space.begin(list(dict.fromkeys(keys)))

    def on_timers(self, domain: int, timers: TimerBatch) -> int:
        """Fires timers from the front; returns how many."""
        keys = list(entries(timers.keys, timers.count))
        self.begin(keys)
        name = "event" if domain == EVENT else "processing"
        try:
            for index, (key, time) in enumerate(zip(keys, timers.times)):
                self.space.key = key
                self.context._timer_time = time
                self.context._timestamp = self.out._timestamp = time if domain == EVENT else NO_TIMESTAMP
                for side in self.sides:
                    side._timestamp = self.out._timestamp
                self._logic.on_timer(name, self.context, self.out)
                if self._shared.stop:
                    return index + 1
        finally:
            self.context._timer_time = None
        return timers.count

    def close(self) -> None:
        self._logic.close()

    def end_call(self) -> None:
        self.space.flush()
        self._timers.flush()


class KeyedHead(Head):
    """An input of a keyed operator; `step` is the user's method for its records."""

    def __init__(self, shared: Shared, kind: Type, node: KeyedNode, step: Callable[..., None]) -> None:
        super().__init__(shared, kind)
        self._node, self._step = node, step
        self._keys: list[bytes] = []

    def load(self, batch: Batch) -> None:
        super().load(batch)
        self._keys = list(entries(batch.keys, batch.count))
        self._node.begin(self._keys)

    def run(self, first: int, end: int, to_the_end: bool) -> int:
        shared, node, step, index = self._shared, self._node, self._step, first
        space, context, out, sides = node.space, node.context, node.out, node.sides
        values, times, keys = self._values, self._times, self._keys
        try:
            for index in range(first, end):
                space.key = keys[index]
                context._timestamp = out._timestamp = times[index]
                for side in sides:
                    side._timestamp = times[index]
                step(values[index], context, out)
                if shared.stop and not to_the_end:
                    return index + 1
        except Exception as error:
            raise failure(error, index) from error
        return end
