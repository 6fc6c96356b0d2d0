//! Records that an operator cannot process, through the real binary: what is left of a job that leaves them out, also
//! when it is killed, and what is kept of them.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::programs::guest;
use crate::support::run::Run;

/// A job that counts a million pairs by key and fails at those of key 5.
fn faulty(fault: &str) -> Run {
    Run::new("run", guest("faulty"))
        .arg("--json")
        .param("fault", fault)
        .param("at", 5)
        .param("n", 1_000_000)
        .param("keys", 1_000_000)
        .parallelism(2)
}

/// What the job's sink saw.
fn result(summary: &Value) -> (Value, Value) {
    let sink = &summary["sinks"]["checksum-3"];
    assert!(sink["checksum"].is_string(), "{summary}");
    (sink["count"].clone(), sink["checksum"].clone())
}

/// The dead letters below a data directory.
fn letters(data_dir: &Path) -> Vec<Value> {
    let run = Run::bare("dead-letters").arg("faulty").arg("--json");
    let run = run.arg("--limit").arg("1000000");
    let ended = run.arg("--data-dir").arg(data_dir).end().success();
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    ended.out.lines().map(parse).collect()
}

#[test]
fn a_job_without_its_bad_records_is_the_job_that_leaves_them_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let without = result(&faulty("leave-out").summary());
    for fault in ["panic", "fail"] {
        let run = faulty(fault).set("guest.on-failure", "skip");
        let summary = run.set("data.dir", dir.path()).summary();
        assert_eq!(result(&summary), without, "{fault}");
        assert!(summary["operators"]["faulty"]["numRecordsSkipped"].as_u64() >= Some(1));
    }
    assert!(
        !dir.path().join("faulty").exists(),
        "a job that skips keeps nothing"
    );
}

#[test]
fn a_dead_letter_has_the_record_and_the_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let without = result(&faulty("leave-out").summary());
    let run = faulty("panic").set("guest.on-failure", "dead-letter");
    let summary = run.set("data.dir", dir.path()).summary();
    assert_eq!(result(&summary), without);
    let letters = letters(dir.path());
    let count = letters.len() as u64;
    assert!(count >= 1);
    let figures = &summary["operators"]["faulty"];
    assert_eq!(figures["numDeadLetters"], count, "{summary}");
    assert_eq!(
        summary["sinks"]["faulty:dead-letters"]["dead_letters"],
        count
    );
    for letter in &letters {
        assert_eq!(letter["key"], 5, "{letter}");
        assert_eq!(letter["value"]["key"], 5, "{letter}");
        assert_eq!(letter["uids"][0], "faulty", "{letter}");
        let error = &letter["error"];
        assert_eq!(error["kind"], "trapped", "{letter}");
        let trap = error["trap"].as_str().expect("a text");
        assert!(trap.contains("asked to panic at key 5"), "{letter}");
        assert!(
            !error["backtrace"].as_array().expect("frames").is_empty(),
            "{letter}"
        );
        assert_eq!(letter["component"].as_str().map(str::len), Some(64));
    }
}

#[test]
fn dead_letters_are_exactly_once_through_kills() {
    let dir = tempfile::tempdir().expect("a directory");
    let job = |fault: &str| {
        Run::new("run", guest("faulty"))
            .arg("--json")
            .param("fault", fault)
            .param("at", 5)
            .param("n", 8_000_000)
            .param("keys", 200_000)
            .parallelism(2)
    };
    let without = result(&job("leave-out").summary());
    let kept = |run: Run| run.set("guest.on-failure", "dead-letter");
    let folder = dir.path().join("faulty");
    let mut kills = 0;
    for round in 0..4 {
        let mut run = kept(job("fail")).checkpoints("50ms", dir.path());
        if round > 0 {
            run = run.arg("--restore").arg("latest");
        }
        let before = checkpoint(&folder);
        let mut running = run.start();
        if !running.reaches("a checkpoint", |_| checkpoint(&folder) > before) {
            break;
        }
        running.kill();
        kills += 1;
    }
    assert!(kills > 0, "the job ended before it could be killed");
    let run = kept(job("fail")).checkpoints("50ms", dir.path());
    let summary = run.arg("--restore").arg("latest").summary();
    assert_eq!(result(&summary), without);
    let undisturbed = tempfile::tempdir().expect("a directory");
    let run = kept(job("fail")).set("data.dir", undisturbed.path());
    assert_eq!(result(&run.summary()), without);
    let expected = self::letters(undisturbed.path()).len();
    assert!(expected > 10, "{expected} bad records");
    assert_eq!(letters(dir.path()).len(), expected);
}

/// The newest checkpoint of a job's folder, by what `CURRENT` holds.
fn checkpoint(folder: &Path) -> Option<String> {
    std::fs::read_to_string(folder.join("CURRENT")).ok()
}

