//! Guests in Go and C: the questions that the Rust plugins are asked have the same answers, also when the process is
//! killed and restored, and each SDK passes the tests in its own language. And one guest in Zig, a language without an
//! SDK, on the contract alone.
//!
//! The jobs are in `tests/languages/`; the answers are the oracle's, which shares nothing with any SDK.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::answer::{Lines, Sum};
use crate::support::kills::going_on;
use crate::support::languages::{C, GO, Guest, SAMPLES, root, with_tools};
use crate::support::oracle::{Question, random};
use crate::support::published;
use crate::support::run::Run;
use crate::support::wait;

fn question(job: &str, n: u64, keys: u64) -> Question<'_> {
    Question {
        job,
        n,
        keys,
        epm: 1,
        text: "",
    }
}

fn run(guest: Guest, question: &Question<'_>) -> Run {
    Run::new("run", guest.built())
        .arg("--json")
        .param("job", question.job)
        .param("n", question.n)
        .param("keys", question.keys)
        .param("epm", question.epm)
}

fn answers(guest: Guest, question: &Question<'_>) {
    let summary = run(guest, question).parallelism(2).summary();
    let how = format!("{guest:?} {}: {summary}", question.job);
    assert_eq!(Sum::of_summary(&summary), Sum::expected(question), "{how}");
}

/// Kills a paced job when so many parts of a hundred of its output are published, restores it at another parallelism,
/// and compares all that was published.
fn survives_kills(guest: Guest, job: &str, expected: &Lines, pace: impl Fn(Run, &Path) -> Run) {
    let data = tempfile::tempdir().expect("a directory");
    let out = data.path().join("out");
    std::fs::create_dir(&out).expect("a directory in it");
    let seed = wait::fresh_seed();
    let whole = expected
        .each()
        .iter()
        .map(|line| line.len() as u64)
        .sum::<u64>();
    for (attempt, subtasks) in [2, 1, 3].into_iter().enumerate() {
        let fresh = Run::new("run", guest.built())
            .arg("--json")
            .param("job", job);
        let run = pace(fresh, &out).parallelism(subtasks);
        let mut running = going_on(run, "50ms", data.path()).start();
        if attempt == 2 {
            let ended = running.end().success();
            let told = format!("{guest:?} {job}, seed {seed}: {}", ended.told());
            published::plain_lines(&out).must_equal(expected, &told);
            return;
        }
        let part = 15 + 30 * attempt as u64 + random(attempt as u64, seed) % 15;
        let reached = running.reaches("a part of the output", |_| {
            published::bytes(&out) * 100 >= whole * part
        });
        assert!(reached, "it ended before: {}", running.errors());
        running.kill();
    }
}

/// What a job publishes that is asked for lines: the oracle's records as JSON objects with these fields.
fn objects(question: &Question<'_>, fields: &[&str]) -> Lines {
    let mut lines = Lines::default();
    for (line, count) in Lines::expected(question).counted() {
        let pairs = fields.iter().zip(line.split(','));
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        for _ in 0..count {
            lines.add(format!("{{{}}}", pairs.join(",")));
        }
    }
    lines
}

#[test]
fn go_counts_and_windows_as_the_oracle_does() {
    answers(GO, &question("J2", 100_000, 1_000));
    answers(GO, &question("J4", 100_000, 500));
    answers(GO, &question("J5", 50_000, 200));
    answers(GO, &question("J8", 50_000, 100));
}

#[test]
fn c_counts_and_windows_as_the_oracle_does() {
    answers(C, &question("J2", 100_000, 1_000));
    answers(C, &question("J4", 100_000, 500));
    answers(C, &question("J5", 50_000, 200));
    answers(C, &question("J8", 50_000, 100));
}

