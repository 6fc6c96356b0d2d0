"""Types of records: the schema and the bytes that follow from a Python annotation.

`type_of(annotation)` is the only entry. The bytes are those of `wit/ENCODING.md`: 8-byte slots, little endian, and equal
values have equal bytes. What is made of several values is in `composite.py`.

| Python | Avro |
|---|---|
| `int`, `Int32` | `long`, `int` |
| `float`, `Float32` | `double`, `float` |
| `bool`, `str`, `bytes`, `None` | `boolean`, `string`, `bytes`, `null` |
| `datetime.datetime` with a time zone | `long` with `timestamp-millis` |
| a subclass of `enum.Enum` | `enum` of the names of its members |
| `T | None` | union of `null` and `T` |
| `list[T]`, `dict[str, V]` | `array`, `map` |
| a dataclass or `NamedTuple`; `tuple[A, B]` | `record`; a record of the fields `f0`, `f1` |
"""

from __future__ import annotations

import datetime
import enum
import struct
import types as python_types
import typing
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated, Any, Callable

from .column import Column, entries
from .errors import Malformed, TypeMismatch

#: A 32-bit integer, Avro's `int`.
Int32 = Annotated[int, "int"]
#: A 32-bit floating-point number, Avro's `float`.
Float32 = Annotated[float, "float"]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MILLISECOND = datetime.timedelta(milliseconds=1)


class Names:
    """Named types that a schema document has defined so far: Avro spells each out once and names it afterwards."""

    def __init__(self) -> None:
        self._owners: dict[str, object] = {}

    def define(self, name: str, owner: object, full: Callable[[], Any]) -> Any:
        """The full schema of a named type the first time, its name afterwards."""
        if name not in self._owners:
            self._owners[name] = owner
            return full()
        if self._owners[name] is not owner:
            raise TypeMismatch(f"two types are named {name} in one schema, rename one")
        return name


class Type:
    """A type with an Avro schema and its bytes. Immutable and shared."""

    #: The type's part in the names of composite types.
    name: str
    #: Whether values can be shared without copying: nobody can change them.
    immutable = True
    #: Bytes of every value, if all have the same number.
    width: int | None = None
    #: The `struct` code of the slot that holds a value itself, if one does.
    slot: str | None = None
    #: Whether the slot is used as it is, or needs `to_slot` and `from_slot`.
    plain = True

    def schema(self, names: Names) -> Any:
        """The Avro schema as a JSON value."""
        raise NotImplementedError

    def document(self) -> Any:
        """The Avro schema, complete."""
        return self.schema(Names())

    def encode(self, value: Any) -> bytes:
        """The bytes of a value; refuses one that is not of this type."""
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        """The value of these bytes; refuses what no value has."""
        raise NotImplementedError

    def decode_column(self, column: Column, count: int) -> list[Any]:
        """All values of a checked column."""
        return list(map(self.decode, entries(column, count)))

    def to_slot(self, value: Any) -> Any:
        """What `struct` packs for a value."""
        return value

    def from_slot(self, slot: Any) -> Any:
        """The value of what `struct` unpacks."""
        return slot

    def mismatch(self, value: Any) -> TypeMismatch:
        """The error for a value that is not of this type."""
        return TypeMismatch(f"{value!r} is no {self.name}")

    def malformed(self, reason: str) -> Malformed:
        """The error for bytes that are no value of this type."""
        return Malformed(f"bytes are no {self.name}: {reason}")


class Fixed(Type):
    """A value that fits a slot: number, boolean, enum, time."""

    width = 8

    def __init__(self, name: str, slot: str, schema: Any) -> None:
        self.name, self.slot, self._schema = name, slot, schema
        self._struct = struct.Struct("<" + slot)
        self._pack = self._struct.pack

    def schema(self, names: Names) -> Any:
        return self._schema

    def encode(self, value: Any) -> bytes:
        try:
            return self._pack(value if self.plain else self.to_slot(value))
        except (struct.error, OverflowError):
            raise self.mismatch(value) from None

    def decode(self, data: bytes) -> Any:
        if len(data) != 8:
            raise self.malformed("it is not 8 bytes")
        return self.from_slot(self._struct.unpack(data)[0])

    def decode_column(self, column: Column, count: int) -> list[Any]:
        if column.ends or len(column.data) != 8 * count:
            return super().decode_column(column, count)
        slots = [slot for slot, in self._struct.iter_unpack(column.data)]
        return slots if self.plain else list(map(self.from_slot, slots))


class Boolean(Fixed):
    """`bool`: 1 or 0."""

    plain = False

    def __init__(self) -> None:
        super().__init__("boolean", "q", "boolean")

    def to_slot(self, value: Any) -> int:
        if value is True or value is False:
            return int(value)
        raise self.mismatch(value)

    def from_slot(self, slot: int) -> bool:
        if slot not in (0, 1):
            raise self.malformed("it is neither 0 nor 1")
        return slot == 1


