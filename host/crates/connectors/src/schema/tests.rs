//! Which schemas are read, and what is said about the others.

use super::Schema;

fn error(text: &str) -> String {
    match Schema::parse(text) {
        Ok(schema) => panic!("{text} was read as {schema:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn record_layout_follows_from_its_fields() {
    let text = r#"{"type":"record","name":"a.b.R","fields":[
        {"name":"x","type":["null","long"],"default":null},
        {"name":"y","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"z","type":["string","null"]}]}"#;
    let Schema::Record(record) = Schema::parse(text).unwrap() else {
        panic!("no record");
    };
    assert_eq!(record.name, "R");
    assert_eq!(record.null_words, 1);
    let bits: Vec<_> = record.fields.iter().map(|f| f.null_bit).collect();
    assert_eq!(bits, [Some(0), None, Some(1)]);
    assert_eq!(record.slot(1), 16);
    assert!(!record.is_fixed_width());
}

#[test]
fn named_types_are_found_by_short_and_full_name() {
    let text = r#"{"type":"record","name":"R","namespace":"n","fields":[
        {"name":"a","type":{"type":"enum","name":"E","symbols":["A","B"]}},
        {"name":"b","type":"E"},
        {"name":"c","type":{"type":"array","items":"n.E"}}]}"#;
    assert!(Schema::parse(text).is_ok());
}

#[test]
fn wrong_schemas_are_errors_that_name_the_place() {
    for (text, expected) in [
        ("nonsense", "is not JSON"),
        ("\"strin\"", "there is no type `strin`"),
        ("[]", "at least one branch"),
        (r#"["null","null"]"#, "two branches"),
        (r#"[["null","long"],"int"]"#, "must not contain a union"),
        (r#"{"type":"array"}"#, "needs the key `items`"),
        (r#"{"type":"enum","name":"E","symbols":[]}"#, "symbols"),
        (
            r#"{"type":"fixed","name":"F","size":-1}"#,
            "size of a fixed",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"R"}]}"#,
            "schema at a: type `R` contains itself",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
            "two fields",
        ),
        ("12", "must be a type name"),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let mut text = "\"long\"".to_owned();
    for _ in 0..100 {
        text = format!(r#"{{"type":"array","items":{text}}}"#);
    }
    assert!(error(&text).contains("nested") || error(&text).contains("recursion"));
}
