//! Map and value states through the harness: whatever a call does first and whether maps are read ahead or not, every
//! read sees what a plain map per key would show; and what need not be read is not.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::prelude::*;
use crate::testing::{Harness, Options};

/// What a record does to the states of its key.
type Step = (i64, i64, i64, i64);

const PUT: i64 = 0;
const REMOVE: i64 = 1;
const GET: i64 = 2;
const ENTRIES: i64 = 3;
const RANGE: i64 = 4;
const CLEAR: i64 = 5;
const SET: i64 = 6;
const ADD: i64 = 7;
const UNSET: i64 = 8;
const KINDS: i64 = 9;

/// Does the steps and tells what each read.
struct Steps {
    map: MapState<i64, i64>,
    value: ValueState<i64>,
}

impl KeyedProcess for Steps {
    type Key = i64;
    type In = Step;
    type Out = (i64, i64);

    fn process(
        &mut self,
        (key, kind, sub_key, number): Step,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, (i64, i64)>,
    ) -> Outcome {
        let mut told = |told| out.emit((key, told));
        match kind {
            PUT => self.map.put(&sub_key, &number),
            REMOVE => self.map.remove(&sub_key),
            GET => told(self.map.get(&sub_key)?.unwrap_or(-1)),
            ENTRIES => told(digest(self.map.entries()?)),
            RANGE => told(digest(self.map.range(&sub_key, &(sub_key + number % 4))?)),
            CLEAR => self.map.clear(),
            SET => self.value.set(number),
            ADD => told(self.value.modify(0, |value| {
                *value += number;
                *value
            })),
            _ => self.value.clear(),
        }
        Ok(())
    }
}

/// A number that depends on the entries and their order.
fn digest(entries: Vec<(i64, i64)>) -> i64 {
    let add = |sum: i64, (sub_key, value): (i64, i64)| sum * 7 + sub_key * 3 + value;
    entries
        .into_iter()
        .fold(1, |sum, entry| add(sum % 1_000_000, entry))
}

fn job(env: &mut Env) -> Result<(), JobError> {
    env.source::<Step>(Connector::new("steps"))
        .key_by(|step| step.0)
        .process(|ctx| Steps {
            map: ctx.map_state("map"),
            value: ctx.value_state("value"),
        })
        .uid("steps")
        .sink(Print::new());
    Ok(())
}

/// The states of all keys, the naive way.
#[derive(Default)]
struct Model {
    maps: BTreeMap<i64, BTreeMap<i64, i64>>,
    values: BTreeMap<i64, i64>,
}

impl Model {
    fn step(&mut self, (key, kind, sub_key, number): Step) -> Option<i64> {
        let map = self.maps.entry(key).or_default();
        match kind {
            PUT => drop(map.insert(sub_key, number)),
            REMOVE => drop(map.remove(&sub_key)),
            GET => return Some(map.get(&sub_key).copied().unwrap_or(-1)),
            ENTRIES => return Some(digest(map.clone().into_iter().collect())),
            RANGE => {
                let range = map.range(sub_key..=sub_key + number % 4);
                return Some(digest(
                    range.map(|(sub_key, value)| (*sub_key, *value)).collect(),
                ));
            }
            CLEAR => map.clear(),
            SET => drop(self.values.insert(key, number)),
            ADD => {
                let value = self.values.entry(key).or_default();
                *value += number;
                return Some(*value);
            }
            _ => drop(self.values.remove(&key)),
        }
        None
    }
}

/// Batches of steps; in some, one kind is likelier than all others, so that reading ahead begins and ends.
fn batches() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let batch = (0..KINDS, 0..4u8).prop_flat_map(|(usual, bias)| {
        let kind = prop_oneof![
            1 => 0..KINDS,
            u32::from(bias) * 4 => Just(usual),
        ];
        prop::collection::vec((0i64..12, kind, 0i64..6, 0i64..100), 1..40)
    });
    prop::collection::vec(batch, 1..12)
}

proptest! {
    #[test]
    fn every_read_sees_what_a_plain_map_shows(batches in batches(), forget in any::<bool>()) {
        let options = Options { forget_between_calls: forget, ..Options::default() };
        let mut harness = Harness::with_options(&job, &options).expect("the job starts");
        let (mut model, mut expected) = (Model::default(), Vec::new());
        for batch in batches {
            harness.push(0, &batch).unwrap();
            for step in batch {
                expected.extend(model.step(step).map(|told| (step.0, told)));
            }
        }
        prop_assert_eq!(harness.records::<(i64, i64)>(0).unwrap(), expected);
        let held = model.maps.values().map(BTreeMap::len).sum::<usize>() + model.values.len();
        prop_assert_eq!(harness.host("steps").unwrap().value_count(), held);
    }
}

/// The calls about state by the last of these batches.
fn calls_of_the_last(batches: &[Vec<Step>]) -> Vec<(&'static str, u64)> {
    let mut harness = Harness::start(&job, &[]).unwrap();
    let (last, before) = batches.split_last().expect("there is a batch");
    for batch in before {
        harness.push(0, batch).unwrap();
    }
    let earlier = harness.host("steps").unwrap().calls();
    harness.push(0, last).unwrap();
    let now = harness.host("steps").unwrap().calls();
    now.into_iter()
        .map(|(name, count)| (name, count - earlier.get(name).copied().unwrap_or(0)))
        .filter(|(name, count)| *name != "emit" && *count > 0)
        .collect()
}

#[test]
fn batches_that_read_their_maps_read_them_by_one_call() {
    let puts: Vec<Step> = (0..50).map(|key| (key, PUT, key, key)).collect();
    let reads: Vec<Step> = (0..50).map(|key| (key, ENTRIES, 0, 0)).collect();
    let first = calls_of_the_last(&[puts.clone(), reads.clone()]);
    assert_eq!(first, [("scan", 50)]);
    let second = calls_of_the_last(&[puts, reads.clone(), reads]);
    assert_eq!(second, [("scan-many", 1)]);
}

#[test]
fn maps_beyond_one_answer_are_read_by_further_calls() {
    let puts = |from| (from..from + 400).map(|n| (n % 4, PUT, n, n)).collect();
    let reads: Vec<Step> = (0..4).map(|key| (key, ENTRIES, 0, 0)).collect();
    let batches = [
        puts(0),
        puts(400),
        puts(800),
        puts(1200),
        reads.clone(),
        reads,
    ];
    let mut harness = Harness::start(&job, &[]).unwrap();
    for batch in &batches {
        harness.push(0, batch).unwrap();
    }
    let all = |key| digest((0..1600).filter(|n| n % 4 == key).map(|n| (n, n)).collect());
    let expected: Vec<(i64, i64)> = (0..8).map(|n| (n % 4, all(n % 4))).collect();
    assert_eq!(harness.records::<(i64, i64)>(0).unwrap(), expected);
    let calls = calls_of_the_last(&batches);
    assert_eq!(calls, [("scan", 4), ("scan-many", 2)]);
}

#[test]
fn what_is_only_set_or_cleared_is_not_read() {
    let sets: Vec<Step> = (0..50).map(|key| (key, SET, 0, key)).collect();
    assert_eq!(calls_of_the_last(&[sets]), [("put-many", 1)]);
    let clears: Vec<Step> = (0..50).map(|key| (key, UNSET, 0, 0)).collect();
    assert_eq!(calls_of_the_last(&[clears]), [("delete-many", 1)]);
    let maps: Vec<Step> = (0..50).map(|key| (key, CLEAR, 0, 0)).collect();
    assert_eq!(calls_of_the_last(&[maps]), [("clear-many", 1)]);
}
