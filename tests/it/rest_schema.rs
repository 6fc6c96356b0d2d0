//! The REST API is what its OpenAPI document says, for whoever takes the document at its word and for whoever does not:
//! Schemathesis makes thousands of requests from it, and none is answered with a server error or with something else
//! than described.

use std::process::Command;

use serde_json::json;
use tempfile::tempdir;

use crate::support::cluster::{Cluster, endless};
use crate::support::languages::root;

/// How long requests are made (seconds).
const SECONDS: u32 = 40;

/// What must hold for every answer.
const CHECKS: &str = "not_a_server_error,content_type_conformance,response_schema_conformance";

/// Answers that go on for as long as somebody reads, and requests that would take away what the others ask about.
const LEFT_OUT: [&str; 8] = [
    "--exclude-path-regex",
    "(events|tap|stop|swap|rescaling|savepoints|resource-requirements)$",
    "--exclude-method",
    "DELETE",
    "--exclude-method",
    "PATCH",
    "--exclude-method",
    "PUT",
];

#[test]
fn what_is_made_from_the_document_is_answered_as_the_document_says() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let known = format!("[parameters]\njid = \"{job}\"\n\"path.id\" = \"{bench}\"\nvid = \"0\"\n");
    let file = dir.path().join("schemathesis.toml");
    std::fs::write(&file, known).expect("a file");
    let seed = crate::support::wait::now_ns() % 1_000_000;
    println!("seed {seed}");
    let mut tester = Command::new(root().join("scripts/schemathesis.sh"));
    tester
        .current_dir(dir.path())
        .arg("--config-file")
        .arg(&file)
        .arg("run")
        .arg(format!("http://{}/v1/openapi.json", cluster.address))
        .args(["--url", &format!("http://{}/v1", cluster.address)])
        .args(["--checks", CHECKS, "--seed", &seed.to_string()])
        .args(["--max-examples", "10", "--max-time", &SECONDS.to_string()])
        .args(["--request-timeout", "60", "--suppress-health-check", "all"])
        .arg("--no-color")
        .args(LEFT_OUT);
    let tested = tester.output().expect("scripts/schemathesis.sh runs");
    let said = String::from_utf8_lossy(&tested.stdout);
    let and = String::from_utf8_lossy(&tested.stderr);
    assert!(
        tested.status.success(),
        "{said}\n{and}\n{}",
        cluster.process.errors()
    );
    assert!(said.contains("Test cases:"), "{said}");
    // It was asked, and lives.
    assert_eq!(
        cluster.get(&format!("/jobs/{job}"))["state"],
        json!("RUNNING")
    );
}
