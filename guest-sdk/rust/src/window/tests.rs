//! Windows give what a naive model gives, whatever the batches, the cache and the limits.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Assigner, Sliding, Windowed};
use crate::prelude::*;
use crate::testing::{Harness, Options};

/// A key, a value and a timestamp: the value must not be lost or doubled.
type Rec = (i64, i64, i64);

/// What happens in a run.
#[derive(Clone, Debug)]
enum Step {
    Push(Vec<Rec>),
    Watermark(i64),
}

fn job(
    assigner: Assigner,
    lateness: i64,
    cache: usize,
) -> impl Fn(&mut Env) -> Result<(), JobError> {
    move |env| {
        env.cached_keys_max(cache);
        env.source::<Rec>(Connector::new("test"))
            .key_by(|rec| rec.0)
            .window(assigner)
            .allowed_lateness_ms(lateness)
            .aggregate(Sum(|rec: &Rec| rec.1))
            .uid("windows")
            .sink(Connector::new("test"));
        Ok(())
    }
}

type Results = BTreeMap<(i64, i64), Vec<i64>>;

/// Runs the steps and gives, for each key and window, the sums in the order in which they came.
fn run(
    steps: &[Step],
    assigner: Assigner,
    lateness: i64,
    options: &Options,
    cache: usize,
) -> (Results, u64) {
    let job = job(assigner, lateness, cache);
    let mut harness = Harness::with_options(&job, options).unwrap();
    for step in steps {
        match step {
            Step::Push(records) => {
                let timed: Vec<(Rec, i64)> = records.iter().map(|rec| (*rec, rec.2)).collect();
                harness.push_at(0, &timed).unwrap();
            }
            Step::Watermark(time) => harness.advance_watermark(*time).unwrap(),
        }
    }
    harness.finish().unwrap();
    let host = harness.host("windows").unwrap();
    assert_eq!(
        (host.value_count(), host.timer_count()),
        (0, 0),
        "nothing is left behind"
    );
    let mut results = Results::new();
    for emitted in harness.output::<Windowed<i64, i64>>(0).unwrap() {
        let row = emitted.record;
        assert_eq!(row.window_end - row.window_start, assigner.size);
        assert_eq!(emitted.timestamp, Some(row.window_end - 1));
        results
            .entry((row.window_start, row.key))
            .or_default()
            .push(row.value);
    }
    (results, harness.counter(super::late::LATE_RECORDS_DROPPED))
}

/// The same, record by record and window by window.
fn model(steps: &[Step], assigner: Assigner, lateness: i64) -> (Results, u64) {
    let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let (mut results, mut late, mut watermark) = (Results::new(), 0, i64::MIN);
    let fire = |sums: &BTreeMap<(i64, i64), i64>, results: &mut Results, from: i64, to: i64| {
        for (&(start, key), &sum) in sums {
            let complete = start + assigner.size - 1;
            if complete > from && complete <= to {
                results.entry((start, key)).or_default().push(sum);
            }
        }
    };
    for step in steps {
        match step {
            Step::Push(records) => {
                let mut again = Vec::new();
                for &(key, value, timestamp) in records {
                    let (mut open, mut any) = (false, false);
                    let mut start = timestamp - timestamp.rem_euclid(assigner.slide);
                    while start + assigner.size > timestamp {
                        any = true;
                        let complete = start + assigner.size - 1;
                        if complete.saturating_add(lateness) > watermark {
                            open = true;
                            *sums.entry((start, key)).or_default() += value;
                            if complete <= watermark && !again.contains(&(start, key)) {
                                again.push((start, key));
                            }
                        }
                        start -= assigner.slide;
                    }
                    late += u64::from(any && !open);
                }
                for window in again {
                    results
                        .entry((window.0, window.1))
                        .or_default()
                        .push(sums[&window]);
                }
            }
            Step::Watermark(time) if *time > watermark => {
                fire(&sums, &mut results, watermark, *time);
                watermark = *time;
            }
            Step::Watermark(_) => {}
        }
    }
    fire(&sums, &mut results, watermark, i64::MAX);
    (results, late)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let records = prop::collection::vec((0i64..4, 1i64..1000, -300i64..600), 0..12);
    let step = prop_oneof![
        3 => records.prop_map(Step::Push),
        1 => (-300i64..700).prop_map(Step::Watermark),
    ];
    prop::collection::vec(step, 0..14)
}