/// What the job `states` publishes; see `Digest` in `tests/languages/go/states.go`.
fn digests(question: &Question<'_>) -> Lines {
    #[derive(Default)]
    struct Auction {
        sums: BTreeMap<u64, u64>,
        listed: u64,
    }
    let mut auctions: BTreeMap<u64, Auction> = BTreeMap::new();
    let mut lines = Lines::default();
    let mut add = |auction: u64, fold: i64, listed: u64| {
        lines.add(format!(
            "{{\"auction\":{auction},\"fold\":{fold},\"listed\":{listed}}}"
        ));
    };
    for bid in (0..question.n).map(|n| question.bid(n)) {
        let auction = auctions.entry(bid.auction).or_default();
        *auction.sums.entry(bid.bidder % 10).or_default() += bid.price;
        auction.listed += u64::from(bid.price.is_multiple_of(7));
        if bid.price.is_multiple_of(100) {
            add(bid.auction, -1, bid.price);
        }
    }
    for (number, auction) in &auctions {
        let fold = auction.sums.iter().fold(0, |fold, (bidder, sum)| {
            (fold * 31 + bidder * 7 + sum) % 1_000_000_007
        });
        add(*number, fold as i64, auction.listed);
        add(*number, 0, 0);
    }
    lines
}

/// Every kind of state, timers of both domains and side outputs give what a plain loop gives, through kills.
fn states_survive(guest: Guest) {
    let question = question("states", 30_000, 50);
    let expected = digests(&question);
    survives_kills(guest, "states", &expected, |run, out| {
        run.param("n", question.n)
            .param("keys", question.keys)
            .param("rate", question.n)
            .param("out", out.display())
    });
}

#[test]
fn states_and_timers_of_go_survive_kills() {
    states_survive(GO);
}

#[test]
fn states_and_timers_of_c_survive_kills() {
    states_survive(C);
}

fn windows_survive(guest: Guest) {
    let question = question("J4", 60_000, 100);
    let expected = objects(&question, &["window_start", "auction", "count"]);
    survives_kills(guest, "J4", &expected, |run, out| {
        run.param("n", question.n)
            .param("keys", question.keys)
            .param("rate", question.n)
            .param("out", out.display())
    });
}

#[test]
fn windows_of_go_survive_kills() {
    windows_survive(GO);
}

#[test]
fn windows_of_c_survive_kills() {
    windows_survive(C);
}

/// A source and a sink in the guest: every number once.
fn connectors_survive(guest: Guest) {
    const NUMBERS: u64 = 20_000;
    let mut expected = Lines::default();
    (0..NUMBERS).for_each(|n| expected.add(n.to_string()));
    survives_kills(guest, "connectors", &expected, |run, out| {
        run.param("n", NUMBERS)
            .param("rate", 1)
            .arg("--grant")
            .arg(format!("files={}", out.display()))
    });
}

#[test]
fn a_source_and_a_sink_in_go_are_exactly_once_through_kills() {
    connectors_survive(GO);
}

#[test]
fn a_source_and_a_sink_in_c_are_exactly_once_through_kills() {
    connectors_survive(C);
}

#[test]
fn the_samples_count_words_and_say_which_parameter_is_missing() {
    let data = tempfile::tempdir().expect("a directory");
    let text = data.path().join("text.txt");
    std::fs::write(&text, "To be, or NOT to be.\n\nbe\n").expect("a text");
    for sample in SAMPLES {
        let out = tempfile::tempdir().expect("a directory");
        let run = || Run::new("run", sample.built());
        run()
            .param("path", text.display())
            .param("out", out.path().display())
            .parallelism(2)
            .end()
            .success();
        let mut expected = Lines::default();
        for line in ["be 3", "not 1", "or 1", "to 2"] {
            expected.add(line.to_owned());
        }
        published::plain_lines(out.path()).must_equal(&expected, &format!("{sample:?}"));
        run().end().fails_naming(&["parameter path", "missing"]);
    }
}

#[test]
fn no_guest_reaches_wasi() {
    for guest in SAMPLES {
        let inspected = Run::new("inspect", guest.built()).end().success();
        let imports = inspected.out.lines().find(|line| line.contains("imports"));
        let imports = imports.expect("its imports are shown");
        assert!(imports.contains("wasmill:dataflow/state@"), "{imports}");
        assert!(!imports.contains("wasi"), "{guest:?}: {imports}");
    }
}

#[test]
fn the_go_sdk_passes_its_own_tests() {
    with_tools("go", &[root().join("guest-sdk/go/test.sh").as_ref()]);
}

#[test]
fn the_c_sdk_passes_its_own_tests() {
    with_tools("c", &[root().join("guest-sdk/c/tests/run.sh").as_ref()]);
}
