"""What user logic asks and does besides its records: `OpenContext` when it is made, the others while it runs.

A factory runs twice: when the graph is built, to learn what the operator declares, and when it is opened, to make
handles that work. The handles of the first run lead nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from .column import NO_TIMESTAMP
from .errors import GraphError
from .files import CachedFile, Files
from .graph import Node, Output, State
from .host import EVENT, PROCESSING, Host
from .metrics import Counter, Gauge, Histogram, Meter, MetricSink
from .state import KeySpace, ListState, MapState, SubKey, ValueState, state_type
from .timers import TimerService
from .types import Type, type_of

if TYPE_CHECKING:
    from .task import Wiring

T = TypeVar("T")
Send = Callable[[Any, int], None]


@dataclass
class Place:
    """The place of an instance in the job; empty while the job is planned."""

    job: str = ""
    subtask: int = 0
    parallelism: int = 0
    max_parallelism: int = 0
    #: How many times the job was deployed before.
    attempt: int = 0
    #: The parameters that the job has asked for with the values that hold, as text.
    parameters: dict[str, str] = field(default_factory=dict)


class Shared:
    """What all operators of one task share: host, place, and the call under way."""

    def __init__(self, host: Host, place: Place, output_soft_bytes: int) -> None:
        self.host, self.place, self.output_soft_bytes = host, place, output_soft_bytes
        self.metrics = MetricSink()
        self.processing_time = 0
        self.watermark = NO_TIMESTAMP
        #: Whether the record under way should be the last one of the call.
        self.stop = False
        self._sent_bytes = 0
        self.observations: list[tuple[int, int, int]] = []

    def begin(self, processing_time: int, watermark: int) -> None:
        """Begins a call."""
        self.processing_time, self.watermark = processing_time, watermark
        self.stop = False
        self._sent_bytes = 0

    def sent(self, size: int) -> None:
        """Tells that so many bytes were emitted."""
        self._sent_bytes += size
        self.stop = self._sent_bytes >= self.output_soft_bytes

    def end(self) -> None:
        """Sends what was gathered during the call."""
        if self.observations:
            self.host.observe(self.observations)
            self.observations = []
        self.metrics.flush(self.host)


class OutputTag(Generic[T]):
    """Names a side output and the type of its records."""

    def __init__(self, name: str, records: Any) -> None:
        self.name, self.type = name, type_of(records)


class Collector(Generic[T]):
    """Where user functions put the records they produce."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._timestamp = NO_TIMESTAMP

    def emit(self, record: T) -> None:
        """Emits a record with the timestamp of the record or timer it comes from."""
        self._send(record, self._timestamp)

    def emit_at(self, record: T, timestamp: int) -> None:
        """Emits a record with an event timestamp of its own (milliseconds)."""
        self._send(record, timestamp)


class Context:
    """What any user logic may ask while it runs."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._timestamp = NO_TIMESTAMP

    @property
    def place(self) -> Place:
        """Job, subtask, parallelism and parameters."""
        return self._shared.place

    @property
    def timestamp(self) -> int | None:
        """Event timestamp of the record or event-time timer (milliseconds), if there is one."""
        return None if self._timestamp == NO_TIMESTAMP else self._timestamp

    @property
    def processing_time(self) -> int:
        """The operator's clock (milliseconds), the same during one call."""
        return self._shared.processing_time

    @property
    def watermark(self) -> int:
        """The watermark (milliseconds); the least number before there is one."""
        return self._shared.watermark

    def log(self, level: str, message: str) -> None:
        """Writes a line to the operator's log; `level` is `debug`, `info`, `warn` or `error`."""
        self._shared.host.log(level, message)


class ProcessContext(Context):
    """What unkeyed logic may ask."""

    #: The watermark at this operator, which may be behind an assigner of the chain.
    _at = NO_TIMESTAMP

    @property
    def watermark(self) -> int:
        """The watermark at this operator (milliseconds); the least number before there is one."""
        return self._at


