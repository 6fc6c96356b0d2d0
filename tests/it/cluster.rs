//! A session cluster: many jobs side by side, their slots, and what survives the process.

use serde_json::json;
use tempfile::tempdir;

use crate::support::cluster::{Cluster, endless};
use crate::support::programs::guest;
use crate::support::run::Run;

#[test]
fn jobs_run_side_by_side_and_cancelling_one_leaves_the_others() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let jobs: Vec<String> = (0..3).map(|_| cluster.run(&bench, &endless(2))).collect();
    for job in &jobs {
        cluster.until(&format!("/jobs/{job}/checkpoints"), |it| {
            it["counts"]["completed"] != 0
        });
    }
    let cancel = cluster.request("PATCH", &format!("/jobs/{}?mode=cancel", jobs[1]), &[], &[]);
    cancel.is(202);
    cluster.reaches(&jobs[1], "CANCELED");
    for job in [&jobs[0], &jobs[2]] {
        let details = cluster.get(&format!("/jobs/{job}"));
        assert_eq!(
            (&details["state"], &details["restarts"]),
            (&json!("RUNNING"), &json!(0))
        );
        let read = details["vertices"][0]["metrics"]["read-records"].clone();
        cluster.until(&format!("/jobs/{job}"), |it| {
            it["vertices"][0]["metrics"]["read-records"].as_u64() > read.as_u64()
        });
    }
    let overview = cluster.get("/overview");
    assert_eq!(
        (&overview["jobs-running"], &overview["jobs-cancelled"]),
        (&json!(2), &json!(1))
    );
}

#[test]
fn a_job_waits_for_slots_and_fails_clearly_when_there_are_never_enough() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| {
        run.set("taskmanager.number-of-task-slots", "4")
    });
    let bench = cluster.upload("bench");
    let first = cluster.run(&bench, &endless(3));
    cluster.reaches(&first, "RUNNING");
    let second = cluster.run(&bench, &endless(2));
    let mut wide = endless(5);
    wide["settings"]["slot.request-timeout"] = json!("200ms");
    let wide = cluster.run(&bench, &wide);
    cluster.reaches(&wide, "FAILED");
    let why = cluster.get(&format!("/jobs/{wide}/exceptions"))["root-exception"].to_string();
    assert!(
        why.contains("needs 5 slots") && why.contains("4 in all"),
        "{why}"
    );
    assert_eq!(
        cluster.state(&second),
        "CREATED",
        "one slot of four is free"
    );
    assert_eq!(cluster.get("/overview")["slots-available"], 1);
    cluster
        .request("PATCH", &format!("/jobs/{first}"), &[], &[])
        .is(202);
    cluster.reaches(&second, "RUNNING");
    // One that waits can be cancelled, too.
    let third = cluster.run(&bench, &endless(4));
    cluster
        .request("PATCH", &format!("/jobs/{third}"), &[], &[])
        .is(202);
    cluster.reaches(&third, "CANCELED");
}

#[test]
fn jobs_and_uploads_survive_a_killed_process_and_a_stopped_one() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let done = json!({ "parameters": { "job": "J0", "n": 1000 } });
    let done = cluster.run(&bench, &done);
    cluster.reaches(&done, "FINISHED");
    let checkpoints = format!("/jobs/{job}/checkpoints");
    cluster.until(&checkpoints, |it| {
        it["counts"]["completed"].as_u64() > Some(1)
    });
    cluster.process.kill();

    let cluster = Cluster::start(dir.path());
    cluster.reaches(&job, "RUNNING");
    let restored = cluster.get(&checkpoints)["latest"]["restored"]["id"].as_u64();
    assert!(
        restored >= Some(2),
        "it went on from its latest checkpoint: {restored:?}"
    );
    assert_eq!(
        cluster.state(&done),
        "FINISHED",
        "what has ended stays ended"
    );
    assert_eq!(cluster.get("/components")["files"][0]["id"], json!(bench));
    let stopped = cluster.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.told());

    let cluster = Cluster::start(dir.path());
    cluster.reaches(&job, "RUNNING");
    let again = cluster.get(&checkpoints)["latest"]["restored"]["id"].as_u64();
    assert!(again > restored, "{again:?} is newer than {restored:?}");
    // The directory belongs to one process.
    let second = Run::bare("cluster")
        .arg("--listen")
        .arg("127.0.0.1:0")
        .arg("--data-dir")
        .arg(dir.path())
        .end();
    second.fails_naming(&["in use by another cluster"]);
}

