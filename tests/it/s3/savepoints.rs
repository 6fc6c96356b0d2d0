//! Savepoints and retained checkpoints in a bucket: taken, looked at, checked, gone on from, and removed.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::QUESTION;
use crate::support::answer::Lines;
use crate::support::cluster::{Cluster, endless};
use crate::support::orders::has_completed;
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;
use crate::support::s3::S3Server;
use crate::support::wait::within;

/// Nothing of these tests takes longer unless it never happens.
const LIMIT: Duration = Duration::from_secs(30);

/// A cluster that keeps everything that can be there in the bucket.
fn cluster(server: &S3Server, data: &Path) -> Cluster {
    Cluster::start_as(data, |run| {
        server
            .reached_by(run)
            .set("state.savepoints.dir", "s3://jobs/saved")
            .set("state.savepoints.include-components", "true")
    })
}

/// J2 as a job of a cluster that writes lines.
fn counting(out: &Path) -> Value {
    json!({
        "parallelism": 2,
        "parameters": {
            "job": "J2", "n": QUESTION.n, "keys": QUESTION.keys, "rate": QUESTION.n / 12, "out": out,
        },
        "settings": { "execution.checkpointing.interval": "100ms" },
    })
}

fn look(server: &S3Server, data: &Path, arguments: &[&str]) -> Run {
    let run = Run::bare(arguments[0]).set("data.tmp-dir", data);
    server.reached_by(arguments[1..].iter().fold(run, |run, it| run.arg(it)))
}

/// The names of objects of a folder of checkpoints that are more than the note that there are none.
fn checkpoints(server: &S3Server, job: &str) -> Vec<String> {
    let mut names = server.names();
    names.retain(|name| name.contains(job) && !name.ends_with("CURRENT"));
    names
}

#[test]
fn a_job_that_ends_with_a_savepoint_in_a_bucket_goes_on_from_it_elsewhere() {
    let server = S3Server::start();
    let data = tempdir().expect("a directory");
    let out = data.path().join("out");
    let cluster = cluster(&server, data.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &counting(&out));
    has_completed(&cluster, &job);
    let stopped = cluster.verb(
        "stop",
        &[&job, "--savepoint", "s3://jobs/elsewhere", "--json"],
    );
    let place = stopped.success().json()["location"].clone();
    let place = place.as_str().expect("a place");
    assert!(
        place.starts_with("s3://jobs/elsewhere/savepoint-"),
        "{place}"
    );
    let folder = place.strip_prefix("s3://jobs/").expect("its bucket");
    let names = server.names();
    let of_savepoint = |end: &str| {
        names
            .iter()
            .any(|it| it.starts_with(folder) && it.ends_with(end))
    };
    for end in ["/_metadata.json", "/_checksums.b3", ".avro", ".wasm"] {
        assert!(of_savepoint(end), "{end} is not in {names:?}");
    }

    // Looked at, checked, and gone on from, by name alone, from another machine.
    let other = tempdir().expect("a directory");
    let listed = look(&server, other.path(), &["state", "list", place, "--json"]);
    let listed = listed.end().success().json();
    assert_eq!(listed["what"], "savepoint", "{listed}");
    let kept = listed["states"][0]["entries"].as_u64().expect("a number");
    assert!(kept > 0, "{listed}");
    let bench = guest("bench");
    let bench = bench.to_str().expect("a path");
    let check = ["check", place, bench, "--param", "job=J2", "--json"];
    let fits = look(&server, other.path(), &check).end().success().json();
    assert!(
        fits["states"].as_array().is_some_and(|it| !it.is_empty()),
        "{fits}"
    );
    let run = Run::bench("J2")
        .param("n", QUESTION.n)
        .param("keys", QUESTION.keys)
        .param("out", out.display())
        .checkpoints("1s", other.path())
        .arg("--from")
        .arg(place);
    let ended = server.reached_by(run).end().success();
    published::lines(&out).must_equal(&Lines::expected(&QUESTION), &ended.told());
    let copies = std::fs::read_dir(other.path()).expect("a directory");
    let left = copies
        .flatten()
        .filter(|it| it.file_name().to_string_lossy().starts_with("wasmill-"));
    assert_eq!(left.count(), 0, "what was fetched is removed");
}

