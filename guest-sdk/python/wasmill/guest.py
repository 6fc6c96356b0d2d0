"""The component side: bindings of `wit/`, the host behind them, and the exported calls. Exists only in a component.

Exceptions become error results here: one that left the component would trap, and its text would be lost.
"""

from __future__ import annotations

from typing import Any, Callable

import wit_world.exports as exports
from componentize_py_types import Err
from wit_world.exports import source as exported_source
from wit_world.exports.operator import TaskSpec as HostSpec
from wit_world.imports import cached_files, files, log, metrics, output, state, timers, types, watermarks

from . import component
from .context import Place
from .env import Env
from .errors import CallFailure
from .failure import describe
from .task import Task, TaskSpec, attempt

#: The name of the job's file; set by the entry module.
NAME = ""

_DOMAINS = (types.TimeDomain.EVENT, types.TimeDomain.PROCESSING)
_LEVELS = {level.name.lower(): level for level in log.Level}


class ImportedHost:
    """The host behind the bindings; columns and batches have their shapes already."""

    get_many = staticmethod(state.get_many)
    put_many = staticmethod(state.put_many)
    delete_many = staticmethod(state.delete_many)
    append_many = staticmethod(state.append_many)
    scan = staticmethod(state.scan)
    clear_key = staticmethod(state.clear_key)
    get = staticmethod(state.get)
    emit = staticmethod(output.emit)
    files = files
    cached_files = cached_files

    @staticmethod
    def register_timers(domain: int, batch: Any) -> None:
        timers.register(_DOMAINS[domain], batch)

    @staticmethod
    def delete_timers(domain: int, batch: Any) -> None:
        timers.delete(_DOMAINS[domain], batch)

    @staticmethod
    def observe(observations: list[tuple[int, int, int]]) -> None:
        watermarks.observe([watermarks.Observation(*each) for each in observations])

    @staticmethod
    def count(increments: list[tuple[int, str, int]]) -> None:
        metrics.count([metrics.Increment(*each) for each in increments])

    @staticmethod
    def mark(increments: list[tuple[int, str, int]]) -> None:
        metrics.mark([metrics.Increment(*each) for each in increments])

    @staticmethod
    def set_gauges(readings: list[tuple[int, str, float]]) -> None:
        metrics.set([metrics.Reading(*each) for each in readings])

    @staticmethod
    def sample(samples: list[tuple[int, str, list[int]]]) -> None:
        metrics.sample([metrics.Samples(*each) for each in samples])

    @staticmethod
    def log(level: str, message: str) -> None:
        log.write(_LEVELS[level], message)


_task: Task | None = None


def _call(call: Callable[[Task], Any]) -> Any:
    """Runs a call on the open task; a failure becomes the error result of the contract."""
    try:
        if _task is None:
            raise CallFailure("called before it was opened")
        return attempt(lambda: call(_task))
    except CallFailure as failure:
        message = str(failure)
        if failure.record is None:
            raise Err(types.Failure_Operator(message)) from None
        raise Err(types.Failure_Record(types.BadRecord(failure.record, message))) from None


class Manifest(exports.Manifest):
    """`wit/manifest.wit`."""

    def describe(self) -> str:
        return component.describe(NAME, component.the_job())


class Plan(exports.Plan):
    """`wit/manifest.wit`."""

    def plan(self, arguments: list[tuple[str, str]]) -> str:
        try:
            return component.plan(NAME, component.the_job(), arguments)
        except Exception as error:
            raise Err(describe(error)) from None


def _open(spec: HostSpec) -> Task:
    place = Place(spec.job, spec.subtask, spec.parallelism, spec.max_parallelism, spec.attempt)
    ours = TaskSpec(
        place,
        spec.arguments,
        spec.operators,
        [[(port.operator, port.index) for port in ports] for ports in spec.inputs],
        [(port.operator, port.index) for port in spec.outputs],
        [(each.operator, each.name, each.number) for each in spec.states],
        spec.output_soft_bytes,
    )
    return Task(Env.run(component.the_job(), spec.arguments), ours, ImportedHost())  # type: ignore[arg-type]


class Operator(exports.Operator):
    """`wit/operator.wit`."""

    def open(self, spec: HostSpec) -> None:
        global _task
        try:
            _task = _open(spec)
        except Exception as error:
            raise Err(types.Failure_Operator(describe(error))) from None

    def process(self, now: Any, input: int, records: Any) -> int:
        return _call(lambda task: task.process(now.processing_time, now.watermark, input, records))

    def on_timers(self, now: Any, domain: Any, timers: Any) -> int:
        at = domain.value
        return _call(lambda task: task.on_timers(now.processing_time, now.watermark, at, timers))

    def on_watermark(self, now: Any, operator: int, watermark: int) -> None:
        _call(lambda task: task.on_watermark(now.processing_time, now.watermark, operator, watermark))

    def finish(self, now: Any) -> None:
        _call(lambda task: task.finish(now.processing_time, now.watermark))


def _begun(task: Task, now: Any = None) -> Task:
    task.begin(0 if now is None else now.processing_time)
    return task


class Source(exports.Source):
    """`wit/source.wit`."""

    def splits(self, operator: int, parallelism: int) -> list[bytes]:
        return _call(lambda task: task.source.splits(parallelism))

    def poll(self, now: Any, operator: int, split: int, position: bytes, max_records: int) -> Any:
        polled = _call(lambda task: _begun(task, now).source.poll(split, position, max_records))
        records, after, status = polled
        return exported_source.Polled(records, after, _status(status))

    def close(self, operator: int) -> None:
        _call(lambda task: task.source.close())


def _status(status: str | int) -> Any:
    if status == "more":
        return exported_source.PollStatus_More()
    if status == "ended":
        return exported_source.PollStatus_Ended()
    if isinstance(status, int) and status >= 0:
        return exported_source.PollStatus_Wait(status)
    message = f"poll returned {status!r}: return Source.MORE, Source.ENDED or milliseconds to wait"
    raise Err(types.Failure_Operator(message))


class Sink(exports.Sink):
    """`wit/sink.wit`."""

    def begin(self, now: Any, operator: int, name: str) -> bytes:
        return _call(lambda task: _begun(task, now).sink.begin(name))

    def write(self, now: Any, operator: int, transaction: bytes, records: Any) -> bytes:
        return _call(lambda task: _begun(task, now).sink.write(transaction, records))

    def pre_commit(self, operator: int, transaction: bytes, checkpoint: int) -> bytes:
        return _call(lambda task: _begun(task).sink.pre_commit(transaction, checkpoint))

    def commit(self, operator: int, committables: list[bytes]) -> None:
        _call(lambda task: _begun(task).sink.commit(committables))

    def abort(self, operator: int, transaction: bytes) -> None:
        _call(lambda task: _begun(task).sink.abort(transaction))

    def recover(self, operator: int, committables: list[bytes]) -> None:
        _call(lambda task: _begun(task).sink.recover(committables))

    def close(self, operator: int) -> None:
        _call(lambda task: _begun(task).sink.close())


def check() -> None:
    """Called when the component is built: a file without a job, or with two, is refused then."""
    component.the_job()
