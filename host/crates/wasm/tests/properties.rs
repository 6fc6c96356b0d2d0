//! What holds for every input: batches survive the crossing, and no bytes whatever bring the host down.

mod support;

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::port::operator::Operator;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{behaviors, guests, open, runtime};
use wasm::GuestLimits;

/// A record: timestamp, key, value.
type Record = (i64, Vec<u8>, Vec<u8>);

/// Batches of which some have one width, some no timestamps, and some neither.
fn batches() -> impl Strategy<Value = Batch> {
    let timestamp = prop_oneof![Just(NO_TIMESTAMP), any::<i64>()];
    let mixed = (timestamp, vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..100));
    let fixed = (Just(7), vec(any::<u8>(), 8), vec(any::<u8>(), 24));
    prop_oneof![vec(mixed, 1..50), vec(fixed, 1..50)].prop_map(|records: Vec<Record>| {
        let mut batch = Batch::default();
        for (timestamp, key, value) in &records {
            batch.push(*timestamp, key, value);
        }
        batch
    })
}

#[test]
fn every_batch_survives_the_crossing() {
    let component = behaviors(&runtime());
    let guest = std::cell::RefCell::new(open(&component, "echo", GuestLimits::default()));
    proptest!(|(batch in batches())| {
        let mut guest = guest.borrow_mut();
        prop_assert_eq!(guest.process(0, &batch).expect("good"), batch.count);
        let output = std::mem::take(&mut guest.call().output);
        prop_assert_eq!(&output[0].records, &batch);
    });
}

#[test]
fn no_bytes_bring_the_loader_down() {
    let runtime = runtime();
    let whole = guests::bytes("plain");
    let config = ProptestConfig::with_cases(64);
    proptest!(config, |(at in 0..whole.len(), flip in 1_u8.., cut in any::<bool>())| {
        let mut bytes = whole.clone();
        bytes[at] ^= flip;
        if cut {
            bytes.truncate(at);
        }
        // Loaded or refused, described or trapped: both are fine, a panic of the host is not.
        if let Ok(component) = runtime.load_bytes("mutant", &bytes) {
            drop(component.describe());
        }
    });
}
