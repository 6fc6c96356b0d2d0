//! The general operator gives what a naive model gives, whatever the batches, the cache and the limits.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::prelude::*;
use crate::testing::{Harness, Options};
use crate::window::late::{LATE_RECORDS_DROPPED, LATE_RECORDS_OUT, RECORDS_IN_NO_WINDOW};

/// A key, a value and a timestamp.
type Rec = (i64, i64, i64);
/// Key, start, end, sum.
type Row4 = (i64, i64, i64, i64);

/// What happens in a run.
#[derive(Clone, Debug)]
enum Step {
    Push(Vec<Rec>),
    Watermark(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let records = prop::collection::vec((0i64..3, 1i64..1000, -300i64..600), 0..12);
    let step = prop_oneof![
        3 => records.prop_map(Step::Push),
        1 => (-300i64..700).prop_map(Step::Watermark),
    ];
    prop::collection::vec(step, 0..14)
}

/// Runs the steps; what came out, sorted, and the counters: late, gap.
fn run(
    job: &dyn Fn(&mut Env) -> Result<(), JobError>,
    options: &Options,
    steps: &[Step],
) -> (Vec<Row4>, u64, u64) {
    let mut harness = Harness::with_options(job, options).unwrap();
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
    let left = (host.value_count(), host.timer_count());
    assert_eq!(left, (0, 0), "nothing is left behind");
    let mut rows = harness.records::<Row4>(0).unwrap();
    rows.sort_unstable();
    let late = harness.counter(LATE_RECORDS_DROPPED) + harness.counter(LATE_RECORDS_OUT);
    (rows, late, harness.counter(RECORDS_IN_NO_WINDOW))
}

/// How windows are made in the model.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Regular(i64, i64, i64),
    Session(i64),
}

impl Kind {
    fn windows(self, time: i64) -> Vec<(i64, i64)> {
        match self {
            Self::Session(gap) => vec![(time, time + gap)],
            Self::Regular(size, slide, offset) => (-2000..2000)
                .map(|n| n * slide + offset)
                .filter(|start| *start <= time && time < start + size)
                .map(|start| (start, start + size))
                .collect(),
        }
    }

    fn merges(self) -> bool {
        matches!(self, Self::Session(_))
    }
}

/// The windows of all keys in the model: (key, start, end) and the sum so far.
type Live = BTreeMap<(i64, i64, i64), i64>;

/// Puts a window with a value among the live ones and gives its key there; none if it is late.
fn place(live: &mut Live, kind: Kind, window: Row4, over: i64) -> Option<(i64, i64, i64)> {
    let (key, mut start, mut end, value) = window;
    let mut sum = value;
    let mut touching = Vec::new();
    for &(k, s, e) in live.keys() {
        let same = if kind.merges() {
            s <= window.2 && window.1 <= e
        } else {
            (s, e) == (start, end)
        };
        if k == key && same {
            touching.push((k, s, e));
        }
    }
    if touching.is_empty() && end - 1 <= over {
        return None;
    }
    for old in touching {
        sum += live.remove(&old).unwrap();
        (start, end) = (start.min(old.1), end.max(old.2));
    }
    live.insert((key, start, end), sum);
    Some((key, start, end))
}

/// The same, record by record and window by window.
fn model(steps: &[Step], kind: Kind, lateness: i64) -> (Vec<Row4>, u64, u64) {
    let (mut live, mut rows) = (Live::new(), Vec::new());
    let (mut late, mut gap, mut watermark) = (0, 0, i64::MIN);
    let mut steps = steps.to_vec();
    steps.push(Step::Watermark(i64::MAX));
    for step in steps {
        match step {
            Step::Push(records) => {
                for (key, value, time) in records {
                    let windows = kind.windows(time);
                    gap += u64::from(windows.is_empty());
                    let (mut any, all) = (false, windows.len());
                    for (start, end) in windows {
                        let over = watermark.saturating_sub(lateness);
                        let window = (key, start, end, value);
                        let Some(at) = place(&mut live, kind, window, over) else {
                            continue;
                        };
                        any = true;
                        if at.2 - 1 <= watermark {
                            rows.push((key, at.1, at.2, live[&at]));
                        }
                    }
                    late += u64::from(!any && all > 0);
                }
            }
            Step::Watermark(time) => {
                for (&(key, start, end), &sum) in &live {
                    if end - 1 > watermark && end - 1 <= time {
                        rows.push((key, start, end, sum));
                    }
                }
                watermark = watermark.max(time);
                live.retain(|&(_, _, end), _| (end - 1).saturating_add(lateness) > watermark);
            }
        }
    }
    rows.sort_unstable();
    (rows, late, gap)
}

