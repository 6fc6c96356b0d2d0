//! What a job was restored from is told: which checkpoint, whether as a savepoint, where it is and when that was.

use std::path::Path;

use serde_json::Value;

use crate::support::orders::Ordered;
use crate::support::programs::guest;
use crate::support::run::Run;

/// A job without an end.
fn endless(data: &Path) -> Run {
    Run::new("run", guest("guest_state"))
        .arg("--json")
        .param("case", "slow")
        .param("n", 1_u64 << 40)
        .param("rate", 1000)
        .param("out", "checksum")
        .set("data.tmp-dir", data)
        .checkpoints("50ms", &data.join("checkpoints"))
}

fn path(job: &Ordered) -> String {
    format!("/jobs/{}/checkpoints", job.job)
}

/// What it says once its tasks are there.
fn restored(job: &Ordered) -> Value {
    let is_told = |it: &Value| it["latest"]["restored"].is_object();
    job.cluster.until(&path(job), is_told)["latest"]["restored"].clone()
}

#[test]
fn what_a_job_was_restored_from_is_told_with_its_place_and_time() {
    let data = tempfile::tempdir().expect("a directory");
    let first = Ordered::start(endless(data.path())).saved();
    let checkpoints = first.cluster.get(&path(&first));
    assert_eq!(checkpoints["latest"]["restored"], Value::Null);
    let target = data.path().join("savepoints").display().to_string();
    let saved = first.order("stop", &["--savepoint", &target]);
    let savepoint = saved["location"].as_str().map(str::to_owned);
    let savepoint = savepoint.unwrap_or_else(|| panic!("no savepoint: {saved}"));
    drop(first);

    let second = Ordered::start(endless(data.path()).arg("--from").arg(&savepoint)).saved();
    let from = restored(&second);
    assert_eq!(from["is_savepoint"], true, "{from}");
    assert_eq!(from["external_path"], savepoint, "{from}");
    let number = format!("/savepoint-{}-", from["id"]);
    assert!(savepoint.contains(&number), "{from}");
    let at_ms = from["restore_timestamp"].as_i64();
    assert!(at_ms > Some(0), "{from}");
    second.cluster.process.kill();

    let third = Ordered::start(endless(data.path()).arg("--restore").arg("latest"));
    let from = restored(&third);
    assert_eq!(from["is_savepoint"], false, "{from}");
    let folder = from["external_path"].as_str().unwrap_or_default();
    let below = data.path().join("checkpoints").display().to_string();
    assert!(folder.starts_with(&below), "{from}");
    assert!(folder.contains(&format!("/chk-{}-", from["id"])), "{from}");
    assert!(from["restore_timestamp"].as_i64() > at_ms, "{from}");
}
