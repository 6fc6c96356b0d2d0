//! Every job of the benchmark gives the oracle's count and checksum: at parallelism 1, 2 and 4, on both state backends,
//! with checkpoints and without.
//!
//! Few records, so that many combinations fit; the figures of the full data contract are what the oracle is held to.

use crate::support::answer::Sum;
use crate::support::oracle::Question;
use crate::support::run::Run;
use crate::support::text;

/// Runs a job in all combinations; `adjust` adds its parameters.
fn check(question: &Question<'_>, adjust: impl Fn(Run) -> Run) {
    let expected = Sum::expected(question);
    let job = &question.job[..2];
    for parallelism in [1, 2, 4] {
        for backend in ["heap", "rocksdb"] {
            for interval in [None, Some("50ms")] {
                let data = tempfile::tempdir().expect("a directory");
                let mut run = adjust(Run::bench(job))
                    .parallelism(parallelism)
                    .arg("--state-backend")
                    .arg(backend)
                    .set("data.tmp-dir", data.path());
                if let Some(interval) = interval {
                    run = run.checkpoints(interval, data.path());
                }
                let summary = run.summary();
                let how = format!(
                    "{} p={parallelism} {backend} checkpoints {interval:?}: {summary}",
                    question.job
                );
                assert_eq!(Sum::of_summary(&summary), expected, "{how}");
                assert_eq!(summary["status"], "finished", "{how}");
                if interval.is_some() {
                    assert!(summary["checkpoints"].as_u64() >= Some(1), "{how}");
                    assert_eq!(summary["failed_checkpoints"], 0, "{how}");
                }
            }
        }
    }
}

fn check_generated(job: &str, n: u64, keys: u64, epm: u64) {
    let question = Question {
        job,
        n,
        keys,
        epm,
        text: "",
    };
    check(&question, |run| {
        run.param("n", n).param("keys", keys).param("epm", epm)
    });
}

#[test]
fn j0_hands_every_record_through() {
    check_generated("J0", 1_000_000, 10_000, 1);
}

#[test]
fn j1_maps_and_filters_exactly() {
    check_generated("J1", 1_000_000, 10_000, 1);
}

#[test]
fn j2_counts_exactly_with_few_keys() {
    check_generated("J2", 500_000, 1_000, 1);
}

#[test]
fn j2_counts_exactly_with_many_keys() {
    check_generated("J2", 300_000, 100_000, 1);
}

#[test]
fn j4_counts_windows_exactly_with_slow_event_time() {
    check_generated("J4", 300_000, 1_000, 1);
}

#[test]
fn j4_counts_windows_exactly_with_fast_event_time() {
    check_generated("J4", 300_000, 10_000, 100);
}

#[test]
fn j5_finds_the_largest_of_sliding_windows() {
    check_generated("J5", 200_000, 1_000, 1);
}

#[test]
fn j8_counts_sessions_exactly_with_slow_event_time() {
    check_generated("J8", 100_000, 1_000, 1);
}

#[test]
fn j8_counts_sessions_exactly_with_fast_event_time() {
    check_generated("J8", 300_000, 1_000, 20);
}

#[test]
fn j6_joins_exactly() {
    check_generated("J6", 200_000, 1, 4);
}

fn check_words(job: &str, emit: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let text = text::make(2_000_000, 20_000);
    // One file is larger than a split, so that it is read in parallel.
    let (large, small) = text.split_at(text.len() - 300_000);
    std::fs::write(directory.path().join("large.txt"), large).expect("text can be written");
    std::fs::write(directory.path().join("small.txt"), small).expect("text can be written");
    // A file's end ends a word, as a line's end does.
    let text = format!("{large}\n{small}");
    let question = Question {
        job,
        n: 0,
        keys: 0,
        epm: 1,
        text: &text,
    };
    check(&question, |run| {
        run.param("file", directory.path().display())
            .param("emit", emit)
    });
}

#[test]
fn j7_counts_words_at_the_end_exactly() {
    check_words("J7-final", "final");
}

#[test]
fn j7_counts_words_with_every_update_exactly() {
    check_words("J7-all", "all");
}
