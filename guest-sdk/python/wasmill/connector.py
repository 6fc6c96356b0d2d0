"""Sources and sinks of the host, as builders over their configuration (`docs/CONNECTORS.md`).

A builder only writes JSON; the host checks it. A connector that has no builder here is named by `Connector`.
"""

from __future__ import annotations

from typing import Any, Iterable, Self

from .types import type_of


class Connector:
    """Any connector, by its type and keys."""

    #: What the console shows.
    type_name = "connector"
    #: The records that it gives as a source, if that is known.
    records: Any = None

    def __init__(self, type: str, **keys: Any) -> None:
        self.config: dict[str, Any] = {"type": type, **keys}

    def with_(self, **keys: Any) -> Self:
        """Sets keys of the connector."""
        self.config |= keys
        return self


class TextFiles(Connector):
    """Lines of text files: as a source every line of a file, a directory or a glob pattern, as a sink one line per
    record in a directory. Records are strings."""

    type_name = "text files"
    records = str

    def __init__(self, path: str, **keys: Any) -> None:
        super().__init__("text-files", path=path, **keys)

    @classmethod
    def json_lines(cls, path: str, records: Any) -> Self:
        """A source of records of this type, one JSON object a line."""
        return cls._typed(path, "json-lines", records)

    @classmethod
    def csv(cls, path: str, records: Any) -> Self:
        """A source of records of this type, fields separated by commas in the order of the type."""
        return cls._typed(path, "csv", records)

    @classmethod
    def _typed(cls, path: str, format: str, records: Any) -> Self:
        files = cls(path, format=format, schema=type_of(records).document())
        files.records = records
        return files

    def format(self, format: str) -> Self:
        """As a sink: how a record becomes a line, `lines` (the default), `json-lines` or `csv`."""
        return self.with_(format=format)

    def rate(self, lines_per_second: int) -> Self:
        """As a source: how many lines a second a subtask reads, at most; 0 for as many as possible."""
        return self.with_(rate=lines_per_second) if lines_per_second else self

    def watch_continuously(self, interval_ms: int) -> Self:
        """As a source: looks for more files every so many milliseconds as long as the job runs."""
        return self.with_(watch="continuous", interval_ms=interval_ms)

    def partition_by(self, field: str) -> Self:
        """As a sink: puts records into sub-directories `<field>=<value>` by a text field of theirs."""
        return self.with_(partition_by=field)


class Collection(Connector):
    """Values written in the plan, for examples and tests: `Collection(int, [1, 2, 3])`."""

    type_name = "collection"

    def __init__(self, records: Any, values: Iterable[Any]) -> None:
        """`values` are JSON values of the type `records`."""
        super().__init__("collection", schema=type_of(records).document(), values=list(values))
        self.records = records


class Generator(Connector):
    """Deterministic test data, computed by the host: `bids`, `pairs`, `events` or `latency`."""

    type_name = "generator"

    def __init__(self, data: str, count: int, rate: int = 0, **keys: Any) -> None:
        """`count` records, `rate` a second in all (0 for as many as possible); `keys` and `epm` as the host has them."""
        super().__init__("generator", data=data, events=count, **({"rate": rate} if rate else {}), **keys)


class Socket(Connector):
    """Lines over TCP, as a client: as a source those that a listener sends, as a sink one per record and subtask."""

    type_name = "socket"
    records = str

    def __init__(self, host: str, port: int) -> None:
        super().__init__("socket", host=host, port=port)


class Collect(Connector):
    """Gives the records to whoever started the job, when it has finished."""

    type_name = "collect"

    def __init__(self, **keys: Any) -> None:
        super().__init__("collect", **keys)


class Print(Connector):
    """Prints records to the standard output of the process."""

    type_name = "print"

    def __init__(self) -> None:
        super().__init__("print")


class Checksum(Connector):
    """Counts records and adds up their hashes, to compare results."""

    type_name = "checksum"

    def __init__(self) -> None:
        super().__init__("checksum")
