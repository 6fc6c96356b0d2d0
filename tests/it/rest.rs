//! The REST API as clients of Flink and the console see it.

mod records;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::cluster::{Cluster, endless};
use crate::support::wait::now_ns;

/// Names that must be in a document.
fn has(document: &Value, names: &str) {
    for name in names.split_whitespace() {
        assert!(document.get(name).is_some(), "no {name} in {document}");
    }
}

#[test]
fn a_running_job_is_shown_in_the_shapes_of_flink() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let path = format!("/v1/jobs/{job}");
    let details = cluster.until(&path, |it| {
        it["vertices"][1]["metrics"]["records-in-per-second"].as_f64() > Some(0.0)
            && it["status-counts"]["RUNNING"] == 4
    });
    has(
        &details,
        "jid name isStoppable start-time end-time duration maxParallelism now timestamps plan",
    );
    let used = |it: &Value| it["memory"]["guest"]["used"].as_u64() > Some(0);
    let memory = &cluster.until("/taskmanagers/local", used)["memory"];
    assert_eq!(memory["guest"]["instances"], 4, "{memory}");
    for region in ["network", "managed", "guest"] {
        has(&memory[region], "configured used per");
        assert!(memory[region]["used"].is_u64(), "{memory}");
    }
    let vertex = &details["vertices"][1];
    has(
        vertex,
        "id name parallelism maxParallelism status tasks metrics",
    );
    has(
        &vertex["metrics"],
        "read-bytes write-bytes read-records write-records accumulated-busy-time busy-ratio queue-fill state-bytes",
    );
    let nodes = &details["plan"]["nodes"];
    assert_eq!(nodes[1]["inputs"][0]["ship_strategy"], "HASH");
    assert_eq!(nodes[0]["operators"][0]["kind"], "source");
}

#[test]
fn a_vertex_is_shown_in_the_shapes_of_flink() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let path = format!("/v1/jobs/{job}");
    cluster.until(&path, |it| it["status-counts"]["RUNNING"] == 4);
    let vertex = cluster.get(&format!("{path}/vertices/1"));
    assert_eq!(vertex["subtasks"].as_array().map(Vec::len), Some(2));
    has(
        &vertex["subtasks"][0],
        "subtask status attempt host start-time metrics",
    );
    let held = cluster.get(&format!("{path}/vertices/0/backpressure"));
    has(&held, "status backpressureLevel end-timestamp subtasks");
    let metrics = cluster.get(&format!(
        "{path}/vertices/1/metrics?get=0.numRecordsIn,1.numRecordsOut"
    ));
    assert_eq!(metrics.as_array().map(Vec::len), Some(2), "{metrics}");
    let over_subtasks = cluster.get(&format!(
        "{path}/vertices/1/subtasks/metrics?get=numRecordsIn"
    ));
    has(&over_subtasks[0], "id min max avg sum");
    assert!(
        cluster
            .get(&format!("{path}/vertices/1/watermarks"))
            .is_array()
    );
}

#[test]
fn checkpoints_are_shown_in_the_shapes_of_flink() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let path = format!("/v1/jobs/{job}");
    cluster.until(&path, |it| it["status-counts"]["RUNNING"] == 4);
    let taken = cluster
        .post(&format!("{path}/checkpoints"), &json!({}))
        .is(200)
        .json();
    let checkpoints = cluster.get(&format!("{path}/checkpoints"));
    has(&checkpoints, "counts summary latest history");
    let id = taken["checkpoint-id"].as_u64().expect("a checkpoint");
    let details = cluster.get(&format!("{path}/checkpoints/details/{id}"));
    assert_eq!(
        (&details["status"], &details["num_acknowledged_subtasks"]),
        (&json!("COMPLETED"), &json!(4))
    );
    let parts = cluster.get(&format!("{path}/checkpoints/details/{id}/subtasks/1"));
    has(&parts["subtasks"][1]["checkpoint"], "sync async");
    assert_eq!(
        cluster.get(&format!("{path}/checkpoints/config"))["interval"],
        100
    );
    has(
        &cluster.get(&format!("{path}/config")),
        "execution-config parameters components",
    );
    has(&cluster.get(&format!("{path}/plan"))["plan"], "nodes jid");
}

#[test]
fn every_path_is_there_with_and_without_the_version() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    for path in [
        "/config",
        "/jobs",
        "/jobs/overview",
        "/taskmanagers",
        "/taskmanagers/local",
        "/jobmanager/config",
        "/jobmanager/logs",
        "/healthz",
    ] {
        let bare = cluster.get(path);
        let versioned = cluster.get(&format!("/v1{path}"));
        let keys = |it: &Value| {
            it.as_object()
                .map(|it| it.keys().cloned().collect::<Vec<_>>())
        };
        assert_eq!(keys(&bare), keys(&versioned), "{path}");
    }
}

