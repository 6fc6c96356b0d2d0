//! What joins, deduplication and reads of ranges promise, against nested loops and plain maps, with few cached keys and
//! fresh instances.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::prelude::*;
use crate::testing::{Harness, Options};

type Pair = (i64, i64);
type Joined = (i64, i64, i64);

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..ProptestConfig::default()
    }
}

/// The interval join of two sources of (key, number), with late records at the side.
fn interval(env: &mut Env) -> Result<(), JobError> {
    let lower: i64 = env.param("lower").default(-3)?;
    let upper: i64 = env.param("upper").default(4)?;
    let late = OutputTag::<Pair>::new("late left");
    let [a, b] = ["a", "b"].map(|name| env.source::<Pair>(Connector::new(name)).key_by(|p| p.0));
    let joined = a
        .interval_join(b)
        .between(lower, upper)
        .side_output_left_late(OutputTag::new("late left"));
    let outer: bool = env.param("outer").default(false)?;
    let joined = match outer {
        false => joined.process(|a, b, out| out.emit((a.0, a.1, b.1))),
        true => joined.process_outer(JoinType::FullOuter, |a, b, out| {
            let key = a.or(b).map_or(-1, |pair| pair.0);
            out.emit((key, a.map_or(-1, |a| a.1), b.map_or(-1, |b| b.1)));
        }),
    };
    let joined = joined.uid("join");
    joined.side_output(&late).sink(Connector::new("late"));
    joined.sink(Connector::new("test"));
    Ok(())
}

fn entries(harness: &Harness<'_>, uid: &str) -> usize {
    harness
        .host(uid)
        .map_or(usize::MAX, |host| host.value_count())
}

fn sorted<T: Ord>(mut records: Vec<T>) -> Vec<T> {
    records.sort();
    records
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_interval_join_equals_a_nested_loop_and_leaves_nothing(
        // Side, key, and how far the record's time is behind its index.
        records in prop::collection::vec((0usize..2, 0i64..3, 0i64..5), 1..60),
        bounds in (-6i64..6, 0i64..8),
        forget in any::<bool>(),
        outer in any::<bool>(),
    ) {
        let (lower, upper) = (bounds.0, bounds.0 + bounds.1);
        let options = Options {
            arguments: vec![
                ("outer".to_owned(), outer.to_string()),
                ("lower".to_owned(), lower.to_string()),
                ("upper".to_owned(), upper.to_string()),
            ],
            forget_between_calls: forget,
            ..Options::default()
        };
        let mut harness = Harness::with_options(&interval, &options).unwrap();
        let mut sides: [Vec<(i64, i64, i64)>; 2] = [Vec::new(), Vec::new()];
        for (index, &(side, key, behind)) in records.iter().enumerate() {
            let (number, time) = (index as i64, index as i64 - behind);
            harness.push_at(side, &[((key, number), time)]).unwrap();
            harness.advance_watermark(number - 5).unwrap();
            sides[side].push((key, number, time));
        }
        harness.finish().unwrap();
        let mut expected = Vec::new();
        for &(key, a, at) in &sides[0] {
            for &(other, b, bt) in &sides[1] {
                if key == other && (at + lower..=at + upper).contains(&bt) {
                    expected.push((key, a, b));
                }
            }
        }
        if outer {
            let pairs = expected.clone();
            let is_alone = |number: i64| pairs.iter().all(|pair| pair.1 != number && pair.2 != number);
            let alone = |side: &[(i64, i64, i64)]| {
                let alone = side.iter().filter(|(_, number, _)| is_alone(*number));
                alone.map(|(key, number, _)| (*key, *number)).collect::<Vec<_>>()
            };
            expected.extend(alone(&sides[0]).into_iter().map(|(key, a)| (key, a, -1)));
            expected.extend(alone(&sides[1]).into_iter().map(|(key, b)| (key, -1, b)));
        }
        prop_assert_eq!(sorted(harness.records::<Joined>(1).unwrap()), sorted(expected));
        prop_assert_eq!(entries(&harness, "join"), 0);
    }
}

#[test]
fn late_records_of_an_interval_join_are_counted_or_given_out() {
    let mut harness = Harness::start(&interval, &[]).unwrap();
    harness.push_at(1, &[((7i64, 1i64), 100)]).unwrap();
    harness.advance_watermark(100).unwrap();
    harness
        .push_at(0, &[((7i64, 2i64), 100), ((7, 3), 101)])
        .unwrap();
    harness.push_at(1, &[((7i64, 4i64), 99)]).unwrap();
    assert_eq!(harness.records::<Pair>(0).unwrap(), [(7, 2)]);
    assert_eq!(harness.records::<Joined>(1).unwrap(), [(7, 3, 1)]);
    assert_eq!(harness.counter("numLateRecordsDropped"), 1);
}

#[test]
fn pairs_of_an_interval_join_have_the_later_timestamp() {
    let mut harness = Harness::start(&interval, &[]).unwrap();
    harness.push_at(0, &[((7i64, 1i64), 10)]).unwrap();
    harness
        .push_at(1, &[((7i64, 2i64), 8), ((7, 3), 12)])
        .unwrap();
    let times: Vec<_> = harness.output::<Joined>(1).unwrap();
    let times: Vec<_> = times.iter().map(|pair| pair.timestamp).collect();
    assert_eq!(times, [Some(10), Some(12)]);
}

