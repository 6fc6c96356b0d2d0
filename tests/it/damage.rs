//! A damaged checkpoint is noticed before the first record, and the one before is used.
//!
//! Every file that only the newest checkpoint has is damaged in turn: a bit flipped, cut short, removed. The result
//! must be the oracle's all the same, and standard error must say what was wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::answer::{Lines, Sum};
use crate::support::oracle::Question;
use crate::support::published;
use crate::support::run::{Ended, Run};

const EVENTS: u64 = 300_000;

const QUESTION: Question<'_> = Question {
    job: "J2",
    n: EVENTS,
    keys: 5_000,
    epm: 1,
    text: "",
};

fn job() -> Run {
    Run::bench("J2")
        .param("n", EVENTS)
        .param("keys", QUESTION.keys)
}

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).expect("a file of the store");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The folder of the only job below a data directory.
pub(crate) fn job_folder(data: &Path) -> Option<PathBuf> {
    fs::read_dir(data)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .next()
}

/// Metadata files of the retained checkpoints that were not passed over, newest first.
pub(crate) fn retained(folder: &Path) -> Vec<String> {
    let Ok(bytes) = fs::read(folder.join("CURRENT")) else {
        return Vec::new();
    };
    let current: Value = serde_json::from_slice(&bytes).expect("CURRENT is JSON");
    let retained = current["retained"]
        .as_array()
        .expect("CURRENT lists checkpoints");
    let name = |entry: &Value| entry["metadata"].as_str().expect("a name").to_owned();
    let counts = |entry: &&Value| entry["passed_over"] != true;
    retained.iter().filter(counts).map(name).collect()
}

/// All files of a checkpoint, its metadata first.
pub(crate) fn files(folder: &Path, metadata: &str) -> Vec<String> {
    let document = json(&folder.join(metadata));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let tasks = list(&document["vertices"])
        .into_iter()
        .flat_map(|vertex| list(&vertex["tasks"]));
    let files = tasks.flat_map(|task| list(&task["state"]["files"]));
    let names = files.map(|file| file["name"].as_str().expect("a name").to_owned());
    [metadata.to_owned()].into_iter().chain(names).collect()
}

/// A job that was killed with at least two checkpoints kept.
fn killed(data: &Path, backend: &str) -> PathBuf {
    let run = job().param("rate", EVENTS / 20).checkpoints("100ms", data);
    let mut running = run.arg("--state-backend").arg(backend).start();
    let two = |_: &_| job_folder(data).is_some_and(|folder| retained(&folder).len() >= 2);
    assert!(
        running.reaches("two checkpoints", two),
        "it ended: {}",
        running.errors()
    );
    // The process may be between two checkpoints or within one; either is as good.
    running.kill();
    job_folder(data).expect("the folder of the job")
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of the copy");
    for entry in fs::read_dir(from).expect("a folder to copy").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

fn restored(folder: &Path, backend: &str) -> Ended {
    job()
        .arg("--restore")
        .arg(folder)
        .arg("--state-backend")
        .arg(backend)
        .end()
}

/// Does harm to a file.
type Damage = fn(&Path);

/// A bit flipped in the middle, the second half cut off, the whole removed.
const DAMAGES: [(&str, Damage); 3] = [
    ("flipped", |path| {
        let mut bytes = fs::read(path).expect("the file");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(path, bytes).expect("the file can be written");
    }),
    ("cut", |path| {
        let bytes = fs::read(path).expect("the file");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("the file can be written");
    }),
    ("removed", |path| {
        fs::remove_file(path).expect("the file can be removed")
    }),
];

fn falls_back(backend: &str) {
    let data = tempfile::tempdir().expect("a directory");
    let folder = killed(data.path(), backend);
    let kept = retained(&folder);
    let before: BTreeSet<String> = kept[1..].iter().flat_map(|m| files(&folder, m)).collect();
    let newest = files(&folder, &kept[0]);
    let own: Vec<&String> = newest
        .iter()
        .filter(|name| !before.contains(*name))
        .collect();
    let expected = Sum::expected(&QUESTION);
    let older = json(&folder.join(&kept[1]))["checkpoint"].clone();
    for name in own {
        for (how, damage) in DAMAGES {
            let copied = tempfile::tempdir().expect("a directory");
            copy(&folder, copied.path());
            damage(&copied.path().join(name));
            let ended = restored(copied.path(), backend).success();
            let what = format!("{name} {how}\n{}", ended.told());
            assert_eq!(Sum::of_summary(&ended.summary()), expected, "{what}");
            assert_eq!(ended.summary()["restored_from"], older, "{what}");
            assert!(
                ended.err.contains(&kept[0]),
                "the damaged checkpoint is not named: {what}"
            );
            assert!(
                ended.err.contains("the one before"),
                "the fallback is not said: {what}"
            );
        }
    }
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    falls_back("heap");
}

#[test]
fn a_damaged_checkpoint_of_rocksdb_gives_way_to_the_one_before() {
    falls_back("rocksdb");
}

#[test]
fn when_nothing_is_whole_the_job_does_not_start() {
    let data = tempfile::tempdir().expect("a directory");
    let folder = killed(data.path(), "heap");
    for metadata in retained(&folder) {
        DAMAGES[0].1(&folder.join(metadata));
    }
    restored(&folder, "heap").fails_naming(&["no checkpoint", "restored", "damaged"]);
    DAMAGES[1].1(&folder.join("CURRENT"));
    restored(&folder, "heap").fails_naming(&["CURRENT"]);
}

/// What a checkpoint published before it was found to be damaged must not be there twice.
#[test]
fn output_published_by_a_damaged_checkpoint_is_taken_back() {
    let data = tempfile::tempdir().expect("a directory");
    let (store, out) = (data.path().join("store"), data.path().join("out"));
    let with_files = |rate: u64| job().param("out", out.display()).param("rate", rate);
    let mut running = with_files(EVENTS / 20).checkpoints("100ms", &store).start();
    let published_twice = |_: &_| {
        fs::read_dir(&out).is_ok_and(|parts| {
            parts
                .flatten()
                .filter(|part| part.file_name().to_string_lossy().starts_with("part-"))
                .count()
                >= 3
        })
    };
    assert!(
        running.reaches("three published files", published_twice),
        "it ended: {}",
        running.errors()
    );
    running.kill();
    let folder = job_folder(&store).expect("the folder of the job");
    fs::remove_file(folder.join(&retained(&folder)[0])).expect("the newest metadata");
    let ended = with_files(0).arg("--restore").arg(&folder).end().success();
    assert!(ended.err.contains("taking back"), "{}", ended.told());
    published::lines(&out).must_equal(&Lines::expected(&QUESTION), &ended.told());
}
