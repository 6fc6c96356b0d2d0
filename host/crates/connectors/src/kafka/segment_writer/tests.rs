//! The writer of segments: all records are in the committable, in order, and few bytes wait in memory.

use std::path::Path;
use std::sync::{Arc, Mutex};

use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use serde_json::json;

use super::*;
use crate::kafka::message::Messages;
use crate::kafka::options::SinkOptions;
use crate::schema::Schema;

#[derive(Default)]
struct Memory(Mutex<Vec<Vec<u8>>>);

impl BlobStore for Memory {
    fn put(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError> {
        let mut blobs = self.0.lock().unwrap();
        let size_bytes = data.len() as u64;
        blobs.push(data);
        Ok(BlobRef {
            name: (blobs.len() - 1).to_string(),
            role: role.to_owned(),
            size_bytes,
            hash: [0; 32],
        })
    }

    fn put_file(&self, _role: &str, path: &Path) -> Result<BlobRef, BlobError> {
        Err(BlobError::Missing(path.display().to_string()))
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let index: usize = blob.name.parse().expect("a number");
        Ok(self.0.lock().unwrap()[index].clone())
    }

    fn get_file(&self, blob: &BlobRef, _path: &Path) -> Result<(), BlobError> {
        Err(BlobError::Missing(blob.name.clone()))
    }
}

fn writer(store: &Arc<Memory>) -> SegmentWriter {
    let keys = json!({ "bootstrap-servers": "a:1", "topic": "t",
        "sink.delivery-guarantee": "exactly-once", "sink.transactional-id-prefix": "p" });
    let options = SinkOptions::try_new(keys).expect("options");
    let encoder = MessageEncoder::try_new(&options, Schema::String).expect("an encoder");
    let store = Arc::clone(store) as Arc<dyn BlobStore>;
    let context = SinkContext {
        subtask: 2,
        parallelism: 3,
        run: "run-0".to_owned(),
        // Nobody stores what is submitted, as if the disk were slow.
        segments: SegmentStore::new(store, drop),
    };
    SegmentWriter::new(encoder, &options.prefix, &context)
}

#[test]
fn an_epoch_is_one_transaction_with_all_its_records_in_order() {
    let store = Arc::new(Memory::default());
    let mut writer = writer(&store);
    assert!(
        writer
            .pre_commit(CheckpointId(1))
            .expect("empty")
            .is_empty()
    );
    let line = "x".repeat(1000);
    let lines = (SINK_SEGMENTS_WAITING + 3) * SINK_SEGMENT_BYTES / line.len();
    let mut records = Batch::default();
    for n in 0..lines {
        records.push(i64::MIN, &[], format!("{n} {line}").as_bytes());
    }
    writer.write(&records).expect("they are written");
    assert!(
        store.0.lock().unwrap().len() >= 2,
        "the writer stores what waits for too long"
    );
    let committables = writer.pre_commit(CheckpointId(2)).expect("an epoch");
    let [committable] = &committables[..] else {
        panic!("{} transactions", committables.len());
    };
    let transaction = Transaction::from_committable(committable).expect("its own");
    assert_eq!(
        (transaction.group.as_str(), transaction.epoch),
        ("p-run-0", CheckpointId(2))
    );
    let mut expected = 0;
    for segment in &transaction.segments {
        for message in Messages::new(&segment.read().expect("it is there")) {
            let value = message.expect("a message").value.to_vec();
            assert!(value.starts_with(format!("{expected} ").as_bytes()));
            expected += 1;
        }
    }
    assert_eq!(expected, lines);
    assert!(
        writer
            .pre_commit(CheckpointId(3))
            .expect("empty")
            .is_empty()
    );
}
