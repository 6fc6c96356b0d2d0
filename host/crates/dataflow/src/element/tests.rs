//! Columns and batches against plain vectors of records.

use proptest::prelude::*;

use super::*;

fn records() -> impl Strategy<Value = Vec<(i64, Vec<u8>, Vec<u8>)>> {
    prop::collection::vec(
        (
            any::<i64>(),
            prop::collection::vec(any::<u8>(), 0..3),
            prop::collection::vec(any::<u8>(), 0..9),
        ),
        0..40,
    )
}

fn batch_of(records: &[(i64, Vec<u8>, Vec<u8>)]) -> Batch {
    let mut batch = Batch::default();
    for (timestamp, key, value) in records {
        batch.push(*timestamp, key, value);
    }
    batch
}

fn records_of(batch: &Batch) -> Vec<(i64, Vec<u8>, Vec<u8>)> {
    (0..batch.len())
        .map(|i| {
            (
                batch.timestamp(i),
                batch.key(i).to_vec(),
                batch.value(i).to_vec(),
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn a_batch_gives_back_what_was_pushed(records in records()) {
        let batch = batch_of(&records);
        prop_assert_eq!(batch.validate(1000), Ok(()));
        prop_assert_eq!(records_of(&batch), records);
    }

    #[test]
    fn splitting_a_batch_keeps_every_record_in_order(records in records(), at in 0usize..40) {
        prop_assume!(at <= records.len());
        let mut head = batch_of(&records);
        let tail = head.split_off(at);
        prop_assert_eq!(tail.validate(1000), Ok(()));
        let mut joined = records_of(&head);
        joined.extend(records_of(&tail));
        prop_assert_eq!(joined, records);
    }

    #[test]
    fn appending_a_batch_is_pushing_its_records(first in records(), second in records()) {
        let mut batch = batch_of(&first);
        batch.append(&batch_of(&second));
        prop_assert_eq!(batch.validate(1000), Ok(()));
        let all: Vec<_> = first.into_iter().chain(second).collect();
        prop_assert_eq!(records_of(&batch), all);
    }

    #[test]
    fn arbitrary_columns_are_refused_or_readable(ends: Vec<u32>, data: Vec<u8>, count in 0usize..20) {
        let column = Column { ends: ends.into_iter().map(|e| e % 30).collect(), data };
        if column.validate("values", count).is_ok() {
            let total: usize = column.entries(count).map(<[u8]>::len).sum();
            prop_assert_eq!(total, column.data.len());
        }
    }
}

#[test]
fn entries_of_one_width_need_no_ends() {
    let column = Column::from_entries([&b"ab"[..], b"cd", b"ef"]);
    assert!(column.ends.is_empty());
    assert_eq!(column.get(1, 3), b"cd");
    let mixed = Column::from_entries([&b"ab"[..], b"cd", b"e"]);
    assert_eq!(mixed.ends, [2, 4, 5]);
}
