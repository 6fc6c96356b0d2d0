"""Types made of other types: records, arrays, maps and nullable values.

A record's two functions are generated as Python source, once per type: its fixed part is one `struct` call, and its
variable parts follow in field order without gaps. A reader refuses a slot that points anywhere but at the next byte,
and anything that is left over.
"""

from __future__ import annotations

import dataclasses
import struct
import typing
from itertools import starmap
from typing import Any, Callable

from .column import Column
from .errors import TypeMismatch, WasmillError
from .types import Names, Type

#: Offset and length of a variable part.
POINTER = struct.Struct("<II")
WORD = struct.Struct("<Q")


class Record(Type):
    """A record: null words if it has nullable fields, one slot per field, then the variable parts."""

    def __init__(self, name: str, fields: list[tuple[str, Type]], owner: Any) -> None:
        """`owner` is the dataclass or named tuple, or `tuple`."""
        self.name, self.fields, self._owner = name, fields, owner
        inner = [_inner(kind) for _, kind in fields]
        self.immutable = issubclass(owner, tuple) or owner.__dataclass_params__.frozen
        self.immutable &= all(kind.immutable for kind in inner)
        nullable = sum(isinstance(kind, Nullable) for _, kind in fields)
        self._words = -(-nullable // 64)
        codes = "".join(kind.slot or "II" for kind in inner)
        self._struct = struct.Struct("<" + "Q" * self._words + codes)
        if all(kind.slot for kind in inner):
            self.width = self._struct.size
        #: Whether the values of the fields are those of the slots.
        self.is_plain = self.width is not None and not self._words and all(kind.plain for kind in inner)
        self.encode = self._compile(_encoder(self))  # type: ignore[method-assign]
        self.decode = self._compile(_decoder(self))  # type: ignore[method-assign]

    def schema(self, names: Names) -> Any:
        owner = self if self._owner is tuple else self._owner
        return names.define(self.name, owner, lambda: self._full(names))

    def _full(self, names: Names) -> Any:
        fields = [{"name": name, "type": kind.schema(names)} for name, kind in self.fields]
        return {"type": "record", "name": self.name, "fields": fields}

    def decode_column(self, column: Column, count: int) -> list[Any]:
        if not self.is_plain or column.ends or len(column.data) != self.width * count:
            return super().decode_column(column, count)
        rows = self._struct.iter_unpack(column.data)
        return list(rows) if self._owner is tuple else list(starmap(self._owner, rows))

    def explain(self, value: Any) -> WasmillError:
        """The error for a value that could not be written: names the field."""
        for index, (name, kind) in enumerate(self.fields):
            try:
                kind.encode(value[index] if self._owner is tuple else getattr(value, name))
            except WasmillError as error:
                return TypeMismatch(f"{self.name}.{name}: {error}")
            except (AttributeError, IndexError, TypeError):
                break
        return self.mismatch(value)

    def _compile(self, source: str) -> Callable[[Any], Any]:
        names: dict[str, Any] = {
            "pack": self._struct.pack,
            "unpack_from": self._struct.unpack_from,
            "make": self._owner,
            "self": self,
            "StructError": struct.error,
            "TypeMismatch": TypeMismatch,
        }
        for index, (_, kind) in enumerate(self.fields):
            inner = _inner(kind)
            names |= {f"encode{index}": inner.encode, f"decode{index}": inner.decode}
            names |= {f"to{index}": inner.to_slot, f"from{index}": inner.from_slot}
        exec(source, names)  # The source is made here, of field names that are identifiers.
        return names["function"]


def _inner(kind: Type) -> Type:
    """What the slot of a field is of: a nullable field is laid out as its inner type."""
    return kind.inner if isinstance(kind, Nullable) else kind


def _encoder(record: Record) -> str:
    """The source of a record's `encode`."""
    if record.is_plain and issubclass(record._owner, tuple):
        return (
            "def function(value):\n    try:\n        return pack(*value)\n"
            "    except (StructError, OverflowError, TypeError): raise self.explain(value) from None\n"
        )
    is_tuple = record._owner is tuple
    lines, slots, parts = [], [], []
    head = record._struct.size
    bits: list[list[str]] = [[] for _ in range(record._words)]
    nullable = 0
    previous: list[str] = []
    for index, (name, kind) in enumerate(record.fields):
        inner, value = _inner(kind), f"v{index}"
        lines.append(f"{value} = {f'value[{index}]' if is_tuple else f'value.{name}'}")
        if isinstance(kind, Nullable):
            bits[nullable // 64].append(f"({1 << nullable % 64} if {value} is None else 0)")
            nullable += 1
        or_zero = f"0 if {value} is None else " if isinstance(kind, Nullable) else ""
        if inner.slot:
            slots.append(or_zero + (value if inner.plain else f"to{index}({value})"))
            continue
        part, offset = f"p{index}", " + ".join([str(head), *previous])
        or_empty = f"b'' if {value} is None else " if isinstance(kind, Nullable) else ""
        lines.append(f"{part} = {or_empty}encode{index}({value})")
        slots += [or_zero + offset, f"len({part})"]
        previous.append(f"len({part})")
        parts.append(part)
    words = [" | ".join(word) for word in bits]
    packed = f"pack({', '.join(words + slots)})"
    lines.append(f"return {' + '.join([packed, *parts])}")
    length = f"\n    if len(value) != {len(record.fields)}: raise self.mismatch(value)" if is_tuple else ""
    body = "\n        ".join(lines)
    return (
        f"def function(value):{length}\n    try:\n        {body}\n"
        "    except (StructError, TypeMismatch, OverflowError, AttributeError, TypeError): raise self.explain(value) from None\n"
    )


def _decoder(record: Record) -> str:
    """The source of a record's `decode`."""
    head = record._struct.size
    names = [f"w{word}" for word in range(record._words)]
    lines: list[str] = []
    nullable = 0
    for index, (_, kind) in enumerate(record.fields):
        inner, value = _inner(kind), f"v{index}"
        if isinstance(kind, Nullable):
            test = f"w{nullable // 64} & {1 << nullable % 64}"
            nullable += 1
        else:
            test = ""
        if inner.slot:
            names.append(value)
            convert = "" if inner.plain else f"{value} = from{index}({value})"
            blank = f"if {value}: raise self.malformed('it is null but its slot is not zero')"
        else:
            names += [f"o{index}", f"l{index}"]
            convert = (
                f"if o{index} != end: raise self.malformed('its slot does not point at the next bytes')\n"
                f"INend += l{index}\nIN{value} = decode{index}(data[o{index}:end])"
            )
            blank = f"if o{index} or l{index}: raise self.malformed('it is null but its slot is not zero')"
        if test:
            convert = (convert or "pass").replace("IN", "        ")
            lines.append(f"    if {test}:\n        {blank}\n        {value} = None\n    else:\n        {convert}")
        elif convert:
            lines.append("    " + convert.replace("IN", "    "))
    stray = [
        f"    if w{word} >> {min(64, nullable - 64 * word)}: raise self.malformed('a null bit belongs to no field')\n"
        for word in range(record._words)
    ]
    values = ", ".join(f"v{index}" for index in range(len(record.fields)))
    made = f"({values},)" if record._owner is tuple else f"make({values})"
    return (
        "def function(data):\n"
        f"    if len(data) < {head}: raise self.malformed('it is shorter than its slots')\n"
        f"    {', '.join(names)}, = unpack_from(data)\n"
        f"    end = {head}\n{''.join(stray)}{''.join(line + chr(10) for line in lines)}"
        "    if end != len(data): raise self.malformed('bytes follow its last field')\n"
        f"    return {made}\n"
    )


def tuple_record(kinds: tuple[Type, ...]) -> Record:
    """The record of a tuple: fields `f0`, `f1` and so on."""
    name = "tuple_" + "_".join(kind.name for kind in kinds)
    return Record(name, [(f"f{index}", kind) for index, kind in enumerate(kinds)], tuple)


def dataclass_record(cls: type) -> Record:
    """The record of a dataclass: its fields in their order."""
    for field in dataclasses.fields(cls):
        if not field.init or field.kw_only:
            raise TypeMismatch(f"{cls.__name__}.{field.name} is no positional argument of its class, make it one")
    return _class_record(cls, [field.name for field in dataclasses.fields(cls)])


def named_tuple_record(cls: type) -> Record:
    """The record of a `NamedTuple`: its fields in their order."""
    return _class_record(cls, list(cls._fields))  # type: ignore[attr-defined]


def _class_record(cls: type, names: list[str]) -> Record:
    from .types import type_of

    if not names:
        raise TypeMismatch(f"{cls.__name__} has no fields, a record needs one at least")
    hints = typing.get_type_hints(cls, include_extras=True)
    kinds = []
    for name in names:
        try:
            kinds.append((name, type_of(hints[name])))
        except TypeMismatch as error:
            raise TypeMismatch(f"{cls.__name__}.{name}: {error}") from None
    return Record(cls.__name__, kinds, cls)


class Nullable(Type):
    """`T | None`: a word that says null or not, one slot and the variable part; in a record a null bit."""

    def __init__(self, inner: Type) -> None:
        if isinstance(inner, Nullable) or inner.name == "null":
            raise TypeMismatch("a value that may be null twice has no schema")
        self.inner = inner
        self.name = f"optional_{inner.name}"
        self.immutable = inner.immutable
        self.width = 16 if inner.slot else None

    def schema(self, names: Names) -> Any:
        return ["null", self.inner.schema(names)]

    def encode(self, value: Any) -> bytes:
        if value is None:
            return WORD.pack(1) + bytes(8)
        data = self.inner.encode(value)
        return bytes(8) + (data if self.inner.slot else POINTER.pack(16, len(data)) + data)

    def decode(self, data: bytes) -> Any:
        if len(data) < 16:
            raise self.malformed("it is shorter than its slots")
        is_null = WORD.unpack_from(data)[0]
        if is_null == 1 and data[8:] == bytes(8):
            return None
        if is_null:
            raise self.malformed("it is neither null nor a value")
        if self.inner.slot:
            return self.inner.decode(data[8:])
        offset, length = POINTER.unpack_from(data, 8)
        if offset != 16 or 16 + length != len(data):
            raise self.malformed("its slot does not point at the next bytes")
        return self.inner.decode(data[16:])


def _encode_all(kind: Type, values: list[Any]) -> bytes:
    """Count, slots and variable parts of an array."""
    count = len(values)
    parts = list(map(kind.encode, values))
    if kind.slot:
        return WORD.pack(count) + b"".join(parts)
    slots, end = [], 8 + 8 * count
    for part in parts:
        slots.append(POINTER.pack(end, len(part)))
        end += len(part)
    return b"".join([WORD.pack(count), *slots, *parts])


def _decode_all(whole: Type, kind: Type, data: bytes) -> list[Any]:
    """Reads what `_encode_all` wrote; the count is checked against the bytes before anything is made for it."""
    if len(data) < 8:
        raise whole.malformed("it has no count")
    count, end = WORD.unpack_from(data)[0], len(data)
    if count > (end - 8) // 8:
        raise whole.malformed("it is shorter than its slots")
    if kind.slot:
        if end != 8 + 8 * count:
            raise whole.malformed("bytes follow its last element")
        return kind.decode_column(Column([], data[8:]), count)
    values, cursor = [], 8 + 8 * count
    for offset, length in POINTER.iter_unpack(data[8:cursor]):
        if offset != cursor or offset + length > end:
            raise whole.malformed("its slot does not point at the next bytes")
        cursor += length
        values.append(kind.decode(data[offset:cursor]))
    if cursor != end:
        raise whole.malformed("bytes follow its last element")
    return values


class Array(Type):
    """`list[T]`."""

    immutable = False

    def __init__(self, items: Type) -> None:
        self.items = items
        self.name = f"array_{items.name}"

    def schema(self, names: Names) -> Any:
        return {"type": "array", "items": self.items.schema(names)}

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, (list, tuple)):
            raise self.mismatch(value)
        return _encode_all(self.items, list(value))

    def decode(self, data: bytes) -> list[Any]:
        return _decode_all(self, self.items, data)


class Mapping(Type):
    """`dict[str, V]`: an array of records of key and value, ascending by key."""

    immutable = False

    def __init__(self, values: Type) -> None:
        from .types import type_of

        self.values = values
        self.name = f"map_{values.name}"
        self._entry = tuple_record((type_of(str), values))

    def schema(self, names: Names) -> Any:
        return {"type": "map", "values": self.values.schema(names)}

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, dict):
            raise self.mismatch(value)
        return _encode_all(self._entry, [(key, value[key]) for key in sorted(value)])

    def decode(self, data: bytes) -> dict[str, Any]:
        pairs = _decode_all(self, self._entry, data)
        if any(a[0] >= b[0] for a, b in zip(pairs, pairs[1:])):
            raise self.malformed("its keys are not ascending")
        return dict(pairs)
