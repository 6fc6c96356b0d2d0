//! The generator as a source: the same answer at every parallelism, across restores, and at a rate.

use std::sync::Arc;

use dataflow::clock::ManualClock;
use dataflow::port::source::{Polled, Source, SourceContext, SourceReader, SourceSplit};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::GeneratorSource;
use crate::record_hash::HashPlan;
use crate::schema::Schema;

fn source(config: Value, clock: &ManualClock) -> GeneratorSource {
    GeneratorSource::try_new(config, Arc::new(clock.clone())).unwrap()
}

fn reader(source: &GeneratorSource, splits: Vec<SourceSplit>) -> Box<dyn SourceReader> {
    source
        .reader(splits, SourceContext::alone(Arc::new(|| {})))
        .unwrap()
}

/// Count and checksum of what a reader gives in at most `polls` polls.
fn sum(source: &GeneratorSource, reader: &mut dyn SourceReader, polls: usize) -> (u64, u64) {
    let plan = HashPlan::of(&Schema::parse(&source.schema()).unwrap());
    let (mut count, mut checksum) = (0, 0u64);
    for _ in 0..polls {
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => {
                count += u64::from(batch.count);
                let sum = plan.checksum(&batch.values, batch.len()).unwrap();
                checksum = checksum.wrapping_add(sum);
            }
            Polled::End => break,
            Polled::SplitEnded(_) => {}
            Polled::Pending(_) => panic!("an unpaced generator waits"),
        }
    }
    (count, checksum)
}

#[test]
fn published_checksum_of_sixty_million_bids_is_met() {
    let clock = ManualClock::default();
    let config = json!({"data": "bids", "events": 60_000_000, "keys": 10_000});
    let source = source(config, &clock);
    let mut reader = reader(&source, source.splits(4).unwrap());
    let total = sum(&source, &mut *reader, usize::MAX);
    assert_eq!(total, (60_000_000, 0x8059_a6e9_7a92_4952));
}

proptest! {
    #[test]
    fn answer_does_not_depend_on_parallelism_or_restores(
        data in prop_oneof![Just("bids"), Just("pairs"), Just("events"), Just("latency")],
        events in 0u64..20_000,
        parallelism in 1u32..7,
        subtasks in 1usize..5,
        polls in 0usize..10,
    ) {
        let clock = ManualClock::default();
        let source = source(json!({"data": data, "events": events, "epm": 7}), &clock);
        let expected = sum(&source, &mut *reader(&source, source.splits(1).unwrap()), usize::MAX);
        prop_assert_eq!(expected.0, events);

        // Some polls at one parallelism, the rest at another: the splits move between subtasks.
        let mut first = reader(&source, source.splits(parallelism).unwrap());
        let mut total = sum(&source, &mut *first, polls);
        let mut shares = vec![Vec::new(); subtasks];
        for (index, split) in first.snapshot().into_iter().enumerate() {
            shares[index % subtasks].push(split);
        }
        for share in shares {
            let mut reader = reader(&source, share);
            let (count, checksum) = sum(&source, &mut *reader, usize::MAX);
            total = (total.0 + count, total.1.wrapping_add(checksum));
            let progress = reader.remaining().unwrap();
            prop_assert_eq!(progress.done, progress.total);
        }
        prop_assert_eq!(total, expected);
    }
}

#[test]
fn rate_gives_what_is_due_and_then_waits() {
    let clock = ManualClock::at(1_000);
    let config = json!({"data": "pairs", "events": 1_000_000, "rate": 1000.0});
    let source = source(config, &clock);
    let mut reader = reader(&source, source.splits(2).unwrap());
    let mut made = 0;
    for ms in 0..=500u64 {
        loop {
            match reader.poll().unwrap() {
                Polled::Records(batch, _) => made += u64::from(batch.count),
                Polled::Pending(Some(wait)) => {
                    assert!(wait.as_nanos() <= 2_000_000, "{wait:?}");
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(made.abs_diff(ms) <= 2, "{made} records after {ms} ms");
        clock.advance_ms(1);
    }
}

#[test]
fn warm_records_come_at_once_and_have_no_stamp() {
    let clock = ManualClock::at(5_000);
    let config = json!({"data": "latency", "events": 4000, "rate": 1000.0, "warm": 3000});
    let source = source(config, &clock);
    let mut reader = reader(&source, source.splits(1).unwrap());
    let (mut warm, mut stamped) = (0, 0);
    loop {
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => {
                for value in batch.values.entries(batch.len()) {
                    let stamp = crate::row::word(value, 16).unwrap();
                    if stamp == 0 {
                        assert_eq!(stamped, 0);
                        warm += 1;
                    } else {
                        stamped += 1;
                    }
                }
            }
            Polled::Pending(Some(wait)) => {
                assert_eq!(warm, 3000);
                clock.advance_ms(i64::try_from(wait.as_millis()).unwrap().max(1));
            }
            Polled::SplitEnded(_) => {}
            Polled::End => break,
            Polled::Pending(None) => panic!("nobody would wake the task"),
        }
    }
    assert_eq!((warm, stamped), (3000, 1000));
}

#[test]
fn every_split_is_announced_as_ended_once() {
    let clock = ManualClock::default();
    let source = source(json!({"data": "pairs", "events": 2}), &clock);
    let mut reader = reader(&source, source.splits(4).unwrap());
    let mut ended = Vec::new();
    loop {
        match reader.poll().unwrap() {
            Polled::SplitEnded(id) => ended.push(id.0),
            Polled::End => break,
            Polled::Records(..) | Polled::Pending(_) => {}
        }
    }
    ended.sort_unstable();
    assert_eq!(ended, [0, 1, 2, 3]);
}

#[test]
fn wrong_values_and_positions_are_refused() {
    let clock = ManualClock::default();
    for config in [
        json!({"data": "bids", "keys": 0}),
        json!({"data": "bids", "epm": 0}),
        json!({"data": "bids", "rate": 0.0}),
        json!({"data": "bidz"}),
        json!({"data": "bids", "events": -1}),
    ] {
        assert!(GeneratorSource::try_new(config, Arc::new(clock.clone())).is_err());
    }
    let source = source(json!({"data": "bids"}), &clock);
    let mut splits = source.splits(1).unwrap();
    splits[0].state.truncate(5);
    assert!(
        source
            .reader(splits, SourceContext::alone(Arc::new(|| {})))
            .is_err()
    );
}

#[test]
fn a_paused_split_gives_nothing_until_it_is_resumed() {
    let source = source(
        json!({"data": "bids", "events": 10_000}),
        &ManualClock::default(),
    );
    let splits = source.splits(2).unwrap();
    let first = splits[0].id;
    let mut reader = reader(&source, splits);
    assert!(reader.pause(&[first]));
    let (mut paused, mut records) = (true, 0);
    loop {
        match reader.poll().unwrap() {
            Polled::Records(batch, split) => {
                assert!(!paused || split != first);
                records += batch.count;
            }
            Polled::SplitEnded(_) => {}
            Polled::Pending(_) => {
                assert_eq!(records, 5000, "the other split comes to its end");
                paused = !reader.pause(&[]);
            }
            Polled::End => break,
        }
    }
    assert_eq!(records, 10_000);
}
