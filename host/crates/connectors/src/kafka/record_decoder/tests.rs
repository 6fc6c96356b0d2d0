//! Messages as records: with their key, without a value, and of any bytes.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::record_format::FormatName;
use crate::row::append_json;

fn schema() -> Value {
    json!({ "type": "record", "name": "R", "fields": [
        { "name": "k", "type": ["null", "string"] }, { "name": "count", "type": "long" } ] })
}

fn decoder(format: FormatName, keys: &[&str]) -> RecordDecoder {
    let wanted = (format != FormatName::Text).then(schema);
    let format = RecordFormat::try_new(NAME, "value.format", format, wanted.as_ref(), None);
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    RecordDecoder::try_new(format.expect("a format"), &keys, false).expect("a decoder")
}

fn json_of(decoder: &RecordDecoder, key: Option<&[u8]>, value: &[u8]) -> Value {
    let mut bytes = Vec::new();
    assert!(
        decoder
            .decode(key, Some(value), &mut bytes)
            .expect("a record")
    );
    let mut text = Vec::new();
    let schema = Schema::from_json(&schema()).expect("a schema");
    append_json(&schema, &bytes, &mut text).expect("a row");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn the_key_is_a_field_and_null_if_there_is_none() {
    let decoder = decoder(FormatName::JsonLines, &["k"]);
    let value = br#"{"count":1,"k":"of the value"}"#;
    assert_eq!(
        json_of(&decoder, Some(b"of the key"), value),
        json!({ "k": "of the key", "count": 1 })
    );
    assert_eq!(
        json_of(&decoder, None, value),
        json!({ "k": null, "count": 1 })
    );
}

#[test]
fn messages_without_a_value_are_left_out() {
    for format in [FormatName::Text, FormatName::JsonLines, FormatName::Csv] {
        let left_out = decoder(format, &[]).decode(Some(b"k"), None, &mut Vec::new());
        assert!(!left_out.expect("no error"));
    }
}

#[test]
fn text_that_is_not_utf_8_is_replaced() {
    let mut text = Vec::new();
    let decoder = decoder(FormatName::Text, &[]);
    assert!(
        decoder
            .decode(None, Some(b"a\xFFb"), &mut text)
            .expect("text")
    );
    assert_eq!(text, "a\u{FFFD}b".as_bytes());
}

proptest! {
    #[test]
    fn any_bytes_are_a_record_or_an_error(key: Option<Vec<u8>>, value: Vec<u8>) {
        for format in [FormatName::Text, FormatName::JsonLines, FormatName::Csv] {
            let mut bytes = Vec::new();
            let _ = decoder(format, &[]).decode(key.as_deref(), Some(&value), &mut bytes);
        }
        let _ = decoder(FormatName::JsonLines, &["k"]).decode(key.as_deref(), Some(&value), &mut Vec::new());
    }
}
