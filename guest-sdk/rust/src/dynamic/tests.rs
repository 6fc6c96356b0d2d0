//! Dynamic records against the typed ones: the same bytes, the same values; and no bytes that make them panic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Record;
use crate::row::{Row, encode, schema_of};

#[derive(Record, Clone, Debug, PartialEq)]
struct Mixed {
    id: i64,
    name: Option<String>,
    price: f64,
    tags: Vec<String>,
    good: bool,
    small: Option<i32>,
    by_name: BTreeMap<String, i64>,
}

fn mixed() -> impl Strategy<Value = Mixed> {
    let maps = prop::collection::btree_map(".{0,4}", any::<i64>(), 0..4);
    let tags = prop::collection::vec(".{0,5}".prop_map(String::from), 0..4);
    let name = prop::option::of(".{0,80}".prop_map(String::from));
    let rest = (tags, any::<bool>(), prop::option::of(any::<i32>()), maps);
    (any::<i64>(), name, -1e9..1e9_f64, rest).prop_map(|(id, name, price, rest)| Mixed {
        id,
        name,
        price,
        tags: rest.0,
        good: rest.1,
        small: rest.2,
        by_name: rest.3,
    })
}

/// The values of a record, field by field, from the typed one.
fn values(record: &Mixed) -> Vec<Value<'_>> {
    let tags = record.tags.iter().map(|tag| Value::Text(tag));
    let entries = record.by_name.iter();
    vec![
        Value::Long(record.id),
        record.name.as_deref().map_or(Value::Null, Value::Text),
        Value::Double(record.price),
        Value::List(tags.collect()),
        Value::Boolean(record.good),
        record.small.map_or(Value::Null, Value::from),
        Value::Map(
            entries
                .map(|(key, value)| (key.as_str(), Value::Long(*value)))
                .collect(),
        ),
    ]
}

proptest! {
    #[test]
    fn rows_are_built_as_typed_records_are(record in mixed()) {
        let schema = RowSchema::parse(&schema_of::<Mixed>()).unwrap();
        let built = schema.row(&values(&record)).unwrap();
        prop_assert_eq!(built.bytes(), &encode(&record)[..]);
        prop_assert_eq!(Mixed::decode(built.bytes()).unwrap(), record);
    }

    #[test]
    fn fields_read_as_they_were_written(record in mixed()) {
        let schema = RowSchema::parse(&schema_of::<Mixed>()).unwrap();
        let row = Dynamic::from_bytes(&encode(&record));
        for (field, expected) in schema.fields().iter().zip(values(&record)) {
            prop_assert_eq!(row.value(field).unwrap(), expected);
        }
        prop_assert_eq!(row.long(&schema.field("id").unwrap()).unwrap(), record.id);
        let mut copied = schema.builder();
        for field in schema.fields() {
            copied.copy(&row, field).unwrap();
        }
        prop_assert_eq!(copied.finish().unwrap(), row);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let schema = RowSchema::parse(&schema_of::<Mixed>()).unwrap();
        let row = Dynamic::from_bytes(&bytes);
        let _ = schema.value(&row);
        for field in schema.fields() {
            let (_, _) = (row.text(field), row.double(field));
            let mut copied = schema.builder();
            let _ = copied.copy(&row, field).map(|_| ());
        }
    }
}

#[test]
fn a_schema_is_written_as_it_was_read() {
    let schema = schema_of::<Mixed>();
    assert_eq!(RowSchema::parse(&schema).unwrap().to_json(), schema);
    let twice = json!({ "type": "record", "name": "R", "fields": [
        { "name": "a", "type": { "type": "enum", "name": "E", "symbols": ["x", "y"] } },
        { "name": "b", "type": ["null", "long", "E"] },
    ] });
    let parsed = RowSchema::parse(&twice).unwrap();
    assert_eq!(parsed.to_json(), twice);
    let row = parsed.row(&[Value::Text("y"), Value::Text("x")]).unwrap();
    assert_eq!(row.text(&parsed.field("a").unwrap()).unwrap(), "y");
    let values = parsed.value(&row).unwrap();
    assert_eq!(
        values,
        Value::Record(vec![("a", Value::Text("y")), ("b", Value::Text("x"))])
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let schema = RowSchema::record("R", [("a".to_owned(), Type::Int)]);
    let error = schema.row(&[Value::Text("x")]).unwrap_err().to_string();
    assert!(error.contains("string") && error.contains("int"), "{error}");
    assert!(schema.row(&[Value::Long(1 << 40)]).is_err());
    assert!(schema.row(&[]).is_err());
    let error = schema.field("b").unwrap_err().to_string();
    assert!(error.contains("there are: a"), "{error}");
    for wrong in [json!(7), json!("Unknown"), json!({ "type": "array" })] {
        assert!(RowSchema::parse(&wrong).is_err(), "{wrong}");
    }
}
