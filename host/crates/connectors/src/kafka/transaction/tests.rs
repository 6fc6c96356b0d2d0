//! Committables: read back as they were, and nothing else is read.

use proptest::prelude::*;

use super::*;

#[test]
fn a_transaction_is_read_back_from_its_committable() {
    let transaction = Transaction {
        group: Transaction::group("prefix", "run-3"),
        epoch: CheckpointId(7),
        segments: vec![dataflow::port::segment::SegmentStore::default().put(vec![1])],
    };
    let committable = transaction.clone().into_committable();
    let read = Transaction::from_committable(&committable).expect("it was written");
    assert_eq!(read, transaction);
}

#[test]
fn two_runs_have_markers_of_their_own() {
    assert_ne!(
        Transaction::group("p", "a-1"),
        Transaction::group("p", "a-2")
    );
}

proptest! {
    #[test]
    fn bytes_that_are_no_committable_are_an_error_and_no_panic(bytes: Vec<u8>) {
        let _ = Transaction::from_committable(&Committable::new(bytes));
    }
}
