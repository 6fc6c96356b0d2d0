//! Checkpoints in a bucket: a job that is killed goes on from there, a process that was given up for dead cannot get in
//! its way, and a store that could not tell the two apart is refused.

mod savepoints;

use std::path::Path;
use std::process::Command;

use crate::support::answer::Lines;
use crate::support::cluster::{Cluster, endless};
use crate::support::oracle::Question;
use crate::support::published;
use crate::support::run::{Run, Running};
use crate::support::s3::S3Server;

/// The folder of the job, as in a data directory.
const FOLDER: &str = "bench-J2";

const QUESTION: Question<'_> = Question {
    job: "J2",
    n: 100_000,
    keys: 1_000,
    epm: 1,
    text: "",
};

/// The job, which takes so many seconds.
fn job(server: &S3Server, data: &Path, out: &str, seconds: u64) -> Run {
    let run = Run::bench("J2")
        .param("n", QUESTION.n)
        .param("keys", QUESTION.keys)
        .param("out", data.join(out).display())
        .param("rate", QUESTION.n / seconds)
        .parallelism(2)
        .checkpoints("100ms", data)
        .set("data.tmp-dir", data);
    server.reached_by(run)
}

/// Waits for a checkpoint that is newer than the one that was the newest before.
fn next_checkpoint(server: &S3Server, running: &mut Running) {
    let before = server.retained(FOLDER);
    let newer = |_: &Running| {
        let now = server.retained(FOLDER);
        !now.is_empty() && now.first() != before.first()
    };
    let reached = running.reaches("a checkpoint in the bucket", newer);
    assert!(reached, "it ended: {}", running.errors());
}

/// Stops or continues a process; the shell does it, since a signal cannot be sent with safe Rust.
fn signal(running: &Running, name: &str) {
    let kill = format!("kill -{name} {}", running.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.expect("sh starts").success(), "{kill}");
}

#[test]
fn a_killed_job_goes_on_from_the_bucket_on_both_backends() {
    let server = S3Server::start();
    for backend in ["heap", "rocksdb"] {
        let data = tempfile::tempdir().expect("a directory");
        let run = |seconds| {
            job(&server, data.path(), "out", seconds)
                .arg("--state-backend")
                .arg(backend)
        };
        // So slow that it cannot end before it is killed.
        let mut running = run(600).start();
        next_checkpoint(&server, &mut running);
        next_checkpoint(&server, &mut running);
        running.kill();
        let mut running = run(600).arg("--restore").arg("latest").start();
        next_checkpoint(&server, &mut running);
        running.kill();
        let ended = run(2).arg("--restore").arg("latest").end().success();
        assert!(
            ended.summary()["restored_from"].as_u64() > Some(0),
            "{}",
            ended.told()
        );
        let expected = Lines::expected(&QUESTION);
        published::lines(&data.path().join("out")).must_equal(&expected, &ended.told());
        assert!(
            !published::has_checkpoint(data.path()),
            "no checkpoint is kept on this machine"
        );
        // Named by its place, too: it has ended, so nothing is published again.
        let place = format!("s3://jobs/at/{FOLDER}");
        let again = run(2).arg("--restore").arg(place).end().success();
        published::lines(&data.path().join("out")).must_equal(&expected, &again.told());
    }
    let names = server.names();
    let of_tests = |name: &&String| name.contains("TEST");
    assert_eq!(names.iter().find(of_tests), None, "the test cleans up");
}

#[test]
fn a_zombie_is_fenced_and_the_result_is_exact() {
    let server = S3Server::start();
    let data = tempfile::tempdir().expect("a directory");
    let mut zombie = job(&server, data.path(), "out", 10).start();
    next_checkpoint(&server, &mut zombie);
    signal(&zombie, "STOP");
    // Its successor has its own machine; only the bucket and the output are shared.
    let other = tempfile::tempdir().expect("a directory");
    let out = data.path().join("out");
    let mut successor = job(&server, other.path(), "unused", 10)
        .param("out", out.display())
        .arg("--restore")
        .arg("latest")
        .start();
    next_checkpoint(&server, &mut successor);
    signal(&zombie, "CONT");
    let fenced = zombie.end();
    fenced.fails_naming(&["has taken the job over", FOLDER, "s3://jobs"]);
    assert!(!fenced.err.contains("restarting"), "{}", fenced.told());
    let ended = successor.end().success();
    published::lines(&out).must_equal(&Lines::expected(&QUESTION), &ended.told());
}

#[test]
fn a_store_without_conditional_writes_is_refused() {
    let server = S3Server::start_careless();
    let data = tempfile::tempdir().expect("a directory");
    let refused = job(&server, data.path(), "out", 10).end();
    refused.fails_naming(&["does not write conditionally", "If-None-Match", "s3://jobs"]);
    assert_eq!(published::parts(&data.path().join("out")).len(), 0);
}

#[test]
fn what_is_wrong_with_the_bucket_is_said_before_the_first_record() {
    let server = S3Server::start();
    let data = tempfile::tempdir().expect("a directory");
    let missing =
        job(&server, data.path(), "out", 10).set("state.checkpoints.dir", "s3://missing/at");
    missing
        .end()
        .fails_naming(&["s3://missing/at", "NoSuchBucket"]);
    let nothing = job(&server, data.path(), "out", 10)
        .arg("--restore")
        .arg("latest");
    nothing
        .end()
        .fails_naming(&["no completed checkpoint", FOLDER]);
    for (key, value, words) in [
        ("state.checkpoints.dir", "gs://jobs", "s3://bucket/prefix"),
        ("data.dir", "s3://jobs", "state.checkpoints.dir"),
        ("s3.endpoint", "localhost:1", "scheme"),
    ] {
        let refused = Run::bench("J2").set(key, value).end();
        refused.fails_naming(&[key, words]);
    }
    let half = Run::bench("J2")
        .set("s3.secret-key", "secret of the test")
        .end();
    half.fails_naming(&["s3.access-key", "go together"]);
    assert!(!half.err.contains("secret of the test"), "{}", half.told());
}

#[test]
fn jobs_of_a_cluster_keep_their_checkpoints_in_the_bucket_and_go_on_from_there() {
    let server = S3Server::start();
    let data = tempfile::tempdir().expect("a directory");
    let start = || Cluster::start_as(data.path(), |run| server.reached_by(run));
    let cluster = start();
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let checkpoints = format!("/jobs/{job}/checkpoints");
    let taken = |it: &serde_json::Value| it["counts"]["completed"].as_u64() > Some(1);
    cluster.until(&checkpoints, taken);
    let folder = format!(".cluster/jobs/{job}/checkpoints");
    assert!(!server.retained(&folder).is_empty(), "{:?}", server.names());
    let shown = cluster.get("/jobmanager/config").to_string();
    assert!(shown.contains(server.address()), "{shown}");
    assert!(!shown.contains("\"key\",\"value\":\"key\""), "{shown}");
    let mut moved = endless(1);
    moved["settings"]["s3.endpoint"] = "http://localhost:1".into();
    let run = format!("/v1/components/{bench}/run");
    let refused = cluster.post(&run, &moved);
    assert!(refused.text().contains("belongs to the process"));
    cluster.process.kill();
    let cluster = start();
    cluster.reaches(&job, "RUNNING");
    let restored = cluster.until(&checkpoints, |it| it["counts"]["restored"] != 0);
    assert_eq!(restored["counts"]["restored"], 1);
    cluster
        .request("PATCH", &format!("/jobs/{job}?mode=cancel"), &[], &[])
        .is(202);
    cluster.reaches(&job, "CANCELED");
}