#[test]
fn ended_jobs_are_kept_in_a_bounded_history() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| run.set("jobstore.max-capacity", "2"));
    let bench = cluster.upload("bench");
    let body = json!({ "parameters": { "job": "J0", "n": 10 } });
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let job = cluster.run(&bench, &body);
        cluster.reaches(&job, "FINISHED");
        jobs.push(job);
    }
    cluster.until("/jobs", |it| {
        it["jobs"].as_array().is_some_and(|jobs| jobs.len() == 2)
    });
    cluster
        .request("GET", &format!("/jobs/{}", jobs[0]), &[], &[])
        .is(404);
    cluster
        .request("DELETE", &format!("/jobs/{}", jobs[2]), &[], &[])
        .is(200);
    cluster
        .request("GET", &format!("/jobs/{}", jobs[2]), &[], &[])
        .is(404);
}

#[test]
fn the_verbs_of_the_command_line_ask_a_cluster() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = guest("bench");
    let bench = bench.to_str().expect("a path");
    let arguments = [
        bench,
        "-p",
        "2",
        "--param",
        "job=J2",
        "--param",
        "n=100000000",
        "--param",
        "rate=1000",
    ];
    let submitted = cluster.verb("submit", &arguments).success();
    let job = submitted.out.trim().to_owned();
    cluster.reaches(&job, "RUNNING");
    let listed = cluster.verb("list", &["--json"]).success().json();
    assert_eq!(listed["jobs"][0]["jid"], json!(job));
    assert!(cluster.verb("list", &[]).success().out.contains("RUNNING"));
    assert!(
        cluster
            .verb("info", &[&job])
            .success()
            .out
            .contains("x2 RUNNING")
    );
    assert!(
        cluster
            .verb("checkpoint", &[&job])
            .success()
            .out
            .contains("checkpoint 1 is complete")
    );
    assert!(
        cluster
            .verb("overview", &[])
            .success()
            .out
            .contains("1 running")
    );
    assert!(
        cluster
            .verb("logs", &[&job])
            .success()
            .out
            .contains("running")
    );
    assert!(
        cluster
            .verb("components", &[])
            .success()
            .out
            .contains("bench.wasm")
    );
    cluster.verb("cancel", &[&job]).success();
    cluster.reaches(&job, "CANCELED");
    cluster
        .verb("cancel", &[&job])
        .fails_naming(&["has ended", "CANCELED"]);
    let detached = Run::bare("run")
        .arg(bench)
        .arg("--detached")
        .arg("--address")
        .arg(&cluster.address);
    let detached = detached.param("job", "J0").param("n", 10).end().success();
    cluster.reaches(detached.out.trim(), "FINISHED");
    let nobody = Run::bare("list").arg("--address").arg("127.0.0.1:1").end();
    nobody.fails_naming(&["no cluster answers", "wasmill cluster"]);
}

#[test]
fn one_job_can_be_looked_at_while_it_runs() {
    let run = Run::new("run", guest("bench"))
        .param("job", "J2")
        .param("n", 1_000_000_000)
        .param("rate", 1000)
        .arg("--ui=127.0.0.1:0");
    let cluster = Cluster::of(run.start());
    let jobs = cluster.until("/jobs/overview", |it| it["jobs"][0]["state"] == "RUNNING");
    assert_eq!(jobs["jobs"][0]["name"], "bench-J2");
    let refused = cluster.send_file("/components/upload", "file", "x.wasm", b"\0asm");
    assert!(refused.is(403).text().contains("wasmill cluster"));
    assert!(
        cluster
            .request("GET", "/", &[], &[])
            .is(200)
            .headers
            .contains("text/html")
    );
    cluster.process.interrupt();
    assert_eq!(cluster.process.end().code, Some(130));
}
