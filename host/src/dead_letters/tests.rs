//! The sink of dead letters: what is kept, and how many.

use std::sync::Arc;

use dataflow::clock::{Clock, ManualClock};
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Sink, SinkContext};
use serde_json::json;

use super::FOLDER;
use super::read::{discard, read};
use super::sink::DeadLetterSink;

fn context() -> SinkContext {
    SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "1-1".to_owned(),
        segments: Default::default(),
    }
}

fn letter(text: &str) -> Batch {
    let mut batch = Batch::default();
    batch.push(0, &[], text.as_bytes());
    batch
}

#[test]
fn a_letter_is_there_once_its_checkpoint_is_complete_and_the_count_survives() {
    let root = tempfile::tempdir().expect("a directory");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let folder = root.path().join(FOLDER).join("op");
    let sink = DeadLetterSink::new("op", folder.clone(), 2, &clock).expect("a sink");
    let mut writer = sink.writer(context(), Vec::new()).expect("a writer");
    assert!(!folder.exists(), "a folder without a letter");
    writer.write(&letter("{\"a\":1}")).expect("kept");
    let prepared = writer.pre_commit(CheckpointId(1)).expect("prepared");
    assert_eq!(
        read(root.path(), 9).expect("readable"),
        [] as [serde_json::Value; 0]
    );
    sink.commit(&prepared).expect("published");
    assert_eq!(read(root.path(), 9).expect("readable"), [json!({ "a": 1 })]);

    let restored = vec![writer.snapshot()];
    let mut writer = sink.writer(context(), restored).expect("a writer");
    writer.write(&letter("{}")).expect("the second of two");
    let refused = writer.write(&letter("{}")).expect_err("the third of two");
    assert!(refused.to_string().contains("\"op\""), "{refused}");
}

#[test]
fn letters_are_discarded_and_a_restored_job_still_finds_what_it_published() {
    let root = tempfile::tempdir().expect("a directory");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let folder = root.path().join(FOLDER).join("op");
    let sink = DeadLetterSink::new("op", folder, 9, &clock).expect("a sink");
    let mut writer = sink.writer(context(), Vec::new()).expect("a writer");
    assert_eq!(discard(root.path()).expect("there is nothing"), 0);
    let mut publish = |checkpoint: u64| {
        writer.write(&letter("{\"a\":1}")).expect("kept");
        writer.write(&letter("{\"a\":2}")).expect("kept");
        let prepared = writer
            .pre_commit(CheckpointId(checkpoint))
            .expect("prepared");
        sink.commit(&prepared).expect("published");
        prepared
    };
    let first = publish(1);
    assert_eq!(discard(root.path()).expect("they are there"), 2);
    sink.commit(&first).expect("it was published before");
    publish(2);
    assert_eq!(
        read(root.path(), 9).expect("readable").len(),
        2,
        "newer ones"
    );
    assert_eq!(discard(root.path()).expect("they are there"), 2);
    assert_eq!(discard(root.path()).expect("there is nothing"), 0);
}
