//! Every value once, at every parallelism, from every position.

use std::sync::Arc;

use dataflow::port::source::{Polled, Source, SourceContext, SourceSplit};
use proptest::prelude::*;
use serde_json::json;

use super::CollectionSource;

fn source(count: usize) -> CollectionSource {
    let values: Vec<_> = (0..count).map(|i| json!(format!("v{i}"))).collect();
    CollectionSource::try_new(json!({"schema": "string", "values": values})).unwrap()
}

/// Reads at most `polls` times; returns the values and the splits after that.
fn read(
    source: &CollectionSource,
    splits: Vec<SourceSplit>,
    polls: usize,
) -> (Vec<String>, Vec<SourceSplit>) {
    let mut reader = source
        .reader(splits, SourceContext::alone(Arc::new(|| {})))
        .unwrap();
    let mut values = Vec::new();
    for _ in 0..polls {
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => {
                for value in batch.values.entries(batch.len()) {
                    values.push(String::from_utf8(value.to_vec()).unwrap());
                }
            }
            Polled::End => break,
            Polled::SplitEnded(_) | Polled::Pending(_) => {}
        }
    }
    (values, reader.snapshot())
}

proptest! {
    #[test]
    fn every_value_is_read_once_across_restores(
        count in 0usize..5000,
        parallelism in 1u32..9,
        polls in 0usize..12,
    ) {
        let source = source(count);
        let splits = source.splits(parallelism).unwrap();
        let (mut values, splits) = read(&source, splits, polls);
        let (rest, splits) = read(&source, splits, usize::MAX);
        values.extend(rest);
        let expected: Vec<String> = (0..count).map(|i| format!("v{i}")).collect();
        prop_assert_eq!(values, expected);
        let (again, _) = read(&source, splits, usize::MAX);
        prop_assert!(again.is_empty());
    }
}

#[test]
fn value_that_does_not_fit_is_named() {
    let result = CollectionSource::try_new(json!({"schema": "long", "values": [1, "x"]}));
    let error = result.err().map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("connector collection: value at 1: a 64-bit integer is needed, found a text")
    );
}

#[test]
fn position_beyond_the_values_is_refused() {
    let splits = source(10).splits(1).unwrap();
    assert!(
        source(5)
            .reader(splits, SourceContext::alone(Arc::new(|| {})))
            .is_err()
    );
}

#[test]
fn a_paused_split_waits_for_the_others() {
    let source = source(10);
    let splits = source.splits(2).unwrap();
    let first = splits[0].id;
    let context = SourceContext::alone(Arc::new(|| {}));
    let mut reader = source.reader(splits, context).unwrap();
    assert!(reader.pause(&[first]));
    let mut given = Vec::new();
    loop {
        match reader.poll().unwrap() {
            Polled::Records(_, split) => given.push(split),
            Polled::SplitEnded(_) => {}
            Polled::Pending(_) if given.len() == 1 => assert!(reader.pause(&[])),
            Polled::Pending(_) => panic!("nothing is paused"),
            Polled::End => break,
        }
    }
    assert_eq!(given.len(), 2);
    assert_eq!(given[1], first, "the paused one comes last");
}
