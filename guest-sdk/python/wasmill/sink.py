"""A sink of the user's in its place: transactions and committables become bytes (`wit/sink.wit`)."""

from __future__ import annotations

from typing import Any, Callable

from .column import Batch, check_batch
from .context import Context, OpenContext, Shared
from .errors import WasmillError
from .graph import Node
from .hints import returned
from .logic import TwoPhaseSink
from .task import Wiring
from .types import Type, type_of


class OpenSink:
    """An open sink."""

    def __init__(self, sink: TwoPhaseSink, types: tuple[Type, Type, Type], shared: Shared) -> None:
        """`types` are those of records, transactions and committables."""
        self._sink, self._shared, self._context = sink, shared, Context(shared)
        self._records, self._transactions, self._committables = types

    def begin(self, name: str) -> bytes:
        """Begins a transaction."""
        return self._transactions.encode(self._sink.begin(name, self._context))

    def write(self, transaction: bytes, batch: Batch) -> bytes:
        """Writes records and gives the transaction as it is then."""
        check_batch(batch)
        records = self._records.decode_column(batch.values, batch.count)
        after = self._sink.write(self._transactions.decode(transaction), records, self._context)
        self._shared.end()
        return self._transactions.encode(after)

    def pre_commit(self, transaction: bytes, checkpoint: int) -> bytes:
        """Makes a transaction durable and gives its committable."""
        decoded = self._transactions.decode(transaction)
        return self._committables.encode(self._sink.pre_commit(decoded, checkpoint, self._context))

    def commit(self, committables: list[bytes]) -> None:
        """Makes transactions visible."""
        for committable in committables:
            self._sink.commit(self._committables.decode(committable), self._context)

    def abort(self, transaction: bytes) -> None:
        """Undoes a transaction."""
        self._sink.abort(self._transactions.decode(transaction), self._context)

    def recover(self, committables: list[bytes]) -> None:
        """Clears away what no committable names."""
        self._sink.recover([self._committables.decode(each) for each in committables], self._context)

    def close(self) -> None:
        """The last call."""
        self._sink.close(self._context)
        self._shared.end()


def open_sink(factory: Callable[[OpenContext], TwoPhaseSink], node: Node, records: Type) -> Callable[[Wiring], None]:
    """What opens a sink; its factory is run to learn what it declares."""
    transactions = committables = type_of(bytes)
    try:
        sink = factory(OpenContext(node))
        transactions, committables = returned(sink.begin, None), returned(sink.pre_commit, None)
    except WasmillError as error:
        node.refuse(str(error))
    if node.outputs:
        node.refuse("sources and sinks have no side outputs")

    def open_node(wiring: Wiring) -> None:
        sink = factory(OpenContext(node, wiring))
        wiring.sink = OpenSink(sink, (records, transactions, committables), wiring.shared)

    return open_node
