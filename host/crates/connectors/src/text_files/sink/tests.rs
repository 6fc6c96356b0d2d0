//! The crash matrix: a job killed between any two steps, restored, and every record is published once.
//!
//! A kill is a writer that is forgotten, so that nothing of its cleaning up runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, Sink, SinkContext, SinkWriter};
use serde_json::json;

use super::TextFileSink;

fn sink(directory: &Path) -> TextFileSink {
    let sink = TextFileSink::try_new(json!({"path": directory})).unwrap();
    sink.accepts("\"string\"").unwrap();
    sink
}

fn writer(sink: &TextFileSink, subtask: u32, run: &str) -> Box<dyn SinkWriter> {
    let context = SinkContext {
        subtask,
        parallelism: 2,
        run: run.to_owned(),
        segments: Default::default(),
    };
    sink.writer(context, Vec::new()).unwrap()
}

fn write(writer: &mut dyn SinkWriter, lines: &[&str]) {
    let mut batch = Batch::default();
    for line in lines {
        batch.push(NO_TIMESTAMP, &[], line.as_bytes());
    }
    writer.write(&batch).unwrap();
}

/// Name and text of every file; a published one has no dot in front.
fn files(directory: &Path) -> BTreeMap<String, String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

fn published(directory: &Path) -> Vec<String> {
    let mut lines: Vec<String> = files(directory)
        .iter()
        .filter(|(name, _)| !name.starts_with('.'))
        .flat_map(|(_, text)| text.lines().map(str::to_owned))
        .collect();
    lines.sort_unstable();
    lines
}

/// Where the job is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Killed {
    WhileWriting,
    AfterOnePreCommit,
    AfterAllPreCommits,
    AfterOneCommit,
    AfterAllCommits,
    WhileWritingTheNext,
}

/// Two subtasks write an epoch each, are killed at some point, and run again from what was completed.
fn run_with_kill(at: Killed, directory: &Path) {
    let sink_of_first = sink(directory);
    sink_of_first.recover(&[]).unwrap();
    let mut first = writer(&sink_of_first, 0, "run-1");
    let mut second = writer(&sink_of_first, 1, "run-1");
    write(&mut *first, &["a", "b"]);
    write(&mut *second, &["c"]);
    let mut prepared: Vec<Committable> = Vec::new();
    if at >= Killed::AfterOnePreCommit {
        prepared.extend(first.pre_commit(CheckpointId(1)).unwrap());
    }
    // The checkpoint is complete when every task has acknowledged.
    let mut completed: Vec<Committable> = Vec::new();
    if at >= Killed::AfterAllPreCommits {
        prepared.extend(second.pre_commit(CheckpointId(1)).unwrap());
        completed.clone_from(&prepared);
    }
    if at == Killed::AfterOneCommit {
        sink_of_first.commit(&completed[..1]).unwrap();
    }
    if at >= Killed::AfterAllCommits {
        sink_of_first.commit(&completed).unwrap();
    }
    if at >= Killed::WhileWritingTheNext {
        write(&mut *first, &["lost and written again"]);
    }
    std::mem::forget(first);
    std::mem::forget(second);

    // The next run: commits of the restored checkpoint again, then recovery, then new writers.
    let sink = sink(directory);
    sink.commit(&completed).unwrap();
    sink.recover(&completed).unwrap();
    let mut first = writer(&sink, 0, "run-2");
    let mut second = writer(&sink, 1, "run-2");
    if completed.is_empty() {
        write(&mut *first, &["a", "b"]);
        write(&mut *second, &["c"]);
    }
    write(&mut *second, &["d"]);
    let mut prepared = first.pre_commit(CheckpointId(2)).unwrap();
    prepared.extend(second.pre_commit(CheckpointId(2)).unwrap());
    sink.commit(&prepared).unwrap();
    sink.commit(&prepared).unwrap();
}

#[test]
fn every_record_is_published_once_wherever_the_job_is_killed() {
    for at in [
        Killed::WhileWriting,
        Killed::AfterOnePreCommit,
        Killed::AfterAllPreCommits,
        Killed::AfterOneCommit,
        Killed::AfterAllCommits,
        Killed::WhileWritingTheNext,
    ] {
        let directory = tempfile::tempdir().unwrap();
        run_with_kill(at, directory.path());
        assert_eq!(published(directory.path()), ["a", "b", "c", "d"], "{at:?}");
        let hidden = files(directory.path())
            .keys()
            .filter(|name| name.starts_with('.'))
            .count();
        assert_eq!(hidden, 0, "{at:?}");
    }
}

