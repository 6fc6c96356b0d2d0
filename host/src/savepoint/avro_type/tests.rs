//! What is a type and what is none, and when two are the same.

use serde_json::{Value as Json, json};

use super::Type;

fn ty(schema: &Json) -> Type {
    Type::of(schema).expect("a type")
}

#[test]
fn a_named_type_is_put_where_it_is_referred_to() {
    let point =
        json!({ "type": "record", "name": "P", "fields": [{ "name": "x", "type": "long" }] });
    let pair = json!({ "type": "record", "name": "Pair", "fields": [
        { "name": "a", "type": point }, { "name": "b", "type": "P" },
    ] });
    let Type::Record(record) = ty(&pair) else {
        panic!("no record");
    };
    assert_eq!(record.fields[0].value, record.fields[1].value);
}

#[test]
fn a_type_that_contains_itself_is_refused() {
    let list = json!({ "type": "record", "name": "L", "fields": [
        { "name": "next", "type": ["null", "L"] },
    ] });
    assert!(Type::of(&list).is_err_and(|error| error.contains("contains itself")));
    assert!(Type::of(&json!({ "type": "nonsense" })).is_err());
}

#[test]
fn names_of_records_do_not_matter_and_names_of_fields_do() {
    let record = |name: &str, field: &str| {
        ty(
            &json!({ "type": "record", "name": name, "fields": [{ "name": field, "type": "long" }] }),
        )
    };
    assert!(record("A", "x").is_same(&record("B", "x")));
    assert!(!record("A", "x").is_same(&record("A", "y")));
    let symbols =
        |symbols: [&str; 2]| ty(&json!({ "type": "enum", "name": "E", "symbols": symbols }));
    assert!(!symbols(["A", "B"]).is_same(&symbols(["B", "A"])));
}

#[test]
fn times_are_numbers_and_other_logical_types_are_what_they_are_written_as() {
    let time = json!({ "type": "long", "logicalType": "timestamp-millis" });
    assert_eq!(ty(&time), Type::Long);
    let money = json!({ "type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2 });
    assert_eq!(ty(&money), Type::Bytes);
}
