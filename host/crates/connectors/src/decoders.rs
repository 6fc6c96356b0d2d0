//! What a test of hostile bytes needs beyond the ports: readers that otherwise need a file or a broker. No part of the
//! interface of this crate.

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::ids::{CheckpointId, SplitId};
use dataflow::port::sink::Committable;

use crate::kafka::message::Messages;
use crate::kafka::position::Position;
use crate::kafka::transaction::Transaction;
use crate::record_format::RecordFormat;
use crate::schema::Schema;

/// Reads lines as records of a schema: as JSON, and as fields separated by commas. Gives how many were records.
pub fn lines(schema: &Schema, lines: &[u8]) -> usize {
    let formats = [
        RecordFormat::Json(schema.clone()),
        RecordFormat::Csv(schema.clone(), b','),
    ];
    let decoded = formats.into_iter().filter_map(|format| {
        let mut batch = Batch::default();
        for line in lines.split(|byte| *byte == b'\n') {
            batch.push(NO_TIMESTAMP, &[], line);
        }
        format.decode(batch, Some(&mut 0)).ok()
    });
    decoded.map(|records| records.len()).sum()
}

/// Reads what a checkpoint has of Kafka: the position of a partition, the marker of a transaction, and messages.
pub fn kafka(bytes: &[u8]) {
    let _ = Position::restore(bytes);
    let _ = Transaction::from_committable(&Committable::new(bytes.to_vec()));
    let _ = Messages::new(bytes).all(|message| message.is_ok());
}

/// What [`kafka`] reads.
pub fn kafka_seeds() -> Vec<Vec<u8>> {
    let position = Position::new(("bids".to_owned(), 3), 17, Some(90));
    let transaction = Transaction {
        group: Transaction::group("out", "run"),
        epoch: CheckpointId(5),
        segments: Vec::new(),
    };
    let message = [&[7; 8][..], &[2, 0, 0, 0, 1, 0, 0, 0], b"kv"].concat();
    vec![
        position.save(SplitId(0)).state,
        transaction.into_committable().bytes,
        message,
    ]
}