#[test]
fn more_bad_records_than_are_kept_fail_the_job() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = faulty("fail").set("guest.on-failure", "dead-letter");
    let run = run.param("keys", 1).param("at", 0).param("n", 100);
    let run = run
        .set("guest.dead-letters", "20")
        .set("data.dir", dir.path());
    run.end()
        .fails_naming(&["faulty", "more than 20 records", "guest.dead-letters"]);
}

#[test]
fn a_timer_or_the_end_of_input_cannot_be_skipped() {
    for (case, what) in [
        ("timer-panic", "a timer"),
        ("finish-fails", "the end of the input"),
        ("watermark-panic", "a watermark"),
    ] {
        Run::new("run", guest("guest_hostile"))
            .param("case", case)
            .set("guest.on-failure", "skip")
            .end()
            .fails_naming(&[what, "cannot be left out"]);
    }
}

/// A job file of the faulty operator, which says `more` about itself.
fn job_file(folder: &Path, fault: &str, more: &str) -> std::path::PathBuf {
    let text = format!(
        r#"
name: faulty file
components:
  job: {{ path: {}, parameters: {{ fault: {fault}, at: 5, "n": 1000, keys: 10 }} }}
operators:
  - uid: pairs
    source: {{ type: generator, data: pairs, events: 1000, keys: 10 }}
  - {{ uid: by-key, component: job, operator: key-by-1, inputs: [ {{ from: pairs }} ] }}
  - uid: faulty
    component: job
    operator: faulty
    inputs: [ {{ from: by-key, partitioning: hash }} ]
    {more}
  - uid: out
    sink: {{ type: checksum }}
    input: faulty
"#,
        guest("faulty").display()
    );
    let path = folder.join("job.yaml");
    std::fs::write(&path, text).expect("the job file can be written");
    path
}

#[test]
fn an_operator_of_a_job_file_has_its_own_policy_and_limits() {
    let dir = tempfile::tempdir().expect("a directory");
    let run =
        |fault: &str, more: &str| Run::new("run", job_file(dir.path(), fault, more)).arg("--json");
    let summary = run("panic", "on_failure: skip").summary();
    let skipped = summary["operators"]["faulty"]["numRecordsSkipped"].as_u64();
    assert!(skipped > Some(10), "{summary}");
    let breaches = [
        (
            "none",
            "{ state: 1KiB }",
            ["keyed state (bytes)", "1024 allowed"],
        ),
        (
            "loop",
            "{ call_timeout: 200ms }",
            ["time per call (ms)", "200 allowed"],
        ),
        (
            "memory",
            "{ memory: 8MiB }",
            ["memory (bytes)", "8388608 allowed"],
        ),
        (
            "fan-out",
            "{ output: 4KiB }",
            ["output per call (bytes)", "4096 allowed"],
        ),
    ];
    for (fault, limits, words) in breaches {
        let ended = run(fault, &format!("limits: {limits}")).end();
        ended.fails_naming(&["faulty file", words[0], words[1]]);
    }
    let ended = run("none", "limits: { memory: lots }").end();
    ended.fails_naming(&["limits.memory", "faulty", "lots"]);
}

#[test]
fn dead_letters_of_a_cluster_are_downloaded_and_discarded() {
    let dir = tempfile::tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let faulty = cluster.upload("faulty");
    let job = cluster.run(
        &faulty,
        &json!({
            "parallelism": 2,
            "parameters": { "fault": "fail", "at": 5, "n": 2_000, "keys": 100 },
            "settings": {
                "guest.on-failure": "dead-letter",
                "execution.checkpointing.interval": "100ms",
            },
        }),
    );
    cluster.reaches(&job, "FINISHED");
    let path = format!("/v1/jobs/{job}/dead-letters");
    let kept = || cluster.get(&path)["entries"].clone();
    let entries = kept();
    let count = entries.as_array().expect("a list").len();
    assert!(count > 0, "{entries}");
    let file = cluster.request("GET", &format!("{path}/download"), &[], &[]);
    let file = file.is(200);
    for header in ["application/x-ndjson", "attachment; filename="] {
        assert!(file.headers.contains(header), "{}", file.headers);
    }
    let lines = file.text();
    let lines = lines.lines().map(serde_json::from_str);
    let lines: Vec<Value> = lines.map(|it| it.expect("a letter a line")).collect();
    assert_eq!(Value::from(lines), entries);
    let shown = cluster.verb("dead-letters", &[&job, "--json", "--limit", "1"]);
    assert_eq!(shown.success().out.lines().count(), 1);
    let discarded = cluster.verb("dead-letters", &[&job, "--discard"]).success();
    assert_eq!(discarded.out.trim(), format!("{count} discarded"));
    assert_eq!(kept(), json!([]));
    let again = cluster.request("DELETE", &path, &[], &[]).is(200).json();
    assert_eq!(again, json!({ "discarded": 0 }));
    let nobody = "0".repeat(32);
    let path = format!("/v1/jobs/{nobody}/dead-letters");
    cluster.request("DELETE", &path, &[], &[]).is(404);
}
