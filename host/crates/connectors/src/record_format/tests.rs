//! What is written is read back; what is no record is refused or counted.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::text_format::TextFormat;

fn order() -> Schema {
    let schema = json!({ "type": "record", "name": "Order", "fields": [
        { "name": "id", "type": "long" },
        { "name": "city", "type": "string" },
        { "name": "amount", "type": "double" },
        { "name": "paid", "type": "boolean" },
        { "name": "note", "type": ["null", "string"] },
        { "name": "tags", "type": { "type": "array", "items": "string" } }
    ] });
    Schema::from_json(&schema).unwrap()
}

fn batch(lines: &[&str]) -> Batch {
    let mut batch = Batch::default();
    for line in lines {
        batch.push(NO_TIMESTAMP, &[], line.as_bytes());
    }
    batch
}

fn json_of(schema: &Schema, records: &Batch) -> Vec<Value> {
    let values = records.values.entries(records.len());
    let json = values.map(|value| {
        let mut text = Vec::new();
        row::append_json(schema, value, &mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    });
    json.collect()
}

fn csv(line: &str) -> Result<Vec<Value>, String> {
    let format = RecordFormat::Csv(order(), b',');
    let decoded = format.decode(batch(&[line]), None);
    let decoded = decoded.map_err(|(_, error)| error.to_string())?;
    Ok(json_of(&order(), &decoded))
}

#[test]
fn fields_are_quoted_as_in_rfc_4180() {
    let read = csv(r#"7,"a ""b"", c",1.5,true,,"[""x""]""#).unwrap();
    let expected = json!({ "id": 7, "city": "a \"b\", c", "amount": 1.5, "paid": true,
        "note": null, "tags": ["x"] });
    assert_eq!(read, [expected]);
}

#[test]
fn nothing_is_null_and_quoted_nothing_is_an_empty_text() {
    let note = |field: &str| csv(&format!("7,x,1,true,{field},[]")).unwrap()[0]["note"].clone();
    assert_eq!(note(""), Value::Null);
    assert_eq!(note("\"\""), json!(""));
}

#[test]
fn a_line_that_does_not_fit_names_the_field() {
    let wrong = |line: &str| csv(line).unwrap_err();
    assert!(wrong("x,c,1,true,,[]").contains("id"));
    assert!(wrong("1,c,much,true,,[]").contains("amount"));
    assert!(wrong("1,c").contains("2 fields, 6 are needed"));
    assert!(wrong("1,c,1,true,,[],7").contains("more than 6 fields"));
    assert!(wrong("1,\"c,1,true,,[]").contains("does not end on its line"));
    assert!(wrong("1,\"c\"x,1,true,,[]").contains("after a quoted field"));
}

#[test]
fn json_keys_without_a_field_are_left_out_and_missing_ones_are_refused() {
    let format = RecordFormat::Json(order());
    let line = r#"{"id":1,"more":{},"city":"x","amount":2,"paid":false,"tags":[]}"#;
    let records = format.decode(batch(&[line, " "]), None).unwrap();
    assert_eq!(json_of(&order(), &records)[0]["note"], Value::Null);
    assert_eq!(records.len(), 1);
    let (index, error) = format.decode(batch(&[line, "{}"]), None).unwrap_err();
    assert_eq!(index, 1);
    assert!(error.to_string().contains("id"), "{error}");
}

#[test]
fn bad_lines_can_be_counted_and_left_out() {
    let format = RecordFormat::Json(order());
    let mut left_out = 0;
    let records = format.decode(batch(&["{", "[]"]), Some(&mut left_out));
    assert!(records.unwrap().is_empty());
    assert_eq!(left_out, 2);
}

proptest! {
    #[test]
    fn what_sinks_write_is_read_back(
        id: i64,
        city in "[^\r\n]*",
        amount: f64,
        paid: bool,
        note in proptest::option::of("[^\r\n]*"),
        tags in proptest::collection::vec("[^\r\n]*", 0..3),
    ) {
        let schema = order();
        let amount = if amount.is_finite() { json!(amount) } else { json!("NaN") };
        let value = json!({ "id": id, "city": city, "amount": amount, "paid": paid,
            "note": note, "tags": tags });
        let mut row = Vec::new();
        row::encode(&schema, &value, &mut row).unwrap();
        let formats = [
            (TextFormat::Csv, RecordFormat::Csv(schema.clone(), b',')),
            (TextFormat::Json, RecordFormat::Json(schema.clone())),
        ];
        for (written, read) in formats {
            let mut line = Vec::new();
            written.append_line(&schema, &row, &mut line).unwrap();
            let line = std::str::from_utf8(&line).unwrap().trim_end_matches('\n');
            let records = read.decode(batch(&[line]), None).unwrap();
            prop_assert_eq!(records.value(0), &row[..], "{}", line);
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(line: Vec<u8>) {
        let mut lines = Batch::default();
        lines.push(NO_TIMESTAMP, &[], &line);
        for format in [RecordFormat::Csv(order(), b';'), RecordFormat::Json(order())] {
            let _ = format.decode(lines.clone(), None);
        }
    }
}
