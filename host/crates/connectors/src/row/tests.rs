//! Rows against the layout as it is written down, and against hostile bytes.
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls with `json!` read better without a reference"
)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{append_json, encode};
use crate::schema::Schema;

fn schema(json: Value) -> Schema {
    Schema::from_json(&json).unwrap()
}

fn bytes(schema: &Schema, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode(schema, value, &mut out).unwrap();
    out
}

fn decoded(schema: &Schema, bytes: &[u8]) -> Result<Value, String> {
    let mut out = Vec::new();
    append_json(schema, bytes, &mut out).map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&out).unwrap())
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn slot(offset: u64, length: u64) -> u64 {
    offset | length << 32
}

#[test]
fn values_have_the_bytes_of_the_layout() {
    let check = |schema_json: Value, value: Value, expected: Vec<u8>| {
        let schema = schema(schema_json);
        let encoded = bytes(&schema, &value);
        assert_eq!(encoded, expected, "{value}");
        assert_eq!(decoded(&schema, &encoded), Ok(value));
    };
    check(json!("long"), json!(-1), words(&[u64::MAX]));
    check(json!("int"), json!(-1), words(&[u64::MAX]));
    check(json!("double"), json!(1.5), words(&[1.5f64.to_bits()]));
    check(
        json!("float"),
        json!(1.5),
        words(&[u64::from(1.5f32.to_bits())]),
    );
    check(json!("boolean"), json!(true), words(&[1]));
    check(json!("null"), json!(null), Vec::new());
    check(json!("string"), json!("höh"), "höh".into());
    check(json!("bytes"), json!("\u{ff}\u{0}"), vec![255, 0]);
    check(
        json!({"type": "array", "items": "long"}),
        json!([1, 2]),
        words(&[2, 1, 2]),
    );
    let mut expected = words(&[2, slot(24, 1), slot(25, 2)]);
    expected.extend(b"abc");
    check(
        json!({"type": "array", "items": "string"}),
        json!(["a", "bc"]),
        expected,
    );
    check(json!(["null", "long"]), json!(null), words(&[1, 0]));
    check(json!(["null", "long"]), json!(7), words(&[0, 7]));
    let mut expected = words(&[1, slot(16, 1)]);
    expected.extend(b"x");
    check(json!(["long", "string", "boolean"]), json!("x"), expected);
}

#[test]
fn records_have_null_bits_then_slots_then_parts() {
    let schema = schema(json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": ["null", "long"]},
        {"name": "b", "type": "string"},
        {"name": "c", "type": ["null", "string"]},
        {"name": "d", "type": {"type": "map", "values": "long"}},
    ]}));
    let value = json!({"a": null, "b": "hi", "c": "", "d": {"k": 5}});
    let mut expected = words(&[1, 0, slot(40, 2), slot(42, 0), slot(42, 33)]);
    expected.extend(b"hi");
    expected.extend(words(&[1, slot(16, 17), slot(16, 1), 5]));
    expected.extend(b"k");
    assert_eq!(bytes(&schema, &value), expected);
    assert_eq!(decoded(&schema, &expected), Ok(value));
}

#[test]
fn tagged_and_missing_values_are_understood() {
    let schema = schema(json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": ["null", "long"]},
        {"name": "b", "type": ["null", "double"]},
    ]}));
    let plain = bytes(&schema, &json!({"a": 1, "b": null}));
    assert_eq!(bytes(&schema, &json!({"a": {"long": 1}})), plain);
}

#[test]
fn values_that_do_not_fit_name_the_place() {
    let schema = schema(json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": {"type": "array", "items": "int"}},
    ]}));
    let error = |value: Value| {
        encode(&schema, &value, &mut Vec::new())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(json!({"a": [1, 5_000_000_000i64]})),
        "value at a.1: a 32-bit integer is needed, found 5000000000"
    );
    assert_eq!(error(json!({})), "value at a: the field is missing");
    assert!(error(json!({"a": [], "x": 1})).contains("no such field"));
}

