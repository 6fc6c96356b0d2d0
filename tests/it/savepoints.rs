//! Savepoints through the real binary: a job is stopped with one and goes on from it, somewhere else, with another
//! backend, at another parallelism, with another release of its component; and what does not fit is refused by name.
//!
//! The job is that of the component `guest-evolving`: totals by auction, written at the end. What must come out follows
//! from the bids alone.

mod evolving;
mod format;
mod operator_state;
mod restored;
mod tools;

use std::path::{Path, PathBuf};

use crate::savepoints::evolving::Evolving;

/// Moves a savepoint to another place: nothing in it may depend on where it is.
fn moved(savepoint: &Path, to: &Path) -> PathBuf {
    std::fs::rename(savepoint, to).expect("the savepoint can be moved");
    to.to_owned()
}

/// Stops a job with a savepoint and lets it go on with another backend and parallelism.
fn goes_on(from: (&str, u32), to: (&str, u32)) {
    let data = tempfile::tempdir().expect("a directory");
    let first = Evolving::new(data.path(), from.0).parallelism(from.1);
    let savepoint = first.stopped();
    let savepoint = moved(&savepoint, &data.path().join("elsewhere"));
    let second = Evolving::new(data.path(), to.0)
        .parallelism(to.1)
        .data_dir("second");
    let ended = second.from(&savepoint).end().success();
    second.must_have_told_everything(&ended.told());
}

#[test]
fn a_savepoint_of_the_heap_backend_goes_on_in_rocksdb() {
    goes_on(("filesystem", 2), ("rocksdb", 3));
}

#[test]
fn a_savepoint_of_rocksdb_goes_on_on_the_heap() {
    goes_on(("rocksdb", 3), ("filesystem", 1));
}

#[test]
fn a_savepoint_goes_on_with_checkpoints_in_memory() {
    goes_on(("filesystem", 1), ("memory", 2));
}

#[test]
fn a_job_goes_on_while_its_savepoint_is_written_and_the_savepoint_is_a_fork() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Evolving::new(data.path(), "filesystem");
    let running = job.started();
    let target = job.target();
    let answer = running.order("savepoint", &[target.to_str().expect("a path")]);
    let savepoint = PathBuf::from(answer["location"].as_str().expect("a path"));
    let ended = running.end().success();
    job.must_have_told_everything(&ended.told());
    let fork = Evolving::new(data.path(), "filesystem")
        .data_dir("fork")
        .out("fork-out");
    let ended = fork.from(&savepoint).end().success();
    fork.must_have_told_everything(&ended.told());
}

#[test]
fn values_are_migrated_to_the_schemas_of_a_new_release() {
    for backend in ["filesystem", "rocksdb"] {
        let data = tempfile::tempdir().expect("a directory");
        let savepoint = Evolving::new(data.path(), backend).stopped();
        let second = Evolving::new(data.path(), backend)
            .version(2)
            .data_dir("second");
        let ended = second.from(&savepoint).end().success();
        second.must_have_told_everything(&ended.told());
    }
}

#[test]
fn values_of_a_checkpoint_are_migrated_too() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Evolving::new(data.path(), "filesystem");
    let running = job.started();
    running.cluster.process.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.told());
    let second = Evolving::new(data.path(), "filesystem").version(2);
    let ended = second.run().arg("--from").arg("latest").end().success();
    second.must_have_told_everything(&ended.told());
}

#[test]
fn a_checkpoint_of_one_backend_is_restored_by_the_other() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Evolving::new(data.path(), "rocksdb");
    let running = job.started();
    running.cluster.process.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.told());
    let second = Evolving::new(data.path(), "filesystem");
    let ended = second.run().arg("--from").arg("latest").end().success();
    second.must_have_told_everything(&ended.told());
}

#[test]
fn state_of_a_removed_operator_is_dropped_only_when_asked_for() {
    let data = tempfile::tempdir().expect("a directory");
    let savepoint = Evolving::new(data.path(), "filesystem").stopped();
    let third = Evolving::new(data.path(), "filesystem")
        .version(3)
        .data_dir("third");
    let refused = third.from(&savepoint).end();
    refused.fails_naming(&["operator \"cheap\"", "--allow-non-restored-state"]);
    assert_eq!(refused.code, Some(2), "{}", refused.told());
    let allowed = third.from(&savepoint).arg("--allow-non-restored-state");
    let ended = allowed.end().success();
    third.must_have_told_everything(&ended.told());
}

#[test]
fn state_that_cannot_be_migrated_is_refused_by_name() {
    let data = tempfile::tempdir().expect("a directory");
    let savepoint = Evolving::new(data.path(), "filesystem").stopped();
    let fourth = Evolving::new(data.path(), "filesystem")
        .version(4)
        .data_dir("fourth");
    let refused = fourth.from(&savepoint).end();
    refused.fails_naming(&["state \"total\"", "operator \"totals\"", "string"]);
}

#[test]
fn a_drained_job_tells_all_it_knows_before_it_ends() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Evolving::new(data.path(), "filesystem");
    let running = job.started();
    let answer = job.stop(&running, &["--drain"]);
    assert!(answer["location"].is_string(), "{answer}");
    let ended = running.end().success();
    // Totals are written when event time ends, so only a drained job has any.
    let counted = job.counted();
    assert!(counted > 0, "{}", ended.told());
    assert!(
        counted < evolving::BIDS,
        "it was not stopped: {}",
        ended.told()
    );
    assert_eq!(ended.summary()["status"], "finished", "{}", ended.told());
}
