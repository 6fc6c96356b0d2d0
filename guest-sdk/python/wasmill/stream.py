"""Streams: the words of a job. Each adds operators to the graph and says how they are opened."""

from __future__ import annotations

from typing import Any, Callable, Generic, Iterable, Self, TypeVar

from .connector import Connector
from .context import Collector, OpenContext, OutputTag, Shared
from .errors import TypeMismatch, WasmillError
from .graph import Graph, Node, Output
from .hints import parameter, returned, yielded
from .logic import KeyedCoProcess, KeyedProcess, Process, TwoPhaseSink
from .operators import (
    Assign,
    KeyedHead,
    KeyedNode,
    ProcessNode,
    filter_receiver,
    flat_map_receiver,
    map_receiver,
)
from .sink import open_sink
from .state import KeySpace
from .task import Wiring
from .types import Type, type_of
from .watermarks import Watermarks
from .window import Assigner, Session

T = TypeVar("T")

#: Stands for a type that nobody has said; the operator is refused when the job is planned.
_UNKNOWN = type_of(bytes)


class _Named:
    """An operator that can be named and placed."""

    graph: Graph
    node: int

    @property
    def _node(self) -> Node:
        return self.graph.nodes[self.node]

    def uid(self, uid: str) -> Self:
        """Names the operator for good: its state is found by it in the next version of the job."""
        self._node.uid = uid
        return self

    def name(self, name: str) -> Self:
        """Names the operator for people."""
        self._node.name = name
        return self

    def parallelism(self, subtasks: int) -> Self:
        """Sets how many subtasks the operator has. Otherwise it is the job's."""
        self._node.parallelism = subtasks
        return self


class Sink(_Named):
    """The end of a stream."""

    def __init__(self, graph: Graph, node: int) -> None:
        self.graph, self.node = graph, node


