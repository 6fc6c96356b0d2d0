"""Types: bytes that are read back are what was written, have one spelling, and broken bytes are refused."""

from __future__ import annotations

import datetime
import enum
import math
import random
from dataclasses import dataclass
from typing import Any

import pytest

from wasmill import Float32, Int32, Malformed, TypeMismatch, WasmillError, type_of
from wasmill.column import Column, column_of


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"


@dataclass(frozen=True)
class Inner:
    at: datetime.datetime
    label: str | None


@dataclass
class Outer:
    number: int
    text: str
    small: Int32 | None
    inner: Inner
    inners: list[Inner]
    by_name: dict[str, float]
    color: Color
    data: bytes | None
    flag: bool
    ratio: Float32
    pair: tuple[int, str]


def outer(rng: random.Random) -> Outer:
    text = lambda: "".join(rng.choices("aé漢🎈\0", k=rng.randint(0, 5)))  # noqa: E731
    time = lambda: datetime.datetime.fromtimestamp(rng.randint(0, 10**9), datetime.timezone.utc)  # noqa: E731
    inner = lambda: Inner(time(), rng.choice([None, text()]))  # noqa: E731
    return Outer(
        rng.randint(-(2**63), 2**63 - 1),
        text(),
        rng.choice([None, -5]),
        inner(),
        [inner() for _ in range(rng.randint(0, 3))],
        {text(): rng.random() for _ in range(rng.randint(0, 3))},
        rng.choice(list(Color)),
        rng.choice([None, b"", b"\xff\0"]),
        rng.random() < 0.5,
        rng.choice([0.5, -2.25]),
        (rng.randint(-9, 9), text()),
    )


@pytest.mark.parametrize("seed", range(50))
def test_what_is_written_is_read_back(seed: int) -> None:
    rng = random.Random(seed)
    kind = type_of(Outer)
    values = [outer(rng) for _ in range(5)]
    column = column_of([kind.encode(value) for value in values])
    assert kind.decode_column(column, 5) == values


@pytest.mark.parametrize("seed", range(200))
def test_broken_bytes_are_refused_or_have_one_spelling(seed: int) -> None:
    rng = random.Random(seed)
    kind = type_of(Outer)
    data = bytearray(kind.encode(outer(rng)))
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    data = data[: rng.randint(0, len(data))] if seed % 3 == 0 else data
    try:
        value = kind.decode(bytes(data))
    except WasmillError:
        return
    if not math.isnan(value.ratio):
        # Padding behind a 32-bit float is the only thing that is not looked at.
        assert kind.decode(kind.encode(value)) == value


@pytest.mark.parametrize(
    ("annotation", "value", "data"),
    [
        (int, 258, "0201000000000000"),
        (Int32, -1, "ffffffffffffffff"),
        (bool, True, "0100000000000000"),
        (float, 1.5, "000000000000f83f"),
        (Float32, 1.5, "0000c03f00000000"),
        (str, "é", "c3a9"),
        (Color, Color.GREEN, "0100000000000000"),
        (int | None, None, "01000000000000000000000000000000"),
        (str | None, "a", "0000000000000000100000000100000061"),
        (list[int], [1], "01000000000000000100000000000000"),
        (dict[str, int], {"a": 2}, "01000000000000001000000011000000" "1000000001000000" "0200000000000000" "61"),
        (tuple[str, int], ("a", 2), "10000000010000000200000000000000" "61"),
        (tuple[int | None], (None,), "01000000000000000000000000000000"),
    ],
)
def test_bytes_are_those_of_the_contract(annotation: Any, value: Any, data: str) -> None:
    kind = type_of(annotation)
    assert kind.encode(value).hex() == data
    assert kind.decode(bytes.fromhex(data)) == value


def test_a_schema_spells_a_named_type_out_once() -> None:
    fields = type_of(Outer).document()["fields"]
    assert fields[3]["type"]["name"] == "Inner"
    assert fields[4]["type"] == {"type": "array", "items": "Inner"}
    assert fields[3]["type"]["fields"][0]["type"] == {"type": "long", "logicalType": "timestamp-millis"}


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, 2**63, "is no long"),
        (int, "1", "is no long"),
        (Int32, 2**31, "is no int"),
        (str, 5, "5 is no string"),
        (Inner, Inner(datetime.datetime.now(datetime.timezone.utc), 5), r"Inner.label: 5 is no string"),
        (Outer, None, "None is no Outer"),
        (tuple[int, int], (1,), "is no tuple_long_long"),
    ],
)
def test_a_value_of_another_type_is_refused(annotation: Any, value: Any, message: str) -> None:
    with pytest.raises(TypeMismatch, match=message):
        type_of(annotation).encode(value)


@pytest.mark.parametrize("annotation", [object, dict[int, int], int | str, tuple[int, ...], list])
def test_a_type_without_schema_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeMismatch, match="has no schema"):
        type_of(annotation)


def test_a_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(Malformed, match="not UTF-8"):
        type_of(str).decode_column(Column([1], b"\xff"), 1)
