"""One instance of a chain: inputs, operators wired by call, output ports, and the calls of `wit/operator.wit`.

Operators are opened from the highest number down, so receivers are ready when they are needed. Every call runs the same
way: begin, let records or timers flow, let operators hand over what they gathered, empty the ports. A call that fails
leaves its traces in the instance; the host throws the instance away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from .column import NO_TIMESTAMP, Batch, Column, TimerBatch, check_batch, check_timers, column_of
from .context import Place, Send, Shared
from .errors import CallFailure, GraphError
from .failure import failure
from .graph import Edge, Graph, Output
from .host import Host
from .operators import Head, Operator, ReceiverHead, fan_out

if TYPE_CHECKING:
    from .env import Env

#: Records and bytes of values after which a port emits.
PORT_RECORDS_MAX = 4096
PORT_BYTES_MAX = 64 * 1024
#: Records that every receiver of an input takes in turn, where an input has several.
SHARED_INPUT_RECORDS = 64


@dataclass
class TaskSpec:
    """`task-spec` of `wit/operator.wit`; ports are pairs of operator and index."""

    place: Place = field(default_factory=Place)
    arguments: list[tuple[str, str]] = field(default_factory=list)
    operators: list[int] = field(default_factory=list)
    inputs: list[list[tuple[int, int]]] = field(default_factory=list)
    outputs: list[tuple[int, int]] = field(default_factory=list)
    states: list[tuple[int, str, int]] = field(default_factory=list)
    output_soft_bytes: int = 256 * 1024


class Port:
    """An output port: encodes records at once, since the next operator might change them, and emits them in columns."""

    def __init__(self, number: int, shared: Shared, output: Output, key: Callable[[Any], Any] | None):
        """`key` selects the key of a record, if the output is keyed."""
        self._number, self._shared, self._output = number, shared, output
        self._values: list[bytes] = []
        self._keys: list[bytes] = []
        self._times: list[int] = []
        #: Takes one record.
        self.receive = self._receiver(key)

    def _receiver(self, key: Callable[[Any], Any] | None) -> Send:
        """A function of its own, without a look at the port: it is called for every record."""
        kind, key_type = self._output.type, self._output.key_type
        encode, encode_key = kind.encode, key_type.encode if key_type is not None else None
        values, keys, times, flush = self._values, self._keys, self._times, self.flush
        bytes_max = min(PORT_BYTES_MAX, self._shared.output_soft_bytes)
        size = 0

        def receive(record: Any, timestamp: int) -> None:
            nonlocal size
            value = encode(record)
            if encode_key is not None:
                keys.append(encode_key(key(record)))  # type: ignore[misc]
            values.append(value)
            times.append(timestamp)
            size += len(value)
            if size >= bytes_max or len(values) >= PORT_RECORDS_MAX:
                size = 0
                flush()

        return receive

    def flush(self) -> None:
        """Emits what is there."""
        count = len(self._values)
        if not count:
            return
        times = list(self._times) if any(time != NO_TIMESTAMP for time in self._times) else []
        key_type = self._output.key_type
        keys = Column() if key_type is None else column_of(self._keys, key_type.width)
        values = column_of(self._values, self._output.type.width)
        self._values.clear()
        self._keys.clear()
        self._times.clear()
        self._shared.sent(len(values.data) + len(keys.data))
        self._shared.host.emit(self._number, Batch(count, times, keys, values))


class Wiring:
    """An instance while its operators are being opened."""

    def __init__(self, spec: TaskSpec, graph: Graph, shared: Shared) -> None:
        self.spec, self.graph, self.shared = spec, graph, shared
        #: The operator that is being opened.
        self.node = 0
        self.edges = [edge for edge in graph.edges() if self._is_inside(edge)]
        self.receivers: dict[tuple[int, int], Send] = {}
        self.heads: dict[tuple[int, int], Head] = {}
        self.operators: list[Operator] = []
        self.by_number: dict[int, Operator] = {}
        self.keyed: Any = None
        self.ports: list[Port] = []
        self.source: Any = None
        self.sink: Any = None

    def _is_inside(self, edge: Edge) -> bool:
        chained = edge.partitioning == "forward" and edge.chain
        return chained and edge.source in self.spec.operators and edge.target in self.spec.operators

    def out(self, index: int, key: Callable[[Any], Any] | None = None) -> Send:
        """What an output of the operator sends to."""
        edges = [edge for edge in self.edges if (edge.source, edge.output) == (self.node, index)]
        receivers = [self.receivers[edge.target, edge.input] for edge in edges]
        output = self.graph.nodes[self.node].outputs[index]
        for number, port in enumerate(self.spec.outputs):
            if port == (self.node, index):
                self.ports.append(Port(number, self.shared, output, key))
                receivers.append(self.ports[-1].receive)
        return fan_out(receivers)

    def input(self, index: int, receive: Send) -> None:
        """Makes a function the input of the operator."""
        place = (self.node, index)
        self.receivers[place] = receive
        if any(place in ports for ports in self.spec.inputs):
            kind = self.graph.nodes[self.node].inputs[index]
            self.heads[place] = ReceiverHead(self.shared, kind, receive)

    def keyed_input(self, index: int, head: Head) -> None:
        """Makes a head the keyed input of the operator."""
        self.heads[self.node, index] = head

    def operator(self, operator: Operator) -> None:
        """Registers what the task has to tell the operator."""
        self.operators.insert(0, operator)
        self.by_number[self.node] = operator

    def keyed_operator(self, operator: Any) -> None:
        """Registers the keyed operator of the chain."""
        if self.keyed is not None:
            raise GraphError("a chain has two keyed operators")
        self.keyed = operator
        self.operator(operator)

    def state_number(self, name: str) -> int:
        """The number of a state of the operator."""
        for operator, known, number in self.spec.states:
            if (operator, known) == (self.node, name):
                return number
        raise GraphError(f"state {name} of operator {self.node} has no number")


class Task:
    """An instance of a chain."""

    def __init__(self, env: Env, spec: TaskSpec, host: Host) -> None:
        """`env` is that of a run of the job function with the arguments of the spec."""
        place = spec.place
        place.parameters = env.values()
        self._shared = Shared(host, place, max(spec.output_soft_bytes, 1))
        graph = env.graph
        wiring = Wiring(spec, graph, self._shared)
        for number in sorted(spec.operators, reverse=True):
            open_node = graph.nodes[number].open if number < len(graph.nodes) else None
            if open_node is None:
                raise GraphError(f"operator {number} is not one of this job's that run in a component")
            wiring.node = number
            open_node(wiring)
        try:
            self._inputs = [[wiring.heads[port] for port in ports] for ports in spec.inputs]
        except KeyError as error:
            raise GraphError(f"operator and input {error} are not there") from None
        self._operators, self._keyed, self._ports = wiring.operators, wiring.keyed, wiring.ports
        self._watermarks = WatermarkFlow(spec, graph, wiring.edges, wiring.by_number)
        self.source, self.sink = wiring.source, wiring.sink

    def process(self, processing_time: int, watermark: int, index: int, batch: Batch) -> int:
        """Processes records of an input from the front; returns how many, at least one."""
        self._shared.begin(processing_time, watermark)
        check_batch(batch)
        heads = self._inputs[index]
        for head in heads:
            head.load(batch)
        if len(heads) == 1:
            done = heads[0].run(0, batch.count, False)
        else:
            done = 0
            while done < batch.count and not self._shared.stop:
                end = min(batch.count, done + SHARED_INPUT_RECORDS)
                for head in heads:
                    head.run(done, end, True)
                done = end
        self._end()
        return done

    def on_timers(self, processing_time: int, watermark: int, domain: int, timers: TimerBatch) -> int:
        """Fires timers from the front; returns how many, at least one."""
        self._shared.begin(processing_time, watermark)
        check_timers(timers)
        done = timers.count if self._keyed is None else self._keyed.on_timers(domain, timers)
        self._end()
        return done

    def on_watermark(self, processing_time: int, watermark: int, operator: int, at: int) -> None:
        """Event time has advanced at an operator."""
        self._shared.begin(processing_time, watermark)
        self._watermarks.advance(operator, at)
        self._end()

    def finish(self, processing_time: int, watermark: int) -> None:
        """Ends the input."""
        self._shared.begin(processing_time, watermark)
        for operator in self._operators:
            operator.finish()
        for operator in self._operators:
            operator.close()
        self._end()

    def _end(self) -> None:
        for operator in self._operators:
            operator.end_call()
        for port in self._ports:
            port.flush()
        self._shared.end()

    def begin(self, processing_time: int) -> Shared:
        """Begins a call of a source or sink."""
        self._shared.begin(processing_time, NO_TIMESTAMP)
        return self._shared


class WatermarkFlow:
    """How watermarks run along the edges of the instance: an operator's is the least of its inputs' and never goes
    back. An assigner takes none from its input: the host gives its output one."""

    def __init__(self, spec: TaskSpec, graph: Graph, edges: list[Edge], operators: dict[int, Operator]) -> None:
        self._operators = operators
        self._edges = edges
        self._assigners = {number for number in spec.operators if graph.nodes[number].watermarks is not None}
        self._fed = {port for ports in spec.inputs for port in ports}
        self._inputs = {number: [NO_TIMESTAMP] * len(graph.nodes[number].inputs) for number in spec.operators}
        self._current = dict.fromkeys(spec.operators, NO_TIMESTAMP)

    def advance(self, operator: int, watermark: int) -> None:
        """Takes the watermark that the host tells about an operator."""
        if operator in self._assigners:
            self._pass_on(operator, watermark)
            return
        inputs = self._inputs.get(operator, [])
        for index, at in enumerate(inputs):
            if (operator, index) in self._fed:
                inputs[index] = max(at, watermark)
        self._settle(operator)

    def _pass_on(self, operator: int, watermark: int) -> None:
        for edge in self._edges:
            if edge.source == operator:
                inputs = self._inputs[edge.target]
                inputs[edge.input] = max(inputs[edge.input], watermark)
                if edge.target not in self._assigners:
                    self._settle(edge.target)

    def _settle(self, operator: int) -> None:
        least = min(self._inputs.get(operator) or [NO_TIMESTAMP])
        if least > self._current.get(operator, least):
            self._current[operator] = least
            if operator in self._operators:
                self._operators[operator].on_watermark(least)
            self._pass_on(operator, least)


def attempt(call: Callable[[], Any]) -> Any:
    """Runs a call; whatever user code raises becomes a `CallFailure`."""
    try:
        return call()
    except CallFailure:
        raise
    except Exception as error:
        raise failure(error) from error
