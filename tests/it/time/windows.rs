//! Event-time windows: the same result at any speed, at any parallelism, live or replayed; and nothing lost uncounted.

use std::collections::BTreeMap;

use super::{bid, case, figure, long, printed, published_must_equal};
use crate::support::answer::Lines;
use crate::support::published::{has_checkpoint, lines};
use crate::support::run::{Run, Running};

const RECORDS: u64 = 30_000;
const KEYS: u64 = 25;
const SIZE: i64 = 1500;
const SLIDE: i64 = 500;

/// Counts by key and window.
fn expected() -> Lines {
    let mut counts: BTreeMap<(i64, i64), u64> = BTreeMap::new();
    for n in 0..RECORDS {
        let (key, ts) = bid(n, KEYS);
        let mut start = ts - ts.rem_euclid(SLIDE);
        while start > ts - SIZE {
            *counts.entry((key, start)).or_default() += 1;
            start -= SLIDE;
        }
    }
    let mut lines = Lines::default();
    for ((key, start), count) in counts {
        lines.add(format!("{key},{start},{count}"));
    }
    lines
}

fn windows(out: &std::path::Path, rate: u64) -> Run {
    case("windows")
        .param("n", RECORDS)
        .param("keys", KEYS)
        .param("size", SIZE)
        .param("slide", SLIDE)
        .param("rate", rate)
        .param("out", out.display())
}

#[test]
fn results_depend_on_neither_speed_nor_parallelism() {
    let expected = expected();
    for (rate, parallelism) in [(0, 1), (0, 2), (0, 4), (60_000, 1), (90_000, 3)] {
        let data = tempfile::tempdir().expect("a directory");
        let run = windows(data.path(), rate).parallelism(parallelism);
        let ended = run.end().success();
        published_must_equal(data.path(), &expected, &ended);
    }
}

#[test]
fn a_replay_gives_what_the_live_run_gave() {
    let data = tempfile::tempdir().expect("a directory");
    let (out, checkpoints) = (data.path().join("out"), data.path().join("checkpoints"));
    let live = |parallelism| {
        windows(&out, RECORDS)
            .parallelism(parallelism)
            .checkpoints("50ms", &checkpoints)
    };
    let mut running = live(2).start();
    let some = |_: &Running| has_checkpoint(&checkpoints) && lines(&out).len() > 200;
    assert!(running.reaches("some windows", some), "it ended before");
    running.kill();
    let ended = live(3).arg("--restore").arg("latest").end().success();
    let replay = data.path().join("replay");
    windows(&replay, 0).end().success();
    lines(&out).must_equal(&lines(&replay), &ended.told());
    lines(&replay).must_equal(&expected(), "the replay");
}

#[test]
fn every_record_is_in_a_window_or_counted_as_late() {
    for parallelism in [1, 3] {
        let data = tempfile::tempdir().expect("a directory");
        // Paced, the watermark follows the records closely, and a window is shorter than they are out of order.
        let run = windows(data.path(), 60_000)
            .param("size", 50)
            .param("slide", 50)
            .param("bound", 0)
            .parallelism(parallelism);
        let ended = run.end().success();
        let summary = ended.summary();
        let late = figure(&summary, "window", "numLateRecordsDropped");
        assert_eq!(
            figure(&summary, "window", "numRecordsIn"),
            RECORDS,
            "{summary}"
        );
        let counted = lines(data.path()).sum_of_last_values();
        assert_eq!(counted + late, RECORDS, "{summary}");
        let emitted = figure(&summary, "window", "numRecordsOut");
        assert_eq!(emitted, lines(data.path()).len(), "{summary}");
        assert!(
            late > 0,
            "some records of the generator are late: {summary}"
        );
    }
}

#[test]
fn windows_of_the_clock_are_those_of_the_clock() {
    const SIZE: i64 = 100;
    let run = case("windows-of-the-clock")
        .param("n", 1500)
        .param("rate", 3000);
    let ended = run.param("size", SIZE).parallelism(2).end().success();
    let results = printed(&ended);
    let count: i64 = results.iter().map(|result| long(result, "count")).sum();
    assert_eq!(count, 1500, "{}", ended.told());
    let starts = results.iter().map(|result| long(result, "start"));
    let last = starts.clone().max().expect("a window");
    assert!(
        starts.clone().all(|start| start % SIZE == 0),
        "{}",
        ended.told()
    );
    assert!(
        last - starts.min().expect("a window") >= 2 * SIZE,
        "{}",
        ended.told()
    );
    for result in &results {
        // The end of the input completes the windows that are open.
        let is_complete = long(result, "after_ms") >= 0 || long(result, "start") >= last - SIZE;
        assert!(is_complete, "{result} is early\n{}", ended.told());
    }
}
