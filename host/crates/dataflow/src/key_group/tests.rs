//! The laws of key-group assignment, as properties.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn every_group_has_exactly_the_owner_whose_range_holds_it(max in 1u32..2000, p in 1u32..200) {
        prop_assume!(p <= max);
        let mut next = 0;
        for subtask in 0..p {
            let range = range_of_subtask(subtask, max, p);
            prop_assert_eq!(range.start, next);
            for group in range.start..range.end {
                prop_assert_eq!(subtask_of_key_group(group, max, p), subtask);
            }
            next = range.end;
        }
        prop_assert_eq!(next, max);
    }

    #[test]
    fn a_key_group_is_always_below_max_parallelism(key: Vec<u8>, max in 1u32..40_000) {
        prop_assert!(key_group(&key, max) < max);
    }
}

#[test]
fn key_groups_never_change_between_versions() {
    // State on disk depends on these figures.
    let groups: Vec<u32> = ["", "a", "wasmill", "the quick brown fox"]
        .iter()
        .map(|k| key_group(k.as_bytes(), 128))
        .collect();
    assert_eq!(groups, [22, 115, 59, 56], "got {groups:?}");
    assert_eq!(key_hash(b""), 0x2d06_8005_38d3_94c2);
}
