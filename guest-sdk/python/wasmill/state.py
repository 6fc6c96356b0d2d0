"""Keyed state: one value, a list, or an ordered map per key.

A call begins with the keys of its batch: values are read for all of them at once, and what changed is written at once
at the end. Nothing is kept from call to call. What can be changed in place is kept as bytes, so that a change counts
only when it is `set`, whatever the batches are.
"""

from __future__ import annotations

import struct
from typing import Any, Generic, Iterator, Protocol, TypeVar

from .column import Column, check_column, column_of, entries
from .errors import Malformed, TypeMismatch, WasmillError
from .host import Host
from .types import LONG, Type, type_of

#: Entries of a Map state read by one scan.
PAGE = 1024

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
LENGTH = struct.Struct("<I")
ORDERED = struct.Struct(">Q")
_NO_SUB_KEYS = Column()


class Store(Protocol):
    """What the keyed operator tells its states."""

    def begin(self, keys: list[bytes]) -> None:
        """A call begins that has these keys, each once."""

    def flush(self) -> None:
        """The call ends: writes what it has changed."""


class KeySpace:
    """The key under way, and the states that follow it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        #: The key under way, encoded.
        self.key = b""
        self.stores: list[Store] = []

    def begin(self, keys: list[bytes]) -> None:
        """A call begins that has these keys, each once."""
        for store in self.stores:
            store.begin(keys)

    def flush(self) -> None:
        """The call ends."""
        for store in self.stores:
            store.flush()


class ValueState(Generic[T]):
    """One value per key."""

    def __init__(self, space: KeySpace, number: int, name: str, kind: Type) -> None:
        self._space, self._number, self._name, self._type = space, number, name, kind
        self._cells: dict[bytes, Any] = {}
        self._changed: dict[bytes, None] = {}
        self._shared = kind.immutable
        space.stores.append(self)

    def get(self, default: Any = None) -> T:
        """The key's value, or `default` if it has none."""
        cell = self._cells.get(self._space.key)
        if cell is None:
            return default
        return cell if self._shared else self._type.decode(cell)

    def set(self, value: T) -> None:
        """Sets the key's value."""
        if value is None:
            raise TypeMismatch(f"state {self._name} cannot be set to None, clear it instead")
        key = self._space.key
        self._cells[key] = value if self._shared else self._type.encode(value)
        self._changed[key] = None

    def clear(self) -> None:
        """Removes the key's value; it need not exist."""
        key = self._space.key
        self._cells.pop(key, None)
        self._changed[key] = None

    def begin(self, keys: list[bytes]) -> None:
        self._changed.clear()
        count = len(keys)
        found = self._space.host.get_many(self._number, count, column_of(keys), _NO_SUB_KEYS)
        check_column(found.values, count, f"state {self._name}")
        if not any(found.present):
            self._cells = {}
            return
        if self._shared and all(found.present):
            self._cells = dict(zip(keys, self._type.decode_column(found.values, count)))
            return
        read = self._type.decode if self._shared else bytes
        answers = zip(keys, found.present, entries(found.values, count))
        self._cells = {key: read(value) for key, present, value in answers if present}

    def flush(self) -> None:
        if not self._changed:
            return
        cells, host = self._cells, self._space.host
        puts = [key for key in self._changed if key in cells]
        if puts:
            try:
                values = [self._type.encode(cells[key]) if self._shared else cells[key] for key in puts]
            except WasmillError as error:
                raise type(error)(f"state {self._name}: {error}") from None
            column = column_of(values, self._type.width)
            host.put_many(self._number, len(puts), column_of(puts), _NO_SUB_KEYS, column)
        if len(puts) < len(self._changed):
            deletes = [key for key in self._changed if key not in cells]
            host.delete_many(self._number, len(deletes), column_of(deletes), _NO_SUB_KEYS)
        self._changed.clear()


class ListState(Generic[T]):
    """A list per key, appended to without being read."""

    def __init__(self, space: KeySpace, number: int, name: str, kind: Type) -> None:
        self._space, self._number, self._name, self._type = space, number, name, kind
        #: Per key whether the stored list is gone, and what was added in this call.
        self._changes: dict[bytes, tuple[bool, list[bytes]]] = {}
        space.stores.append(self)

    def add(self, element: T) -> None:
        """Appends an element to the key's list."""
        self._changes.setdefault(self._space.key, (False, []))[1].append(self._type.encode(element))

    def get(self) -> list[T]:
        """The elements of the key's list, oldest first."""
        key = self._space.key
        gone, added = self._changes.get(key, (False, []))
        stored = None if gone else self._space.host.get(self._number, key, b"")
        return [self._type.decode(element) for element in [*_split(stored or b"", self._name), *added]]

    def clear(self) -> None:
        """Removes the key's list."""
        self._changes[self._space.key] = (True, [])

    def begin(self, keys: list[bytes]) -> None:
        self._changes.clear()

    def flush(self) -> None:
        host, number = self._space.host, self._number
        gone = [key for key, (gone, _) in self._changes.items() if gone]
        if gone:
            host.delete_many(number, len(gone), column_of(gone), _NO_SUB_KEYS)
        appends = [(key, element) for key, (_, added) in self._changes.items() for element in added]
        if appends:
            keys, values = zip(*appends)
            values = column_of(values, self._type.width)
            host.append_many(number, len(appends), column_of(keys), _NO_SUB_KEYS, values)
        self._changes.clear()


def _split(stored: bytes, name: str) -> Iterator[bytes]:
    """Elements that are each preceded by their length."""
    at = 0
    while at < len(stored):
        start = at + 4
        if start > len(stored):
            raise Malformed(f"state {name}: the list ends in a length")
        at = start + LENGTH.unpack_from(stored, start - 4)[0]
        if at > len(stored):
            raise Malformed(f"state {name}: the list ends in an element")
        yield stored[start:at]


