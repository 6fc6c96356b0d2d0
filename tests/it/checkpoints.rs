//! What becomes of the files of checkpoints: whether each builds on the one before, how many are kept, and whether they
//! outlive a job that is cancelled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::answer::Sum;
use crate::support::cluster::{Cluster, endless};
use crate::support::oracle::Question;
use crate::support::run::Run;
use crate::support::wait::within;

const QUESTION: Question<'_> = Question {
    job: "J2",
    n: 150_000,
    keys: 20_000,
    epm: 1,
    text: "",
};

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The files of keyed state of each checkpoint that counts, newest first; none while they are being replaced.
fn files_of_checkpoints(folder: &Path) -> Option<Vec<BTreeSet<String>>> {
    let current = read(&folder.join("CURRENT"))?;
    let files = |retained: &Value| {
        let metadata = read(&folder.join(retained["metadata"].as_str()?))?;
        let tasks = list(&metadata["vertices"])
            .into_iter()
            .flat_map(|vertex| list(&vertex["tasks"]));
        let files = tasks.flat_map(|task| list(&task["state"]["files"]));
        Some(
            files
                .filter_map(|it| Some(it["name"].as_str()?.to_owned()))
                .collect(),
        )
    };
    list(&current["retained"]).iter().map(files).collect()
}

fn names_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Kills a job that has some checkpoints, returns their files, and has it go on to its end, which must be exact.
fn killed(backend: &str, incremental: bool) -> Vec<BTreeSet<String>> {
    let data = tempfile::tempdir().expect("a directory");
    let run = |seconds| {
        Run::bench(QUESTION.job)
            .param("n", QUESTION.n)
            .param("keys", QUESTION.keys)
            .param("rate", QUESTION.n / seconds)
            .arg("--state-backend")
            .arg(backend)
            .set("data.tmp-dir", data.path())
            .set("execution.checkpointing.num-retained", "20")
            .set(
                "execution.checkpointing.incremental",
                incremental.to_string(),
            )
            .checkpoints("50ms", data.path())
    };
    let folder = data.path().join("bench-J2");
    let mut running = run(60).start();
    let enough = |_: &_| files_of_checkpoints(&folder).is_some_and(|all| all.len() >= 4);
    assert!(
        running.reaches("four checkpoints", enough),
        "{}",
        running.errors()
    );
    running.kill();
    let files = files_of_checkpoints(&folder).expect("checkpoints");
    let summary = run(2).arg("--restore").arg("latest").summary();
    assert!(summary["restored_from"].as_u64() >= Some(4), "{summary}");
    assert_eq!(
        Sum::of_summary(&summary),
        Sum::expected(&QUESTION),
        "{summary}"
    );
    files
}

/// Pairs of checkpoints, one behind the other, that name a file in common.
fn sharing(checkpoints: &[BTreeSet<String>]) -> usize {
    let pairs = checkpoints.windows(2);
    pairs.filter(|pair| !pair[0].is_disjoint(&pair[1])).count()
}

#[test]
fn incremental_checkpoints_name_the_files_of_the_ones_before() {
    for backend in ["heap", "rocksdb"] {
        let checkpoints = killed(backend, true);
        assert!(sharing(&checkpoints) > 0, "{backend}: {checkpoints:?}");
    }
}

#[test]
fn full_checkpoints_have_all_of_their_state_in_files_of_their_own() {
    for backend in ["heap", "rocksdb"] {
        let checkpoints = killed(backend, false);
        assert!(checkpoints.iter().all(|files| !files.is_empty()));
        assert_eq!(sharing(&checkpoints), 0, "{backend}: {checkpoints:?}");
    }
}

/// A job of a cluster that has checkpoints, cancelled; the folder of its checkpoints.
fn cancelled(dir: &Path, retention: &str, by_verb: bool) -> (Cluster, PathBuf) {
    let cluster = Cluster::start(dir);
    let bench = cluster.upload("bench");
    let mut spec = endless(2);
    spec["settings"]["execution.checkpointing.externalized-checkpoint-retention"] =
        json!(retention);
    let job = cluster.run(&bench, &spec);
    cluster.until(&format!("/jobs/{job}/checkpoints"), |it| {
        it["counts"]["completed"].as_u64() > Some(2)
    });
    let folder = dir.join(format!(".cluster/jobs/{job}/checkpoints"));
    assert!(!names_below(&folder.join("shared")).is_empty());
    if by_verb {
        cluster.verb("cancel", &[&job]).success();
    } else {
        let path = format!("/jobs/{job}?mode=cancel");
        cluster.request("PATCH", &path, &[], &[]).is(202);
    }
    cluster.reaches(&job, "CANCELED");
    (cluster, folder)
}

#[test]
fn checkpoints_of_a_cancelled_job_are_deleted_where_that_is_wished() {
    for by_verb in [true, false] {
        let dir = tempfile::tempdir().expect("a directory");
        let (_cluster, folder) = cancelled(dir.path(), "DELETE_ON_CANCELLATION", by_verb);
        let left = || {
            let of_checkpoints = |path: &PathBuf| {
                let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
                name.is_some_and(|name| name.starts_with("chk-"))
            };
            let mut left = names_below(&folder.join("shared"));
            left.extend(names_below(&folder).into_iter().filter(of_checkpoints));
            left
        };
        let gone = within(Duration::from_secs(20), || left().is_empty().then_some(()));
        assert!(gone.is_some(), "{:?}", left());
        assert_eq!(files_of_checkpoints(&folder), Some(Vec::new()));
    }
}

#[test]
fn checkpoints_of_a_cancelled_job_are_kept_otherwise_and_begun_from() {
    let dir = tempfile::tempdir().expect("a directory");
    let (cluster, folder) = cancelled(dir.path(), "RETAIN_ON_CANCELLATION", true);
    assert!(files_of_checkpoints(&folder).is_some_and(|all| !all.is_empty()));
    drop(cluster);
    let mut running = Run::bench("J2")
        .param("n", 1_000_000_000_u64)
        .param("keys", 100)
        .param("rate", 2_000)
        .arg("--restore")
        .arg(&folder)
        .set("data.tmp-dir", dir.path())
        .start();
    let handles = running.reaches("running", |it| it.handles_interrupts());
    assert!(handles, "{}", running.errors());
    running.interrupt();
    let summary = running.end().summary();
    assert!(summary["restored_from"].as_u64() > Some(2), "{summary}");
}
