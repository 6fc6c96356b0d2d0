//! A checkpoint is there as a whole or not at all, and never names a file that is gone.

use super::*;
use crate::storage::metadata::{FileEntry, StateEntry, TaskEntry, VertexEntry};

fn metadata(checkpoint: u64, files: Vec<FileEntry>) -> Metadata {
    let state = StateEntry {
        format: "heap".into(),
        key_groups: Some((0, 128)),
        files,
    };
    let task = TaskEntry {
        operator_state: None,
        state: Some(state),
        splits: Vec::new(),
        max_timestamps: Vec::new(),
        watermark: 0,
        sinks: Vec::new(),
        finished: false,
        in_flight: None,
    };
    Metadata {
        version: VERSION,
        job: "job".into(),
        attempt: 0,
        checkpoint,
        // In the future, so that the sweep may take every file for old.
        triggered_ms: i64::MAX,
        duration_ms: 1,
        max_parallelism: 128,
        components: Vec::new(),
        operators: Vec::new(),
        is_final: false,
        vertices: vec![VertexEntry {
            operators: vec!["count".into()],
            tasks: vec![task],
        }],
        edges: Vec::new(),
    }
}

fn file(store: &CheckpointStore, text: &str) -> FileEntry {
    let blob = store
        .blobs()
        .put("delta", text.as_bytes().to_vec())
        .expect("put");
    FileEntry {
        name: blob.name,
        role: blob.role,
        bytes: blob.size_bytes,
        blake3: hex(&blob.hash),
    }
}

struct Fixture {
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .expect("runtime");
        Self {
            runtime,
            folder: tempfile::tempdir().expect("folder"),
        }
    }

    fn open(&self, run: &str) -> Result<CheckpointStore, StoreError> {
        CheckpointStore::open(
            &Location::Local(self.folder.path().to_owned()),
            &S3Config::default(),
            run.into(),
            2,
            self.runtime.handle().clone(),
        )
    }

    fn files(&self) -> Vec<String> {
        let shared = std::fs::read_dir(self.folder.path().join("shared")).expect("shared");
        let mut names: Vec<String> = shared
            .map(|entry| {
                entry
                    .expect("entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

#[test]
fn the_newest_checkpoint_is_restored_and_only_files_of_retained_ones_stay() {
    let fixture = Fixture::new();
    let mut store = fixture.open("a").expect("open");
    assert!(matches!(store.load_latest(), Err(StoreError::Nothing(_))));
    let base = file(&store, "base");
    for id in 1..=4u64 {
        let delta = file(&store, &format!("delta {id}"));
        store
            .commit(&metadata(id, vec![base.clone(), delta]))
            .expect("commit");
    }
    drop(store);
    let mut store = fixture.open("b").expect("open again");
    assert_eq!(store.load_latest().expect("latest").metadata.checkpoint, 4);
    assert_eq!(fixture.files().len(), 3, "the base and two deltas");
    store.commit(&metadata(5, vec![base])).expect("commit");
    assert_eq!(store.load_latest().expect("latest").metadata.checkpoint, 5);
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    for damage in ["metadata", "file", "missing"] {
        let fixture = Fixture::new();
        let mut store = fixture.open("a").expect("open");
        let old = file(&store, "old");
        store.commit(&metadata(1, vec![old])).expect("commit");
        let new = file(&store, "new");
        store
            .commit(&metadata(2, vec![new.clone()]))
            .expect("commit");
        let root = fixture.folder.path();
        match damage {
            "metadata" => {
                std::fs::write(root.join("chk-2-a/_metadata.json"), "{}").expect("damage")
            }
            "file" => std::fs::write(root.join(&new.name), "neu").expect("damage"),
            _ => std::fs::remove_file(root.join(&new.name)).expect("damage"),
        }
        assert_eq!(
            store
                .load_latest()
                .expect("the one before")
                .metadata
                .checkpoint,
            1,
            "{damage}"
        );
    }
}

/// Its output was taken back, so going on from it would lose that output.
#[test]
fn a_damaged_checkpoint_stays_passed_over_when_its_files_are_whole_again() {
    let fixture = Fixture::new();
    let mut store = fixture.open("a").expect("open");
    let old = file(&store, "old");
    store.commit(&metadata(1, vec![old])).expect("commit");
    let new = file(&store, "new");
    store
        .commit(&metadata(2, vec![new.clone()]))
        .expect("commit");
    let path = fixture.folder.path().join(&new.name);
    std::fs::remove_file(&path).expect("damage");
    drop(store);
    let mut store = fixture.open("b").expect("open again");
    assert_eq!(store.load_latest().expect("latest").metadata.checkpoint, 1);
    drop(store);
    std::fs::write(&path, "new").expect("it is back");
    let mut store = fixture.open("c").expect("open again");
    let found = store.load_latest().expect("latest");
    assert_eq!(found.metadata.checkpoint, 1);
    assert_eq!(found.damaged_runs, ["a"], "still to be taken back");
    store.commit(&metadata(3, Vec::new())).expect("commit");
    let found = store.load_latest().expect("latest");
    assert_eq!(found.damaged_runs, [""; 0], "taken back by then");
}

#[test]
fn a_checkpoint_that_names_a_file_that_is_gone_does_not_happen() {
    let fixture = Fixture::new();
    let mut store = fixture.open("a").expect("open");
    let base = file(&store, "base");
    store
        .commit(&metadata(1, vec![base.clone()]))
        .expect("commit");
    std::fs::remove_file(fixture.folder.path().join(&base.name)).expect("it goes");
    let delta = file(&store, "delta");
    let refused = store.commit(&metadata(2, vec![base.clone(), delta]));
    let refused = refused.expect_err("refused").to_string();
    assert!(refused.contains(&base.name), "{refused}");
}

#[test]
fn what_a_checkpoint_under_way_may_build_on_stays() {
    let fixture = Fixture::new();
    let mut store = fixture.open("a").expect("open").with_concurrent(3);
    for id in 1..=4u64 {
        let full = file(&store, &format!("full {id}"));
        store.commit(&metadata(id, vec![full])).expect("commit");
    }
    assert_eq!(fixture.files().len(), 3, "two retained, three built upon");
}

#[test]
fn a_second_process_is_kept_out() {
    let fixture = Fixture::new();
    let first = fixture.open("a").expect("open");
    let refused = fixture.open("b").err().expect("refused").to_string();
    assert!(refused.contains("in use"), "{refused}");
    drop(first);
    assert!(fixture.open("c").is_ok());
}