#[test]
fn nothing_is_visible_before_the_commit_and_an_empty_epoch_makes_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let sink = sink(directory.path());
    let mut writer = writer(&sink, 0, "r");
    assert!(writer.pre_commit(CheckpointId(1)).unwrap().is_empty());
    write(&mut *writer, &["x"]);
    let prepared = writer.pre_commit(CheckpointId(2)).unwrap();
    assert!(published(directory.path()).is_empty());
    sink.commit(&prepared).unwrap();
    assert_eq!(
        files(directory.path()).into_keys().collect::<Vec<_>>(),
        ["part-0-2-r"]
    );
}

#[test]
fn fresh_run_adds_to_what_an_earlier_one_published() {
    let directory = tempfile::tempdir().unwrap();
    for run in ["first", "second"] {
        let sink = sink(directory.path());
        sink.recover(&[]).unwrap();
        let mut writer = writer(&sink, 0, run);
        write(&mut *writer, &[run]);
        sink.commit(&writer.pre_commit(CheckpointId(1)).unwrap())
            .unwrap();
    }
    assert_eq!(published(directory.path()), ["first", "second"]);
}

#[test]
fn published_file_is_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let sink = sink(directory.path());
    let mut writer = writer(&sink, 0, "r");
    write(&mut *writer, &["new"]);
    let prepared = writer.pre_commit(CheckpointId(1)).unwrap();
    fs::write(directory.path().join("part-0-1-r"), "old\n").unwrap();
    let error = sink.commit(&prepared).unwrap_err().to_string();
    assert!(
        error.contains("a file of this name is there already"),
        "{error}"
    );
    assert_eq!(published(directory.path()), ["old"]);
}

#[test]
fn lost_part_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let sink = sink(directory.path());
    let mut writer = writer(&sink, 0, "r");
    write(&mut *writer, &["x"]);
    let prepared = writer.pre_commit(CheckpointId(1)).unwrap();
    for name in files(directory.path()).into_keys() {
        fs::remove_file(directory.path().join(name)).unwrap();
    }
    assert!(
        sink.commit(&prepared)
            .unwrap_err()
            .to_string()
            .contains("has been removed")
    );
}

#[test]
fn two_sinks_in_one_directory_are_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let sink = sink(directory.path());
    let mut one = writer(&sink, 0, "r");
    let mut two = writer(&sink, 0, "r");
    write(&mut *one, &["x"]);
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], b"y");
    assert!(two.write(&batch).is_err());
}

#[test]
fn large_files_roll_within_a_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let sink = TextFileSink::try_new(json!({"path": directory.path(), "roll_bytes": 10})).unwrap();
    sink.accepts("\"string\"").unwrap();
    let mut writer = writer(&sink, 0, "r");
    write(&mut *writer, &["123456789", "a", "b"]);
    sink.commit(&writer.pre_commit(CheckpointId(7)).unwrap())
        .unwrap();
    write(&mut *writer, &["c"]);
    sink.commit(&writer.pre_commit(CheckpointId(7)).unwrap())
        .unwrap();
    let files = files(directory.path());
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(
        files,
        [
            ("part-0-7-r", "123456789\n"),
            ("part-0-7-r-1", "a\nb\n"),
            ("part-0-7-r-2", "c\n")
        ]
    );
}

#[test]
fn stopped_writer_leaves_no_unfinished_file_but_keeps_prepared_ones() {
    let directory = tempfile::tempdir().unwrap();
    let sink = sink(directory.path());
    let mut writer = writer(&sink, 0, "r");
    write(&mut *writer, &["prepared"]);
    let prepared = writer.pre_commit(CheckpointId(1)).unwrap();
    write(&mut *writer, &["not prepared"]);
    drop(writer);
    assert_eq!(files(directory.path()).len(), 1);
    sink.commit(&prepared).unwrap();
    assert_eq!(published(directory.path()), ["prepared"]);
}

#[test]
fn committable_that_names_other_files_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let sink = sink(directory.path());
    let forged = |unfinished: &str, published: &str| {
        let part = super::PartFile {
            unfinished: unfinished.to_owned(),
            published: published.to_owned(),
        };
        part.to_committable()
    };
    for committable in [
        forged(".part-0-r-0.inprogress", "part-/../../x"),
        forged(".part-../x.inprogress", "part-0"),
        forged("x", "part-0"),
        Committable::new(vec![1, 2, 3]),
        Committable::new(Vec::new()),
    ] {
        assert!(sink.commit(std::slice::from_ref(&committable)).is_err());
        assert!(sink.recover(&[committable]).is_err());
    }
}

