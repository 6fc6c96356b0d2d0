//! The three configurations of state and checkpoints, by flag, configuration key and job file.

use std::path::Path;

use super::{Folder, sums};
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