/// Which window function the job has.
#[derive(Clone, Copy, Debug)]
enum Function {
    Incremental,
    All,
}

fn sum_all(key: &i64, window: Window, all: &[Timestamped<Rec>], out: &mut Collector<'_, Row4>) {
    let sum = all.iter().map(|element| element.record.1).sum();
    out.emit((*key, window.start, window.end, sum));
}

fn finish(windows: WindowedStream<i64, Rec>, function: Function) {
    let rows = match function {
        Function::All => windows.process(sum_all),
        Function::Incremental => {
            windows.aggregate_with(Sum(|rec: &Rec| rec.1), |key: &i64, window, sum, out| {
                out.emit((*key, window.start, window.end, sum));
            })
        }
    };
    rows.uid("windows").sink(Connector::new("test"));
}

fn keyed(env: &mut Env, cache: usize) -> KeyedStream<i64, Rec> {
    env.cached_keys_max(cache);
    env.source::<Rec>(Connector::new("test"))
        .key_by(|rec| rec.0)
}

/// A trigger that is the default one, but not known to be.
struct Custom;

impl Trigger<Rec> for Custom {
    type State = ();

    fn on_element(&self, rec: &Rec, ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        EventTimeTrigger.on_element(rec, ctx)
    }

    fn on_event_time(&self, time: i64, ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        <EventTimeTrigger as Trigger<Rec>>::on_event_time(&EventTimeTrigger, time, ctx)
    }

    fn can_merge(&self) -> bool {
        true
    }

    fn on_merge(&self, merged: &[()], ctx: &mut TriggerContext<'_, ()>) {
        <EventTimeTrigger as Trigger<Rec>>::on_merge(&EventTimeTrigger, merged, ctx);
    }

    fn clear(&self, ctx: &mut TriggerContext<'_, ()>) {
        <EventTimeTrigger as Trigger<Rec>>::clear(&EventTimeTrigger, ctx);
    }
}

