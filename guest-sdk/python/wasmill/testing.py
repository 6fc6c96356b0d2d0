"""Runs a job in memory, without a host: `Harness` pushes records into its sources and shows what arrives at its sinks.

Operators are chained into tasks as the host chains them, with one subtask each; records between tasks go through their
bytes. What a call did is undone if it fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterable

from . import component
from .column import NO_TIMESTAMP, Batch, Column, TimerBatch, column_of, entries, timestamps
from .context import Place
from .env import Env, Job
from .errors import CallFailure
from .graph import Graph
from .host import EVENT, PROCESSING
from .task import Task, TaskSpec, attempt

#: Timers handed over in one call.
TIMERS_PER_CALL = 64
#: Where records enter and leave a job; open ports count as sources and sinks.
ENTRIES = ("source", "input")
EXITS = ("sink", "output")


@dataclass
class _Found:
    present: bytes
    values: Column


@dataclass
class _Page:
    count: int
    sub_keys: Column
    values: Column
    more: bool


class MemoryHost:
    """The host of one task."""

    def __init__(self) -> None:
        #: Keyed state by (state, key, sub-key); lists are as they are stored.
        self.values: dict[tuple[int, bytes, bytes], bytes] = {}
        #: Timers by domain: (time, key, namespace).
        self.timers: tuple[set[tuple[int, bytes, bytes]], ...] = (set(), set())
        self.counters: dict[str, int] = {}
        self.lines: list[tuple[str, str]] = []
        self.emitted: list[tuple[int, Batch]] = []
        self.observations: list[tuple[int, int, int]] = []
        #: How many calls were made into the host, by name.
        self.calls: dict[str, int] = {}

    def save(self) -> tuple[Any, ...]:
        """What a failed call has to be undone to."""
        return dict(self.values), tuple(set(timers) for timers in self.timers), dict(self.counters)

    def undo(self, saved: tuple[Any, ...]) -> None:
        """Undoes a call."""
        self.values, self.timers, self.counters = saved
        self.emitted, self.observations = [], []

    def _called(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1

    def _addresses(self, state: int, count: int, *columns: Column) -> Iterable[tuple[int, bytes, bytes]]:
        return [(state, key, sub) for key, sub in zip(*(entries(column, count) for column in columns))]

    def get_many(self, state: int, count: int, keys: Column, sub_keys: Column) -> _Found:
        self._called("get_many")
        found = [self.values.get(address) for address in self._addresses(state, count, keys, sub_keys)]
        present = bytes(value is not None for value in found)
        return _Found(present, column_of([value or b"" for value in found]))

    def put_many(self, state: int, count: int, keys: Column, sub_keys: Column, values: Column) -> None:
        self._called("put_many")
        self.values.update(zip(self._addresses(state, count, keys, sub_keys), entries(values, count)))

    def delete_many(self, state: int, count: int, keys: Column, sub_keys: Column) -> None:
        for address in self._addresses(state, count, keys, sub_keys):
            self.values.pop(address, None)

    def append_many(self, state: int, count: int, keys: Column, sub_keys: Column, values: Column) -> None:
        for address, value in zip(self._addresses(state, count, keys, sub_keys), entries(values, count)):
            element = len(value).to_bytes(4, "little") + value
            self.values[address] = self.values.get(address, b"") + element

    def scan(self, state: int, key: bytes, start: bytes, limit: int) -> _Page:
        mine = sorted((a[2], v) for a, v in self.values.items() if a[:2] == (state, key) and a[2] >= start)
        page = mine[:limit]
        columns = [column_of([entry[part] for entry in page]) for part in (0, 1)]
        return _Page(len(page), columns[0], columns[1], len(mine) > limit)

    def clear_key(self, state: int, key: bytes) -> None:
        self.values = {a: v for a, v in self.values.items() if a[:2] != (state, key)}

    def get(self, state: int, key: bytes, sub_key: bytes) -> bytes | None:
        self._called("get")
        return self.values.get((state, key, sub_key))

    def register_timers(self, domain: int, timers: TimerBatch) -> None:
        self.timers[domain].update(_timers_of(timers))

    def delete_timers(self, domain: int, timers: TimerBatch) -> None:
        self.timers[domain].difference_update(_timers_of(timers))

    def emit(self, port: int, records: Batch) -> None:
        self.emitted.append((port, records))

    def observe(self, observations: list[tuple[int, int, int]]) -> None:
        self.observations += observations

    def count(self, increments: list[tuple[int, str, int]]) -> None:
        for _, name, amount in increments:
            self.counters[name] = self.counters.get(name, 0) + amount

    def mark(self, increments: list[tuple[int, str, int]]) -> None:
        self.count(increments)

    def set_gauges(self, readings: list[tuple[int, str, float]]) -> None:
        pass

    def sample(self, samples: list[tuple[int, str, list[int]]]) -> None:
        pass

    def log(self, level: str, message: str) -> None:
        self.lines.append((level, message))


def _timers_of(timers: TimerBatch) -> Iterable[tuple[int, bytes, bytes]]:
    return zip(timers.times, entries(timers.keys, timers.count), entries(timers.namespaces, timers.count))


@dataclass
class _Fragment:
    """One task: its place in the graph, its host, its event time."""

    spec: TaskSpec
    #: Outputs of other operators that feed it, one per input.
    feeds: list[tuple[int, int]]
    host: MemoryHost = field(default_factory=MemoryHost)
    task: Task | None = None
    #: Watermark of each input, and at the end of the task.
    watermarks: list[int] = field(default_factory=list)
    watermark: int = NO_TIMESTAMP
    told: int = NO_TIMESTAMP
    #: By assigner: the largest timestamp and the largest watermark it has named.
    assigned: dict[int, tuple[int, int]] = field(default_factory=dict)


class Harness:
    """A job that runs in memory, on the calling thread."""

    def __init__(
        self,
        job: Job,
        arguments: dict[str, str] | None = None,
        *,
        output_soft_bytes: int = 256 * 1024,
        forget_between_calls: bool = False,
    ) -> None:
        """Results do not depend on the options: `forget_between_calls` gives every call a fresh instance."""
        self._job, self._forget = job, forget_between_calls
        self._arguments = list((arguments or {}).items())
        #: The plan, as the host would get it.
        self.plan: dict[str, Any] = json.loads(component.plan("test", job, self._arguments))
        self._graph = Env.run(job, self._arguments).graph
        self._edges = self._graph.edges()
        self._fragments = [self._fragment(operators, output_soft_bytes) for operators in _cut(self._graph)]
        self._arrived: dict[int, list[tuple[Any, int]]] = {}
        self._clock = 0

    def _numbers(self, *kinds: str) -> list[int]:
        return [number for number, node in enumerate(self._graph.nodes) if node.kind in kinds]

    def _fragment(self, operators: list[int], output_soft_bytes: int) -> _Fragment:
        spec = TaskSpec(Place("test", 0, 1, 128, 0), self._arguments, operators, output_soft_bytes=output_soft_bytes)
        fragment = _Fragment(spec, [])
        for edge in self._edges:
            inside = edge.source in operators, edge.target in operators
            if inside == (False, True):
                fragment.feeds.append((edge.source, edge.output))
                spec.inputs.append([(edge.target, edge.input)])
            if inside == (True, False) and (edge.source, edge.output) not in spec.outputs:
                spec.outputs.append((edge.source, edge.output))
        for number in operators:
            for state in self._graph.nodes[number].states:
                spec.states.append((number, state.name, len(spec.states)))
            if self._graph.nodes[number].watermarks is not None:
                fragment.assigned[number] = (NO_TIMESTAMP, NO_TIMESTAMP)
        fragment.watermarks = [NO_TIMESTAMP] * len(fragment.feeds)
        return fragment

    def push(self, records: Iterable[Any], source: int = 0, times: Iterable[int] | None = None) -> None:
        """Gives records to a source, by its number in the order of the job, as one batch; `times` are their event
        timestamps."""
        number = self._numbers(*ENTRIES)[source]
        kind = self._graph.nodes[number].outputs[0].type
        values = [kind.encode(record) for record in records]
        stamps = [] if times is None else list(times)
        self._deliver((number, 0), Batch(len(values), stamps, Column(), column_of(values)))

    def advance_watermark(self, watermark: int) -> None:
        """Raises the watermark of all sources."""
        for number in self._numbers(*ENTRIES):
            self._deliver_watermark([number], watermark)

    def set_clock(self, processing_time: int) -> None:
        """Sets the clock of all operators (milliseconds)."""
        self._clock = processing_time
        for fragment in self._fragments:
            self._fire(fragment)

    def finish(self) -> None:
        """Ends all sources: all event-time timers fire, and operators say their last word."""
        self.advance_watermark(2**63 - 1)
        for fragment in self._fragments:
            self._call(fragment, lambda task, *now: task.finish(*now))

    def output(self, sink: int = 0) -> list[Any]:
        """The records that have arrived at a sink, by its number in the order of the job."""
        return [record for record, _ in self.output_at(sink)]

    def output_at(self, sink: int = 0) -> list[tuple[Any, int]]:
        """The records that have arrived at a sink with their timestamps."""
        return self._arrived.get(self._numbers(*EXITS)[sink], [])

    def counter(self, name: str) -> int:
        """The sum of a counter over all operators."""
        return sum(fragment.host.counters.get(name, 0) for fragment in self._fragments)

    def host(self, uid: str) -> MemoryHost:
        """The host of the task that runs the operator with this `uid`."""
        mine = [f for f in self._fragments if uid in map(self._graph.uid, f.spec.operators)]
        return mine[0].host

    def _call(self, fragment: _Fragment, call: Any) -> Any:
        host, saved = fragment.host, fragment.host.save()
        if fragment.task is None or self._forget:
            fragment.task = Task(Env.run(self._job, self._arguments), fragment.spec, host)  # type: ignore[arg-type]
        now = (self._clock, fragment.watermark)
        try:
            result = attempt(lambda: call(fragment.task, *now))
        except CallFailure:
            host.undo(saved)
            fragment.task = None
            raise
        emitted, host.emitted = host.emitted, []
        observations, host.observations = host.observations, []
        for operator, max_timestamp, watermark in observations:
            before = fragment.assigned[operator]
            fragment.assigned[operator] = max(before[0], max_timestamp), max(before[1], watermark)
        for port, batch in emitted:
            self._deliver(fragment.spec.outputs[port], batch)
        return result

    def _deliver(self, origin: tuple[int, int], batch: Batch) -> None:
        for edge in self._edges:
            if (edge.source, edge.output) != origin:
                continue
            node = self._graph.nodes[edge.target]
            if node.kind in EXITS:
                records = node.inputs[0].decode_column(batch.values, batch.count)
                self._arrived.setdefault(edge.target, []).extend(zip(records, timestamps(batch)))
            for fragment in self._fragments:
                for index, ports in enumerate(fragment.spec.inputs):
                    if ports == [(edge.target, edge.input)] and fragment.feeds[index] == origin:
                        self._process(fragment, index, batch)

    def _process(self, fragment: _Fragment, index: int, batch: Batch) -> None:
        done = 0
        while done < batch.count:
            rest = _rest_of(batch, done)
            try:
                done += self._call(fragment, lambda task, *now: task.process(*now, index, rest))
            except CallFailure as failure:
                failure.record = None if failure.record is None else failure.record + done
                raise
            self._fire(fragment)
        self._assign(fragment, False)

    def _fire(self, fragment: _Fragment) -> None:
        for domain, time in ((EVENT, fragment.watermark), (PROCESSING, self._clock)):
            timers = fragment.host.timers
            while due := sorted(timer for timer in timers[domain] if timer[0] <= time)[:TIMERS_PER_CALL]:
                times, keys, namespaces = zip(*due)
                batch = TimerBatch(len(due), list(times), column_of(keys), column_of(namespaces))
                fired = self._call(fragment, lambda task, *now: task.on_timers(*now, domain, batch))
                timers = fragment.host.timers
                timers[domain].difference_update(due[:fired])

    def _assign(self, fragment: _Fragment, is_end: bool) -> None:
        """Tells what the assigners have come to, and passes the watermark of the task on."""
        reached = []
        for operator, (max_timestamp, named) in fragment.assigned.items():
            rule = self._graph.nodes[operator].watermarks or {}
            at = named
            if rule["strategy"] in ("bounded", "monotonic") and max_timestamp != NO_TIMESTAMP:
                at = max_timestamp - rule.get("max_out_of_orderness_ms", 0) - 1
            reached.append(2**63 - 1 if is_end else at)
            self._call(fragment, lambda task, *now: task.on_watermark(*now, operator, reached[-1]))
        watermark = min(reached, default=fragment.watermark)
        if watermark > fragment.told:
            fragment.told = watermark
            self._deliver_watermark(fragment.spec.operators, watermark)

    def _deliver_watermark(self, operators: list[int], watermark: int) -> None:
        for fragment in self._fragments:
            for index, feed in enumerate(fragment.feeds):
                if feed[0] in operators:
                    fragment.watermarks[index] = max(fragment.watermarks[index], watermark)
            least = min(fragment.watermarks)
            if least > fragment.watermark:
                fragment.watermark = least
                self._fire(fragment)
                for operator in {port[0] for ports in fragment.spec.inputs for port in ports}:
                    if operator not in fragment.assigned:
                        self._call(fragment, lambda task, *now: task.on_watermark(*now, operator, least))
                self._assign(fragment, least == 2**63 - 1)


def _rest_of(batch: Batch, first: int) -> Batch:
    """The records of a batch from one on."""
    count = batch.count - first
    keys, values = (list(entries(column, batch.count))[first:] for column in (batch.keys, batch.values))
    return Batch(count, list(batch.timestamps)[first:], column_of(keys), column_of(values))


def _cut(graph: Graph) -> list[list[int]]:
    """Cuts the operators of a graph into tasks."""
    tasks: list[list[int]] = []
    for number, node in enumerate(graph.nodes):
        if node.kind != "operator":
            continue
        into = [edge for edge in graph.edges() if edge.target == number]
        chained = [task for task in tasks if len(into) == 1 and into[0].source in task]
        if chained and into[0].partitioning == "forward" and into[0].chain:
            chained[0].append(number)
        else:
            tasks.append([number])
    return tasks
