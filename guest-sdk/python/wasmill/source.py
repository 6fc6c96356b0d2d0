"""A source of the user's in its place: positions and records become bytes (`wit/source.wit`)."""

from __future__ import annotations

from typing import Any, Callable

from .column import NO_TIMESTAMP, Batch, Column, column_of
from .context import OpenContext, Shared
from .errors import WasmillError
from .graph import Node, Output
from .hints import parameter, yielded
from .logic import Source, SourceContext, SourceOutput
from .task import Wiring
from .types import Type, type_of


class OpenSource:
    """An open source."""

    def __init__(self, source: Source, records: Type, positions: Type, shared: Shared) -> None:
        self._source, self._records, self._positions, self._shared = source, records, positions, shared

    def splits(self, parallelism: int) -> list[bytes]:
        """The encoded positions of the splits."""
        return [self._positions.encode(position) for position in self._source.splits(parallelism)]

    def poll(self, split: int, position: bytes, max_records: int) -> tuple[Batch, bytes, str | int]:
        """One poll of a split: records, the position after them, what follows."""
        ctx = SourceContext(self._shared)
        ctx.split = split
        out: SourceOutput[Any] = SourceOutput(max_records)
        after, status = self._source.poll(self._positions.decode(position), ctx, out)
        times = [NO_TIMESTAMP if time is None else time for time in out.timestamps]
        if all(time == NO_TIMESTAMP for time in times):
            times = []
        values = column_of([self._records.encode(record) for record in out.records], self._records.width)
        self._shared.end()
        return Batch(len(out.records), times, Column(), values), self._positions.encode(after), status

    def close(self) -> None:
        """The last call."""
        self._source.close(SourceContext(self._shared))
        self._shared.end()


def source_node(factory: Callable[[OpenContext], Source], returns: Any) -> Node:
    """The operator of a source: its factory is run to learn what it declares."""
    node = Node("source", "source", connector={"type": "component"})
    records = positions = type_of(bytes)
    try:
        source = factory(OpenContext(node))
        records = parameter(source.poll, 0, SourceOutput, returns)
        positions = yielded(source.splits, None)
    except WasmillError as error:
        node.refuse(str(error))
    if node.outputs:
        node.refuse("sources and sinks have no side outputs")
    node.outputs = [Output("out", records)]

    def open_node(wiring: Wiring) -> None:
        source = factory(OpenContext(node, wiring))
        wiring.source = OpenSource(source, records, positions, wiring.shared)

    node.open = open_node
    return node