/// Sizes that are multiples of the slide, that are not, and slides with gaps.
fn shapes() -> impl Strategy<Value = Assigner> {
    prop_oneof![
        (1i64..120).prop_map(|size| Sliding::of_ms(size, size)),
        (1i64..40, 1i64..6).prop_map(|(slide, times)| Sliding::of_ms(slide * times, slide)),
        (1i64..90, 1i64..60).prop_map(|(size, slide)| Sliding::of_ms(size, slide)),
    ]
}

/// Whether a shape leaves gaps: its records without a window are not late.
fn in_model(assigner: Assigner) -> bool {
    assigner.slide <= assigner.size
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_equal_the_naive_model(steps in steps(), assigner in shapes()) {
        let (results, late) = run(&steps, assigner, 0, &Options::default(), 1 << 14);
        let (expected, expected_late) = model(&steps, assigner, 0);
        prop_assert_eq!(results, expected);
        if in_model(assigner) {
            prop_assert_eq!(late, expected_late);
        }
    }

    #[test]
    fn neither_cache_nor_limits_change_results(
        steps in steps(),
        assigner in shapes(),
        soft in 1u32..200,
        cache in 0usize..3,
        forget in any::<bool>(),
    ) {
        let options = Options { output_soft_bytes: soft, forget_between_calls: forget, ..Options::default() };
        let (results, _) = run(&steps, assigner, 0, &options, cache);
        prop_assert_eq!(results, model(&steps, assigner, 0).0);
    }

    #[test]
    fn the_last_result_of_a_window_has_its_allowed_late_records(
        steps in steps(),
        slide in 1i64..60,
        times in 1i64..4,
        lateness in 1i64..200,
        forget in any::<bool>(),
    ) {
        let assigner = Sliding::of_ms(slide * times, slide);
        let options = Options { forget_between_calls: forget, ..Options::default() };
        let (results, late) = run(&steps, assigner, lateness, &options, 1 << 14);
        let (expected, expected_late) = model(&steps, assigner, lateness);
        let last = |results: &Results| -> BTreeMap<(i64, i64), i64> {
            results.iter().filter_map(|(window, sums)| Some((*window, *sums.last()?))).collect()
        };
        prop_assert_eq!(last(&results), last(&expected));
        prop_assert_eq!(late, expected_late);
    }
}

#[test]
fn reductions_see_records_in_the_order_of_their_slices() {
    let job = |env: &mut Env| {
        env.source::<String>(Connector::new("test"))
            .key_by(|_| 0i64)
            .window(Sliding::of_ms(20, 10))
            .reduce(|a, b| a + &b)
            .sink(Connector::new("test"));
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    let timed = [("c", 25), ("a", 5), ("b", 15)].map(|(text, at)| (text.to_owned(), at));
    harness.push_at(0, &timed).unwrap();
    harness.finish().unwrap();
    assert_eq!(
        harness.records::<String>(0).unwrap(),
        ["a", "ab", "bc", "c"]
    );
}

#[test]
fn a_batch_costs_one_read_and_one_write() {
    let job = job(Sliding::of_ms(10, 10), 0, 1 << 14);
    let mut harness = Harness::start(&job, &[]).unwrap();
    let timed: Vec<(Rec, i64)> = (0..100).map(|n| ((n % 7, 1, n), n)).collect();
    harness.push_at(0, &timed).unwrap();
    let calls = harness.host("windows").unwrap().calls();
    let expected = [("get-many", 1), ("put-many", 1), ("register", 1)];
    assert_eq!(calls.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_record_without_timestamp_is_refused_by_number() {
    let job = job(Sliding::of_ms(10, 10), 0, 1 << 14);
    let mut harness = Harness::start(&job, &[]).unwrap();
    let timed: [(Rec, i64); 2] = [((1, 1, 1), 1), ((1, 1, 1), i64::MIN)];
    assert_eq!(harness.push_at(0, &timed).unwrap_err().record, Some(1));
}

#[test]
fn impossible_windows_are_refused() {
    let error = Harness::start(&job(Sliding::of_ms(0, 10), 0, 1), &[])
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("windows of 0 ms every 10 ms are impossible")
    );
}
