//! The sink of dead letters: what is kept, and how many.

use std::sync::Arc;

use dataflow::clock::{Clock, ManualClock};
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Sink, SinkContext};
use serde_json::json;

use super::FOLDER;
use super::read::read;
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
