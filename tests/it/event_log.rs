//! The sample `event-log`: lines of files that appear in a directory are in the log once each, with offsets that have no
//! gaps, though the job is killed and goes on at another parallelism.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::kills::going_on;
use crate::support::oracle::random;
use crate::support::programs::guest;
use crate::support::run::Run;
use crate::support::wait;

/// Files that appear, and lines of each.
const FILES: usize = 6;
const LINES: usize = 100;

/// A file appears whole: under a hidden name first.
fn deliver(inbox: &Path, file: usize) {
    let line = |line: usize| format!("file {file} line {line}\n");
    let hidden = inbox.join(format!(".{file}"));
    fs::write(&hidden, (0..LINES).map(line).collect::<String>()).expect("the file can be written");
    fs::rename(&hidden, inbox.join(format!("{file}.txt"))).expect("the file can be renamed");
}

/// The events of the log in the order of their offsets, which must have no gaps.
fn events(log: &Path) -> Vec<String> {
    let names = fs::read_dir(log).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".log")).collect();
    names.sort();
    let mut events = Vec::new();
    for name in names {
        let text = fs::read_to_string(log.join(&name)).expect("a segment is text");
        let mut parts = name
            .split('-')
            .map(|part| part.parse::<usize>().expect("a number"));
        assert_eq!(parts.next(), Some(events.len()), "{name} begins elsewhere");
        assert_eq!(
            parts.next(),
            Some(text.lines().count()),
            "{name} has other events"
        );
        events.extend(text.lines().map(str::to_owned));
    }
    events
}

#[test]
fn files_that_appear_are_in_the_log_once_through_kills() {
    let folder = tempfile::tempdir().expect("a directory");
    let (inbox, log) = (folder.path().join("inbox"), folder.path().join("log"));
    for directory in [&inbox, &log] {
        fs::create_dir(directory).expect("the directory can be made");
    }
    let start = |parallelism: u32| {
        let run = Run::new("run", guest("sample_event_log"))
            .param("path", inbox.display())
            .param("watch", 20)
            .arg("--grant")
            .arg(format!("files={}", log.display()))
            .parallelism(parallelism);
        going_on(run, "15ms", folder.path()).start()
    };
    let seed = wait::fresh_seed();
    for (attempt, parallelism) in [2, 1, 3].into_iter().enumerate() {
        let mut running = start(parallelism);
        deliver(&inbox, 2 * attempt);
        let part = (2 * attempt + 1) * LINES;
        let reached = running.reaches("a part of the log", |_| events(&log).len() >= part);
        assert!(reached, "seed {seed}: {}", running.errors());
        deliver(&inbox, 2 * attempt + 1);
        // Anywhere while the next file is found, read and published.
        let moment = Duration::from_millis(random(attempt as u64, seed) % 120);
        assert!(
            running.exits_within(moment).is_none(),
            "{}",
            running.errors()
        );
        running.kill();
    }
    let mut running = start(2);
    // A restart may find the log whole at once: what the last checkpoint prepared is published first.
    let whole = running.reaches("the whole log", |running| {
        events(&log).len() >= FILES * LINES && running.handles_interrupts()
    });
    assert!(whole, "seed {seed}: {}", running.errors());
    running.interrupt();
    assert_eq!(running.end().code, Some(130));
    let mut found = events(&log);
    found.sort();
    let lines = (0..FILES).flat_map(|file| (0..LINES).map(move |line| (file, line)));
    let mut expected: Vec<String> = lines
        .map(|(file, line)| format!("file {file} line {line}"))
        .collect();
    expected.sort();
    assert_eq!(found, expected, "seed {seed}");
}
