//! `--collect` and the sink `collect`: the result of a bounded job, once and whole.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Folder, WORDS, collected, even_counts, largest, sums};
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;

#[test]
fn every_sink_is_collected_with_its_name() {
    let folder = Folder::new();
    let more = "  - { uid: long, sink: { type: print }, input: words.long }\n";
    let job = format!("{WORDS}{more}");
    let ended = folder.run(&job).arg("--collect").end().success();
    let mut by_sink: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in collected(&ended) {
        let sink = line["sink"].as_str().expect("a sink").to_owned();
        by_sink
            .entry(sink)
            .or_default()
            .push(line["record"].clone());
    }
    assert_eq!(by_sink["long"].len(), 1, "{}", ended.told());
    assert_eq!(by_sink["long"][0]["word"], "extraordinarily");
    assert_eq!(by_sink["out"].len(), 7, "{}", ended.told());
}

#[test]
fn a_component_is_collected_instead_of_written() {
    let folder = Folder::new();
    let run = Run::new("run", guest("guest_parts"))
        .arg("--collect")
        .param("part", "job")
        .param("n", 1000)
        .param("out", folder.path("out").display());
    let ended = run.end().success();
    assert_eq!(
        collected(&ended).len() as u64,
        even_counts(1000).len(),
        "{}",
        ended.told()
    );
    assert!(!folder.path("out").exists(), "nothing is written");
}

#[test]
fn a_killed_job_gives_its_whole_result_once() {
    let folder = Folder::new();
    let data = folder.path("checkpoints");
    let job = sums(&folder.path("out"));
    let run = || {
        folder
            .run(&job)
            .arg("--collect")
            .param("rate", 40_000)
            .checkpoints("50ms", &data)
    };
    let mut running = run().start();
    assert!(running.reaches("a checkpoint", |_| published::has_checkpoint(&data)));
    running.kill();
    let ended = run().arg("--restore").arg("latest").end().success();
    let records = collected(&ended);
    assert_eq!(records.len(), 40_000);
    let sums = largest(&records, "key", "sum");
    assert_eq!(sums.values().sum::<i64>(), 40_000);
    assert!(sums.len() <= 200);
}

#[test]
fn a_result_that_grows_without_bound_is_refused() {
    let folder = Folder::new();
    let job = WORDS.replace("type: collect }", "type: collect, max_bytes: 30 }");
    folder
        .run(&job)
        .end()
        .fails_naming(&["collect", "max_bytes = 30", "text-files"]);
}
