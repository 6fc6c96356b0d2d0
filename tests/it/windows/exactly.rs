//! Nothing is lost or doubled: late records, processing time, kills; and what cannot work is refused at submit.

use std::collections::BTreeMap;
use std::path::Path;

use super::{job, model, sums};
use crate::support::answer::Lines;
use crate::support::published;
use crate::support::run::Run;
use crate::support::wait;

/// The values of a line.
fn numbers(line: &str) -> Vec<i64> {
    line.split(',')
        .map(|value| value.parse().expect("a number"))
        .collect()
}

/// The published results of a folder, one list of numbers a line.
fn rows(folder: &Path) -> Vec<Vec<i64>> {
    let lines = published::lines(folder);
    let rows = lines.counted().flat_map(|(line, count)| {
        std::iter::repeat_n(numbers(line), usize::try_from(count).expect("few lines"))
    });
    rows.collect()
}

/// A counter of the window operator.
fn figure(summary: &serde_json::Value, name: &str) -> u64 {
    summary["operators"]["windows"][name].as_u64().unwrap_or(0)
}

#[test]
fn records_in_a_gap_between_windows_are_counted() {
    let bids = model::bids(20_000, 10);
    let windows = model::regular(&bids, 500, 2_000, 0);
    let inside: usize = windows.values().map(Vec::len).sum();
    for function in ["count", "all"] {
        for parallelism in [1, 3] {
            let out = tempfile::tempdir().expect("a directory");
            let run = job("sliding", out.path())
                .param("n", 20_000)
                .param("size", 500);
            let run = run.param("slide", 2_000).param("function", function);
            let summary = run.parallelism(parallelism).summary();
            let nowhere = figure(&summary, "numRecordsInNoWindow");
            assert_eq!(
                inside as u64 + nowhere,
                20_000,
                "{function} p={parallelism}"
            );
        }
    }
}

#[test]
fn every_late_record_is_counted_or_comes_out_at_the_side() {
    let cases = [("tumbling", 20, 0), ("tumbling", 20, 30), ("session", 3, 0)];
    for (case, size, lateness) in cases {
        for parallelism in [1, 3] {
            let out = tempfile::tempdir().expect("a directory");
            let run = job(case, out.path()).param("n", 30_000).param("keys", 10);
            let run = run.param("size", size).param("lateness", lateness);
            let run = run.param("bound", 5).param("function", "count");
            let summary = run.parallelism(parallelism).summary();
            // A window that fires again has all its records once more.
            let mut last: BTreeMap<Vec<i64>, i64> = BTreeMap::new();
            for row in rows(&out.path().join("main")) {
                let most = last.entry(row[..3].to_vec()).or_default();
                *most = row[3].max(*most);
            }
            let side = published::lines(&out.path().join("side")).len();
            let how = format!("{case} lateness {lateness} p={parallelism}");
            // Several readers keep event time back, so that fewer records are late.
            assert!(side > 0 || parallelism > 1, "{how}: some are late");
            let counted: i64 = last.values().sum();
            assert_eq!(counted + side as i64, 30_000, "{how}");
            assert_eq!(figure(&summary, "numLateRecordsOut"), side, "{how}");
            assert_eq!(figure(&summary, "numLateRecordsDropped"), 0, "{how}");
        }
    }
}

#[test]
fn side_outputs_of_a_window_function() {
    let out = tempfile::tempdir().expect("a directory");
    let run = job("all-records", out.path())
        .param("n", 20_000)
        .param("size", 3_000);
    run.param("function", "side").parallelism(3).end().success();
    let windows = model::regular(&model::bids(20_000, 10), 3_000, 3_000, 0);
    published::lines(&out.path().join("main")).must_equal(&sums(&windows), "sums");
    let mut expected = Lines::default();
    for bids in windows.values() {
        let dearest = bids.iter().max_by_key(|bid| (bid.price, bid.ts));
        let bid = dearest.expect("a window has bids");
        expected.add(format!(
            "{},{},{},{}",
            bid.key, bid.bidder, bid.price, bid.ts
        ));
    }
    published::lines(&out.path().join("dearest")).must_equal(&expected, "dearest bids");
}

