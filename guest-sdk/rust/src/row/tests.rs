//! Rows have the bytes of `wit/ENCODING.md`, decoding is the exact inverse, and garbage is refused without a panic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use wasmill_sdk_macros::Record;

use super::{Row, Text, encode, schema_of};

#[derive(Record, Clone, Debug, PartialEq)]
struct Bid {
    auction: i64,
    price: f64,
    open: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq)]
enum Color {
    Red,
    Green,
}

#[derive(Record, Clone, Debug, PartialEq)]
struct Everything {
    number: Option<i64>,
    small: i32,
    text: String,
    nothing: (),
    bytes: Option<Vec<u8>>,
    color: Color,
    ratio: f32,
    inner: Bid,
    list: Vec<Option<String>>,
    pair: (i64, Text),
    map: BTreeMap<String, i64>,
}

/// Checks bytes, and that they are read back to the same value.
fn check<T: Row + PartialEq + std::fmt::Debug>(value: &T, words: &[u64], rest: &[u8]) {
    let mut expected: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    expected.extend_from_slice(rest);
    assert_eq!(encode(value), expected, "{value:?}");
    assert_eq!(T::decode(&expected).as_ref(), Ok(value));
    if let Some(width) = T::WIDTH {
        assert_eq!(expected.len(), width, "{value:?}");
    }
}

/// A slot that points at `length` bytes at `offset`.
const fn part(offset: u64, length: u64) -> u64 {
    offset | length << 32
}

#[test]
fn golden_bytes_of_primitives() {
    check(&-2i64, &[(-2i64) as u64], &[]);
    check(&-2i32, &[(-2i64) as u64], &[]);
    check(&1.5f64, &[1.5f64.to_bits()], &[]);
    check(&1.5f32, &[u64::from(1.5f32.to_bits())], &[]);
    check(&true, &[1], &[]);
    check(&(), &[], &[]);
    check(&"hé".to_owned(), &[], "hé".as_bytes());
    check(&Text::new("hé"), &[], "hé".as_bytes());
    check(&vec![1u8, 2], &[], &[1, 2]);
    check(&Color::Green, &[1], &[]);
}

#[test]
fn golden_bytes_of_unions_and_arrays() {
    check(&Some(7i64), &[0, 7], &[]);
    check(&None::<i64>, &[1, 0], &[]);
    check(&Some("ab".to_owned()), &[0, part(16, 2)], b"ab");
    check(&None::<String>, &[1, 0], &[]);
    check(&vec![3i64, 4], &[2, 3, 4], &[]);
    check(
        &vec!["a".to_owned(), "bc".to_owned()],
        &[2, part(24, 1), part(25, 2)],
        b"abc",
    );
    check(&Vec::<i64>::new(), &[0], &[]);
    let map = BTreeMap::from([("k".to_owned(), 5i64)]);
    check(&map, &[1, part(16, 17), part(16, 1), 5], b"k");
}

#[test]
fn golden_bytes_of_records() {
    let bid = Bid {
        auction: 1,
        price: 2.0,
        open: true,
    };
    check(&bid, &[1, 2f64.to_bits(), 1], &[]);
    assert_eq!(Bid::WIDTH, Some(24));
    check(
        &(1i64, "ab".to_owned(), "c".to_owned()),
        &[1, part(24, 2), part(26, 1)],
        b"abc",
    );
    check(
        &(None::<i64>, Some("x".to_owned()), 3i64),
        &[0b01, 0, part(32, 1), 3],
        b"x",
    );
    // A fixed-width record in a record is a variable part of one width.
    check(&(1i64, (2i64, 3i64)), &[1, part(16, 16), 2, 3], &[]);
    assert_eq!(<(i64, (i64, i64))>::WIDTH, Some(32));
}

#[test]
fn a_record_with_many_nullable_fields_has_more_null_words() {
    let fields = [(true, Some(0)); 65];
    let mut out = Vec::new();
    let mut writer = super::RecordWriter::new(&mut out, &fields);
    (0..65).for_each(|index| writer.field(&(index != 64).then_some(1i64)));
    assert_eq!(
        &out[..16],
        &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    );
    assert_eq!(out.len(), 8 * (2 + 65));
}

#[test]
fn schemas_are_avro() {
    let bid = json!({ "type": "record", "name": "Bid", "fields": [
        { "name": "auction", "type": "long" },
        { "name": "price", "type": "double" },
        { "name": "open", "type": "boolean" },
    ]});
    assert_eq!(schema_of::<Bid>(), bid);
    assert_eq!(schema_of::<Option<i64>>(), json!(["null", "long"]));
    assert_eq!(schema_of::<Vec<u8>>(), json!("bytes"));
    assert_eq!(
        schema_of::<Color>(),
        json!({ "type": "enum", "name": "Color", "symbols": ["Red", "Green"] })
    );
    // The second use of a named type is its name.
    let twice = schema_of::<(Bid, Vec<Bid>)>();
    assert_eq!(twice["fields"][0]["type"], bid);
    assert_eq!(
        twice["fields"][1]["type"],
        json!({ "type": "array", "items": "Bid" })
    );
}

fn everything() -> impl Strategy<Value = Everything> {
    let bid = (any::<i64>(), -1e9..1e9f64, any::<bool>()).prop_map(|(auction, price, open)| Bid {
        auction,
        price,
        open,
    });
    let head = (
        any::<Option<i64>>(),
        any::<i32>(),
        ".{0,12}",
        prop::option::of(prop::collection::vec(any::<u8>(), 0..9)),
        prop_oneof![Just(Color::Red), Just(Color::Green)],
        -1e9f32..1e9,
    );
    let tail = (
        bid,
        prop::collection::vec(prop::option::of(".{0,5}"), 0..5),
        (any::<i64>(), ".{0,30}"),
        prop::collection::btree_map(".{0,4}", any::<i64>(), 0..4),
    );
    (head, tail).prop_map(
        |((number, small, text, bytes, color, ratio), (inner, list, pair, map))| Everything {
            number,
            small,
            text,
            nothing: (),
            bytes,
            color,
            ratio,
            inner,
            list,
            pair: (pair.0, pair.1.into()),
            map,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_read_back(value in everything()) {
        prop_assert_eq!(Everything::decode(&encode(&value)), Ok(value));
    }

    #[test]
    fn bytes_that_decode_are_the_bytes_of_their_value(
        value in everything(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut bytes = encode(&value);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(value) = Everything::decode(&bytes) {
            prop_assert_eq!(encode(&value), bytes);
        }
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let _ = Everything::decode(&bytes);
        let _ = <Vec<Option<String>>>::decode(&bytes);
        let _ = <BTreeMap<String, Bid>>::decode(&bytes);
        let _ = <(Option<bool>, i32, Text)>::decode(&bytes);
    }
}
