//! The hash against a naive one over decoded fields, and the fast path against the slow one.

use dataflow::element::Column;
use proptest::prelude::*;
use serde_json::json;

use super::{HashPlan, fnv1a, mix, step};
use crate::schema::Schema;

#[test]
fn functions_are_the_published_ones() {
    assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    // First output of splitmix64 seeded with 0.
    assert_eq!(step(0, 0), 0xe220_a839_7b1d_cdaf);
    assert_eq!(mix(0), 0);
}

fn plan(fields: &[&str]) -> HashPlan {
    let fields: Vec<_> = fields
        .iter()
        .enumerate()
        .map(|(index, kind)| {
            let kind: serde_json::Value = serde_json::from_str(kind).unwrap();
            json!({"name": format!("f{index}"), "type": kind})
        })
        .collect();
    let schema = json!({"type": "record", "name": "R", "fields": fields});
    HashPlan::of(&Schema::from_json(&schema).unwrap())
}

#[test]
fn every_kind_of_field_enters_as_the_contract_says() {
    let plan = plan(&[
        "\"long\"",
        "\"double\"",
        "\"boolean\"",
        "\"string\"",
        r#"["null","long"]"#,
    ]);
    let mut value = Vec::new();
    for word in [1u64, 5, 2.5f64.to_bits(), 1, 48 | 3 << 32, 0] {
        value.extend_from_slice(&word.to_le_bytes());
    }
    value.extend_from_slice(b"abc");
    let expected = [5, 2.5f64.to_bits(), 1, fnv1a(b"abc"), 0];
    let expected = expected.into_iter().fold(0, step);
    assert_eq!(plan.hash(&value).unwrap(), expected);
    let text = HashPlan::of(&Schema::parse("\"string\"").unwrap());
    assert_eq!(text.hash(b"abc").unwrap(), step(0, fnv1a(b"abc")));
}

#[test]
fn wrong_value_is_named_by_its_index() {
    let plan = plan(&["\"long\""]);
    let column = Column::from_entries([&[0; 8][..], &[0; 7][..]]);
    assert_eq!(plan.checksum(&column, 2).unwrap_err().0, 1);
}

proptest! {
    #[test]
    fn fast_path_equals_the_sum_of_single_hashes(
        slots in 1usize..9,
        seed in any::<u64>(),
        count in 0usize..40,
        spelled_out in any::<bool>(),
    ) {
        let plan = plan(&vec!["\"long\""; slots]);
        let words: Vec<u64> = (0..count * slots).map(|i| mix(seed.wrapping_add(i as u64))).collect();
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut column = Column::fixed(data);
        if spelled_out {
            column.ends = (1..=count).map(|i| (i * slots * 8) as u32).collect();
        }
        let naive = words.chunks(slots).fold(0u64, |sum, fields| {
            sum.wrapping_add(fields.iter().fold(0, |hash, field| step(hash, *field)))
        });
        prop_assert_eq!(plan.checksum(&column, count).unwrap(), naive);
    }
}
