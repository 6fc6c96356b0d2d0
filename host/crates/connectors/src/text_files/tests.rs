//! The two ends together: what the sink published, the source reads, and nothing else.

use std::sync::Arc;

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Sink, SinkContext};
use dataflow::port::source::{Polled, Source, SourceContext};
use serde_json::json;

use super::{TextFileSink, TextFileSource};

#[test]
fn source_sees_what_the_sink_published_and_no_unfinished_file() {
    let directory = tempfile::tempdir().unwrap();
    let sink = TextFileSink::try_new(json!({"path": directory.path()})).unwrap();
    sink.accepts("\"string\"").unwrap();
    let context = SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    };
    let mut writer = sink.writer(context, Vec::new()).unwrap();
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], b"published");
    writer.write(&batch).unwrap();
    sink.commit(&writer.pre_commit(CheckpointId(1)).unwrap())
        .unwrap();
    writer.write(&batch).unwrap();
    let prepared = writer.pre_commit(CheckpointId(2)).unwrap();
    assert_eq!(prepared.len(), 1);

    let source = TextFileSource::try_new(json!({"path": directory.path()})).unwrap();
    let splits = source.splits(1).unwrap();
    let mut reader = source
        .reader(splits, SourceContext::alone(Arc::new(|| {})))
        .unwrap();
    let Polled::Records(batch, _) = reader.poll().unwrap() else {
        panic!("no records");
    };
    assert_eq!((batch.count, batch.value(0)), (1, &b"published"[..]));
    assert!(matches!(reader.poll().unwrap(), Polled::SplitEnded(_)));
    assert!(matches!(reader.poll().unwrap(), Polled::End));
}