class KeyedContext(Context):
    """What keyed logic may ask and do besides its state."""

    def __init__(self, shared: Shared, space: KeySpace, timers: TimerService, key_type: Type) -> None:
        super().__init__(shared)
        self._space, self._timers, self._key_type = space, timers, key_type
        self._timer_time: int | None = None

    @property
    def key(self) -> Any:
        """The key under way."""
        return self._key_type.decode(self._space.key)

    @property
    def timer_time(self) -> int | None:
        """The time for which the timer under way was registered, in its own domain (milliseconds)."""
        return self._timer_time

    def register_event_timer(self, time: int) -> None:
        """Registers a timer of the key that fires when the watermark reaches `time`. Twice changes nothing."""
        self._timers.register(EVENT, time, self._space.key)

    def register_processing_timer(self, time: int) -> None:
        """Registers a timer of the key that fires when the operator's clock reaches `time`."""
        self._timers.register(PROCESSING, time, self._space.key)

    def delete_event_timer(self, time: int) -> None:
        """Deletes an event-time timer of the key; it need not exist."""
        self._timers.delete(EVENT, time, self._space.key)

    def delete_processing_timer(self, time: int) -> None:
        """Deletes a processing-time timer of the key; it need not exist."""
        self._timers.delete(PROCESSING, time, self._space.key)


class OpenContext:
    """Where the factory of an operator declares states and side outputs and gets its handles."""

    def __init__(self, node: Node, wiring: Wiring | None = None, space: KeySpace | None = None) -> None:
        """`wiring` is absent while the job is planned; `space` is there if the operator is keyed."""
        self._node, self._wiring, self._space = node, wiring, space
        self._planning = wiring is None
        self.collectors: list[Collector[Any]] = []

    @property
    def place(self) -> Place:
        """The place of this instance in the job; empty while the job is planned."""
        return Place() if self._wiring is None else self._wiring.shared.place

    def value_state(self, name: str, values: Any) -> ValueState[Any]:
        """Declares one value per key."""
        kind = state_type(name, values)
        number, space = self._state(State(name, "value", kind))
        return ValueState(space, number, name, kind)

    def list_state(self, name: str, elements: Any) -> ListState[Any]:
        """Declares a list per key."""
        kind = type_of(elements)
        number, space = self._state(State(name, "list", kind))
        return ListState(space, number, name, kind)

    def map_state(self, name: str, keys: Any, values: Any) -> MapState[Any, Any]:
        """Declares an ordered map per key; its keys are `int`, `str`, `bytes` or `tuple[int, int]`."""
        key_type, kind = type_of(keys), state_type(name, values)
        SubKey(key_type)
        number, space = self._state(State(name, "map", kind, key_type))
        return MapState(space, number, name, key_type, kind)

    def side_output(self, tag: OutputTag[T]) -> Collector[T]:
        """Declares a side output; read it with `stream.side_output(tag)`."""
        if self._planning:
            self._node.outputs.append(Output(tag.name, tag.type))
            return Collector(_nowhere)
        index = next(i for i, output in enumerate(self._node.outputs) if output.name == tag.name)
        collector: Collector[T] = Collector(self._open().out(index))
        self.collectors.append(collector)
        return collector

    def files(self) -> Files:
        """Files of a directory that the user has to grant (`--grant files=DIR`). For sources and sinks only."""
        if self._planning:
            self._node.grants = ["files"]
            return Files(None, 0)
        return Files(self._open().shared.host, self._open().node)

    def cached_file(self, name: str) -> CachedFile:
        """The file registered under this name (`--cached-file NAME=PATH`). It is empty while the job is planned."""
        if self._planning:
            if name not in self._node.cached_files:
                self._node.cached_files.append(name)
            return CachedFile(None, name)
        return CachedFile(self._open().shared.host, name)

    def counter(self, name: str) -> Counter:
        """The counter of this name, shown in the console."""
        return Counter(*self._metric(name))

    def meter(self, name: str) -> Meter:
        """The meter of this name: events per second."""
        return Meter(*self._metric(name))

    def gauge(self, name: str) -> Gauge:
        """The gauge of this name: a value as it is now, by subtask."""
        return Gauge(*self._metric(name))

    def histogram(self, name: str) -> Histogram:
        """The histogram of this name: how values are distributed."""
        return Histogram(*self._metric(name))

    def _metric(self, name: str) -> tuple[MetricSink, int, str]:
        if self._wiring is None:
            return MetricSink(), 0, name
        return self._wiring.shared.metrics, self._wiring.node, name

    def _state(self, state: State) -> tuple[int, KeySpace]:
        if self._space is None:
            raise GraphError(f"state {state.name} needs a keyed stream, call key_by before")
        if self._planning:
            self._node.states.append(state)
            return 0, self._space
        return self._open().state_number(state.name), self._space

    def _open(self) -> Wiring:
        if self._wiring is None:
            raise GraphError("there is no host while the job is planned")
        return self._wiring


def _nowhere(record: Any, timestamp: int) -> None:
    """Takes records while the job is planned: there are none."""
