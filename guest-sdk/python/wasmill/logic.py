"""What users write for operators, sources and sinks of their own. All calls come from one thread, one at a time.

Instances may be thrown away between two calls: fields of an object are a cache at best, and what must last belongs into
state, or into the positions and transactions that the host keeps.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from .context import Collector, Context, KeyedContext, ProcessContext

T = TypeVar("T")


class Process:
    """User logic over the records of a stream; made from an `OpenContext`."""

    def process(self, record: Any, ctx: ProcessContext, out: Collector[Any]) -> None:
        """Processes a record. An exception undoes the call and is reported with the record."""
        raise NotImplementedError

    def finish(self, ctx: ProcessContext, out: Collector[Any]) -> None:
        """All input has ended; the last chance to emit."""

    def close(self) -> None:
        """The subtask has come to its end, after everything else. Nothing may be emitted."""


class _Keyed:
    def on_timer(self, domain: str, ctx: KeyedContext, out: Collector[Any]) -> None:
        """A timer of the key has fired; `domain` is `event` or `processing`, its time is `ctx.timer_time`."""

    def close(self) -> None:
        """The subtask has come to its end, after everything else. Nothing may be emitted."""


class KeyedProcess(_Keyed):
    """User logic over keyed state and timers; made from an `OpenContext`."""

    def process(self, record: Any, ctx: KeyedContext, out: Collector[Any]) -> None:
        """Processes a record of the key. An exception undoes the call and is reported with the record."""
        raise NotImplementedError


class KeyedCoProcess(_Keyed):
    """User logic over two keyed streams that share state and timers; made from an `OpenContext`."""

    def process1(self, record: Any, ctx: KeyedContext, out: Collector[Any]) -> None:
        """Processes a record of the first stream."""
        raise NotImplementedError

    def process2(self, record: Any, ctx: KeyedContext, out: Collector[Any]) -> None:
        """Processes a record of the second stream."""
        raise NotImplementedError


class SourceContext(Context):
    """What a source may ask."""

    #: Number of the split that is polled.
    split: int | None = None


class SourceOutput(Generic[T]):
    """Takes the records of a poll."""

    def __init__(self, room: int) -> None:
        #: How many records may still be given in this poll.
        self.room = room
        self.records: list[T] = []
        self.timestamps: list[int | None] = []

    def emit(self, record: T, timestamp: int | None = None) -> None:
        """Gives a record, with its event timestamp if it has one (milliseconds)."""
        self.records.append(record)
        self.timestamps.append(timestamp)
        self.room -= 1


class Source:
    """A source; made from an `OpenContext`. Where it is, is its position, which the host keeps."""

    #: `poll` returns one of these, or a number of milliseconds to wait, with the new position.
    MORE, ENDED = "more", "ended"

    def splits(self, parallelism: int) -> list[Any]:
        """Where the splits begin, at the first start of the job. One split makes a source that is not parallel. The
        annotation says the type of positions: `list[int]`."""
        raise NotImplementedError

    def poll(self, position: Any, ctx: SourceContext, out: SourceOutput[Any]) -> tuple[Any, str | int]:
        """Reads from a position on: at most `out.room` records. Returns the new position and what follows. The same
        position must give the same records again, as far as they exist."""
        raise NotImplementedError

    def close(self, ctx: SourceContext) -> None:
        """The last call: every split of this reader has ended, or the job stops. Not made after a failure."""


class TwoPhaseSink:
    """A sink with a two-phase commit; made from an `OpenContext`. Records of a subtask between two barriers make one
    transaction: `begin`, any number of `write`, `pre_commit`; when the checkpoint is complete, `commit`."""

    def begin(self, name: str, ctx: Context) -> Any:
        """Begins a transaction and returns it; the annotation says its type. `name` is one that no transaction of any
        run has had, made of `0-9`, `a-f` and `-`."""
        raise NotImplementedError

    def write(self, transaction: Any, records: list[Any], ctx: Context) -> Any:
        """Writes records into a transaction and returns it as it is then; nothing may be visible yet."""
        raise NotImplementedError

    def pre_commit(self, transaction: Any, checkpoint: int, ctx: Context) -> Any:
        """Makes durable what a transaction wrote and returns the committable: all that is needed to commit it in any
        later process. The annotation says its type."""
        raise NotImplementedError

    def commit(self, committable: Any, ctx: Context) -> None:
        """Makes a transaction visible. Must be idempotent: after a crash it is called again."""
        raise NotImplementedError

    def abort(self, transaction: Any, ctx: Context) -> None:
        """Undoes a transaction that will not be committed. Not called after a crash: see `recover`."""

    def recover(self, committed: list[Any], ctx: Context) -> None:
        """Called once before a run begins, with what was prepared and has been committed: removes what other
        transactions of earlier runs left behind."""

    def close(self, ctx: Context) -> None:
        """The last call to the instance of a writer. Not made after a failure."""
