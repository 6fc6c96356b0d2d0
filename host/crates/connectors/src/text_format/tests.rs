//! Values as lines.
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls with `json!` read better without a reference"
)]

use serde_json::{Value, json};

use super::TextFormat;
use crate::row::encode;
use crate::schema::Schema;

fn line(format: TextFormat, schema: Value, value: Value) -> String {
    let schema = Schema::from_json(&schema).unwrap();
    let (mut bytes, mut out) = (Vec::new(), Vec::new());
    encode(&schema, &value, &mut bytes).unwrap();
    format.append_line(&schema, &bytes, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn record() -> Value {
    json!({"type": "record", "name": "R", "fields": [
        {"name": "text", "type": "string"},
        {"name": "number", "type": "double"},
        {"name": "maybe", "type": ["null", "string"]},
        {"name": "list", "type": {"type": "array", "items": "long"}},
        {"name": "symbol", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
    ]})
}

#[test]
fn strings_are_plain_and_records_are_json() {
    let value =
        json!({"text": "a\"b", "number": 1.5, "maybe": null, "list": [1, 2], "symbol": "B"});
    assert_eq!(
        line(TextFormat::Lines, json!("string"), json!("a\"b")),
        "a\"b\n"
    );
    assert_eq!(
        line(TextFormat::Json, json!("string"), json!("a\"b")),
        "\"a\\\"b\"\n"
    );
    assert_eq!(line(TextFormat::Lines, json!("long"), json!(-3)), "-3\n");
    assert_eq!(
        line(TextFormat::Lines, record(), value),
        "{\"text\":\"a\\\"b\",\"number\":1.5,\"maybe\":null,\"list\":[1,2],\"symbol\":\"B\"}\n"
    );
}

#[test]
fn csv_quotes_what_needs_it() {
    let value =
        json!({"text": "a,\"b", "number": 1.5, "maybe": null, "list": [1, 2], "symbol": "A"});
    assert_eq!(
        line(TextFormat::Csv, record(), value),
        "\"a,\"\"b\",1.5,,\"[1,2]\",A\n"
    );
    let value = json!({"text": "", "number": 0.0, "maybe": "x", "list": [], "symbol": "A"});
    assert_eq!(line(TextFormat::Csv, record(), value), "\"\",0.0,x,[],A\n");
    assert_eq!(
        line(TextFormat::Csv, json!("string"), json!("a b")),
        "a b\n"
    );
}

#[test]
fn garbage_is_an_error() {
    let schema = Schema::from_json(&record()).unwrap();
    for format in [TextFormat::Lines, TextFormat::Json, TextFormat::Csv] {
        for length in [0, 7, 47, 48, 60] {
            let bytes = vec![0xfe; length];
            assert!(
                format
                    .append_line(&schema, &bytes, &mut Vec::new())
                    .is_err()
            );
        }
    }
}
