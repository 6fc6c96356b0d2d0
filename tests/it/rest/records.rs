//! Records of a job are looked at: what a job would give, and what passes an edge of one that runs.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::cluster::{Cluster, endless};

#[test]
fn a_preview_shows_records_and_leaves_nothing() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let asked =
        |n: u64| json!({ "parameters": { "job": "J2", "n": n }, "parallelism": 1, "records": 7 });
    let preview = cluster
        .post(&format!("/components/{bench}/preview"), &asked(500))
        .is(200)
        .json();
    let sinks = preview["sinks"].as_object().expect("sinks");
    let records = sinks
        .values()
        .next()
        .and_then(Value::as_array)
        .expect("records");
    assert_eq!(records.len(), 7, "{preview}");
    assert!(records[0].is_object(), "{preview}");
    // Input that does not end, and far more of it than fits in memory.
    let endless = cluster
        .post(&format!("/components/{bench}/preview"), &asked(1 << 40))
        .is(200)
        .json();
    assert_eq!(endless["sinks"], preview["sinks"]);
    assert_eq!(endless["complete"], false, "{endless}");
    assert_eq!(cluster.get("/jobs")["jobs"], json!([]));
    assert_eq!(
        cluster.get("/overview")["slots-total"],
        cluster.get("/overview")["slots-available"]
    );
}

#[test]
fn records_are_tapped_while_somebody_looks() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    cluster.until(&format!("/jobs/{job}"), |it| {
        it["status-counts"]["RUNNING"] == 4
    });
    let path = format!("/jobs/{job}/vertices/0/tap?limit=5");
    let stream = cluster.request("GET", &path, &[], &[]).is(200).text();
    let records: Vec<Value> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| serde_json::from_str(data.trim()).expect("JSON"))
        .collect();
    assert_eq!(records.len(), 5, "{stream}");
    assert!(
        records
            .iter()
            .all(|it| it["value"].is_object() && !it["key"].is_null()),
        "{stream}"
    );
    // It can be opened again, and what has no output says so.
    cluster.request("GET", &path, &[], &[]).is(200);
    cluster
        .request(
            "GET",
            &format!("/jobs/{job}/vertices/0/tap?output=none"),
            &[],
            &[],
        )
        .is(404);
}
