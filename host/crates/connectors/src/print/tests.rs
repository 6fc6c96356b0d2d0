//! What is printed, and when.

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::sink::{Sink, SinkContext, SinkWriter};
use serde_json::json;

use super::PrintSink;

fn context() -> SinkContext {
    SinkContext {
        subtask: 1,
        parallelism: 2,
        run: "r".to_owned(),
        segments: Default::default(),
    }
}

#[test]
fn lines_appear_with_the_flush_and_carry_the_subtask() {
    let sink = PrintSink::try_new(json!({"prefix": true})).unwrap();
    sink.accepts("\"string\"").unwrap();
    let mut printed = Vec::new();
    let mut writer = sink.writer_to(&context(), &mut printed).unwrap();
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], b"one");
    batch.push(NO_TIMESTAMP, &[], b"three");
    writer.write(&batch).unwrap();
    assert!(writer.out.is_empty());
    writer.flush().unwrap();
    writer.flush().unwrap();
    assert_eq!(printed, b"2> one\n2> three\n");
}

#[test]
fn bad_record_is_named_and_leaves_no_half_line() {
    let sink = PrintSink::try_new(json!({})).unwrap();
    sink.accepts("\"long\"").unwrap();
    let mut printed = Vec::new();
    let mut writer = sink.writer_to(&context(), &mut printed).unwrap();
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], &7i64.to_le_bytes());
    batch.push(NO_TIMESTAMP, &[], b"x");
    let error = writer.write(&batch).unwrap_err().to_string();
    assert!(error.contains("record 1 of the batch"), "{error}");
    writer.flush().unwrap();
    assert_eq!(printed, b"7\n");
}

#[test]
fn closed_output_is_an_error() {
    let sink = PrintSink::try_new(json!({})).unwrap();
    sink.accepts("\"string\"").unwrap();
    let mut full = [0u8; 2];
    let mut writer = sink.writer_to(&context(), &mut full[..]).unwrap();
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], b"too long");
    writer.write(&batch).unwrap();
    assert!(writer.flush().is_err());
}