#[test]
fn an_ended_job_answers_as_it_did_before() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(
        &bench,
        &json!({ "parallelism": 2, "parameters": { "job": "J2", "n": 5000 } }),
    );
    cluster.reaches(&job, "FINISHED");
    let paths = [
        "",
        "/plan",
        "/config",
        "/exceptions",
        "/checkpoints",
        "/checkpoints/config",
        "/vertices/0",
        "/limits",
        "/logs",
    ];
    let read = |cluster: &Cluster| -> Vec<Value> {
        let of_job = paths
            .iter()
            .map(|path| cluster.get(&format!("/jobs/{job}{path}")));
        of_job.collect()
    };
    let before = read(&cluster);
    let sources: u64 = before[0]["vertices"][0]["metrics"]["read-records"]
        .as_u64()
        .expect("records");
    assert_eq!(sources, 5000);
    assert!(before[0]["end-time"].as_i64() > Some(0));
    cluster.process.kill();
    let cluster = Cluster::start(dir.path());
    assert_eq!(read(&cluster), before);
    assert_eq!(cluster.get("/overview")["jobs-finished"], 1);
}

#[test]
fn a_component_is_inspected_planned_validated_and_deleted() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let inspected = cluster.get(&format!("/components/{bench}"));
    assert_eq!(inspected["digest"], json!(bench));
    has(&inspected, "manifest imports world jobs bytes");
    let body = json!({ "parallelism": 3, "parameters": { "job": "J2" } });
    let plan = cluster
        .post(&format!("/components/{bench}/plan"), &body)
        .is(200)
        .json();
    assert_eq!(plan["plan"]["nodes"][1]["parallelism"], 3);
    assert!(cluster.get(&format!("/jars/{bench}/plan"))["plan"]["nodes"].is_array());
    let valid = cluster
        .post(&format!("/components/{bench}/validate"), &body)
        .json();
    assert_eq!(valid["valid"], true);
    let wrong = json!({ "parameters": { "job": "J99" } });
    let wrong = cluster
        .post(&format!("/components/{bench}/validate"), &wrong)
        .is(200)
        .json();
    assert_eq!(wrong["valid"], false);
    assert!(
        wrong["errors"][0]
            .as_str()
            .is_some_and(|it| it.contains("J99")),
        "{wrong}"
    );
    let refused = json!({ "settings": { "data.dir": "elsewhere" } });
    let refused = cluster
        .post(&format!("/components/{bench}/run"), &refused)
        .is(400)
        .json();
    assert!(
        refused["errors"][0]
            .as_str()
            .is_some_and(|it| it.contains("data.dir"))
    );
    let arguments =
        json!({ "programArgsList": ["--job", "J2", "--n", "1000000000", "--rate", "100"] });
    let job = cluster
        .post("/jars/bench.wasm/run", &arguments)
        .is(200)
        .json()["jobid"]
        .clone();
    let job = job.as_str().expect("an id");
    cluster.reaches(job, "RUNNING");
    assert_eq!(
        cluster.get(&format!("/components/{bench}"))["jobs"][0]["jid"],
        job
    );
    let delete = format!("/components/{bench}");
    cluster.request("DELETE", &delete, &[], &[]).is(409);
    cluster
        .request("PATCH", &format!("/jobs/{job}"), &[], &[])
        .is(202);
    cluster.reaches(job, "CANCELED");
    cluster.request("DELETE", &delete, &[], &[]).is(200);
    cluster.request("GET", &delete, &[], &[]).is(404);
    let garbage = cluster.send_file("/components/upload", "jarfile", "x.wasm", b"no component");
    assert!(garbage.is(400).text().contains("errors"));
    assert_eq!(
        cluster.get("/components")["files"],
        json!([]),
        "what is refused is not kept"
    );
}

#[test]
fn a_job_file_names_uploaded_components() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    cluster.upload("bench");
    let yaml = "name: from-a-file\ncomponents:\n  bench: bench.wasm\noperators:\n  - {uid: job, component: bench, parameters: {job: J2, n: 1000}}\n";
    let headers = [("Content-Type", "application/yaml")];
    let valid = cluster
        .request("POST", "/job-files/validate", &headers, yaml.as_bytes())
        .is(200)
        .json();
    assert_eq!(valid["valid"], true, "{valid}");
    let job = cluster
        .post("/job-files/run", &json!({ "yaml": yaml }))
        .is(200)
        .json()["jobid"]
        .clone();
    cluster.reaches(job.as_str().expect("an id"), "FINISHED");
    let path = yaml.replace("bench.wasm", "/etc/passwd");
    let wrong = cluster
        .request("POST", "/job-files/validate", &headers, path.as_bytes())
        .json();
    assert!(
        wrong["errors"][0]
            .as_str()
            .is_some_and(|it| it.contains("no component \"passwd\"")),
        "{wrong}"
    );
}

