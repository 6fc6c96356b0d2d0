//! What can become of a value when its schema changes.

use apache_avro::types::Value;
use serde_json::{Value as Json, json};

use super::super::avro_type::Type;
use super::super::row_value::{read, write};
use super::{Resolution, resolve};

fn ty(schema: &Json) -> Type {
    Type::of(schema).expect("a type")
}

fn record(fields: &Json) -> Json {
    json!({ "type": "record", "name": "R", "fields": fields })
}

/// The value, written with the old schema and read with the new one, both as people write it.
fn migrated(old: &Json, new: &Json, value: &Json) -> Result<Json, String> {
    let (old_ty, new_ty) = (ty(old), ty(new));
    let plan = resolve(&old_ty, &new_ty)?;
    let parse = |schema: &Json| connectors::schema::Schema::from_json(schema).expect("a schema");
    let mut bytes = Vec::new();
    connectors::row::encode(&parse(old), value, &mut bytes).expect("a value");
    let value = plan
        .apply(read(&old_ty, &bytes).expect("a row"))
        .expect("a new value");
    let mut row = Vec::new();
    write(&new_ty, &value, &mut row).expect("a value of the new type");
    let mut text = Vec::new();
    connectors::row::append_json(&parse(new), &row, &mut text).expect("a row");
    Ok(serde_json::from_slice(&text).expect("JSON"))
}

#[test]
fn fields_are_added_removed_reordered_renamed_and_promoted() {
    let old = record(&json!([
        { "name": "count", "type": "int" }, { "name": "gone", "type": "string" },
        { "name": "amount", "type": "long" }, { "name": "kept", "type": "string" },
    ]));
    let new = record(&json!([
        { "name": "kept", "type": "string" },
        { "name": "count", "type": "long" },
        { "name": "sum", "type": "double", "aliases": ["total", "amount"] },
        { "name": "added", "type": "long", "default": 7 },
        { "name": "list", "type": { "type": "array", "items": "long" }, "default": [1, 2] },
        { "name": "maybe", "type": ["null", "string"], "default": null },
    ]));
    let value = json!({ "count": 3, "gone": "x", "amount": 12, "kept": "y" });
    let expected = json!({
        "kept": "y", "count": 3, "sum": 12.0, "added": 7, "list": [1, 2], "maybe": null,
    });
    assert_eq!(migrated(&old, &new, &value), Ok(expected));
}

#[test]
fn numbers_grow_and_do_not_shrink() {
    let grown = |old: &str, new: &str| migrated(&json!(old), &json!(new), &json!(5));
    for (old, new) in [
        ("int", "long"),
        ("int", "float"),
        ("long", "double"),
        ("float", "double"),
    ] {
        assert_eq!(
            grown(old, new).map(|it| it.as_f64()),
            Ok(Some(5.0)),
            "{old} to {new}"
        );
    }
    for (old, new) in [
        ("long", "int"),
        ("double", "long"),
        ("double", "float"),
        ("long", "string"),
    ] {
        assert!(grown(old, new).is_err(), "{old} to {new}");
    }
}

#[test]
fn a_value_may_become_nullable_but_not_the_other_way_round() {
    let nullable = json!(["null", "long"]);
    assert_eq!(migrated(&json!("int"), &nullable, &json!(5)), Ok(json!(5)));
    assert!(migrated(&nullable, &json!("long"), &json!(5)).is_err());
}

#[test]
fn a_union_may_gain_branches() {
    let old = json!(["long", "string"]);
    let new = json!(["null", "string", "long"]);
    assert_eq!(migrated(&old, &new, &json!("x")), Ok(json!("x")));
    assert_eq!(migrated(&old, &new, &json!(4)), Ok(json!(4)));
    assert!(migrated(&new, &old, &json!(4)).is_err());
}

#[test]
fn symbols_are_found_by_name_or_become_the_default() {
    let symbols = |list: &Json, default: Option<&str>| {
        let mut schema = json!({ "type": "enum", "name": "E", "symbols": list });
        if let Some(default) = default {
            schema["default"] = json!(default);
        }
        schema
    };
    let old = symbols(&json!(["A", "B"]), None);
    let more = symbols(&json!(["C", "B", "A"]), None);
    assert_eq!(migrated(&old, &more, &json!("B")), Ok(json!("B")));
    let less = symbols(&json!(["A", "OTHER"]), Some("OTHER"));
    assert_eq!(migrated(&old, &less, &json!("B")), Ok(json!("OTHER")));
    let gone = migrated(&old, &symbols(&json!(["A"]), None), &json!("A"));
    assert!(gone.is_err_and(|reason| reason.contains("symbol B")));
}

#[test]
fn what_is_wrong_is_said_with_the_field() {
    let old = record(&json!([{ "name": "inner", "type": record(&json!([])) }]));
    let inner =
        json!({ "type": "record", "name": "S", "fields": [{ "name": "x", "type": "long" }] });
    let new = record(&json!([{ "name": "inner", "type": inner }]));
    let old = json!({ "type": "record", "name": "Q", "fields": old["fields"] });
    let reason = resolve(&ty(&old), &ty(&new)).expect_err("no default");
    assert_eq!(reason, "field inner.x: is new and has no default");
}

#[test]
fn the_same_schema_keeps_every_value_as_it_is() {
    let old = record(&json!([{ "name": "x", "type": ["null", "long"] }]));
    assert_eq!(resolve(&ty(&old), &ty(&old)), Ok(Resolution::Keep));
    let value = Value::Long(4);
    assert_eq!(Resolution::Keep.apply(value.clone()), Some(value));
}
