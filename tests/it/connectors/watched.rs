//! Directories that are watched: every file once, through kills; files that come later; files that change.

use super::*;

/// The file source over a directory that is watched.
fn watching(path: &Path) -> Value {
    json!({ "type": "text-files", "path": path, "watch": "continuous", "interval_ms": 20,
        "include": ["*.log"], "exclude": ["old-*"] })
}

/// Waits until so many lines are published.
fn published(running: &mut Running, out: &Path, count: usize) {
    let there = running.reaches("the lines", |_| lines(out, "part-").len() >= count);
    assert!(there, "it ended: {}", running.errors());
}

#[test]
fn a_watched_directory_is_read_as_files_come_and_once_through_kills() {
    let data = directory();
    let (inbox, out) = (data.path().join("inbox"), data.path().join("out"));
    fs::create_dir(&inbox).expect("a directory");
    let checkpoints = data.path().join("checkpoints");
    let mut expected = Vec::new();
    for (round, subtasks) in [2, 3, 1].into_iter().enumerate() {
        let run = connect(&watching(&inbox), &text_files(&out)).parallelism(subtasks);
        let run = run.checkpoints("30ms", &checkpoints);
        let mut running = match round {
            0 => run.start(),
            _ => run.arg("--restore").arg("latest").start(),
        };
        for file in 0..5 {
            let name = format!("{round}-{file}");
            let text: String = (0..50).map(|line| format!("{name} {line}\n")).collect();
            expected.extend(text.lines().map(str::to_owned));
            // As it should be: written aside, then renamed.
            let unfinished = inbox.join(format!("{name}.tmp"));
            write(&unfinished, &text);
            fs::rename(unfinished, inbox.join(format!("{name}.log"))).expect("a rename");
        }
        write(&inbox.join(format!("old-{round}.log")), "excluded\n");
        write(&inbox.join(format!("{round}.txt")), "not included\n");
        published(&mut running, &out, expected.len());
        match round {
            2 => {
                running.interrupt();
                running.end();
            }
            _ => running.kill(),
        }
    }
    expected.sort_unstable();
    assert_eq!(lines(&out, "part-"), expected);
}

#[test]
fn a_watched_file_that_changes_is_read_again_and_the_log_says_so() {
    let data = directory();
    let (inbox, out) = (data.path().join("inbox"), data.path().join("out"));
    fs::create_dir(&inbox).expect("a directory");
    let run = connect(&watching(&inbox), &text_files(&out));
    let run = run.checkpoints("30ms", &data.path().join("checkpoints"));
    write(&inbox.join("a.log"), "one\n");
    let mut running = run.start();
    published(&mut running, &out, 1);
    write(&inbox.join("a.log"), "one\ntwo\n");
    published(&mut running, &out, 3);
    let said = running.reaches("the warning", |running| {
        running.errors().contains("read again from the start")
    });
    assert!(said);
    running.interrupt();
    running.end();
    assert_eq!(lines(&out, "part-"), ["one", "one", "two"]);
}

#[test]
fn a_watch_that_looks_once_ends_when_all_files_are_read() {
    let data = directory();
    fs::create_dir(data.path().join("deep")).expect("a directory");
    for name in ["a.log", "b.txt", "deep/c.log"] {
        write(&data.path().join(name), &format!("{name}\n"));
    }
    let out = directory();
    let source = json!({ "type": "text-files", "path": data.path(), "watch": "once",
        "include": ["*.log"], "recursive": false });
    connect(&source, &text_files(out.path())).summary();
    assert_eq!(lines(out.path(), "part-"), ["a.log"]);
}
