//! Sources and sinks through the real binary: those of a component, watched directories, formats, sockets, and what a
//! job must be given before it runs.
//!
//! What is killed is killed when it has published a random part of its output; the seed is printed. Expected output is
//! counted out by the test.

mod formats;
mod watched;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::kills::going_on;
use crate::support::oracle::random;
use crate::support::programs::guest;
use crate::support::run::{Run, Running};
use crate::support::wait;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn job(case: &str) -> Run {
    Run::new("run", guest("guest_connectors"))
        .arg("--json")
        .param("case", case)
}

/// A job of a source and a sink of the host.
fn connect(source: &Value, sink: &Value) -> Run {
    job("connectors")
        .param("source", source)
        .param("sink", sink)
}

fn text_files(path: &Path) -> Value {
    json!({ "type": "text-files", "path": path })
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the file can be written");
}

/// The files of a directory whose names begin like this and do not end in `.done`.
fn files(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_output = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(prefix) && !name.ends_with(".done")
    };
    paths.filter(is_output).collect()
}

/// All lines of such files, sorted.
fn lines(directory: &Path, prefix: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for path in files(directory, prefix) {
        let text = fs::read_to_string(path).expect("the output is text");
        lines.extend(text.lines().map(str::to_owned));
    }
    lines.sort_unstable();
    lines
}

fn bytes(directory: &Path, prefix: &str) -> u64 {
    let sizes = files(directory, prefix)
        .into_iter()
        .filter_map(|path| fs::metadata(path).ok());
    sizes.map(|metadata| metadata.len()).sum()
}

fn numbers(n: u64) -> Vec<String> {
    let mut numbers: Vec<String> = (0..n).map(|number| number.to_string()).collect();
    numbers.sort_unstable();
    numbers
}

fn seed(test: &str) -> u64 {
    let given = std::env::var("WASMILL_IT_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(wait::fresh_seed);
    tell(&format!("{test}: WASMILL_IT_SEED={seed}"));
    seed
}

#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails: the seed repeats it"
)]
fn tell(what: &str) {
    println!("{what}");
}

/// Numbers of the component's source, paced to take about a second.
const PACED: u64 = 60_000;

/// Runs a paced job over and over, killing it three times when a random part of its output is published, at another
/// parallelism each time, until it ends.
fn killed_and_restored(
    test: &str,
    run: impl Fn() -> Run,
    data: &Path,
    out: (&Path, &str),
    whole: u64,
) {
    let seed = seed(test);
    for (attempt, subtasks) in [2, 3, 1, 2].into_iter().enumerate() {
        let run = run().parallelism(subtasks);
        let mut running = going_on(run, "50ms", data).start();
        if attempt == 3 {
            running.end().success();
            return;
        }
        let part = whole * (10 + 25 * attempt as u64 + random(attempt as u64, seed) % 15) / 100;
        let reached = running.reaches("a part of the output", |_| bytes(out.0, out.1) >= part);
        assert!(reached, "it ended before: {}", running.errors());
        running.kill();
    }
}

fn paced(case: &str) -> Run {
    job(case)
        .param("n", PACED)
        .param("splits", 6)
        .param("batch", 100)
        .param("wait-ms", 10)
}

fn bytes_of_numbers(n: u64) -> u64 {
    numbers(n).iter().map(|line| line.len() as u64 + 1).sum()
}

#[test]
fn a_source_of_the_component_is_read_in_parallel() {
    let out = directory();
    let run = job("numbers").param("n", 10_000).parallelism(3);
    let ended = run.param("sink", text_files(out.path())).end().success();
    assert_eq!(ended.summary()["records_out"], 10_000);
    assert_eq!(lines(out.path(), "part-"), numbers(10_000));
    assert!(files(out.path(), "part-").len() >= 3, "every subtask reads");
    for subtask in 0..3 {
        let closed = format!("closed reader {subtask} of 3");
        let times = ended.err.matches(&closed).count();
        assert_eq!(times, 1, "{closed}: {}", ended.told());
    }
    let refused = job("numbers").param("batch", 0).end();
    refused.fails_naming(&["numbers", "at least one number"]);
}

#[test]
fn a_source_of_the_component_is_exactly_once_through_kills_and_rescaling() {
    let data = directory();
    let out = data.path().join("out");
    let run = || paced("numbers").param("sink", text_files(&out));
    let whole = bytes_of_numbers(PACED);
    killed_and_restored("numbers", run, data.path(), (&out, "part-"), whole);
    assert!(
        lines(&out, "part-") == numbers(PACED),
        "lines are lost or twice"
    );
}

#[test]
fn a_source_that_is_not_parallel_gives_timestamps() {
    let out = directory();
    let run = job("events").param("n", 1000).param("batch", 7);
    let run = run.param("sink", text_files(out.path()));
    run.parallelism(2).summary();
    let random = |k: u64| {
        let mut z = k.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)) >> 40
    };
    let event = |k: u64| format!("{} at {}", random(k), 1000 + k);
    let mut expected: Vec<String> = (0..1000).map(event).collect();
    expected.sort_unstable();
    assert_eq!(lines(out.path(), "part-"), expected);
    assert_eq!(files(out.path(), "part-").len(), 1, "one split, one reader");
}