class Stream(_Named, Generic[T]):
    """Records without keys."""

    def __init__(self, graph: Graph, node: int, output: int = 0, partitioning: str = "forward") -> None:
        self.graph, self.node, self._output, self._partitioning = graph, node, output, partitioning

    @property
    def type(self) -> Type:
        """The type of the records."""
        return self._node.outputs[self._output].type

    @property
    def edge(self) -> tuple[int, int, str]:
        """Where an edge from this stream begins, and how it distributes."""
        return (self.node, self._output, self._partitioning)

    def _then(self, type_name: str, records: Callable[[], Type], open_node: Callable[[Wiring], None]) -> Stream[Any]:
        """Adds an operator with this stream as its one input; `records` is asked for the type of its output."""
        node = Node("operator", type_name, inputs=[self.type], open=open_node)
        try:
            kind = records()
        except WasmillError as error:
            node.refuse(str(error))
            kind = _UNKNOWN
        node.outputs = [Output("out", kind)]
        return Stream(self.graph, self.graph.add(node, [self.edge]))

    def map(self, function: Callable[[T], Any], returns: Any = None) -> Stream[Any]:
        """Turns each record into one other. Its type is `returns`, or what the function is annotated with."""

        def open_node(wiring: Wiring) -> None:
            wiring.input(0, map_receiver(function, wiring.out(0)))

        return self._then("map", lambda: returned(function, returns), open_node)

    def filter(self, keep: Callable[[T], bool]) -> Stream[T]:
        """Keeps the records for which `keep` says yes."""

        def open_node(wiring: Wiring) -> None:
            wiring.input(0, filter_receiver(keep, wiring.out(0)))

        return self._then("filter", lambda: self.type, open_node)

    def flat_map(self, function: Callable[[T], Iterable[Any]], returns: Any = None) -> Stream[Any]:
        """Turns each record into any number of others: the function yields them, or returns a list. Their type is
        `returns`, or what the function is annotated with (`Iterator[T]`, `list[T]`)."""

        def open_node(wiring: Wiring) -> None:
            wiring.input(0, flat_map_receiver(function, wiring.out(0)))

        return self._then("flat_map", lambda: yielded(function, returns), open_node)

    def process(self, factory: Callable[[OpenContext], Process], returns: Any = None) -> Stream[Any]:
        """Runs logic of your own. The factory runs in planning mode too: see `OpenContext`."""

        def open_node(wiring: Wiring) -> None:
            context = OpenContext(graph.nodes[wiring.node], wiring)
            logic = factory(context)
            node = ProcessNode(logic, wiring.shared, wiring.out(0), context.collectors)
            wiring.input(0, node.receive)
            wiring.operator(node)

        graph = self.graph
        stream = self._then("process", lambda: _UNKNOWN, open_node)
        _declare(stream._node, factory, None, "process", returns)
        return stream

    def assign_timestamps(self, timestamp: Callable[[T], int], watermarks: Watermarks) -> Stream[T]:
        """Gives each record its event time (milliseconds since the Unix epoch) and starts event time here."""
        stream = self._assign("assign_timestamps", lambda record, _, __: timestamp(record), watermarks)
        if watermarks.strategy == "ingestion":
            stream._node.refuse("ingestion time reads no timestamp from the record, use assign_watermarks")
        return stream

    def assign_watermarks(self, watermarks: Watermarks) -> Stream[T]:
        """Starts event time here with the timestamps that records have from their source, or with ingestion time."""
        if watermarks.strategy == "ingestion":
            return self._assign("assign_watermarks", lambda _, __, shared: shared.processing_time, watermarks)
        return self._assign("assign_watermarks", lambda _, time, __: time, watermarks)

    def _assign(
        self, type_name: str, stamp: Callable[[Any, int, Shared], int], watermarks: Watermarks
    ) -> Stream[T]:
        def open_node(wiring: Wiring) -> None:
            shared = wiring.shared
            timestamp = lambda record, time: stamp(record, time, shared)  # noqa: E731
            assign = Assign(wiring.node, timestamp, watermarks.punctuate, wiring.out(0), shared)
            wiring.input(0, assign.receive)
            wiring.operator(assign)

        stream = self._then(type_name, lambda: self.type, open_node)
        stream._node.watermarks = watermarks.document()
        if defect := watermarks.defect():
            stream._node.refuse(defect)
        return stream

    def key_by(self, key: Callable[[T], Any] | str, returns: Any = None) -> KeyedStream[Any, T]:
        """Groups records by a key: equal keys meet in one subtask, with their state. The key is a field by its name,
        or what a function returns; its type is `returns`, or what the function is annotated with."""

        def open_node(wiring: Wiring) -> None:
            wiring.input(0, wiring.out(0, select))

        def key_type() -> Type:
            if not isinstance(key, str):
                return returned(key, returns)
            fields = dict(getattr(self.type, "fields", []))
            if key not in fields:
                raise TypeMismatch(f"{self.type.name} has no field {key}")
            return fields[key]

        select = (lambda record: getattr(record, key)) if isinstance(key, str) else key
        stream = self._then("key_by", lambda: self.type, open_node)
        stream._node.follows_input = True
        try:
            stream._node.outputs[0].key_type = key_type()
        except WasmillError as error:
            stream._node.refuse(str(error))
            stream._node.outputs[0].key_type = _UNKNOWN
        return KeyedStream(self.graph, stream.node)

    def union(self, *others: Stream[T]) -> Stream[T]:
        """Puts the records of this stream and of others of its type into one, each exactly once, in any order."""

        def open_node(wiring: Wiring) -> None:
            send = wiring.out(0)
            for index in range(1 + len(others)):
                wiring.input(index, send)

        streams = [self, *others]
        kinds = [stream.type for stream in streams]
        node = Node("operator", "union", inputs=kinds, outputs=[Output("out", self.type)], open=open_node)
        if any(kind.document() != self.type.document() for kind in kinds):
            node.refuse("a union takes streams of one type")
        return Stream(self.graph, self.graph.add(node, [stream.edge for stream in streams]))

    def side_output(self, tag: OutputTag[Any]) -> Stream[Any]:
        """A side output of the operator that gives this stream."""
        names = [output.name for output in self._node.outputs]
        if tag.name not in names[1:]:
            self._node.refuse(f"it has no side output {tag.name}, it declares {', '.join(names[1:]) or 'none'}")
            return Stream(self.graph, self.node)
        index = names.index(tag.name)
        if self._node.outputs[index].type.document() != tag.type.document():
            self._node.refuse(f"its side output {tag.name} is read as another type than it gives")
        return Stream(self.graph, self.node, index)

    def broadcast(self) -> Stream[T]:
        """Sends every record to every subtask of the next operator."""
        return Stream(self.graph, self.node, self._output, "broadcast")

    def rebalance(self) -> Stream[T]:
        """Deals records out to the subtasks of the next operator in turn."""
        return Stream(self.graph, self.node, self._output, "rebalance")

    def unchained(self) -> Self:
        """Keeps the operator that gives this stream in a task apart from its input's."""
        self._node.chain = False
        return self

    def sink(self, connector: Connector) -> Sink:
        """Writes the stream to a connector of the host."""
        node = Node("sink", connector.type_name, inputs=[self.type], connector=connector.config)
        return Sink(self.graph, self.graph.add(node, [self.edge]))

    def add_sink(self, factory: Callable[[OpenContext], TwoPhaseSink]) -> Sink:
        """Writes the stream to a sink of your own. The factory runs in planning mode too: see `OpenContext`."""
        node = Node("sink", "sink", inputs=[self.type], connector={"type": "component"})
        node.open = open_sink(factory, node, self.type)
        return Sink(self.graph, self.graph.add(node, [self.edge]))