#[test]
fn checkpoints_in_a_bucket_are_looked_at_where_they_are() {
    let server = S3Server::start();
    let data = tempdir().expect("a directory");
    let cluster = cluster(&server, data.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    has_completed(&cluster, &job);
    let states = cluster.get(&format!("/v1/jobs/{job}/states"));
    assert!(states.to_string().contains("\"sum\""), "{states}");
    let place = format!("s3://jobs/at/.cluster/jobs/{job}/checkpoints");
    let listed = look(&server, data.path(), &["state", "list", &place, "--json"]);
    let listed = listed.end().success().json();
    assert_eq!(listed["what"], "checkpoint", "{listed}");
    let body = json!({ "savepointPath": place, "parameters": { "job": "J2" } });
    let valid = cluster.post(&format!("/v1/components/{bench}/validate"), &body);
    let valid = valid.is(200).json();
    assert_eq!(valid["valid"], true, "{valid}");

    // With no other place said, savepoints go where the configuration says.
    let saved = cluster
        .verb("savepoint", &[&job, "--json"])
        .success()
        .json();
    let saved = saved["location"].as_str().expect("a place").to_owned();
    assert!(saved.starts_with("s3://jobs/saved/savepoint-"), "{saved}");
    let body = json!({
        "savepointPath": saved,
        "parameters": { "job": "J2", "n": 100_000, "keys": 100 },
        "settings": { "execution.checkpointing.interval": "100ms" },
    });
    let next = cluster.run(&bench, &body);
    cluster.reaches(&next, "FINISHED");
    let nothing = look(
        &server,
        data.path(),
        &["state", "list", "s3://jobs/nothing"],
    );
    nothing
        .end()
        .fails_naming(&["s3://jobs/nothing", "no checkpoint or savepoint"]);
    let refused = json!({ "target-directory": "s3://missing/x" });
    let path = format!("/v1/jobs/{job}/savepoints");
    let request = cluster.post(&path, &refused).is(202).json()["request-id"].clone();
    let request = request.as_str().expect("an id");
    let told = cluster.until(&format!("{path}/{request}?wait-ms=5000"), |it| {
        it["status"]["id"] == "COMPLETED"
    });
    assert!(told.to_string().contains("NoSuchBucket"), "{told}");
    assert_eq!(cluster.state(&job), "RUNNING");
}

#[test]
fn checkpoints_in_a_bucket_go_when_the_job_is_cancelled_or_forgotten() {
    let server = S3Server::start();
    let data = tempdir().expect("a directory");
    let cluster = cluster(&server, data.path());
    let bench = cluster.upload("bench");
    let gone = |job: &str| {
        let gone = within(LIMIT, || checkpoints(&server, job).is_empty().then_some(()));
        assert!(gone.is_some(), "{:?}", checkpoints(&server, job));
    };
    let cancel = |job: &str| {
        cluster
            .request("PATCH", &format!("/jobs/{job}?mode=cancel"), &[], &[])
            .is(202);
        cluster.reaches(job, "CANCELED");
    };
    let mut passing = endless(1);
    passing["settings"]["execution.checkpointing.externalized-checkpoint-retention"] =
        "DELETE_ON_CANCELLATION".into();
    let job = cluster.run(&bench, &passing);
    has_completed(&cluster, &job);
    cancel(&job);
    gone(&job);

    let job = cluster.run(&bench, &endless(1));
    has_completed(&cluster, &job);
    cancel(&job);
    assert!(!checkpoints(&server, &job).is_empty(), "they are retained");
    // As long as another job goes on with them they stay, also when the first is forgotten.
    let mut heir = endless(1);
    heir["restore"] = "latest".into();
    let heir = cluster.run(&bench, &heir);
    has_completed(&cluster, &heir);
    let forget = |job: &str| cluster.request("DELETE", &format!("/jobs/{job}"), &[], &[]);
    assert!(forget(&job).status < 300);
    has_completed(&cluster, &heir);
    assert!(
        !checkpoints(&server, &job).is_empty(),
        "they are the heir's"
    );
    cancel(&heir);
    let last = cluster.run(&bench, &endless(1));
    has_completed(&cluster, &last);
    cancel(&last);
    assert!(forget(&last).status < 300);
    gone(&last);
    let left: Vec<String> = server
        .names()
        .into_iter()
        .filter(|it| it.contains(&last))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "not even the note");
}