fn segments(out: &Path) -> String {
    format!("files={}", out.display())
}

#[test]
fn a_sink_of_the_component_publishes_segments_with_markers() {
    let out = directory();
    let run = job("segments").param("n", 5000).parallelism(2);
    run.arg("--grant").arg(segments(out.path())).summary();
    assert_eq!(lines(out.path(), "segment-"), numbers(5000));
    for segment in files(out.path(), "segment-") {
        let marker = PathBuf::from(format!("{}.done", segment.display()));
        let marked = fs::read_to_string(marker).expect("a marker");
        let text = fs::read_to_string(&segment).expect("a segment");
        assert_eq!(marked, text.lines().count().to_string());
    }
    assert!(
        files(out.path(), ".").is_empty(),
        "something is left behind"
    );
}

#[test]
fn a_sink_of_the_component_is_exactly_once_through_kills_and_rescaling() {
    let data = directory();
    let out = data.path().join("segments");
    let run = || paced("segments").arg("--grant").arg(segments(&out));
    let whole = bytes_of_numbers(PACED);
    killed_and_restored("segments", run, data.path(), (&out, "segment-"), whole);
    assert!(
        lines(&out, "segment-") == numbers(PACED),
        "lines are lost or twice"
    );
    assert!(files(&out, ".").is_empty(), "something is left behind");
}

#[test]
fn a_sink_that_was_granted_nothing_is_refused_before_it_runs() {
    job("segments")
        .end()
        .fails_naming(&["operator \"segments\"", "--grant files=DIR"]);
    let out = directory();
    let shared = job("two-segments").arg("--grant").arg(segments(out.path()));
    shared
        .end()
        .fails_naming(&["first, second", "files:UID=DIR"]);
    let nobody = job("numbers").arg("--grant").arg(segments(out.path()));
    nobody.end().fails_naming(&["no operator of the job asks"]);
    job("files-in-an-operator")
        .end()
        .fails_naming(&["operator \"greedy\"", "only sources and sinks"]);
    assert_eq!(fs::read_dir(out.path()).expect("it").count(), 0);
}

#[test]
fn two_sinks_of_the_component_have_a_directory_each() {
    let (first, second) = (directory(), directory());
    let run = job("two-segments").param("n", 100);
    let run = run
        .arg("--grant")
        .arg(format!("files:first={}", first.path().display()))
        .arg("--grant")
        .arg(format!("files:second={}", second.path().display()));
    run.summary();
    assert_eq!(lines(first.path(), "segment-"), numbers(100));
    assert_eq!(lines(second.path(), "segment-"), numbers(100));
}

#[test]
fn the_plan_shows_what_a_job_asks_for() {
    let plan = Run::new("plan", guest("guest_connectors")).param("case", "segments");
    let plan = plan.arg("--json").end().success().json();
    let asks = json!([{ "uid": "segments", "asks": "files", "given": null }]);
    assert_eq!(plan["grants"], asks);
}

fn cities(directory: &Path) -> PathBuf {
    let path = directory.join("cities.csv");
    let lines = (0..10)
        .filter(|n| *n != 7)
        .map(|n| format!("{n},city {n}\n"));
    write(&path, &lines.collect::<String>());
    path
}

#[test]
fn operators_read_a_registered_file() {
    let data = directory();
    let out = data.path().join("out");
    let run = job("lookup").param("n", 1000).parallelism(2);
    let run = run.param("sink", text_files(&out)).arg("--cached-file");
    let file = cities(data.path());
    run.arg(format!("cities={}", file.display())).summary();
    let look_up = |n: u64| match n % 10 {
        7 => format!("{n} unknown"),
        rest => format!("{n} city {rest}"),
    };
    let mut expected: Vec<String> = (0..1000).map(look_up).collect();
    expected.sort_unstable();
    assert_eq!(lines(&out, "part-"), expected);
}

#[test]
fn a_file_that_is_not_registered_or_not_there_is_named() {
    job("lookup")
        .end()
        .fails_naming(&["operator \"lookup\"", "--cached-file cities=PATH"]);
    job("own-lookup")
        .end()
        .fails_naming(&["cached file \"cities\"", "no/such/cities.csv"]);
}

#[test]
fn a_job_file_grants_and_registers_and_runs_sources_and_sinks_of_a_component() {
    let data = directory();
    let module = guest("guest_connectors");
    let exported = |case: &str| {
        let export = Run::bare("export")
            .arg(&module)
            .set("data.tmp-dir", data.path());
        let file = data.path().join(format!("{case}.yaml"));
        let export = export.param("case", case).param("n", 500).end().success();
        (file, export.out)
    };
    let (file, text) = exported("segments");
    write(&file, &format!("{text}\ngrants:\n  files: segments\n"));
    Run::new("run", &file).arg("-p").arg("2").end().success();
    let out = data.path().join("segments");
    assert_eq!(lines(&out, "segment-"), numbers(500));
    cities(data.path());
    let (file, text) = exported("lookup");
    write(
        &file,
        &format!("{text}\ncached_files:\n  cities: cities.csv\n"),
    );
    let printed = Run::new("run", &file).end().success().out;
    assert_eq!(
        printed
            .lines()
            .filter(|line| line.contains("city 3"))
            .count(),
        50
    );
}