class KeyedStream(_Named, Generic[T]):
    """Records grouped by key, which is what state, timers and windows need."""

    def __class_getitem__(cls, _: Any) -> type:
        return cls

    def __init__(self, graph: Graph, node: int) -> None:
        self.graph, self.node = graph, node

    @property
    def type(self) -> Type:
        """The type of the records."""
        return self._node.outputs[0].type

    @property
    def key_type(self) -> Type:
        """The type of the keys."""
        return self._node.outputs[0].key_type or _UNKNOWN

    def process(self, factory: Callable[[OpenContext], KeyedProcess], returns: Any = None) -> Stream[Any]:
        """Runs logic of your own over keyed state and timers. The factory runs in planning mode too: see `OpenContext`.
        What it emits is `returns`, or the `T` of a parameter `Collector[T]` of its `process`."""
        return keyed_process("process", [self], factory, ["process"], returns)

    def connect(self, other: KeyedStream[Any, Any]) -> ConnectedStreams:
        """Joins the stream with another that has the same key, to share state and timers."""
        return ConnectedStreams(self, other)

    def reduce(self, reduce: Callable[[T, T], T]) -> Stream[T]:
        """Reduces the records of each key and emits every new result."""
        kind = self.type

        class Rolling(KeyedProcess):
            def __init__(self, ctx: OpenContext) -> None:
                self.result = ctx.value_state("result", kind)

            def process(self, record: Any, ctx: Any, out: Collector[Any]) -> None:
                before = self.result.get()
                after = record if before is None else reduce(before, record)
                self.result.set(after)
                out.emit(after)

        return keyed_process("reduce", [self], Rolling, ["process"], kind)

    def window(self, assigner: Assigner | Session) -> WindowedStream:
        """Groups the records of a key into windows."""
        return WindowedStream(self, assigner)


class ConnectedStreams:
    """Two streams with the same key."""

    def __init__(self, first: KeyedStream[Any, Any], second: KeyedStream[Any, Any]) -> None:
        self._streams = [first, second]

    def process(self, factory: Callable[[OpenContext], KeyedCoProcess], returns: Any = None) -> Stream[Any]:
        """Runs logic of your own over both streams, which share state and timers."""
        stream = keyed_process("co_process", self._streams, factory, ["process1", "process2"], returns)
        first, second = self._streams
        if first.key_type.document() != second.key_type.document():
            stream._node.refuse("its two streams have keys of different types")
        return stream


def keyed_process(
    type_name: str, streams: list[Any], factory: Callable[[OpenContext], Any], steps: list[str], returns: Any
) -> Stream[Any]:
    """Adds a keyed operator with one method for each of its inputs."""
    graph, key_type = streams[0].graph, streams[0].key_type
    kinds = [stream.type for stream in streams]

    def open_node(wiring: Wiring) -> None:
        shared, space = wiring.shared, KeySpace(wiring.shared.host)
        context = OpenContext(graph.nodes[wiring.node], wiring, space)
        logic = factory(context)
        operator = KeyedNode(logic, space, key_type, shared, wiring.out(0), context.collectors)
        for index, (kind, step) in enumerate(zip(kinds, steps)):
            wiring.keyed_input(index, KeyedHead(shared, kind, operator, getattr(logic, step)))
        wiring.keyed_operator(operator)

    node = Node("operator", type_name, inputs=kinds, keyed=True, open=open_node)
    node.outputs = [Output("out", _UNKNOWN)]
    _declare(node, factory, KeySpace(None), steps[0], returns)  # type: ignore[arg-type]
    return Stream(graph, graph.add(node, [(stream.node, 0, "hash") for stream in streams]))


def _declare(
    node: Node, factory: Callable[[OpenContext], Any], space: KeySpace | None, method: str, returns: Any
) -> None:
    """Runs a factory to learn what it declares and emits."""
    try:
        logic = factory(OpenContext(node, None, space))
        node.outputs[0].type = parameter(getattr(logic, method), 0, Collector, returns)
    except WasmillError as error:
        node.refuse(str(error))


from .windowed import WindowedStream  # noqa: E402  (it adds operators to streams)
