"""Files of the outside: a directory that the user granted, and files that were registered by name."""

from __future__ import annotations

from typing import Any, Iterator

#: Most bytes of one call.
CHUNK = 1 << 20


class Files:
    """The one directory granted to a source or sink (`wit/files.wit`). Names are plain names of files in it.

    A failed call raises `Err` of the bindings with the reason; what it did to files is not undone.
    """

    def __init__(self, host: Any, operator: int) -> None:
        self._host, self._operator = host, operator

    def append(self, name: str, data: bytes) -> int:
        """Appends to a file, which is made if need be, and returns its length."""
        return self._host.files.append(self._operator, name, data)

    def sync(self, name: str) -> None:
        """Makes the content of a file and its name survive a loss of power."""
        self._host.files.sync(self._operator, name)

    def rename(self, name: str, to: str) -> None:
        """Renames a file at once and for good; there must be none of the new name."""
        self._host.files.rename(self._operator, name, to)

    def size(self, name: str) -> int | None:
        """The length of a file, if there is one."""
        return self._host.files.size(self._operator, name)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Reads bytes at an offset; fewer at the end of the file."""
        return self._host.files.read(self._operator, name, offset, length)

    def remove(self, name: str) -> None:
        """Removes a file; an absent one is no error."""
        self._host.files.remove(self._operator, name)

    def list(self) -> Iterator[str]:
        """The names of the files of the directory, in order."""
        after = ""
        while names := self._host.files.list(self._operator, after, 1000):
            yield from names
            after = names[-1]


class CachedFile:
    """A file that was registered under a name and does not change while the job runs."""

    def __init__(self, host: Any, name: str) -> None:
        self._host, self._name = host, name

    def size(self) -> int:
        """The length of the file; 0 while the job is planned."""
        return 0 if self._host is None else self._host.cached_files.size(self._name)

    def read(self, offset: int, length: int) -> bytes:
        """Reads bytes at an offset; fewer at the end of the file."""
        return b"" if self._host is None else self._host.cached_files.read(self._name, offset, length)

    def read_all(self) -> bytes:
        """The whole file."""
        return b"".join(self.read(at, CHUNK) for at in range(0, self.size(), CHUNK))

    def lines(self) -> list[str]:
        """The lines of a text file."""
        return self.read_all().decode().splitlines()
