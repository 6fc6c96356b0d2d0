//! The two demos on real files give what a plain count gives.
//!
//! The text is this repository's own documents and the licences of the system; the log is that of the system's package
//! manager, or a small one of the same form where there is none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::answer::Lines;
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;

/// Copies the texts there are into a directory and returns what is in them.
fn texts(into: &Path) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["", "docs", "wit"].map(|folder| root.join(folder));
    let licences = PathBuf::from("/usr/share/common-licenses");
    let mut texts = Vec::new();
    for folder in folders.into_iter().chain([licences]) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_text = path.is_file()
                && (path.extension().is_some_and(|end| end == "md") || !path.starts_with(&root));
            if is_text {
                let bytes = fs::read(&path).expect("a text");
                let copy = into.join(format!("text-{}", texts.len()));
                fs::write(copy, &bytes).expect("the copy can be written");
                texts.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    assert!(!texts.is_empty(), "there are no texts");
    texts
}

#[test]
fn word_count_counts_as_a_plain_program_does() {
    let (text, out) = (
        tempfile::tempdir().expect("a directory"),
        tempfile::tempdir(),
    );
    let out = out.expect("a directory");
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for text in texts(text.path()) {
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let run = Run::new("run", guest("word_count")).param("path", text.path().display());
    run.param("out", out.path().display())
        .parallelism(2)
        .end()
        .success();
    let mut expected = Lines::default();
    counts
        .iter()
        .for_each(|(word, count)| expected.add(format!("{word} {count}")));
    published::plain_lines(out.path()).must_equal(&expected, "word count");
    // Without an output directory the same lines are printed.
    let printed = Run::new("run", guest("word_count"))
        .param("path", text.path().display())
        .end();
    let mut lines = Lines::default();
    printed
        .success()
        .out
        .lines()
        .for_each(|line| lines.add(line.to_owned()));
    lines.must_equal(&expected, "word count, printed");
}

/// The log in the order of its times: the clock of a machine may have been set back.
fn log() -> Vec<String> {
    let real = fs::read_to_string("/var/log/dpkg.log").unwrap_or_default();
    let mut lines: Vec<String> = real.lines().map(str::to_owned).collect();
    if lines.len() < 100 {
        lines = (0..5_000)
            .map(|n| {
                let action = ["status installed", "install", "configure", "upgrade"][n % 4];
                let (hour, minute, second) = (n / 3600, n / 60 % 60, n % 60);
                format!("2026-11-21 {hour:02}:{minute:02}:{second:02} {action} libfoo:amd64 1.{n}")
            })
            .collect();
    }
    lines.sort_by(|a, b| a.get(..19).cmp(&b.get(..19)));
    lines
}

#[test]
fn log_rate_counts_as_a_plain_program_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut lines = log();
    let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in &lines {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let action = if words[2] == "status" {
            words[3]
        } else {
            words[2]
        };
        let minute = format!("{}:00", &line[..16]);
        *expected.entry((minute, action.to_owned())).or_default() += 1;
    }
    // Lines of another form do no harm.
    lines.insert(lines.len() / 2, "not a line of the log".to_owned());
    lines.insert(0, String::new());
    let (file, out) = (
        directory.path().join("dpkg.log"),
        directory.path().join("out"),
    );
    fs::write(&file, lines.join("\n")).expect("the log can be written");
    let run = Run::new("run", guest("log_rate")).param("path", file.display());
    run.param("out", out.display())
        .parallelism(2)
        .end()
        .success();
    let mut rates = Lines::default();
    for ((minute, action), count) in expected {
        rates.add(format!("{minute} {action} {count}"));
    }
    published::plain_lines(&out).must_equal(&rates, "log rate");
}
