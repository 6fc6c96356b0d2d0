"""`WindowedStream`: the records of a key grouped into windows, and what can be made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Self

from .context import OutputTag
from .errors import WasmillError
from .graph import Node, Output, State
from .hints import returned
from .task import Wiring
from .types import Type, type_of
from .window import Aggregate, Assigner, Avg, Count, Reduce, Session, Sum, Window, accumulated, windowed
from .window_operator import (
    SESSIONS_STATE,
    WINDOW_STATE,
    RegularWindows,
    SessionWindows,
    Shape,
    WindowHead,
)

if TYPE_CHECKING:
    from .stream import KeyedStream, Stream

Emit = Callable[[Any, Window, Any], Any]


class WindowedStream:
    """Records of a key grouped by window."""

    def __init__(self, stream: KeyedStream[Any, Any], assigner: Assigner | Session) -> None:
        self._stream, self._assigner = stream, assigner
        self._lateness = 0
        self._late: OutputTag[Any] | None = None

    def allowed_lateness_ms(self, lateness: int) -> Self:
        """Keeps event-time windows for this long after the watermark has passed them: a late record makes them fire
        again. Records that come later still are dropped and counted."""
        self._lateness = lateness
        return self

    def late_output(self, tag: OutputTag[Any]) -> Self:
        """Sends records that come after all their windows are over to a side output instead of dropping them."""
        self._late = tag
        return self

    def aggregate(self, aggregate: Aggregate, emit: Emit | None = None, returns: Any = None) -> Stream[Any]:
        """Aggregates each window. `emit` makes a record of key, window and result; without it the record has the fields
        `key`, `window_start`, `window_end` and `value`."""
        try:
            acc, result = returned(aggregate.create, None), returned(aggregate.result, None)
        except WasmillError as error:
            acc = result = type_of(bytes)
            return self._add("aggregate", aggregate, acc, result, emit, returns, str(error))
        return self._add("aggregate", aggregate, acc, result, emit, returns)

    def reduce(self, reduce: Callable[[Any, Any], Any], emit: Emit | None = None, returns: Any = None) -> Stream[Any]:
        """Reduces the records of each window to one; emits it, or what `emit` makes of key, window and it."""
        kind = self._stream.type
        if emit is None:
            emit, returns = (lambda key, window, record: record), kind
        return self._add("reduce", Reduce(reduce), kind, kind, emit, returns)

    def count(self) -> Stream[Any]:
        """How many records there are."""
        return self.aggregate(Count())

    def sum(self, number: Callable[[Any], int]) -> Stream[Any]:
        """Adds up a whole number of each record."""
        return self.aggregate(Sum(number))

    def avg(self, number: Callable[[Any], float]) -> Stream[Any]:
        """The mean of a number of each record."""
        return self.aggregate(Avg(number))

    def _add(
        self,
        type_name: str,
        aggregate: Aggregate,
        acc: Type,
        result: Type,
        emit: Emit | None,
        returns: Any,
        defect: str | None = None,
    ) -> Stream[Any]:
        from .stream import Stream

        stream, assigner, late = self._stream, self._assigner, self._late
        node = Node("operator", type_name, inputs=[stream.type], keyed=True)
        try:
            if emit is None:
                make = windowed(stream.key_type, result)
                emit, kind = (lambda key, window, value: make(key, window.start, window.end, value)), type_of(make)
            else:
                kind = returned(emit, returns)
        except WasmillError as error:
            kind, defect = type_of(bytes), defect or str(error)
        node.outputs = [Output("out", kind)]
        if late is not None:
            node.outputs.append(Output(late.name, late.type))
        is_session = isinstance(assigner, Session)
        state = (
            State(SESSIONS_STATE, "value", accumulated(acc))
            if is_session
            else State(WINDOW_STATE, "value", acc, type_of(tuple[int, int]))
        )
        node.states = [state]
        for reason in (defect, assigner.defect(), self._defect()):
            if reason:
                node.refuse(reason)
        shape = Shape(assigner, aggregate, emit, stream.key_type, acc, self._lateness)  # type: ignore[arg-type]

        def open_node(wiring: Wiring) -> None:
            late_out = None if late is None else wiring.out(1)
            cls = SessionWindows if is_session else RegularWindows
            number = wiring.state_number(state.name)
            operator = cls(wiring.node, shape, number, wiring.out(0), late_out, wiring.shared)
            wiring.keyed_input(0, WindowHead(wiring.shared, stream.type, operator))
            wiring.keyed_operator(operator)

        node.open = open_node
        return Stream(stream.graph, stream.graph.add(node, [(stream.node, 0, "hash")]))

    def _defect(self) -> str | None:
        if self._lateness < 0:
            return f"records cannot be {self._lateness} ms late, give 0 or more"
        if self._late is not None and self._late.type.document() != self._stream.type.document():
            return f"its late output {self._late.name} has another type than its records"
        return None