#[test]
fn processing_time_windows_count_every_record() {
    for (case, times) in [
        ("processing", 1),
        ("processing-sliding", 2),
        ("session-processing", 1),
    ] {
        let out = tempfile::tempdir().expect("a directory");
        let run = job(case, out.path())
            .param("n", 5_000)
            .param("rate", 10_000);
        let run = run
            .param("size", 40)
            .param("slide", 20)
            .param("function", "count");
        run.parallelism(3).end().success();
        let rows = rows(&out.path().join("main"));
        let counted: i64 = rows.iter().map(|row| row[3]).sum();
        // Windows that are open when the input ends give no result.
        let all = 5_000 * times;
        assert!(counted <= all, "{case}: {counted} of {all}");
        if case != "session-processing" {
            assert!(counted > all / 2, "{case}: {counted} of {all}");
            assert!(
                rows.iter()
                    .all(|row| row[1] % 20 == 0 && row[2] == row[1] + 40)
            );
        }
    }
}

#[test]
fn sessions_survive_kills_and_another_parallelism() {
    for (case, function) in [
        ("session", "sum"),
        ("session", "all"),
        ("session-count", "sum"),
    ] {
        let data = tempfile::tempdir().expect("a directory");
        let out = data.path().join("out");
        let command = |parallelism: u32| -> Run {
            job(case, &out)
                .param("n", 8_000)
                .param("keys", 50)
                .param("rate", 10_000)
                .param("size", 120)
                .param("slide", 1)
                .param("function", function)
                .parallelism(parallelism)
                .checkpoints("50ms", &data.path().join("checkpoints"))
        };
        let mut running = command(2).start();
        let begun = |_: &crate::support::run::Running| {
            published::has_checkpoint(&data.path().join("checkpoints"))
                && published::bytes(&out.join("main")) > 0
        };
        assert!(
            running.reaches("first sessions", begun),
            "{}",
            running.errors()
        );
        wait::within(std::time::Duration::from_millis(90), || None::<()>);
        running.kill();
        command(3).arg("--restore").arg("latest").end().success();
        let windows = model::sessions(&model::bids(8_000, 50), |bid| bid.ts + 120, |_, _| true);
        let lines = published::lines(&out.join("main"));
        if case == "session" {
            lines.must_equal(&sums(&windows), function);
        } else {
            assert_eq!(lines.len(), 8_000, "one firing a record");
        }
    }
}

/// A case, a parameter, and what its error must say.
type Refusal<'a> = (&'a str, (&'a str, &'a str), &'a [&'a str]);

/// Runs that must be refused before anything runs.
const REFUSED: [Refusal<'_>; 13] = [
    (
        "tumbling",
        ("size", "0"),
        &["operator \"windows\"", "0 ms every 0 ms"],
    ),
    (
        "sliding",
        ("slide", "-5"),
        &["operator \"windows\"", "every -5 ms"],
    ),
    (
        "offset",
        ("slide", "10000"),
        &["operator \"windows\"", "offset of 10000 ms"],
    ),
    (
        "session",
        ("size", "0"),
        &["operator \"windows\"", "gap of 0 ms"],
    ),
    (
        "session",
        ("size", "-3"),
        &["operator \"windows\"", "gap of -3 ms"],
    ),
    (
        "count",
        ("size", "0"),
        &["operator \"windows\"", "0 records"],
    ),
    (
        "count-sliding",
        ("slide", "0"),
        &["operator \"windows\"", "every 0"],
    ),
    (
        "global-count",
        ("size", "0"),
        &["operator \"windows\"", "0th record"],
    ),
    (
        "tumbling",
        ("lateness", "-1"),
        &["operator \"windows\"", "lateness of -1 ms"],
    ),
    (
        "processing",
        ("lateness", "5"),
        &["operator \"windows\"", "processing time"],
    ),
    (
        "evict-incremental",
        ("size", "5"),
        &["operator \"windows\"", "evictor", "incremental"],
    ),
    (
        "delta-session",
        ("function", "all"),
        &["operator \"windows\"", "trigger", "merge"],
    ),
    (
        "all-parallel",
        ("size", "5"),
        &["operator", "parallelism 1"],
    ),
];

#[test]
fn what_cannot_work_is_refused_at_submit() {
    for (case, (name, value), needles) in REFUSED {
        let out = tempfile::tempdir().expect("a directory");
        let run = job(case, out.path()).param(name, value);
        run.end().fails_naming(needles);
        assert_eq!(
            published::bytes(&out.path().join("main")),
            0,
            "{case}: nothing ran"
        );
    }
}
