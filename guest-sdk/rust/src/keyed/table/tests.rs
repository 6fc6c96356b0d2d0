//! The key table gives equal keys one slot and different keys different ones, in order of appearance.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::KeyTable;
use crate::column::Column;

fn check(width: Option<usize>, keys: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut table = KeyTable::new(width);
    let mut model: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for key in keys {
        let next = model.len() as u32;
        let expected = *model.entry(key.clone()).or_insert(next);
        prop_assert_eq!(
            table.find(key),
            (expected < table.len()).then_some(expected)
        );
        prop_assert_eq!(table.intern(key), expected);
        prop_assert_eq!(table.key(expected), key.as_slice());
    }
    prop_assert_eq!(table.len() as usize, model.len());
    let first = table.len() / 2;
    let mut column = Column::default();
    table.column_from(first, &mut column);
    let count = (table.len() - first) as usize;
    prop_assert!(column.check("keys", count).is_ok());
    for (index, entry) in column.entries(count).enumerate() {
        prop_assert_eq!(entry, table.key(first + index as u32));
    }
    table.clear();
    prop_assert_eq!(table.intern(keys.first().map_or(&[0; 8][..], |k| k)), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_of_any_length_keep_their_slots(keys in prop::collection::vec(prop::collection::vec(0u8..4, 0..20), 1..300)) {
        check(None, &keys)?;
    }

    #[test]
    fn numbers_keep_their_slots(keys in prop::collection::vec(-200i64..200, 1..600)) {
        let keys: Vec<Vec<u8>> = keys.iter().map(|k| k.to_le_bytes().to_vec()).collect();
        check(Some(8), &keys)?;
    }
}

#[test]
fn a_constant_key_has_no_bytes() {
    let mut table = KeyTable::new(Some(0));
    assert_eq!(
        (table.intern(&[]), table.intern(&[]), table.len()),
        (0, 0, 1)
    );
}
