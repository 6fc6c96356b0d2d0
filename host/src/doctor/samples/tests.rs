//! What is made up is what the schema asks for, as the encoder of the connectors judges.

use connectors::row::encode;
use connectors::schema::Schema;

use super::*;

/// A schema with everything in it.
fn everything() -> Value {
    json!({ "type": "record", "name": "All", "fields": [
        { "name": "id", "type": "long" },
        { "name": "at_ms", "type": "long" },
        { "name": "small", "type": "int" },
        { "name": "ratio", "type": "double" },
        { "name": "yes", "type": "boolean" },
        { "name": "text", "type": "string" },
        { "name": "maybe", "type": ["null", "string"] },
        { "name": "color", "type": { "type": "enum", "name": "Color", "symbols": ["RED", "BLUE"] } },
        { "name": "list", "type": { "type": "array", "items": { "type": "record", "name": "Item",
            "fields": [{ "name": "n", "type": "long" }] } } },
        { "name": "again", "type": "Item" },
        { "name": "map", "type": { "type": "map", "values": "double" } }
    ] })
}

#[test]
fn made_up_records_fit_their_schema() {
    let json = everything();
    let schema = Schema::from_json(&json).unwrap();
    for (number, value) in make(&json, 50).iter().enumerate() {
        let mut row = Vec::new();
        encode(&schema, value, &mut row)
            .unwrap_or_else(|error| panic!("{number}: {error}: {value}"));
    }
}

#[test]
fn made_up_times_grow_and_keys_repeat() {
    let records = make(&everything(), 50);
    let times: Vec<u64> = records
        .iter()
        .filter_map(|it| it["at_ms"].as_u64())
        .collect();
    assert!(times.len() == 50 && times.is_sorted());
    let texts: std::collections::BTreeSet<&str> = records
        .iter()
        .filter_map(|it| it["text"].as_str())
        .collect();
    assert!((2..10).contains(&texts.len()), "{texts:?}");
}

#[test]
fn lines_of_text_need_no_quotes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "plain\n\"quoted\"\n{\"a\": 1}\n").unwrap();
    let values = read(file.path(), &json!("string")).unwrap();
    assert_eq!(
        values,
        [json!("plain"), json!("quoted"), json!("{\"a\": 1}")]
    );
}

#[test]
fn a_line_that_is_no_json_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "1\n2,\n").unwrap();
    let error = read(file.path(), &json!("long")).unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}
