//! Count and checksum over batches, restores and merges.

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::sink::{ReportValue, Sink, SinkContext, SinkWriter};
use serde_json::json;

use super::ChecksumSink;
use crate::record_hash::step;

const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"long"}]}"#;

fn sink() -> ChecksumSink {
    let sink = ChecksumSink::try_new(json!({})).unwrap();
    sink.accepts(SCHEMA).unwrap();
    sink
}

fn writer(sink: &ChecksumSink, restored: Vec<Vec<u8>>) -> Box<dyn SinkWriter> {
    let context = SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    };
    sink.writer(context, restored).unwrap()
}

fn batch(records: &[(u64, u64)]) -> Batch {
    let mut batch = Batch::default();
    for (a, b) in records {
        let value = [a.to_le_bytes(), b.to_le_bytes()].concat();
        batch.push(NO_TIMESTAMP, &[], &value);
    }
    batch
}

fn figures(writer: &mut dyn SinkWriter) -> (u64, u64) {
    match writer.report().as_slice() {
        [count, checksum] => match (&count.value, &checksum.value) {
            (ReportValue::Sum(count), ReportValue::Checksum(checksum)) => (*count, *checksum),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn states_of_former_writers_add_up() {
    let sink = sink();
    let mut first = writer(&sink, Vec::new());
    first.write(&batch(&[(1, 2), (3, 4)])).unwrap();
    let mut second = writer(&sink, Vec::new());
    second.write(&batch(&[(5, 6)])).unwrap();
    let states = vec![first.snapshot(), second.snapshot()];
    // Lost with the failure: it is not in the snapshots.
    first.write(&batch(&[(7, 8)])).unwrap();
    let mut merged = writer(&sink, states);
    merged.write(&batch(&[(7, 8)])).unwrap();
    let hash = |a, b| step(step(0, a), b);
    let expected = [hash(1, 2), hash(3, 4), hash(5, 6), hash(7, 8)];
    let expected = expected.into_iter().fold(0u64, u64::wrapping_add);
    assert_eq!(figures(&mut *merged), (4, expected));
}

#[test]
fn second_schema_and_unknown_state_are_refused() {
    let sink = sink();
    assert!(sink.accepts(SCHEMA).is_ok());
    assert!(sink.accepts("\"string\"").is_err());
    let context = SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    };
    assert!(sink.writer(context, vec![vec![9, 9]]).is_err());
}

#[test]
fn bad_record_adds_nothing_and_is_named() {
    let mut writer = writer(&sink(), Vec::new());
    let mut records = batch(&[(1, 2)]);
    records.push(NO_TIMESTAMP, &[], b"short");
    let error = writer.write(&records).unwrap_err().to_string();
    assert!(error.contains("record 1 of the batch"), "{error}");
    assert_eq!(figures(&mut *writer), (0, 0));
}
