//! Both tables give slots in order of first sight, as a plain list does.

use proptest::prelude::*;

use super::{LongKeys, TextKeys};

/// The slot of a key by looking at all.
fn naive<K: PartialEq + Clone>(known: &mut Vec<K>, key: &K) -> u32 {
    let at = known.iter().position(|k| k == key).unwrap_or_else(|| {
        known.push(key.clone());
        known.len() - 1
    });
    at as u32
}

proptest! {
    #[test]
    fn long_keys_have_the_slots_of_a_list(keys in prop::collection::vec(-20_i64..20, 0..200)) {
        let (mut table, mut list) = (LongKeys::default(), Vec::new());
        for key in &keys {
            prop_assert_eq!(table.intern(key.to_le_bytes()), naive(&mut list, key));
        }
        prop_assert_eq!(table.len(), list.len());
        let all: Vec<u8> = list.iter().flat_map(|key| key.to_le_bytes()).collect();
        prop_assert_eq!(table.column_from(0).data, all);
    }

    #[test]
    fn text_keys_have_the_slots_of_a_list(keys in prop::collection::vec("[ab]{0,4}", 0..200)) {
        let (mut table, mut list) = (TextKeys::default(), Vec::new());
        for key in &keys {
            prop_assert_eq!(table.intern(key.as_bytes()), naive(&mut list, key));
        }
        let all = table.column(0..table.len() as u32);
        let entries: Vec<&[u8]> = all.entries(list.len()).collect();
        let expected: Vec<&[u8]> = list.iter().map(String::as_bytes).collect();
        prop_assert_eq!(entries, expected);
        table.clear();
        prop_assert_eq!(table.intern(b"a"), 0);
    }
}
