//! What a rich function has, through the real binary: metrics of all kinds, its place, parameters of the job and of its
//! own, and the word at its end.

use serde_json::{Value, json};

use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

fn rich() -> Run {
    Run::new("run", guest("guest_rich")).arg("--json")
}

/// The collected records of a sink.
fn collected(ended: &Ended, sink: &str) -> Vec<String> {
    let lines = ended.out.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        line
    });
    let mut records: Vec<String> = lines
        .filter(|line| line["sink"] == sink)
        .map(|line| line["record"].as_str().expect("a text").to_owned())
        .collect();
    records.sort();
    records
}

#[test]
fn metrics_of_all_kinds_are_in_the_summary() {
    let summary = rich().param("numbers", 1000).parallelism(2).summary();
    let low = &summary["operators"]["low"];
    assert_eq!(low["passed"], 3, "{low}");
    assert_eq!(low["seen"]["count"], 1000, "{low}");
    assert!(low["seen"]["rate"].as_f64().expect("a rate") > 0.0, "{low}");
    let gauges = low["largest"]
        .as_array()
        .expect("a gauge has a value per subtask");
    let largest = gauges.iter().filter_map(Value::as_f64).fold(0.0, f64::max);
    assert!((largest - 999.0).abs() < 0.5, "{low}");
    let sizes = &low["sizes"];
    assert_eq!(sizes["count"], 1000, "{low}");
    assert_eq!(sizes["min"], 0, "{low}");
    let median = sizes["p50"].as_f64().expect("a median");
    assert!((490.0..=510.0).contains(&median), "{low}");
}

#[test]
fn every_subtask_is_told_of_its_end_once() {
    let summary = rich().parallelism(3).summary();
    for operator in ["low", "high", "counting"] {
        assert_eq!(
            summary["operators"][operator]["closed"], 3,
            "{operator}: {summary}"
        );
    }
}

#[test]
fn operators_see_parameters_of_the_job_and_have_their_own() {
    let ended = rich()
        .param("label", "blue")
        .param("low.limit", 2)
        .end()
        .success();
    let line = |number: i64| format!("rich Some(\"blue\") None {number} of 1 attempt 0");
    assert_eq!(collected(&ended, "low-out"), [line(0), line(1)]);
    let expected: Vec<String> = (0..7).map(line).collect();
    assert_eq!(
        collected(&ended, "high-out"),
        expected,
        "high keeps its default"
    );
    let inspected = Run::new("inspect", guest("guest_rich")).arg("--json").end();
    let manifest = inspected.success().json();
    let parameters = manifest["manifest"]["parameters"]
        .as_array()
        .unwrap_or_else(|| panic!("no parameters in {manifest}"))
        .iter()
        .map(|parameter| (parameter["name"].clone(), parameter["default"].clone()))
        .collect::<Vec<_>>();
    assert!(
        parameters.contains(&(json!("high.limit"), json!(7))),
        "{parameters:?}"
    );
}

#[test]
fn a_parameter_of_no_operator_is_refused() {
    let ended = rich().param("middle.limit", 2).end();
    ended.fails_naming(&["middle.limit", "no such parameter", "low.limit"]);
}

#[test]
fn a_restored_job_knows_how_often_it_was_deployed() {
    let data = tempfile::tempdir().expect("a directory");
    let attempt = |restore: bool| {
        let run = rich().checkpoints("1h", data.path());
        let run = if restore {
            run.arg("--restore").arg("latest")
        } else {
            run
        };
        run.end().success();
        let mut newest = None;
        for entry in walk(data.path()) {
            if entry.ends_with("_metadata.json") {
                let text = std::fs::read_to_string(&entry).expect("metadata");
                let metadata: Value = serde_json::from_str(&text).expect("JSON");
                let pair = (
                    metadata["checkpoint"].as_u64(),
                    metadata["attempt"].as_u64(),
                );
                newest = newest.max(Some(pair));
            }
        }
        newest.expect("a final checkpoint").1
    };
    assert_eq!(attempt(false), Some(0));
    assert_eq!(attempt(true), Some(1));
}

/// All files below a directory.
fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}
