//! The three configurations of state and checkpoints, by flag, configuration key and job file.

use std::path::Path;

use super::{Folder, sums};
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;

fn paced(folder: &Folder, backend_of_file: &str) -> Run {
    let settings =
        format!("settings: {{ checkpoint-interval: 30ms, state-backend: {backend_of_file} }}");
    let job = sums(&folder.path("out")).replacen("parallelism: 2", &settings, 1);
    folder
        .run(&job)
        .arg("--json")
        .param("rate", 80_000)
        .arg("--data-dir")
        .arg(folder.path("data"))
}

fn has_file_below(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[test]
fn memory_checkpoints_but_leaves_nothing_to_restore() {
    for name in ["memory", "jobmanager"] {
        let folder = Folder::new();
        let summary = paced(&folder, name).summary();
        assert!(
            summary["checkpoints"].as_u64().expect("a count") > 0,
            "{summary}"
        );
        assert_eq!(published::lines(&folder.path("out")).len(), 40_000);
        assert!(
            !has_file_below(&folder.path("data")),
            "checkpoints are in memory only"
        );
        paced(&folder, name)
            .arg("--restore")
            .arg("latest")
            .end()
            .fails_naming(&["memory", "nothing to restore", "filesystem"]);
    }
}

#[test]
fn filesystem_and_rocksdb_leave_checkpoints_in_files() {
    for name in ["filesystem", "hashmap", "rocksdb"] {
        let folder = Folder::new();
        let summary = paced(&folder, name)
            .set("data.tmp-dir", folder.path("tmp"))
            .summary();
        assert!(
            summary["checkpoints"].as_u64().expect("a count") > 0,
            "{summary}"
        );
        assert_eq!(published::lines(&folder.path("out")).len(), 40_000);
        assert!(published::has_checkpoint(&folder.path("data")), "{name}");
    }
}

#[test]
fn a_flag_goes_before_the_job_file() {
    let folder = Folder::new();
    let run = paced(&folder, "memory")
        .arg("--state-backend")
        .arg("filesystem");
    run.end().success();
    assert!(published::has_checkpoint(&folder.path("data")));
    let folder = Folder::new();
    let run = paced(&folder, "filesystem").set("state.backend", "memory");
    run.end().success();
    assert!(!has_file_below(&folder.path("data")));
}

/// A shipped component is found in the folder that the configuration or the variable names, and an error says where it
/// was looked for.
#[test]
fn shipped_components_are_found_in_the_plugin_folder() {
    let folder = tempfile::tempdir().expect("a directory");
    let mine = folder.path().join("mine.wasm");
    std::fs::copy(guest("plugin_standard"), &mine).expect("the component can be copied");
    let file = folder.path().join("job.yaml");
    let job = "
name: shipped
operators:
  - uid: numbers
    source: { type: collection, schema: { type: record, name: Number, fields: [ { name: number, type: long } ] }, values: [ { number: 1 }, { number: 2 } ] }
  - { uid: odd, component: mine, parameters: { operator: filter, where: number % 2 == 1 }, input: numbers }
  - { uid: out, sink: { type: collect }, input: odd }
";
    std::fs::write(&file, job).expect("the job file can be written");
    let path = folder.path().display().to_string();
    let ended = Run::new("run", &file).set("plugin.dir", &path).end();
    assert_eq!(ended.success().out.lines().next(), Some(r#"{"number":1}"#));
    let ended = Run::new("run", &file).variable("WASMILL_PLUGIN_DIR", &path);
    assert_eq!(
        ended.end().success().out.lines().next(),
        Some(r#"{"number":1}"#)
    );
    let elsewhere = Run::new("run", &file).set("plugin.dir", "/nowhere").end();
    elsewhere.fails_naming(&["no component \"mine\"", "/nowhere/mine.wasm", "plugin.dir"]);
}
