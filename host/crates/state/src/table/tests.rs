//! Tables: shards stay small, figures stay true.

use dataflow::key_group::KeyGroupRange;

use super::*;
use crate::table::shard::UNKNOWN;

fn stamp(epoch: u32) -> Stamp {
    Stamp {
        epoch,
        settled: 0,
        deletes: Deletes::KeepUnlessFresh,
    }
}

fn put(table: &mut Table, n: u64, value: &[u8], epoch: u32) {
    table
        .write_one(&n.to_le_bytes(), &[], |shard, address| {
            shard.put(address, UNKNOWN, value, stamp(epoch))
        })
        .unwrap();
}

fn true_figures(table: &Table) -> (u64, i64) {
    let live = table
        .shards()
        .map(|shard| shard.accounted().live)
        .sum::<i64>();
    let bytes = table.shards().map(|shard| shard.accounted().bytes).sum();
    (live as u64, bytes)
}

#[test]
fn shards_stay_below_five_hundred_entries_as_a_group_grows() {
    let mut table = Table::new(KeyGroupRange::all(1), 1);
    for n in 0..100_000 {
        put(&mut table, n, b"12345678", 1);
    }
    let largest = table.shards().map(|shard| shard.accounted().entries).max();
    assert!(largest.is_some_and(|entries| entries < 500), "{largest:?}");
    assert_eq!(table.live(), 100_000);
}

#[test]
fn figures_stay_true_through_snapshots_splits_and_folds() {
    let mut table = Table::new(KeyGroupRange::all(4), 4);
    let mut held = Vec::new();
    for epoch in 1..8u32 {
        for n in 0..3000u64 {
            put(
                &mut table,
                n * u64::from(epoch % 3 + 1),
                &vec![7; (n as usize * 7) % 50],
                epoch,
            );
            table.tidy();
        }
        held.push(table.freeze());
        if epoch % 3 == 0 {
            held.clear();
        }
        let (live, bytes) = true_figures(&table);
        assert_eq!(table.live(), live);
        assert_eq!(table.figures.bytes, bytes);
    }
    held.clear();
    for n in 0..3000 {
        put(&mut table, n, b"", 9);
        table.tidy();
    }
    assert!(table.layered.is_empty() && !table.spare.is_empty());
    for _ in 0..2 {
        // Nothing is written in these epochs, so nothing has to be kept for copies.
        drop(table.freeze());
    }
    for _ in 0..3000 {
        table.tidy();
    }
    assert!(table.spare.is_empty());
    assert_eq!(table.spare.bytes(), 0);
}

#[test]
fn a_foreign_key_is_refused() {
    let table = Table::new(KeyGroupRange { start: 0, end: 0 }, 4);
    assert!(matches!(
        table.place(b"key", b""),
        Err(StateError::ForeignKey { .. })
    ));
}
