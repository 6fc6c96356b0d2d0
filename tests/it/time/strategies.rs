//! Where watermarks come from, and who does not hold them back.

use std::time::Duration;

use super::{case, figure, long, printed};
use crate::support::oracle::random;
use crate::support::wait::now_ns;

const NONE: i64 = i64::MIN;

/// Records enough for several batches: (key, timestamp), out of order.
fn events() -> Vec<(i64, i64)> {
    let event = |n: u64| {
        let draw = random(n, 7);
        (
            i64::from(draw.is_multiple_of(50)),
            n as i64 * 3 + (draw >> 32) as i64 % 40,
        )
    };
    (0..3000).map(event).collect()
}

/// Runs the records through a strategy. What an operator sees must be what the rule makes of some of the records before
/// (watermarks may be late, never early), must not go back, and must go on.
fn check(strategy: &str, arguments: &[(&str, i64)], rule: impl Fn((i64, i64)) -> Option<i64>) {
    let events = events();
    let numbered = events.iter().enumerate();
    let text: Vec<String> = numbered
        .map(|(n, (key, ts))| format!("{key},{ts},{n}"))
        .collect();
    let mut run = case("watermarks")
        .param("strategy", strategy)
        .param("events", text.join(" "));
    for (name, value) in arguments {
        run = run.param(name, value);
    }
    let ended = run.end().success();
    let seen = printed(&ended);
    let (last, records) = seen.split_last().expect("a result");
    assert_eq!(long(last, "watermark"), i64::MAX, "at the end of the input");
    assert_eq!(records.len(), events.len(), "{strategy}");
    let mut possible = vec![NONE];
    let mut before = NONE;
    for (record, event) in records.iter().zip(&events) {
        let watermark = long(record, "watermark");
        assert!(
            possible.contains(&watermark),
            "{strategy}: {record} is early"
        );
        assert!(watermark >= before, "{strategy}: {record} after {before}");
        before = watermark;
        let most = *possible.last().expect("the first is there");
        possible.push(rule(*event).map_or(most, |watermark| watermark.max(most)));
    }
    assert_eq!(
        before > NONE,
        strategy != "none",
        "{strategy} ends at {before}"
    );
}

#[test]
fn each_strategy_makes_its_own_watermarks() {
    check("bounded", &[("bound", 40)], |(_, ts)| Some(ts - 41));
    check("monotonic", &[], |(_, ts)| Some(ts - 1));
    check("punctuated", &[], |(key, ts)| (key == 1).then_some(ts));
    check("none", &[], |_| None);
}

#[test]
fn a_silent_source_does_not_hold_back_event_time() {
    let mut running = case("beside-another").param("idle", 50).start();
    let fired = running.reaches("a window", |running| running.output().contains("start"));
    assert!(fired, "the job is endless");
    running.kill();
}

#[test]
fn a_source_that_has_ended_does_not_hold_back_event_time() {
    let run = case("beside-another").param("other", "short");
    let mut running = run.param("events", "1,5,1 2,6,2").start();
    let fired = running.reaches("a window", |running| {
        running.output().contains("\"start\":1600")
    });
    assert!(fired, "the job is endless");
    running.kill();
}

#[test]
fn ingestion_time_is_stamped_once_and_advances_by_itself() {
    let start_ns = now_ns();
    let run = case("ingestion").param("n", 2000).param("rate", 4000);
    let ended = run.parallelism(2).end().success();
    let lasted = Duration::from_nanos(now_ns() - start_ns);
    let summary = ended.summary();
    let windows = printed(&ended);
    let count: i64 = windows.iter().map(|window| long(window, "count")).sum();
    assert_eq!(count, 2000, "{}", ended.told());
    assert_eq!(figure(&summary, "window", "numLateRecordsDropped"), 0);
    let changed: i64 = windows.iter().map(|window| long(window, "changed")).sum();
    assert_eq!(changed, 0, "a stamp changed on its way\n{}", ended.told());
    let starts = windows.iter().map(|window| long(window, "start"));
    let (first, last) = (starts.clone().min(), starts.max());
    let span = last.expect("a window") - first.expect("a window");
    assert!(
        u128::from(span.unsigned_abs()) <= lasted.as_millis() + 50,
        "{span} ms"
    );
    // All but those that the end of the input completes fire by the clock, after they are over.
    let early = windows.iter().filter(|window| long(window, "after_ms") < 0);
    for window in early {
        assert_eq!(Some(long(window, "start")), last, "{}", ended.told());
    }
    assert!(span >= 300, "several windows: {span} ms");
}

#[test]
fn bad_strategies_are_refused_before_anything_runs() {
    let refused = |arguments: &[(&str, &str)], reason: &str| {
        let name = arguments[0].1;
        let mut run = case(name);
        for (name, value) in &arguments[1..] {
            run = run.param(name, value);
        }
        run.end().fails_naming(&["assigner", reason]);
    };
    refused(&[("case", "watermarks"), ("bound", "-3")], "out of order");
    refused(&[("case", "watermarks"), ("idle", "-1")], "at least 1");
    refused(
        &[("case", "watermarks"), ("strategy", "none"), ("drift", "5")],
        "alignment needs watermarks",
    );
    refused(
        &[("case", "ingestion-of-timestamps")],
        "use assign_watermarks",
    );
    let stale = case("stale").param("events", "0,1,1");
    stale
        .end()
        .fails_naming(&["record 0", "use assign_timestamps"]);
}