/// A schema and a value of it.
fn typed() -> impl Strategy<Value = (Value, Value)> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|v| (json!("long"), json!(v))),
        any::<i32>().prop_map(|v| (json!("int"), json!(v))),
        any::<bool>().prop_map(|v| (json!("boolean"), json!(v))),
        (-1e9f64..1e9).prop_map(|v| (json!("double"), json!(v))),
        ".{0,12}".prop_map(|v| (json!("string"), json!(v))),
        Just((json!("null"), json!(null))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0usize..4).prop_map(|((schema, value), count)| {
                let list = vec![value; count];
                (json!({"type": "array", "items": schema}), json!(list))
            }),
            (inner.clone(), proptest::collection::vec("[a-z]{1,3}", 0..4)).prop_map(
                |((schema, value), keys)| {
                    let object: serde_json::Map<String, Value> =
                        keys.into_iter().map(|key| (key, value.clone())).collect();
                    (json!({"type": "map", "values": schema}), object.into())
                }
            ),
            (proptest::collection::vec((inner, 0u8..3), 0..5)).prop_map(|fields| {
                let mut schemas = Vec::new();
                let mut object = serde_json::Map::new();
                for (index, ((schema, value), kind)) in fields.into_iter().enumerate() {
                    let nullable = kind > 0 && schema != json!("null");
                    let schema = if nullable {
                        json!(["null", schema])
                    } else {
                        schema
                    };
                    let value = if nullable && kind == 2 {
                        json!(null)
                    } else {
                        value
                    };
                    // A named type may be defined once only, so records do not nest here.
                    if schema.to_string().contains("record") {
                        continue;
                    }
                    schemas.push(json!({"name": format!("f{index}"), "type": schema}));
                    object.insert(format!("f{index}"), value);
                }
                (
                    json!({"type": "record", "name": "R", "fields": schemas}),
                    object.into(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_encoded_decodes_to_the_same((schema_json, value) in typed()) {
        let schema = schema(schema_json);
        let encoded = bytes(&schema, &value);
        prop_assert_eq!(decoded(&schema, &encoded), Ok(value));
    }

    #[test]
    fn changed_bytes_never_panic_and_cut_ones_are_errors(
        (schema_json, value) in typed(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let schema = schema(schema_json);
        let mut encoded = bytes(&schema, &value);
        if !encoded.is_empty() {
            let at = at.index(encoded.len());
            encoded[at] = byte;
            let _ = append_json(&schema, &encoded, &mut Vec::new());
            let _ = append_json(&schema, &encoded[..at], &mut Vec::new());
            encoded.extend([byte; 9]);
            let _ = append_json(&schema, &encoded, &mut Vec::new());
            let hash = crate::record_hash::HashPlan::of(&schema);
            let _ = hash.hash(&encoded);
            let _ = hash.hash(&encoded[..at]);
        }
    }
}

#[test]
fn overlapping_parts_cannot_blow_up_the_text() {
    // Every slot of every level points at the same part; followed blindly this would be 100^5 texts.
    let mut schema_json = json!("string");
    let mut inner = vec![b'x'; 8];
    for _ in 0..5 {
        schema_json = json!({"type": "array", "items": schema_json});
        let mut outer = words(&[100]);
        outer.extend(words(&[slot(808, inner.len() as u64); 100]));
        outer.extend(&inner);
        inner = outer;
    }
    let error = decoded(&schema(schema_json), &inner).unwrap_err();
    assert!(error.contains("its part must begin at"), "{error}");
}

#[test]
fn numbers_that_json_lacks_become_texts_and_come_back() {
    let schema = schema(json!("double"));
    for (value, text) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        let encoded = bytes(&schema, &json!(text));
        assert_eq!(encoded, words(&[value.to_bits()]));
        assert_eq!(decoded(&schema, &encoded), Ok(json!(text)));
    }
}
