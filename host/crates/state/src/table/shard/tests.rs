//! Shards: waste is bounded, hints are safe.

use super::*;

fn address(number: u64, key: &[u8]) -> Address<'_> {
    Address {
        hash: number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        key,
        sub_key: &[],
    }
}

const STAMP: Stamp = Stamp {
    epoch: 1,
    settled: 0,
    deletes: Deletes::Forget,
};

#[test]
fn values_that_change_their_size_do_not_pile_up() {
    let mut shard = Shard::default();
    for round in 0..200usize {
        for n in 0..100u64 {
            let key = n.to_le_bytes();
            let value = vec![1; (round * 37 + n as usize) % 300];
            shard.put(&address(n, &key), UNKNOWN, &value, STAMP);
        }
    }
    assert!(shard.arena.len() < 200_000, "{} bytes", shard.arena.len());
    assert_eq!(shard.live, 100);
}

#[test]
fn a_wrong_hint_never_finds_a_wrong_entry() {
    let mut shard = Shard::default();
    for n in 0..100u64 {
        let key = n.to_le_bytes();
        shard.put(&address(n, &key), UNKNOWN, &key, STAMP);
    }
    let offsets: Vec<u32> = shard.entries().map(|(offset, _)| offset).collect();
    for hint in offsets {
        let key = 42u64.to_le_bytes();
        let located = shard.locate(&address(42, &key), hint);
        assert_eq!(shard.answer(located), Answer::Value(&key));
    }
}

#[test]
fn tombstones_go_once_they_are_settled() {
    let mut shard = Shard::default();
    let keep = Stamp {
        epoch: 2,
        settled: 0,
        deletes: Deletes::KeepUnlessFresh,
    };
    for n in 0..100u64 {
        shard.put(&address(n, &n.to_le_bytes()), UNKNOWN, b"v", STAMP);
    }
    for n in 0..99u64 {
        shard.delete(&address(n, &n.to_le_bytes()), UNKNOWN, keep);
    }
    assert_eq!((shard.live, shard.index.len()), (1, 100));
    let settled = Stamp {
        epoch: 3,
        settled: 2,
        ..keep
    };
    shard.delete(&address(99, &99u64.to_le_bytes()), UNKNOWN, settled);
    assert_eq!((shard.live, shard.index.len()), (0, 1));
}
