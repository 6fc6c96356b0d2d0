//! Rows and values agree: whatever is written is read again, and bytes that are no row are none.

use apache_avro::types::Value;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::avro_type::Type;
use super::{read, write};

/// A schema and a value of it as people write it.
fn values() -> impl Strategy<Value = (Json, Json)> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|it| (json!("long"), json!(it))),
        any::<i32>().prop_map(|it| (json!("int"), json!(it))),
        any::<bool>().prop_map(|it| (json!("boolean"), json!(it))),
        (-1e9..1e9).prop_map(|it| (json!("double"), json!(it))),
        "[a-zäß]{0,12}".prop_map(|it| (json!("string"), json!(it))),
        "[a-z]{0,9}".prop_map(|it| (json!("bytes"), json!(it))),
        (0..3usize).prop_map(|it| {
            let symbols = ["A", "B", "C"];
            let schema = json!({ "type": "enum", "name": "E", "symbols": symbols });
            (schema, json!(symbols[it]))
        }),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let many = prop::collection::vec(any::<bool>(), 0..4);
        prop_oneof![
            (inner.clone(), many.clone()).prop_map(|((schema, value), count)| {
                let values = vec![value; count.len()];
                (json!({ "type": "array", "items": schema }), json!(values))
            }),
            (inner.clone(), many).prop_map(|((schema, value), keys)| {
                let entry = |(index, _)| (format!("k{index}"), value.clone());
                let map: serde_json::Map<String, Json> =
                    keys.iter().enumerate().map(entry).collect();
                (
                    json!({ "type": "map", "values": schema }),
                    Json::Object(map),
                )
            }),
            (prop::collection::vec((inner, 0..3u8), 1..4)).prop_map(record),
        ]
    })
}

/// A record; each field as it is, nullable, or null.
fn record(fields: Vec<((Json, Json), u8)>) -> (Json, Json) {
    let mut declared = Vec::new();
    let mut object = serde_json::Map::new();
    for (index, ((schema, value), how)) in fields.into_iter().enumerate() {
        let name = format!("f{index}");
        let is_enum = schema.get("symbols").is_some() || schema.get("fields").is_some();
        let schema = if how > 0 {
            json!(["null", schema])
        } else {
            schema
        };
        // Named types would be defined twice.
        let schema = if is_enum { json!("long") } else { schema };
        let value = match (is_enum, how) {
            (true, _) => json!(1),
            (false, 2) => Json::Null,
            _ => value,
        };
        declared.push(json!({ "name": name, "type": schema }));
        object.insert(name, value);
    }
    let schema = json!({ "type": "record", "name": "R", "fields": declared });
    (schema, Json::Object(object))
}

proptest! {
    #[test]
    fn a_row_of_the_connectors_is_read_and_written_as_it_is((schema, value) in values()) {
        let Ok(row) = connectors::schema::Schema::from_json(&schema) else {
            return Ok(());
        };
        // Nested records of one name are no schema.
        let Ok(ty) = Type::of(&schema) else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        connectors::row::encode(&row, &value, &mut bytes).expect("a value of the schema");
        let typed = read(&ty, &bytes).expect("a row is a value");
        let mut again = Vec::new();
        write(&ty, &typed, &mut again).expect("a value is a row");
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn any_bytes_are_a_value_or_none((schema, _) in values(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(ty) = Type::of(&schema) && let Some(value) = read(&ty, &bytes) {
            let mut again = Vec::new();
            prop_assert!(write(&ty, &value, &mut again).is_some());
        }
    }
}

#[test]
fn a_null_field_is_a_bit_and_an_empty_slot() {
    let schema = json!({ "type": "record", "name": "R", "fields": [
        { "name": "a", "type": ["long", "null"] }, { "name": "b", "type": ["null", "string"] },
    ] });
    let ty = Type::of(&schema).expect("a type");
    let value = Value::Record(vec![
        ("a".to_owned(), Value::Union(1, Box::new(Value::Null))),
        (
            "b".to_owned(),
            Value::Union(1, Box::new(Value::String("x".to_owned()))),
        ),
    ]);
    let mut bytes = Vec::new();
    write(&ty, &value, &mut bytes).expect("a value");
    assert_eq!(bytes[0], 1);
    assert_eq!(bytes.len(), 8 + 16 + 1);
    assert_eq!(read(&ty, &bytes), Some(value));
}

#[test]
fn a_list_that_claims_to_be_long_is_none() {
    let ty = Type::of(&json!({ "type": "array", "items": "long" })).expect("a type");
    assert_eq!(read(&ty, &u64::MAX.to_le_bytes()), None);
    assert_eq!(read(&ty, &(1u64 << 40).to_le_bytes()), None);
}