#[test]
fn events_come_while_a_job_changes_and_end_with_it() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(
        &bench,
        &json!({ "parameters": { "job": "J2", "n": 3000, "rate": 2000 } }),
    );
    let stream = cluster
        .request("GET", &format!("/jobs/{job}/events"), &[], &[])
        .is(200);
    assert!(stream.headers.contains("text/event-stream"));
    let text = stream.text();
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| serde_json::from_str(data.trim()).expect("JSON"))
        .collect();
    assert!(events.len() >= 2, "{text}");
    assert_eq!(events.first().map(|it| &it["jid"]), Some(&json!(job)));
    assert_eq!(
        events.last().map(|it| &it["state"]),
        Some(&json!("FINISHED"))
    );
}

#[test]
fn figures_are_scraped_under_the_names_of_flink() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(1));
    cluster.until(&format!("/jobs/{job}/checkpoints"), |it| {
        it["counts"]["completed"] != 0
    });
    let text = cluster.request("GET", "/metrics", &[], &[]).is(200).text();
    for name in [
        "numRecordsIn",
        "numRecordsOut",
        "busyTimeMsPerSecond",
        "idleTimeMsPerSecond",
        "backPressuredTimeMsPerSecond",
        "currentInputWatermark",
        "lastCheckpointDuration",
        "numberOfCompletedCheckpoints",
        "numberOfFailedCheckpoints",
        "taskSlotsAvailable",
    ] {
        let found = text.lines().find(|line| {
            line.split('{').next().is_some_and(|it| it.ends_with(name))
                || line.starts_with(&format!("wasmill_jobmanager_{name} "))
        });
        assert!(found.is_some(), "no {name} in\n{text}");
    }
    assert!(text.contains(&format!("job_id=\"{job}\"")));
}

#[test]
fn every_route_is_described() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let document = cluster.get("/openapi.json");
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|it| it.starts_with("3."))
    );
    let paths = document["paths"].as_object().expect("paths");
    for path in [
        "/jobs/{jid}",
        "/components/upload",
        "/jobs/{jid}/checkpoints",
        "/metrics",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    // Every described path that can be read without an id answers.
    for (path, methods) in paths {
        if methods.get("get").is_some() && !path.contains('{') && path != "/events" {
            cluster.request("GET", path, &[], &[]).is(200);
        }
    }
}

#[test]
fn configuration_says_where_each_value_comes_from_and_hides_secrets() {
    let dir = tempdir().expect("a directory");
    let file = dir.path().join("wasmill.toml");
    std::fs::write(&file, "[jobstore]\nmax-capacity = 7\n").expect("a file");
    let cluster = Cluster::start_as(dir.path(), |run| {
        run.arg("--config").arg(&file).set("rest.token", "hush")
    });
    let entries = cluster.get("/jobmanager/config");
    let of = |key: &str| {
        let entries = entries.as_array().expect("entries");
        let entry = entries.iter().find(|it| it["key"] == key);
        entry.unwrap_or_else(|| panic!("no {key}")).clone()
    };
    assert_eq!(of("jobstore.max-capacity")["origin"], "file");
    assert_eq!(of("data.dir")["origin"], "flag");
    assert_eq!(of("state.backend")["origin"], "default");
    assert_eq!(of("rest.token")["value"], "******");
}

#[test]
fn the_overview_of_twenty_jobs_with_two_hundred_subtasks_is_quick() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| {
        run.set("taskmanager.number-of-task-slots", "200")
    });
    let bench = cluster.upload("bench");
    let mut body = endless(5);
    body["parameters"]["rate"] = json!(20);
    body["settings"]["execution.checkpointing.interval"] = json!("10s");
    let jobs: Vec<String> = (0..20).map(|_| cluster.run(&bench, &body)).collect();
    for job in &jobs {
        cluster.until(&format!("/jobs/{job}"), |it| {
            it["status-counts"]["RUNNING"] == 10
        });
    }
    let mut times_ms: Vec<f64> = Vec::new();
    for _ in 0..20 {
        let begun_ns = now_ns();
        let jobs = cluster.get("/jobs/overview");
        times_ms.push((now_ns() - begun_ns) as f64 / 1e6);
        assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(20));
    }
    times_ms.sort_by(f64::total_cmp);
    println!(
        "overview of 20 jobs, 200 subtasks: median {:.2} ms, slowest {:.2} ms",
        times_ms[10], times_ms[19]
    );
    assert!(times_ms[10] < 50.0, "{times_ms:?}");
}

#[test]
fn a_job_shows_its_own_log() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let jobs = [
        cluster.run(&bench, &endless(1)),
        cluster.run(&bench, &endless(2)),
    ];
    for (job, tasks) in jobs.iter().zip([2, 4]) {
        cluster.until(&format!("/jobs/{job}/logs"), |it| {
            let entries = it["entries"].as_array().into_iter().flatten();
            entries
                .filter(|it| {
                    it["message"]
                        .as_str()
                        .is_some_and(|it| it.starts_with("running"))
                })
                .count()
                == tasks
        });
    }
    let quiet = cluster.get(&format!("/jobs/{}/logs?level=error", jobs[0]));
    assert_eq!(quiet["entries"], json!([]));
}