fn options() -> impl Strategy<Value = (Options, usize)> {
    (
        prop_oneof![Just(1 << 18), 1u32..200],
        any::<bool>(),
        prop_oneof![Just(1 << 14), 0usize..3],
    )
        .prop_map(|(soft, forget, cache)| {
            let options = Options {
                output_soft_bytes: soft,
                forget_between_calls: forget,
                ..Options::default()
            };
            (options, cache)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sessions_equal_the_naive_model(
        steps in steps(),
        gap in 1i64..200,
        lateness in prop_oneof![Just(0i64), 1i64..200],
        (options, cache) in options(),
        all in any::<bool>(),
        custom in any::<bool>(),
    ) {
        let function = if all { Function::All } else { Function::Incremental };
        let job = move |env: &mut Env| {
            let windows = keyed(env, cache).window(Session::with_gap_ms(gap)).allowed_lateness_ms(lateness);
            finish(if custom { windows.trigger(Custom) } else { windows }, function);
            Ok(())
        };
        prop_assert_eq!(run(&job, &options, &steps), model(&steps, Kind::Session(gap), lateness));
    }

    #[test]
    fn regular_windows_equal_the_naive_model(
        steps in steps(),
        (size, slide, offset) in (1i64..200, 1i64..90, -90i64..90),
        lateness in prop_oneof![Just(0i64), 1i64..200],
        (options, cache) in options(),
        custom in any::<bool>(),
    ) {
        let offset = offset % slide;
        let job = move |env: &mut Env| {
            let assigner = Sliding::of_ms(size, slide).offset_ms(offset);
            let windows = keyed(env, cache).window(assigner).allowed_lateness_ms(lateness);
            finish(if custom { windows.trigger(Custom) } else { windows }, Function::All);
            Ok(())
        };
        let kind = Kind::Regular(size, slide, offset);
        prop_assert_eq!(run(&job, &options, &steps), model(&steps, kind, lateness));
    }
}

#[test]
fn sessions_that_merge_keep_the_order_of_their_starts() {
    for forget in [false, true] {
        let job = |env: &mut Env| {
            env.source::<String>(Connector::new("test"))
                .key_by(|_| 0i64)
                .window(Session::with_dynamic_gap(|text: &String| {
                    match text.as_str() {
                        "x" => 100,
                        _ => 10,
                    }
                }))
                .reduce(|a, b| a + &b)
                .sink(Connector::new("test"));
            Ok(())
        };
        let options = Options {
            forget_between_calls: forget,
            ..Options::default()
        };
        let mut harness = Harness::with_options(&job, &options).unwrap();
        for (text, at) in [("c", 30), ("e", 60), ("a", 0), ("x", 5), ("late", 500)] {
            harness.push_at(0, &[(text.to_owned(), at)]).unwrap();
        }
        harness.finish().unwrap();
        assert_eq!(harness.records::<String>(0).unwrap(), ["acex", "late"]);
    }
}

#[test]
fn a_batch_of_sessions_costs_one_read_and_one_write() {
    let job = |env: &mut Env| {
        finish(
            keyed(env, 100).window(Session::with_gap_ms(5)),
            Function::Incremental,
        );
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    let timed: Vec<(Rec, i64)> = (0..100).map(|n| ((n % 7, 1, n), n)).collect();
    harness.push_at(0, &timed).unwrap();
    let calls = harness.host("windows").unwrap().calls();
    let expected = [("get-many", 1), ("put-many", 1), ("register", 1)];
    assert_eq!(calls.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn processing_time_windows_follow_the_clock() {
    let job = |env: &mut Env| {
        let windows = keyed(env, 100).window(Tumbling::of_ms(100).processing_time());
        finish(windows, Function::Incremental);
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    harness.set_clock(915).unwrap();
    harness.push(0, &[(1, 10, 0), (1, 20, 0)]).unwrap();
    harness.set_clock(999).unwrap();
    harness.push(0, &[(1, 30, 0)]).unwrap();
    assert_eq!(harness.records::<Row4>(0).unwrap(), []);
    harness.set_clock(1000).unwrap();
    assert_eq!(harness.records::<Row4>(0).unwrap(), [(1, 900, 1000, 60)]);
    assert_eq!(harness.host("windows").unwrap().timer_count(), 0);
}

#[test]
fn counts_of_sessions_that_merge_add_up() {
    let job = |env: &mut Env| {
        let windows = keyed(env, 100).window(Session::with_gap_ms(10));
        finish(windows.trigger(CountTrigger::of(4)), Function::All);
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    let timed = |at: i64| ((1, at, at), at);
    harness
        .push_at(0, &[timed(0), timed(20), timed(21)])
        .unwrap();
    assert_eq!(harness.records::<Row4>(0).unwrap(), []);
    harness.push_at(0, &[timed(10)]).unwrap();
    assert_eq!(harness.records::<Row4>(0).unwrap(), [(1, 0, 31, 51)]);
}

#[test]
fn a_continuous_trigger_ends_with_its_input() {
    let job = |env: &mut Env| {
        let windows = keyed(env, 100).window(GlobalWindows);
        finish(
            windows.trigger(ContinuousEventTimeTrigger::of_ms(10)),
            Function::All,
        );
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    harness.push_at(0, &[((1, 5, 3), 3)]).unwrap();
    harness.advance_watermark(25).unwrap();
    let sum = (1, i64::MIN, i64::MAX, 5);
    assert_eq!(harness.records::<Row4>(0).unwrap(), [sum, sum]);
    harness.finish().unwrap();
    assert!(harness.records::<Row4>(0).unwrap().len() <= 4);
}
