//! Messages: a record becomes one, a segment is read back, and cut ones are errors.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::row;

fn schema() -> Schema {
    let schema = json!({ "type": "record", "name": "R", "fields": [
        { "name": "item", "type": ["null", "string"] }, { "name": "count", "type": "long" } ] });
    Schema::from_json(&schema).expect("a schema")
}

fn batch(rows: &[Value]) -> Batch {
    let mut batch = Batch::default();
    for (index, json) in rows.iter().enumerate() {
        let mut bytes = Vec::new();
        row::encode(&schema(), json, &mut bytes).expect("a row");
        batch.push(index as i64, &[], &bytes);
    }
    batch
}

fn encoder(keys: &Value) -> MessageEncoder {
    let mut all = json!({ "bootstrap-servers": "a:1", "topic": "t", "value.format": "json" });
    for (key, value) in keys.as_object().expect("an object") {
        all[key] = value.clone();
    }
    let options = SinkOptions::try_new(all).expect("options");
    MessageEncoder::try_new(&options, schema()).expect("an encoder")
}

/// Keys and values of the messages of a batch.
fn told(encoder: &MessageEncoder, batch: &Batch) -> Vec<(Option<String>, String)> {
    let mut segment = Vec::new();
    for index in 0..batch.len() {
        encoder
            .append(batch, index, &mut segment)
            .expect("a message");
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let messages = Messages::new(&segment).map(|message| message.expect("a message"));
    messages
        .enumerate()
        .map(|(index, message)| {
            assert_eq!(message.timestamp, Some(index as i64));
            (message.key.map(text), text(message.value))
        })
        .collect()
}

#[test]
fn the_key_is_made_of_fields() {
    let rows = batch(&[
        json!({ "item": "pen", "count": 3 }),
        json!({ "item": null, "count": 4 }),
    ]);
    let values = [r#"{"item":"pen","count":3}"#, r#"{"item":null,"count":4}"#];
    let cases = [
        (json!({}), [None, None]),
        (json!({ "key.fields": ["item"] }), [Some("pen"), None]),
        (json!({ "key.fields": ["count"] }), [Some("3"), Some("4")]),
        (
            json!({ "key.fields": ["count", "item"] }),
            [
                Some(r#"{"count":3,"item":"pen"}"#),
                Some(r#"{"count":4,"item":null}"#),
            ],
        ),
    ];
    for (keys, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .zip(values)
            .map(|(key, value)| (key.map(str::to_owned), value.to_owned()))
            .collect();
        assert_eq!(told(&encoder(&keys), &rows), expected);
    }
}

#[test]
fn a_record_that_is_none_is_an_error_and_leaves_nothing_behind() {
    let mut records = Batch::default();
    records.push(NO_TIMESTAMP, &[], b"short");
    let mut segment = b"before".to_vec();
    let keyed = encoder(&json!({ "key.fields": ["item"] }));
    keyed
        .append(&records, 0, &mut segment)
        .expect_err("no record");
    assert_eq!(segment, b"before");
}

proptest! {
    #[test]
    fn a_segment_that_is_cut_ends_with_an_error(cut in 1..60_usize) {
        let rows = batch(&[json!({ "item": "pen", "count": 3 })]);
        let mut segment = Vec::new();
        encoder(&json!({})).append(&rows, 0, &mut segment).expect("a message");
        let cut = cut.min(segment.len() - 1);
        let read: Vec<_> = Messages::new(&segment[..cut]).collect();
        prop_assert!(read.len() == 1 && read[0].is_err());
    }

    #[test]
    fn any_bytes_are_messages_or_an_error(bytes: Vec<u8>) {
        let count = Messages::new(&bytes).count();
        prop_assert!(count <= bytes.len());
    }
}
