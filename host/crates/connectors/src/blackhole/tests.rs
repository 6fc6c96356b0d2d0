//! The count across restores.

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::sink::{ReportValue, Sink, SinkContext, SinkWriter};
use serde_json::json;

use super::BlackholeSink;

fn writer(restored: Vec<Vec<u8>>) -> Box<dyn SinkWriter> {
    let context = SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    };
    let sink = BlackholeSink::try_new(json!({})).unwrap();
    sink.writer(context, restored).unwrap()
}

#[test]
fn every_record_is_counted_once_across_a_restore() {
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], b"a");
    batch.push(NO_TIMESTAMP, &[], b"bc");
    let mut first = writer(Vec::new());
    first.write(&batch).unwrap();
    let state = first.snapshot();
    first.write(&batch).unwrap();
    let mut second = writer(vec![state.clone(), state]);
    second.write(&batch).unwrap();
    assert_eq!(second.report()[0].value, ReportValue::Sum(6));
}
