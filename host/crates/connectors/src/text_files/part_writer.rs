//! The writer of part files: unfinished files of the current epoch, one per partition.
//!
//! Keeps: a record is in exactly one part; what the writer has begun and no checkpoint names is removed when it is
//! dropped. It publishes nothing: that is the sink's.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, SinkContext, SinkWriter};

use crate::schema::Schema;
use crate::text_files::part_file::{self, PartFile};
use crate::text_files::partition::PartitionField;
use crate::text_files::sink::sync_directory;
use crate::text_files::{NAME, failed};
use crate::text_format::TextFormat;

/// Bytes gathered before they are written to the file.
const BUFFER_BYTES: usize = 256 * 1024;

/// Partitions that are written at the same time; for one more, all files are closed.
const OPEN_PARTITIONS_MAX: usize = 64;

/// An unfinished file, and what has not been written to it yet.
struct OpenPart {
    name: String,
    file: File,
    buffer: Vec<u8>,
    written: u64,
}

/// Writes the records of a subtask into parts.
pub(super) struct PartWriter {
    directory: Arc<Path>,
    format: TextFormat,
    schema: Schema,
    roll_bytes: u64,
    partition: Option<PartitionField>,
    context: SinkContext,
    /// By the directory of the partition; empty without partitions.
    open: BTreeMap<String, OpenPart>,
    /// Directory of the partition and name of full, synced files of this epoch.
    closed: Vec<(String, String)>,
    /// How many files this writer has begun.
    made: u64,
    /// The last checkpoint and how many files were prepared for it.
    published: (CheckpointId, u64),
}

impl PartWriter {
    /// A writer into a directory; `format` says how lines are made and when a file is full (bytes).
    pub(super) fn new(
        directory: Arc<Path>,
        (format, schema, roll_bytes): (TextFormat, Schema, u64),
        partition: Option<PartitionField>,
        context: SinkContext,
    ) -> Self {
        Self {
            directory,
            format,
            schema,
            roll_bytes,
            partition,
            context,
            open: BTreeMap::new(),
            closed: Vec::new(),
            made: 0,
            published: (CheckpointId(0), 0),
        }
    }

    fn begin(&mut self) -> Result<OpenPart, ConnectorError> {
        let name = part_file::unfinished(&self.context, self.made);
        let path = self.directory.join(&name);
        // A file that exists belongs to another writer: two sinks share the directory.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| failed("create", &path, error))?;
        self.made += 1;
        Ok(OpenPart {
            name,
            file,
            buffer: Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8),
            written: 0,
        })
    }

    /// Writes one record; true if its file is full.
    fn append(&mut self, partition: &str, value: &[u8]) -> Result<bool, ConnectorError> {
        if !self.open.contains_key(partition) {
            if self.open.len() == OPEN_PARTITIONS_MAX {
                self.close_all()?;
            }
            let part = self.begin()?;
            self.open.insert(partition.to_owned(), part);
        }
        let Some(part) = self.open.get_mut(partition) else {
            return Ok(false);
        };
        let before = part.buffer.len();
        let appended = self
            .format
            .append_line(&self.schema, value, &mut part.buffer);
        if let Err(error) = appended {
            part.buffer.truncate(before);
            return Err(bad_record(&error));
        }
        if part.buffer.len() >= BUFFER_BYTES {
            part.file
                .write_all(&part.buffer)
                .map_err(|error| failed("write", &self.directory.join(&part.name), error))?;
            part.written += part.buffer.len() as u64;
            part.buffer.clear();
        }
        Ok(part.written + part.buffer.len() as u64 >= self.roll_bytes)
    }

    /// Ends the open file of a partition and syncs it.
    fn close(&mut self, partition: &str) -> Result<(), ConnectorError> {
        let Some(mut part) = self.open.remove(partition) else {
            return Ok(());
        };
        let path = self.directory.join(&part.name);
        self.closed.push((partition.to_owned(), part.name));
        part.file
            .write_all(&part.buffer)
            .map_err(|error| failed("write", &path, error))?;
        part.file
            .sync_all()
            .map_err(|error| failed("sync", &path, error))
    }

    fn close_all(&mut self) -> Result<(), ConnectorError> {
        while let Some(partition) = self.open.keys().next().cloned() {
            self.close(&partition)?;
        }
        Ok(())
    }
}

/// What is wrong with a record; which one it is comes later.
fn bad_record(reason: &dyn std::fmt::Display) -> ConnectorError {
    ConnectorError::BadRecord {
        connector: NAME,
        record: 0,
        reason: reason.to_string(),
    }
}

/// Says which record of the batch is bad.
fn at_record(index: usize, error: ConnectorError) -> ConnectorError {
    match error {
        ConnectorError::BadRecord {
            connector, reason, ..
        } => ConnectorError::BadRecord {
            connector,
            record: index as u32,
            reason,
        },
        other => other,
    }
}

impl SinkWriter for PartWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        let mut partition = String::new();
        for (index, value) in records.values.entries(records.len()).enumerate() {
            if let Some(field) = &self.partition {
                let named = field.directory(value, &mut partition);
                named.map_err(|error| at_record(index, bad_record(&error)))?;
            }
            let full = self.append(&partition, value);
            if full.map_err(|error| at_record(index, error))? {
                self.close(&partition)?;
            }
        }
        Ok(())
    }

    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError> {
        self.close_all()?;
        if self.closed.is_empty() {
            return Ok(Vec::new());
        }
        sync_directory(&self.directory)?;
        if self.published.0 != checkpoint {
            self.published = (checkpoint, 0);
        }
        let mut committables = Vec::with_capacity(self.closed.len());
        for (partition, unfinished) in self.closed.drain(..) {
            let name = part_file::published(&self.context, checkpoint, self.published.1);
            self.published.1 += 1;
            let published = match partition.as_str() {
                "" => name,
                partition => format!("{partition}/{name}"),
            };
            committables.push(
                PartFile {
                    unfinished,
                    published,
                }
                .to_committable(),
            );
        }
        Ok(committables)
    }
}

impl Drop for PartWriter {
    /// Removes what no checkpoint will name. What cannot be removed is left to the next `recover`.
    fn drop(&mut self) {
        let open = std::mem::take(&mut self.open).into_values();
        let open = open.map(|part| part.name);
        for name in open.chain(self.closed.drain(..).map(|(_, name)| name)) {
            let path = self.directory.join(name);
            if let Err(error) = fs::remove_file(&path) {
                tracing::debug!(file = %path.display(), %error, "left an unfinished file behind");
            }
        }
    }
}