const VISIT: &str = r#"{"type":"record","name":"Visit","fields":[
    {"name":"day","type":"string"},{"name":"count","type":"long"}]}"#;

fn partitioned(directory: &Path) -> TextFileSink {
    let sink = TextFileSink::try_new(json!({"path": directory, "partition_by": "day"})).unwrap();
    sink.accepts(VISIT).unwrap();
    sink
}

/// Two fixed slots, of which the first points at the text behind them.
fn visit(day: &str, count: i64) -> Vec<u8> {
    let slot = 16 | (day.len() as u64) << 32;
    [&slot.to_le_bytes(), &count.to_le_bytes(), day.as_bytes()].concat()
}

fn write_visits(writer: &mut dyn SinkWriter, visits: &[(&str, i64)]) -> Result<(), String> {
    let mut batch = Batch::default();
    for (day, count) in visits {
        batch.push(NO_TIMESTAMP, &[], &visit(day, *count));
    }
    writer.write(&batch).map_err(|error| error.to_string())
}

#[test]
fn partitions_are_published_withdrawn_and_recovered_like_other_files() {
    let directory = tempfile::tempdir().unwrap();
    let sink = partitioned(directory.path());
    let mut writer = writer(&sink, 0, "r");
    write_visits(&mut *writer, &[("mon", 1), ("tue", 2), ("mon", 3)]).unwrap();
    let first = writer.pre_commit(CheckpointId(1)).unwrap();
    assert_eq!(first.len(), 2);
    write_visits(&mut *writer, &[("wed", 4)]).unwrap();
    std::mem::forget(writer);
    // Killed before the commit of the first checkpoint, which is repeated; then commit and withdraw a second one.
    let sink = partitioned(directory.path());
    sink.commit(&first).unwrap();
    sink.commit(&first).unwrap();
    sink.recover(&first).unwrap();
    let monday = directory.path().join("day=mon");
    let text = files(&monday).into_values().collect::<String>();
    assert_eq!(
        text,
        "{\"day\":\"mon\",\"count\":1}\n{\"day\":\"mon\",\"count\":3}\n"
    );
    let mut writer = self::writer(&sink, 0, "s");
    write_visits(&mut *writer, &[("mon", 5), ("wed", 6)]).unwrap();
    sink.commit(&writer.pre_commit(CheckpointId(2)).unwrap())
        .unwrap();
    assert_eq!(files(&monday).len(), 2);
    sink.withdraw(CheckpointId(1), &["s".to_owned()]).unwrap();
    assert_eq!(files(&monday).len(), 1);
    assert_eq!(files(&directory.path().join("day=wed")).len(), 0);
}

#[test]
fn more_partitions_than_may_be_open_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let sink = partitioned(directory.path());
    let mut writer = writer(&sink, 0, "r");
    let days: Vec<String> = (0..300).map(|n| format!("d{}", n % 100)).collect();
    let visits: Vec<(&str, i64)> = days.iter().map(|day| (day.as_str(), 1)).collect();
    write_visits(&mut *writer, &visits).unwrap();
    sink.commit(&writer.pre_commit(CheckpointId(1)).unwrap())
        .unwrap();
    for day in 0..100 {
        let files = files(&directory.path().join(format!("day=d{day}")));
        assert_eq!(files.values().flat_map(|text| text.lines()).count(), 3);
    }
}

#[test]
fn a_partition_stays_inside_the_directory_or_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let sink = partitioned(directory.path());
    let mut writer = writer(&sink, 0, "r");
    for bad in ["", "../x", "a/b", "\n"] {
        let error = write_visits(&mut *writer, &[("mon", 1), (bad, 2)]).unwrap_err();
        assert!(
            error.contains("day") && error.contains("names no directory"),
            "{error}"
        );
    }
    write_visits(&mut *writer, &[("..", 1)]).unwrap();
    let sink = TextFileSink::try_new(json!({"path": directory.path(), "partition_by": "count"}));
    let error = sink.unwrap().accepts(VISIT).unwrap_err().to_string();
    assert!(error.contains("no text field"), "{error}");
}
