//! Latencies by a clock that stands still.

use std::sync::Arc;

use dataflow::clock::{Clock, ManualClock};
use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::sink::{ReportValue, Sink, SinkContext, SinkWriter};
use serde_json::json;

use super::LatencySink;
use crate::record_hash::step;

const SCHEMA: &str = r#"{"type":"record","name":"S","fields":[
    {"name":"key","type":"long"},{"name":"one","type":"long"},{"name":"stamp_ns","type":"long"}]}"#;

fn sink(clock: &ManualClock) -> LatencySink {
    let keys = json!({"field": "stamp_ns"});
    LatencySink::try_new(keys, Arc::new(clock.clone())).unwrap()
}

fn writer(sink: &LatencySink, restored: Vec<Vec<u8>>) -> Box<dyn SinkWriter> {
    let context = SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    };
    sink.writer(context, restored).unwrap()
}

fn batch(records: &[[u64; 3]]) -> Batch {
    let mut batch = Batch::default();
    for record in records {
        let value: Vec<u8> = record.iter().flat_map(|word| word.to_le_bytes()).collect();
        batch.push(NO_TIMESTAMP, &[], &value);
    }
    batch
}

#[test]
fn stamped_records_are_measured_and_all_are_summed_across_a_restore() {
    let clock = ManualClock::at(1_000);
    let sink = sink(&clock);
    sink.accepts(SCHEMA).unwrap();
    let stamp = clock.monotonic_ns();
    clock.advance_ms(5);
    let mut first = writer(&sink, Vec::new());
    first.write(&batch(&[[1, 1, stamp], [2, 1, 0]])).unwrap();
    let state = first.snapshot();
    let mut second = writer(&sink, vec![state.clone(), state]);
    clock.advance_ms(5);
    second.write(&batch(&[[3, 1, stamp]])).unwrap();
    let report = second.report();
    assert_eq!(report[0].value, ReportValue::Sum(5));
    let hash = |key| step(step(0, key), 1);
    let sum = [hash(1), hash(2), hash(1), hash(2), hash(3)];
    let sum = sum.into_iter().fold(0u64, u64::wrapping_add);
    assert_eq!(report[1].value, ReportValue::Checksum(sum));
    let ReportValue::Histogram(buckets) = &report[2].value else {
        panic!("{report:?}");
    };
    let near = |value: u64, ns: u64| value.abs_diff(ns) <= ns / 500;
    assert!(
        matches!(buckets.as_slice(), [(a, 2), (b, 1)] if near(*a, 5_000_000) && near(*b, 10_000_000)),
        "{buckets:?}"
    );
}

#[test]
fn schema_without_the_field_is_refused() {
    let clock = ManualClock::default();
    let error = |schema: &str| sink(&clock).accepts(schema).unwrap_err().to_string();
    assert!(error("\"long\"").contains("needs records"));
    let other = SCHEMA.replace("stamp_ns", "stamp");
    assert!(error(&other).contains("has no field `stamp_ns`"));
    let text = SCHEMA.replace(
        r#""stamp_ns","type":"long""#,
        r#""stamp_ns","type":"string""#,
    );
    assert!(error(&text).contains("must be a long"));
}

#[test]
fn records_of_another_shape_are_errors() {
    let clock = ManualClock::default();
    let sink = sink(&clock);
    sink.accepts(SCHEMA).unwrap();
    let mut short = Batch::default();
    short.push(NO_TIMESTAMP, &[], &[0; 16]);
    assert!(writer(&sink, Vec::new()).write(&short).is_err());
    assert!(
        sink.writer(
            SinkContext {
                subtask: 0,
                parallelism: 1,
                run: "r".to_owned(),
                segments: Default::default(),
            },
            vec![vec![1, 2, 3]],
        )
        .is_err()
    );
}
