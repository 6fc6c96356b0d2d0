//! Every line exactly once: for any lines, any split size, any parallelism, and a restore after any poll.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dataflow::limits::RECORD_BYTES_MAX;
use dataflow::port::source::{Polled, Source, SourceContext, SourceReader, SourceSplit};
use proptest::prelude::*;
use serde_json::json;

use super::TextFileSource;

fn source(path: &Path, split_bytes: u64) -> TextFileSource {
    TextFileSource::try_new(json!({"path": path, "split_bytes": split_bytes})).unwrap()
}

fn open(source: &TextFileSource, splits: Vec<SourceSplit>) -> Box<dyn SourceReader> {
    source
        .reader(splits, SourceContext::alone(Arc::new(|| {})))
        .unwrap()
}

/// The lines of at most `polls` polls.
fn read(reader: &mut dyn SourceReader, polls: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..polls {
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => {
                batch
                    .validate(dataflow::limits::SOURCE_BATCH_RECORDS)
                    .unwrap();
                for value in batch.values.entries(batch.len()) {
                    lines.push(String::from_utf8(value.to_vec()).unwrap());
                }
            }
            Polled::End => break,
            Polled::SplitEnded(_) => {}
            Polled::Pending(_) => panic!("a file source waits"),
        }
    }
    lines
}

/// Spreads splits over subtasks.
fn deal(splits: Vec<SourceSplit>, subtasks: usize) -> Vec<Vec<SourceSplit>> {
    let mut shares = vec![Vec::new(); subtasks];
    for (index, split) in splits.into_iter().enumerate() {
        shares[index % subtasks].push(split);
    }
    shares
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

/// Files of lines of random lengths, with any line end, and perhaps none at the end of the file.
fn files() -> impl Strategy<Value = Vec<Vec<(usize, bool)>>> {
    let line = (
        prop_oneof![5 => 0usize..40, 1 => 0usize..3000],
        any::<bool>(),
    );
    proptest::collection::vec(proptest::collection::vec(line, 0..60), 1..4)
}

/// Writes the files; returns the lines that are in them.
fn write(directory: &Path, files: &[Vec<(usize, bool)>], ends_open: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let mut text = String::new();
        for (number, (length, windows)) in file.iter().enumerate() {
            let line = format!("{index}/{number} {}", "x".repeat(*length));
            text.push_str(&line);
            if number + 1 < file.len() || !ends_open {
                text.push_str(if *windows { "\r\n" } else { "\n" });
            }
            lines.push(line);
        }
        fs::write(directory.join(format!("file-{index}.txt")), text).unwrap();
    }
    sorted(lines)
}

proptest! {
    #[test]
    fn every_line_is_read_once_whatever_the_splits_and_restores(
        files in files(),
        ends_open in any::<bool>(),
        split_bytes in prop_oneof![1u64..30, 30u64..5000],
        parallelism in 1usize..5,
        after in 1usize..5,
        polls in 0usize..6,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let expected = write(directory.path(), &files, ends_open);
        let source = source(directory.path(), split_bytes);
        let splits = source.splits(parallelism as u32).unwrap();
        let (mut lines, mut saved) = (Vec::new(), Vec::new());
        for share in deal(splits, parallelism) {
            let mut reader = open(&source, share);
            lines.extend(read(&mut *reader, polls));
            saved.extend(reader.snapshot());
        }
        // The job fails and comes back at another parallelism.
        for share in deal(saved, after) {
            let mut reader = open(&source, share);
            lines.extend(read(&mut *reader, usize::MAX));
            let progress = reader.remaining().unwrap();
            prop_assert_eq!(progress.done, progress.total);
        }
        prop_assert_eq!(sorted(lines), expected);
    }
}

#[test]
fn restore_at_every_position_goes_on_with_the_next_line() {
    let directory = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..20_000)
        .map(|i| format!("line {i} {}", "y".repeat(i % 90)))
        .collect();
    fs::write(directory.path().join("a"), lines.join("\n")).unwrap();
    let source = source(directory.path(), 100_000);
    let mut reader = open(&source, source.splits(1).unwrap());
    let mut seen = Vec::new();
    loop {
        let mut restored = open(&source, reader.snapshot());
        let rest = read(&mut *restored, usize::MAX);
        assert_eq!(rest, lines[seen.len()..]);
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => seen.extend((0..batch.count).map(|_| ())),
            Polled::End => break,
            Polled::SplitEnded(_) | Polled::Pending(_) => {}
        }
    }
    assert_eq!(seen.len(), lines.len());
}

#[test]
fn small_input_is_cut_for_every_subtask_and_large_one_by_size() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a"), vec![b'\n'; 5 << 20]).unwrap();
    let splits = |config| {
        TextFileSource::try_new(config)
            .unwrap()
            .splits(4)
            .unwrap()
            .len()
    };
    assert_eq!(splits(json!({"path": directory.path()})), 4);
    assert_eq!(
        splits(json!({"path": directory.path(), "split_bytes": 1 << 20})),
        5
    );
}

#[test]
fn changed_file_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, "one\ntwo\nthree\n".repeat(10_000)).unwrap();
    let source = source(directory.path(), 1 << 20);
    let mut reader = open(&source, source.splits(1).unwrap());
    read(&mut *reader, 3);
    let saved = reader.snapshot();
    fs::write(&path, "one\n").unwrap();
    let error = source
        .reader(saved.clone(), SourceContext::alone(Arc::new(|| {})))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("must not be cut") && error.contains("/a"),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    let error = source
        .reader(saved, SourceContext::alone(Arc::new(|| {})))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("open") && error.contains("/a"), "{error}");
}

#[test]
fn line_beyond_the_limit_is_an_error_that_names_file_and_offset() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = b"short\n".to_vec();
    bytes.resize(RECORD_BYTES_MAX + 100, b'x');
    fs::write(directory.path().join("a"), bytes).unwrap();
    let source = source(directory.path(), 1 << 40);
    let mut reader = open(&source, source.splits(1).unwrap());
    assert_eq!(read(&mut *reader, 1), ["short"]);
    let error = reader.poll().unwrap_err().to_string();
    assert!(
        error.contains("/a: the line at byte 6 is longer"),
        "{error}"
    );
}

#[test]
fn damaged_position_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a"), "x\n").unwrap();
    let source = source(directory.path(), 100);
    let good = source.splits(1).unwrap().remove(0);
    for length in 0..good.state.len() {
        let mut split = good.clone();
        split.state.truncate(length);
        assert!(
            source
                .reader(vec![split], SourceContext::alone(Arc::new(|| {})))
                .is_err()
        );
    }
    for at in 0..good.state.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut split = good.clone();
            split.state[at] = byte;
            // Any answer will do but a panic.
            if let Ok(mut reader) =
                source.reader(vec![split], SourceContext::alone(Arc::new(|| {})))
            {
                let _ = reader.poll();
            }
        }
    }
}
