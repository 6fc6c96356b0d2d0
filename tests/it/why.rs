//! Planted faults: for each, the cluster says in a sentence what is wrong.

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::cluster::{Cluster, endless};

/// A cluster with four slots, and the `bench` plugin in it.
fn cluster() -> (TempDir, Cluster, String) {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| {
        run.set("taskmanager.number-of-task-slots", "4")
    });
    let bench = cluster.upload("bench");
    (dir, cluster, bench)
}

/// Waits until an answer to a question has all these words.
fn says(cluster: &Cluster, job: &str, question: &str, words: &[&str]) {
    let holds = |document: &Value| {
        let mut answers = document["answers"].as_array().into_iter().flatten();
        answers.any(|answer| {
            let sentence = answer["sentence"].as_str().unwrap_or_default();
            answer["question"] == question && words.iter().all(|word| sentence.contains(word))
        })
    };
    cluster.until(&format!("/jobs/{job}/why"), holds);
}

/// J2 as fast as it can, without an end.
fn fast(settings: &Value) -> Value {
    json!({
        "parallelism": 2,
        "parameters": { "job": "J2", "n": 100_000_000_000_u64, "keys": 100_000 },
        "settings": settings,
    })
}

#[test]
fn a_job_that_waits_for_slots() {
    let (_dir, cluster, bench) = cluster();
    cluster.run(&bench, &endless(3));
    let job = cluster.run(&bench, &endless(2));
    says(
        &cluster,
        &job,
        "no-output",
        &["waits for 2 slots", "1 of 4 are free"],
    );
    let never = cluster.run(&bench, &endless(5));
    says(
        &cluster,
        &never,
        "no-output",
        &["needs 5 slots", "4 in all"],
    );
}

#[test]
fn a_chain_that_holds_its_source_back() {
    let (_dir, cluster, bench) = cluster();
    let job = cluster.run(&bench, &fast(&json!({})));
    says(
        &cluster,
        &job,
        "slow",
        &["holds \"generator -> key_by\" back"],
    );
    says(
        &cluster,
        &job,
        "checkpoint-late",
        &["No checkpoints are taken"],
    );
}

#[test]
fn a_source_that_is_the_slowest_part() {
    let (_dir, cluster, bench) = cluster();
    let body = json!({ "parameters": { "job": "J1", "n": 100_000_000_000_u64 } });
    let job = cluster.run(&bench, &body);
    says(
        &cluster,
        &job,
        "slow",
        &["nothing holds it back", "slowest part"],
    );
}

#[test]
fn keys_that_are_all_alike() {
    let (_dir, cluster, bench) = cluster();
    let mut body = endless(2);
    body["parameters"]["keys"] = json!(1);
    let job = cluster.run(&bench, &body);
    says(&cluster, &job, "slow", &["gets 100 % of all records"]);
}

#[test]
fn checkpoints_that_are_given_up() {
    let (_dir, cluster, bench) = cluster();
    let job = cluster.run(
        &bench,
        &fast(&json!({
            "execution.checkpointing.interval": "100ms",
            "execution.checkpointing.timeout": "1ms",
            "execution.checkpointing.tolerable-failed-checkpoints": 1_000_000,
        })),
    );
    says(&cluster, &job, "checkpoint-late", &["was given up"]);
}

#[test]
fn files_that_nobody_sees_before_a_checkpoint() {
    let (dir, cluster, _) = cluster();
    let out = dir.path().join("out");
    let yaml = format!(
        "name: files\noperators:\n  - uid: numbers\n    source: {{type: generator, data: pairs, rate: 100}}\n  - uid: files\n    sink: {{type: text-files, path: {}, format: csv}}\n    input: numbers\n",
        out.display()
    );
    let valid = cluster
        .post("/job-files/validate", &json!({ "yaml": yaml }))
        .json();
    assert_eq!(valid["valid"], true, "{valid}");
    let job = cluster
        .post("/job-files/run", &json!({ "yaml": yaml }))
        .is(200)
        .json();
    let job = job["jobid"].as_str().expect("an id").to_owned();
    says(
        &cluster,
        &job,
        "no-output",
        &["publishes its output with checkpoints"],
    );
}

#[test]
fn a_job_that_is_restarted_and_one_that_is_not() {
    let (_dir, cluster, _) = cluster();
    let faulty = cluster.upload("faulty");
    let body = |strategy: &str| {
        json!({
            "parameters": { "fault": "panic", "rate": 1000, "at": 100 },
            "settings": { "restart-strategy.type": strategy, "restart-strategy.fixed-delay.delay": "50ms", "restart-strategy.fixed-delay.attempts": 1_000_000 },
        })
    };
    let job = cluster.run(&faulty, &body("fixed-delay"));
    says(&cluster, &job, "restarted", &["restarted"]);
    let restarts = cluster.until(&format!("/jobs/{job}/exceptions"), |it| {
        it["restarts"]
            .as_array()
            .is_some_and(|restarts| restarts.len() > 1)
    });
    assert_eq!(restarts["restarts"][0]["delay"], 50);
    let ended = cluster.run(&faulty, &body("none"));
    cluster.reaches(&ended, "FAILED");
    says(&cluster, &ended, "restarted", &["was not restarted"]);
}
