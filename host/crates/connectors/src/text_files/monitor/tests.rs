//! A version of a file is taken once, when it has stopped changing.

use std::fs;
use std::path::Path;

use dataflow::port::source::Source;
use serde_json::json;

use super::*;
use crate::text_files::TextFileSource;

fn monitor(root: &Path, known: &[SourceSplit]) -> Box<dyn SplitEnumerator> {
    let keys = json!({"path": root, "watch": "continuous", "interval_ms": 5, "exclude": ["*.bak"]});
    let source = TextFileSource::try_new(keys).unwrap();
    assert!(source.splits(3).unwrap().is_empty());
    source.enumerator(known).unwrap().unwrap()
}

/// Names of the files of newly discovered splits.
fn look(monitor: &mut dyn SplitEnumerator) -> (Vec<String>, Vec<SourceSplit>) {
    let splits = monitor.discover().unwrap();
    let names = splits.iter().map(|split| {
        let path = Range::restore(&split.state).unwrap().path;
        path.file_name().unwrap().to_str().unwrap().to_owned()
    });
    (names.collect(), splits)
}

fn names(monitor: &mut dyn SplitEnumerator) -> Vec<String> {
    look(monitor).0
}

#[test]
fn a_file_is_taken_once_when_it_has_stopped_changing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut monitor = monitor(root, &[]);
    assert!(names(&mut *monitor).is_empty());
    fs::write(root.join("a"), "one\n").unwrap();
    assert!(names(&mut *monitor).is_empty(), "seen once");
    fs::write(root.join("a"), "one\ntwo\n").unwrap();
    assert!(names(&mut *monitor).is_empty(), "it has grown");
    assert_eq!(names(&mut *monitor), ["a"]);
    assert!(names(&mut *monitor).is_empty(), "taken once");
}

#[test]
fn files_being_written_and_unwanted_ones_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir(root.join("deep")).unwrap();
    for name in ["a.tmp", ".b", "c.bak", "deep/d"] {
        fs::write(root.join(name), "x\n").unwrap();
    }
    let mut monitor = monitor(root, &[]);
    names(&mut *monitor);
    assert_eq!(names(&mut *monitor), ["d"]);
    fs::rename(root.join("a.tmp"), root.join("a")).unwrap();
    names(&mut *monitor);
    assert_eq!(names(&mut *monitor), ["a"]);
}

#[test]
fn what_the_checkpoint_has_is_not_taken_again() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join("a"), "x\n").unwrap();
    fs::write(root.join("b"), "x\n").unwrap();
    let mut first = monitor(root, &[]);
    look(&mut *first);
    let (taken, splits) = look(&mut *first);
    assert_eq!(taken.len(), 2);
    let mut second = monitor(root, &splits);
    fs::write(root.join("c"), "x\n").unwrap();
    look(&mut *second);
    let (taken, new) = look(&mut *second);
    assert_eq!(taken, ["c"]);
    assert!(splits.iter().all(|split| split.id != new[0].id));
    // Of two splits the checkpoint has one: the other file is discovered again.
    let mut third = monitor(root, &splits[..1]);
    look(&mut *third);
    assert_eq!(names(&mut *third).len(), 2);
}

#[test]
fn a_file_that_changes_after_it_was_taken_is_taken_again() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join("a"), "x\n").unwrap();
    let mut monitor = monitor(root, &[]);
    names(&mut *monitor);
    assert_eq!(names(&mut *monitor), ["a"]);
    fs::write(root.join("a"), "x\ny\n").unwrap();
    names(&mut *monitor);
    assert_eq!(names(&mut *monitor), ["a"]);
}
