//! The result across restores, and its limit.

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::sink::{Committable, ReportValue, Sink, SinkContext, SinkWriter};
use serde_json::json;

use super::CollectSink;

fn context() -> SinkContext {
    SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    }
}

fn sink(max_bytes: usize) -> CollectSink {
    let sink = CollectSink::try_new(json!({ "max_bytes": max_bytes })).unwrap();
    sink.accepts("\"string\"").unwrap();
    sink
}

fn writer(restored: Vec<Vec<u8>>) -> Box<dyn SinkWriter> {
    sink(1000).writer(context(), restored).unwrap()
}

fn batch(values: &[&str]) -> Batch {
    let mut batch = Batch::default();
    for value in values {
        batch.push(NO_TIMESTAMP, &[], value.as_bytes());
    }
    batch
}

#[test]
fn every_record_is_in_the_result_once_across_a_restore() {
    let mut first = writer(Vec::new());
    first.write(&batch(&["a", "b"])).unwrap();
    let state = first.snapshot();
    first.write(&batch(&["lost"])).unwrap();
    let mut second = writer(vec![state]);
    second.write(&batch(&["c"])).unwrap();
    let lines = b"\"a\"\n\"b\"\n\"c\"\n".to_vec();
    assert_eq!(second.report()[0].value, ReportValue::Lines(lines));
}

#[test]
fn a_result_beyond_its_limit_is_refused_with_the_limit_named() {
    let sink = sink(8);
    let mut first = sink.writer(context(), Vec::new()).unwrap();
    first.write(&batch(&["a"])).unwrap();
    let mut second = sink.writer(context(), Vec::new()).unwrap();
    second.write(&batch(&["b"])).unwrap();
    let error = second.write(&batch(&["c"])).unwrap_err().to_string();
    assert!(error.contains("max_bytes = 8"), "{error}");
}

#[test]
fn transactions_of_another_sink_are_refused() {
    let error = sink(8).commit(&[Committable::new(vec![1])]).unwrap_err();
    assert!(error.to_string().contains("another sink"), "{error}");
}