#[test]
fn an_interval_join_without_timestamps_is_refused() {
    let mut harness = Harness::start(&interval, &[]).unwrap();
    let failure = harness.push(0, &[(7i64, 1i64)]).unwrap_err();
    assert!(
        failure.to_string().contains("assign_timestamps"),
        "{failure}"
    );
}

#[test]
fn a_regular_join_forgets_records_that_are_too_old() {
    let job = |env: &mut Env| {
        let [a, b] =
            ["a", "b"].map(|name| env.source::<Pair>(Connector::new(name)).key_by(|p| p.0));
        a.join(b)
            .ttl_ms(100)
            .process(|a, b, out| out.emit((a.0, a.1, b.1)))
            .uid("join")
            .sink(Connector::new("test"));
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    harness.set_clock(1000).unwrap();
    harness.push(0, &[(7i64, 1i64)]).unwrap();
    harness.set_clock(1099).unwrap();
    harness.push(1, &[(7i64, 2i64), (8, 3)]).unwrap();
    harness.set_clock(1100).unwrap();
    harness.push(1, &[(7i64, 4i64)]).unwrap();
    harness.push(0, &[(7i64, 5i64)]).unwrap();
    let joined = harness.records::<Joined>(0).unwrap();
    assert_eq!(joined, [(7, 1, 2), (7, 5, 2), (7, 5, 4)]);
    harness.set_clock(1300).unwrap();
    assert_eq!(entries(&harness, "join"), 0);
}

#[test]
fn duplicates_within_a_bound_are_dropped_and_keys_forgotten() {
    let job = |env: &mut Env| {
        env.source::<Pair>(Connector::new("test"))
            .key_by(|p| p.0)
            .dedup_within_ms(10)
            .uid("dedup")
            .sink(Connector::new("test"));
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    let records = [
        ((1i64, 1i64), 100),
        ((1, 2), 109),
        ((2, 3), 105),
        ((1, 4), 110),
        ((1, 5), 95),
        ((1, 6), 119),
    ];
    harness.push_at(0, &records).unwrap();
    harness.advance_watermark(119).unwrap();
    assert_eq!(entries(&harness, "dedup"), 1);
    harness.push_at(0, &[((1i64, 7i64), 120)]).unwrap();
    let passed = harness.records::<Pair>(0).unwrap();
    assert_eq!(passed, [(1, 1), (2, 3), (1, 4), (1, 5), (1, 7)]);
    harness.finish().unwrap();
    assert_eq!(entries(&harness, "dedup"), 0);
    // Without timestamps the operator's clock counts.
    let mut harness = Harness::start(&job, &[]).unwrap();
    for (clock, record) in [(50, 1i64), (59, 2), (60, 3)] {
        harness.set_clock(clock).unwrap();
        harness.push(0, &[(9i64, record)]).unwrap();
    }
    assert_eq!(harness.records::<Pair>(0).unwrap(), [(9, 1), (9, 3)]);
}

/// Changes a map and shows a range of it.
struct Ranges(MapState<i64, i64>);

/// What to do (0 put, 1 remove, else nothing), where, and the range to show.
type Ask = (i64, i64, i64, i64);

impl KeyedProcess for Ranges {
    type Key = i64;
    type In = Ask;
    type Out = Vec<(i64, i64)>;

    fn process(
        &mut self,
        (what, at, first, last): Ask,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Vec<(i64, i64)>>,
    ) -> Outcome {
        match what {
            0 => self.0.put(&at, &(at + first)),
            1 => self.0.remove(&at),
            _ => {}
        }
        out.emit(self.0.range(&first, &last)?);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_range_of_a_map_is_that_of_a_plain_map(
        batches in prop::collection::vec(
            prop::collection::vec((0i64..4, -40i64..40, -45i64..45, 0i64..60), 1..80),
            1..6,
        ),
        forget in any::<bool>(),
    ) {
        let job = |env: &mut Env| {
            env.source::<Ask>(Connector::new("test"))
                .key_by(|_| 0i64)
                .process(|ctx| Ranges(ctx.map_state("map")))
                .sink(Connector::new("test"));
            Ok(())
        };
        let options = Options { forget_between_calls: forget, ..Options::default() };
        let mut harness = Harness::with_options(&job, &options).unwrap();
        let (mut map, mut expected) = (BTreeMap::new(), Vec::new());
        for batch in &batches {
            let asks: Vec<Ask> = batch.iter().map(|&(w, at, f, len)| (w, at, f, f + len)).collect();
            harness.push(0, &asks).unwrap();
            for (what, at, first, last) in asks {
                match what {
                    0 => drop(map.insert(at, at + first)),
                    1 => drop(map.remove(&at)),
                    _ => {}
                }
                let range: Vec<(i64, i64)> = map.range(first..=last).map(|(a, b)| (*a, *b)).collect();
                expected.push(range);
            }
        }
        prop_assert_eq!(harness.records::<Vec<(i64, i64)>>(0).unwrap(), expected);
    }
}

#[test]
fn a_cache_keeps_what_was_used_last() {
    let mut cache = LruCache::new(3);
    let mut loads = 0;
    for key in [1, 2, 3, 1, 4, 1, 2, 3] {
        cache.get_or_insert_with(key, |_| loads += 1);
    }
    // 1 2 3 are loaded, 4 drops 2, 2 drops 3, 3 drops 4.
    assert_eq!(loads, 6);
    assert!(cache.contains(&1) && cache.contains(&2) && cache.contains(&3));
}
