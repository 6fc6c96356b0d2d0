//! Checkpoints that earlier versions wrote, kept for ever: this version goes on from each of them, exactly.
//!
//! `scripts/fixture.sh` writes one. A fixture is never written anew when a format changes: the new format gets one of its
//! own, and the old one stays. What a savepoint looks like is kept by the tests of savepoints.

use std::path::{Path, PathBuf};

use crate::damage::{copy, retained};
use crate::support::answer::Sum;
use crate::support::oracle::Question;
use crate::support::programs::guest;
use crate::support::run::Run;

/// Name of the folder, the job, and the backend that wrote it.
const FIXTURES: [(&str, &str, &str); 4] = [
    ("checkpoint-1-heap-windows", "J4", "heap"),
    ("checkpoint-1-heap-join", "J6", "heap"),
    ("checkpoint-1-rocksdb-windows", "J4", "rocksdb"),
    ("checkpoint-1-rocksdb-join", "J6", "rocksdb"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn goes_on(name: &str, job: &str, backend: &str, parallelism: u32) {
    let question = Question {
        job,
        n: 6_000,
        keys: 50,
        epm: 2,
        text: "",
    };
    let data = tempfile::tempdir().expect("a directory");
    copy(&folder(name), data.path());
    let newest = retained(data.path()).remove(0);
    let ended = Run::bench(job)
        .param("n", question.n)
        .param("keys", question.keys)
        .param("epm", question.epm)
        .parallelism(parallelism)
        .arg("--state-backend")
        .arg(backend)
        .arg("--restore")
        .arg(data.path())
        .end()
        .success();
    let told = format!("{name}\n{}", ended.told());
    let restored = ended.summary()["restored_from"].to_string();
    assert!(newest.starts_with(&format!("chk-{restored}-")), "{told}");
    assert_eq!(
        Sum::of_summary(&ended.summary()),
        Sum::expected(&question),
        "{told}"
    );
}

#[test]
fn checkpoints_of_version_1_are_restored() {
    for (name, job, backend) in FIXTURES {
        goes_on(name, job, backend, 2);
    }
}

#[test]
fn checkpoints_of_version_1_are_restored_at_another_parallelism() {
    for (name, job, backend) in FIXTURES {
        goes_on(name, job, backend, 3);
    }
}

/// A run of the job that wrote the checkpoints with records in flight.
fn slow(data: &Path, backend: &str, parallelism: u32) -> Run {
    let run = Run::new("run", guest("guest_state")).arg("--json");
    run.param("case", "slow")
        .param("n", 6_000)
        .param("keys", 50)
        .param("out", "checksum")
        .set("data.dir", data)
        .arg("--state-backend")
        .arg(backend)
        .parallelism(parallelism)
}

#[test]
fn records_in_flight_of_version_2_are_taken_up() {
    for (backend, parallelism) in [("heap", 2), ("rocksdb", 2), ("heap", 3), ("rocksdb", 1)] {
        let data = tempfile::tempdir().expect("a directory");
        copy(&folder("checkpoint-2-heap-in-flight"), data.path());
        let newest = retained(data.path()).remove(0);
        let metadata = std::fs::read_to_string(data.path().join(newest));
        let metadata = metadata.expect("the metadata");
        assert!(metadata.contains("\"in_flight\""), "{metadata}");
        let restored = slow(data.path(), backend, parallelism)
            .arg("--restore")
            .arg(data.path())
            .summary();
        let fresh = tempfile::tempdir().expect("another directory");
        let whole = slow(fresh.path(), backend, 2).summary();
        assert!(restored["restored_from"].is_u64(), "{restored}");
        assert_eq!(Sum::of_summary(&restored), Sum::of_summary(&whole));
    }
}
