//! Promises of the output interface.

use super::*;

fn batch(count: usize) -> Batch {
    let mut batch = Batch::default();
    for index in 0..count {
        let value = index.to_le_bytes();
        batch.push(index as i64, b"k", &value[..index % 9]);
    }
    batch
}

#[test]
fn a_large_batch_is_cut_into_the_same_records() {
    for count in [
        BATCH_RECORDS_MAX + 1,
        2 * BATCH_RECORDS_MAX,
        3 * BATCH_RECORDS_MAX + 7,
    ] {
        let whole = batch(count);
        let parts = cut(&mut whole.clone());
        let mut at = 0;
        for part in &parts {
            assert!(!part.is_empty() && part.validate(BATCH_RECORDS_MAX).is_ok());
            for index in 0..part.len() {
                assert_eq!(part.timestamp(index), whole.timestamp(at));
                assert_eq!(part.value(index), whole.value(at));
                at += 1;
            }
        }
        assert_eq!(at, count);
    }
}

#[test]
fn a_record_that_no_edge_carries_is_refused() {
    let mut records = Batch::default();
    records.push(0, b"", &vec![0; RECORD_BYTES_MAX + 1]);
    assert!(matches!(
        check_record_sizes(&records),
        Err(Refusal::Limit {
            limit: "record (bytes)",
            ..
        })
    ));
}