class SubKey:
    """How keys of a Map state's entries become bytes whose order is that of the keys: whole numbers, text, bytes, and
    pairs of whole numbers."""

    def __init__(self, kind: Type) -> None:
        names = [inner.name for _, inner in getattr(kind, "fields", [])]
        if kind.name not in ("long", "string", "bytes") and names != ["long", "long"]:
            raise TypeMismatch(f"keys of a map cannot be of type {kind.name}: use int, str, bytes or tuple[int, int]")
        self._type, self._pair = kind, bool(names)

    def encode(self, key: Any) -> bytes:
        """The bytes of a key."""
        if self._pair:
            first, second = key
            return ordered(first) + ordered(second)
        return ordered(key) if self._type is LONG else self._type.encode(key)

    def decode(self, data: bytes) -> Any:
        """The key of these bytes."""
        if self._pair and len(data) == 16:
            return unordered(data[:8]), unordered(data[8:])
        if self._type is LONG and len(data) == 8:
            return unordered(data)
        if self._pair or self._type is LONG:
            raise self._type.malformed("the sub-key has another length")
        return self._type.decode(data)


def ordered(number: int) -> bytes:
    """The eight bytes of a whole number whose order is that of the numbers: big endian, sign bit flipped."""
    try:
        return ORDERED.pack(number + 2**63)
    except (struct.error, TypeError):
        raise TypeMismatch(f"{number!r} is no long") from None


def unordered(data: bytes) -> int:
    """The number of these eight bytes."""
    return ORDERED.unpack(data)[0] - 2**63


class MapState(Generic[K, V]):
    """An ordered map per key, written without being read."""

    def __init__(self, space: KeySpace, number: int, name: str, keys: Type, values: Type) -> None:
        self._space, self._number, self._name = space, number, name
        self._sub_key, self._type = SubKey(keys), values
        #: Changes of this call by key: None where an entry was removed.
        self._changes: dict[bytes, dict[bytes, bytes | None]] = {}
        space.stores.append(self)

    def get(self, sub_key: K, default: Any = None) -> V:
        """An entry of the key's map, or `default`."""
        address = self._sub_key.encode(sub_key)
        changes = self._changes.get(self._space.key, {})
        if address in changes:
            value = changes[address]
        else:
            value = self._space.host.get(self._number, self._space.key, address)
        return default if value is None else self._type.decode(value)

    def __contains__(self, sub_key: K) -> bool:
        """Whether the key's map has an entry."""
        return self.get(sub_key) is not None

    def put(self, sub_key: K, value: V) -> None:
        """Sets an entry of the key's map. Does not read."""
        change = self._type.encode(value)
        self._changes.setdefault(self._space.key, {})[self._sub_key.encode(sub_key)] = change

    def remove(self, sub_key: K) -> None:
        """Removes an entry of the key's map; it need not exist."""
        self._changes.setdefault(self._space.key, {})[self._sub_key.encode(sub_key)] = None

    def items(self) -> Iterator[tuple[K, V]]:
        """All entries of the key's map, by ascending sub-key. Changes made meanwhile are not seen."""
        own = self._changes.get(self._space.key, {})
        for address, value in _merged(self._stored(self._space.key), sorted(own.items())):
            yield self._sub_key.decode(address), self._type.decode(value)

    def clear(self) -> None:
        """Removes all entries of the key's map."""
        self._changes.pop(self._space.key, None)
        self._space.host.clear_key(self._number, self._space.key)

    def _stored(self, key: bytes) -> Iterator[tuple[bytes, bytes]]:
        start, more = b"", True
        while more:
            page = self._space.host.scan(self._number, key, start, PAGE)
            check_column(page.sub_keys, page.count, f"sub-keys of state {self._name}")
            check_column(page.values, page.count, f"state {self._name}")
            found = list(entries(page.sub_keys, page.count))
            yield from zip(found, entries(page.values, page.count))
            more = page.more and bool(found)
            start = found[-1] + b"\0" if more else b""

    def begin(self, keys: list[bytes]) -> None:
        self._changes.clear()

    def flush(self) -> None:
        puts: list[tuple[bytes, bytes, bytes]] = []
        deletes: list[tuple[bytes, bytes]] = []
        for key, changes in self._changes.items():
            for address, value in changes.items():
                if value is None:
                    deletes.append((key, address))
                else:
                    puts.append((key, address, value))
        host, number = self._space.host, self._number
        if puts:
            keys, sub_keys, values = map(column_of, zip(*puts))
            host.put_many(number, len(puts), keys, sub_keys, values)
        if deletes:
            keys, sub_keys = map(column_of, zip(*deletes))
            host.delete_many(number, len(deletes), keys, sub_keys)
        self._changes.clear()


def _merged(
    stored: Iterator[tuple[bytes, bytes]], own: list[tuple[bytes, bytes | None]]
) -> Iterator[tuple[bytes, bytes]]:
    """Stored entries with the changes of the call on top."""
    at = 0
    for address, value in stored:
        while at < len(own) and own[at][0] < address:
            if own[at][1] is not None:
                yield own[at]  # type: ignore[misc]
            at += 1
        if at < len(own) and own[at][0] == address:
            value = own[at][1]  # type: ignore[assignment]
            at += 1
        if value is not None:
            yield address, value
    yield from ((address, value) for address, value in own[at:] if value is not None)


def state_type(name: str, annotation: Any) -> Type:
    """The type of a state's values; one that may be None has no difference between none and nothing."""
    kind = type_of(annotation)
    if kind.name == "null" or kind.name.startswith("optional_"):
        raise TypeMismatch(f"state {name} cannot be None: leave `| None` out, a state that was never set is None")
    return kind
