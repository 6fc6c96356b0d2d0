//! The hot loops against the published formulas, written down naively.

use proptest::prelude::*;

use super::{CITY, Divisor, EPOCH_MS, FIRST, LAST, Recipe, Run, STATE};
use crate::record_hash::{GOLDEN, HashPlan, fnv1a, mix, step};
use crate::schema::Schema;

fn sm(n: u64, seed: u64) -> u64 {
    mix(n.wrapping_mul(GOLDEN).wrapping_add(seed))
}

fn ts(n: u64, epm: u64) -> u64 {
    (EPOCH_MS + (n / epm) as i64 - ((sm(n, 2) >> 24 & 0xFFFF) % 101) as i64) as u64
}

/// The hash of event n, by the formulas of the contract.
fn naive(recipe: Recipe, n: u64, keys: u64, epm: u64) -> u64 {
    let (r1, r2) = (sm(n, 1), sm(n, 2));
    let key = (r1 >> 1) % keys;
    let fields = match recipe {
        Recipe::Bids => vec![key, (r2 & 0xFF_FFFF) % 100_000, 1 + (r2 >> 44), ts(n, epm)],
        Recipe::Pairs => vec![key, 1],
        Recipe::Latency => vec![key, 1, 77],
        Recipe::Events if n.is_multiple_of(5) => {
            let place = (r1 >> 6 & 7) as usize;
            let name = format!(
                "{} {}",
                FIRST[(r1 & 7) as usize],
                LAST[(r1 >> 3 & 7) as usize]
            );
            let texts = [name.as_str(), CITY[place], STATE[place]];
            let mut fields = vec![0, n / 5, 0, 0, 0, ts(n, epm)];
            fields.extend(texts.map(|text| fnv1a(text.as_bytes())));
            fields
        }
        Recipe::Events => {
            let seller = n / 5 - ((r1 >> 1) % 1000).min(n / 5);
            let category = 10 + (r2 & 0xFF_FFFF) % 5;
            let none = fnv1a(b"");
            vec![
                1,
                n,
                seller,
                category,
                1 + (r2 >> 44),
                ts(n, epm),
                none,
                none,
                none,
            ]
        }
    };
    fields.into_iter().fold(0, step)
}

fn recipes() -> impl Strategy<Value = Recipe> {
    prop_oneof![
        Just(Recipe::Bids),
        Just(Recipe::Pairs),
        Just(Recipe::Events),
        Just(Recipe::Latency),
    ]
}

proptest! {
    #[test]
    fn records_are_those_of_the_contract(
        recipe in recipes(),
        first in 0u64..1 << 40,
        stride in 1u64..300,
        keys in prop_oneof![1u64..2000, 1u64..1 << 62],
        epm in 1u64..200,
    ) {
        let mut run = Run::new(first, stride, keys, epm);
        let plan = HashPlan::of(&Schema::parse(recipe.schema()).unwrap());
        let mut n = first;
        for count in [1, 100, 27] {
            let column = recipe.make(&mut run, count, 77);
            prop_assert!(column.validate("values", count).is_ok());
            for value in column.entries(count) {
                prop_assert_eq!(plan.hash(value).unwrap(), naive(recipe, n, keys, epm));
                n += stride;
            }
            prop_assert_eq!(run.next(), n);
        }
    }

    #[test]
    fn reciprocal_gives_the_remainder(value in 0u64..1 << 63, by in prop_oneof![1u64..100, 1u64..1 << 63]) {
        for value in [value, value / by * by, (value / by * by).saturating_sub(1), (1 << 63) - 1] {
            prop_assert_eq!(Divisor::new(by).remainder(value), value % by);
        }
    }
}

#[test]
fn full_batches_keep_the_limits_of_a_source() {
    for recipe in [Recipe::Bids, Recipe::Pairs, Recipe::Events, Recipe::Latency] {
        // A stride of five makes every event a person, the longest record.
        let mut run = Run::new(0, 5, 10, 1);
        for _ in 0..50 {
            let column = recipe.make(&mut run, recipe.batch_records(), 0);
            assert!(column.data.len() <= dataflow::limits::SOURCE_BATCH_BYTES);
        }
    }
}
