// Types: bytes that are read back are what was written, have one spelling, and broken bytes are refused.

import assert from "node:assert/strict";
import test from "node:test";
import { columnOf, type Column } from "../src/column.js";
import {
  array,
  bigint,
  boolean,
  bytes,
  double,
  enumeration,
  float,
  type Infer,
  int,
  long,
  map,
  nullable,
  record,
  string,
  timestamp,
  tuple,
  type Type,
  WasmillError,
} from "../src/index.js";
import { decode, encode } from "../src/state.js";
import { dice, pick } from "./random.js";

const Color = enumeration("Color", ["red", "green"]);
const Inner = record("Inner", { at: timestamp, label: nullable(string) });
const Outer = record("Outer", {
  number: long,
  big: bigint,
  text: string,
  small: nullable(int),
  inner: Inner,
  inners: array(Inner),
  byName: map(double),
  color: Color,
  data: nullable(bytes),
  flag: boolean,
  ratio: float,
  pair: tuple(long, string),
});

function outer(roll: (limit: number) => number): Infer<typeof Outer> {
  const text = () => Array.from({ length: roll(6) }, () => pick(roll, [..."aé漢🎈\0"])).join("");
  const inner = () => ({ at: new Date(roll(2 ** 31)), label: pick(roll, [null, text()]) });
  return {
    number: pick(roll, [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]),
    big: pick(roll, [0n, -(2n ** 63n), 2n ** 63n - 1n]),
    text: text(),
    small: pick(roll, [null, -5]),
    inner: inner(),
    inners: Array.from({ length: roll(4) }, inner),
    byName: new Map(Array.from({ length: roll(4) }, () => [text(), roll(100) / 4])),
    color: pick(roll, ["red", "green"] as const),
    data: pick(roll, [null, new Uint8Array(0), new Uint8Array([255, 0])]),
    flag: roll(2) === 1,
    ratio: pick(roll, [0.5, -2.25]),
    pair: [roll(10), text()],
  };
}

test("what is written is read back", () => {
  for (let seed = 0; seed < 50; seed++) {
    const roll = dice(seed);
    const values = Array.from({ length: 5 }, () => outer(roll));
    const column = columnOf(values.map((value) => encode(Outer, value)));
    const found = Outer.readColumn(column, 5);
    const sorted = values.map((value) => ({ ...value, byName: new Map([...value.byName]) }));
    assert.deepEqual(found, sorted, `seed ${seed}`);
  }
});

test("broken bytes are refused, or are a value", () => {
  for (let seed = 0; seed < 300; seed++) {
    const roll = dice(seed);
    const codes = [...encode(Outer, outer(roll))];
    for (let i = 0; i <= roll(3); i++) codes[roll(codes.length)] = String.fromCharCode(roll(256));
    const broken = codes.slice(0, seed % 3 === 0 ? roll(codes.length) : undefined).join("");
    try {
      const value = decode(Outer, broken);
      assert.deepEqual(decode(Outer, encode(Outer, value)), value, `seed ${seed}`);
    } catch (error) {
      assert.ok(error instanceof WasmillError, `seed ${seed}: ${error}`);
    }
  }
});

test("bytes are those of the contract", () => {
  const hex = (type: Type<never>, value: unknown): string =>
    [...encode(type as Type<unknown>, value)].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  const cases: [Type<never>, unknown, string][] = [
    [long as Type<never>, 258, "0201000000000000"],
    [int as Type<never>, -1, "ffffffffffffffff"],
    [boolean as Type<never>, true, "0100000000000000"],
    [double as Type<never>, 1.5, "000000000000f83f"],
    [float as Type<never>, 1.5, "0000c03f00000000"],
    [string as Type<never>, "é", "c3a9"],
    [Color as Type<never>, "green", "0100000000000000"],
    [nullable(long) as Type<never>, null, "01000000000000000000000000000000"],
    [nullable(string) as Type<never>, "a", "0000000000000000100000000100000061"],
    [array(long) as Type<never>, [1], "01000000000000000100000000000000"],
    [tuple(string, long) as Type<never>, ["a", 2], "1000000001000000020000000000000061"],
    [tuple(nullable(long)) as Type<never>, [null], "01000000000000000000000000000000"],
  ];
  for (const [type, value, expected] of cases) assert.equal(hex(type, value), expected, type.name);
  const entry = "10000000010000000200000000000000" + "61";
  assert.equal(hex(map(long) as Type<never>, new Map([["a", 2]])), `01000000000000001000000011000000${entry}`);
});

test("a schema spells a named type out once", () => {
  const { fields } = Outer.document() as unknown as { fields: { name: string; type: unknown }[] };
  assert.equal((fields[4]!.type as { name: string }).name, "Inner");
  assert.deepEqual(fields[5]!.type, { type: "array", items: "Inner" });
});

test("a value of another type is refused with the field named", () => {
  const refused = (type: Type<never>, value: unknown, message: RegExp) =>
    assert.throws(() => encode(type as Type<unknown>, value), { message });
  refused(long as Type<never>, 2 ** 53, /is no long/);
  refused(long as Type<never>, 1.5, /1\.5 is no long/);
  refused(string as Type<never>, 5, /5 is no string/);
  refused(string as Type<never>, "\ud800", /is no string/);
  refused(Inner as Type<never>, { at: new Date(), label: 5 }, /Inner\.label: 5 is no string/);
  refused(Outer as Type<never>, null, /null is no Outer/);
  refused(tuple(long, long) as Type<never>, [1], /is no tuple_long_long/);
  refused(Color as Type<never>, "blue", /"blue" is no Color/);
});

test("a number beyond 2^53 is refused, not rounded", () => {
  const column: Column = columnOf([encode(bigint, 2n ** 53n)]);
  assert.throws(() => long.readColumn(column, 1), /beyond 2\^53/);
  assert.deepEqual(bigint.readColumn(column, 1), [2n ** 53n]);
});

test("a text that is not UTF-8 is refused", () => {
  assert.throws(() => decode(string, "\xff"), /not UTF-8/);
});