class Int(Fixed):
    """`Int32`: a long within 32 bits."""

    plain = False

    def __init__(self) -> None:
        super().__init__("int", "q", "int")

    def to_slot(self, value: Any) -> int:
        if isinstance(value, int) and -(2**31) <= value < 2**31:
            return value
        raise self.mismatch(value)

    def from_slot(self, slot: int) -> int:
        if not -(2**31) <= slot < 2**31:
            raise self.malformed("the number does not fit 32 bits")
        return slot


class Timestamp(Fixed):
    """`datetime`: milliseconds since the Unix epoch."""

    plain = False

    def __init__(self) -> None:
        super().__init__("datetime", "q", {"type": "long", "logicalType": "timestamp-millis"})

    def to_slot(self, value: Any) -> int:
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            return (value - EPOCH) // MILLISECOND
        raise TypeMismatch(f"{value!r} is no datetime with a time zone")

    def from_slot(self, slot: int) -> datetime.datetime:
        try:
            return EPOCH + slot * MILLISECOND
        except OverflowError:
            raise self.malformed("the time is out of range") from None


class Enumeration(Fixed):
    """A subclass of `Enum`: the index of its member."""

    plain = False

    def __init__(self, cls: type[enum.Enum]) -> None:
        self._members = list(cls)
        self._index = {member: index for index, member in enumerate(self._members)}
        self._cls = cls
        super().__init__(cls.__name__, "q", None)

    def schema(self, names: Names) -> Any:
        symbols = [member.name for member in self._members]
        full = {"type": "enum", "name": self.name, "symbols": symbols}
        return names.define(self.name, self._cls, lambda: full)

    def to_slot(self, value: Any) -> int:
        try:
            return self._index[value]
        except (KeyError, TypeError):
            raise self.mismatch(value) from None

    def from_slot(self, slot: int) -> enum.Enum:
        if not 0 <= slot < len(self._members):
            raise self.malformed(f"it has no symbol {slot}")
        return self._members[slot]


class Text(Type):
    """`str`: its UTF-8 bytes."""

    name = "string"

    def schema(self, names: Names) -> Any:
        return "string"

    def encode(self, value: Any) -> bytes:
        try:
            return value.encode()
        except (AttributeError, UnicodeEncodeError):
            raise self.mismatch(value) from None

    def decode(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.malformed("it is not UTF-8") from None

    def decode_column(self, column: Column, count: int) -> list[str]:
        if not column.data.isascii():
            return super().decode_column(column, count)
        # One decoding for all: in ASCII offsets of bytes are those of characters.
        return list(entries(Column(column.ends, column.data.decode()), count))  # type: ignore[arg-type]


class Bytes(Type):
    """`bytes`: themselves."""

    name = "bytes"

    def schema(self, names: Names) -> Any:
        return "bytes"

    def encode(self, value: Any) -> bytes:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        raise self.mismatch(value)

    def decode(self, data: bytes) -> bytes:
        return data


class Null(Type):
    """`None`: no bytes."""

    name = "null"
    width = 0

    def schema(self, names: Names) -> Any:
        return "null"

    def encode(self, value: Any) -> bytes:
        if value is None:
            return b""
        raise self.mismatch(value)

    def decode(self, data: bytes) -> None:
        if data:
            raise self.malformed("it has bytes")


LONG = Fixed("long", "q", "long")
DOUBLE = Fixed("double", "d", "double")

_SIMPLE: dict[Any, Type] = {
    int: LONG,
    Int32: Int(),
    float: DOUBLE,
    Float32: Fixed("float", "f4x", "float"),
    bool: Boolean(),
    str: Text(),
    bytes: Bytes(),
    None: Null(),
    type(None): Null(),
    datetime.datetime: Timestamp(),
}


@cache
def type_of(annotation: Any) -> Type:
    """The type of an annotation; refuses one that has no schema."""
    from . import composite

    if isinstance(annotation, Type):
        return annotation
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, python_types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) == 1 and len(arguments) == 2:
            return composite.Nullable(type_of(inner[0]))
    elif origin is list and len(arguments) == 1:
        return composite.Array(type_of(arguments[0]))
    elif origin is dict and len(arguments) == 2 and arguments[0] is str:
        return composite.Mapping(type_of(arguments[1]))
    elif origin is tuple and arguments and ... not in arguments:
        return composite.tuple_record(tuple(map(type_of, arguments)))
    elif isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return Enumeration(annotation)
        if is_dataclass(annotation):
            return composite.dataclass_record(annotation)
        if issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
            return composite.named_tuple_record(annotation)
    raise TypeMismatch(
        f"{annotation!r} has no schema: use int, float, bool, str, bytes, datetime, an Enum, a dataclass or NamedTuple, or list, "
        "dict[str, ...], tuple and `| None` of these"
    )
