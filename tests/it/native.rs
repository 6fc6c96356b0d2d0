//! The native operators of the benchmark give the oracle's count and checksum too: at parallelism 1, 2 and 4, on both
//! state backends, with checkpoints and without. Otherwise the comparison with them would mean nothing.

use std::process::Command;

use serde_json::Value;

use crate::support::answer::Sum;
use crate::support::oracle::Question;
use crate::support::{programs, text};

/// Runs the program of native operators with these words to its end and returns its summary.
fn summary(words: &[String]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill-bench-native"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WASMILL_") {
            command.env_remove(name);
        }
    }
    let output = command
        .arg(format!("component={}", programs::guest("bench").display()))
        .env("WASMILL_DATA__CACHE_DIR", programs::component_cache())
        .args(words)
        .output()
        .expect("the program starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{words:?}\n{err}");
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{words:?}: {e}\n{out}\n{err}"))
}

fn check(question: &Question<'_>, words: &[String]) {
    let expected = Sum::expected(question);
    for parallelism in [1, 2, 4] {
        for (backend, interval) in [("heap", 0), ("heap", 50), ("rocksdb", 50)] {
            let data = tempfile::tempdir().expect("a directory");
            let mut words = words.to_vec();
            words.push(format!("job={}", &question.job[..2]));
            words.push(format!("p={parallelism}"));
            words.push(format!("backend={backend}"));
            words.push(format!("ckpt={interval}"));
            words.push(format!("data={}", data.path().display()));
            let summary = summary(&words);
            assert_eq!(Sum::of_summary(&summary), expected, "{words:?}: {summary}");
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
    let words = [
        format!("n={n}"),
        format!("keys={keys}"),
        format!("epm={epm}"),
    ];
    check(&question, &words);
}

#[test]
fn native_maps_and_filters_give_the_answer() {
    check_generated("J0", 500_000, 10_000, 1);
    check_generated("J1", 500_000, 10_000, 1);
}

#[test]
fn native_counts_give_the_answer() {
    check_generated("J2", 300_000, 1_000, 1);
    check_generated("J2", 200_000, 100_000, 1);
}

#[test]
fn native_windows_give_the_answer() {
    check_generated("J4", 200_000, 1_000, 1);
    check_generated("J4", 200_000, 10_000, 100);
    check_generated("J5", 200_000, 1_000, 1);
}

#[test]
fn the_native_join_gives_the_answer() {
    check_generated("J6", 200_000, 1, 10);
}

#[test]
fn native_words_give_the_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = text::make(1_000_000, 20_000);
    std::fs::write(directory.path().join("words.txt"), &text).expect("text can be written");
    for emit in ["all", "final"] {
        let question = Question {
            job: &format!("J7-{emit}"),
            n: 0,
            keys: 0,
            epm: 1,
            text: &text,
        };
        let words = [
            format!("file={}", directory.path().display()),
            format!("emit={emit}"),
        ];
        check(&question, &words);
    }
}

#[test]
fn a_panic_of_the_hosts_own_code_is_a_failure_of_the_job_and_a_restart() {
    let question = Question {
        job: "J2",
        n: 5_000_000,
        keys: 1000,
        epm: 1,
        text: "",
    };
    let data = tempfile::tempdir().expect("a directory");
    let words = [
        "job=J2".to_owned(),
        format!("n={}", question.n),
        format!("keys={}", question.keys),
        format!("panic={}", question.n / 10 * 9),
        "p=2".to_owned(),
        "ckpt=10".to_owned(),
        format!("data={}", data.path().display()),
    ];
    let summary = summary(&words);
    assert_eq!(
        Sum::of_summary(&summary),
        Sum::expected(&question),
        "{summary}"
    );
    assert_eq!(summary["restarts"], 1, "{summary}");
    assert!(summary["restored_from"].as_u64() > Some(0), "{summary}");
    let cause = summary["failures"][0]["cause"].as_str();
    let panicked = "panicked: the fuse has blown";
    assert!(cause.is_some_and(|it| it.contains(panicked)), "{summary}");
}
