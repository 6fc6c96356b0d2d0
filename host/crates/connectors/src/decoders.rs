//! What a test of hostile bytes needs beyond the ports: the readers of lines, which otherwise need a file. No part of the
//! interface of this crate.

use dataflow::element::{Batch, NO_TIMESTAMP};

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
