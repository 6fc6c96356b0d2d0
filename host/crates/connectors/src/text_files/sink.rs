//! The `text-files` sink: every record in exactly one part file, which appears when its checkpoint is complete.
//!
//! 1. Records go to an unfinished file, whose name begins with a dot.
//! 2. At the barrier the file and its directory entry are synced; the committable names it and what it will be called.
//! 3. When the checkpoint is complete, the file is renamed and the directory synced. After a crash this is repeated:
//!    if the published file exists and the unfinished one does not, it was done before.
//! 4. Before a run starts, unfinished files that no committable names are deleted.
//!
//! Keeps: a published file is complete, never changed and never replaced. A directory belongs to one sink of one job at
//! a time. An epoch without records makes no file.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::config;
use crate::schema::Schema;
use crate::text_files::part_file::{self, PartFile};
use crate::text_files::{NAME, failed};
use crate::text_format::TextFormat;

/// Bytes gathered before they are written to the file.
const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    path: PathBuf,
    #[serde(default)]
    format: TextFormat,
    roll_bytes: Option<u64>,
}

/// Part files of a directory.
pub struct TextFileSink {
    directory: Arc<Path>,
    format: TextFormat,
    roll_bytes: u64,
    accepted: Accepted<Schema>,
}

impl TextFileSink {
    /// `path` is the directory, made when it is needed; `format` is `lines` (default), `json` or `csv`; `roll_bytes`
    /// starts another file when one has this many bytes (unlimited).
    ///
    /// # Errors
    /// Wrong keys, or the path exists and is no directory.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        if keys.path.exists() && !keys.path.is_dir() {
            return Err(failed("write to", &keys.path, "it is no directory"));
        }
        if keys.roll_bytes == Some(0) {
            return Err(config::wrong(NAME, "`roll_bytes` must be at least 1"));
        }
        Ok(Self {
            directory: keys.path.into(),
            format: keys.format,
            roll_bytes: keys.roll_bytes.unwrap_or(u64::MAX),
            accepted: Accepted::new(NAME),
        })
    }

    /// Removes the files of the directory, which is made if need be, whose names are unwanted.
    fn remove_files(&self, unwanted: impl Fn(&str) -> bool) -> Result<(), ConnectorError> {
        self.create_directory()?;
        let list = |error| failed("list", &self.directory, error);
        for entry in fs::read_dir(&self.directory).map_err(list)? {
            let entry = entry.map_err(list)?;
            let name = entry.file_name();
            if name.to_str().is_some_and(&unwanted) {
                let path = entry.path();
                fs::remove_file(&path).map_err(|error| failed("remove", &path, error))?;
            }
        }
        Ok(())
    }

    fn create_directory(&self) -> Result<(), ConnectorError> {
        fs::create_dir_all(&self.directory)
            .map_err(|error| failed("create directory", &self.directory, error))
    }

    /// Renames one file, unless that was done before.
    fn publish(&self, part: &PartFile) -> Result<(), ConnectorError> {
        let unfinished = self.directory.join(&part.unfinished);
        let published = self.directory.join(&part.published);
        let exists = |path: &Path| {
            path.try_exists()
                .map_err(|error| failed("look for", path, error))
        };
        match (exists(&unfinished)?, exists(&published)?) {
            (true, false) => fs::rename(&unfinished, &published)
                .map_err(|error| failed("publish", &published, error)),
            (false, true) => Ok(()),
            (true, true) => Err(failed(
                "publish",
                &published,
                format!(
                    "a file of this name is there already and so is {}; move one of them away",
                    part.unfinished
                ),
            )),
            (false, false) => Err(failed(
                "publish",
                &published,
                format!(
                    "neither this file nor {} is there; a part that was committed has been removed",
                    part.unfinished
                ),
            )),
        }
    }
}

/// Makes renames and new names in a directory survive a loss of power.
fn sync_directory(directory: &Path) -> Result<(), ConnectorError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failed("sync directory", directory, error))
}

impl Sink for TextFileSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, Ok)
    }

    fn writer(
        &self,
        context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        self.create_directory()?;
        Ok(Box::new(PartWriter {
            directory: Arc::clone(&self.directory),
            format: self.format,
            roll_bytes: self.roll_bytes,
            schema: self.accepted.get()?.clone(),
            context,
            open: None,
            closed: Vec::new(),
            made: 0,
            published: (CheckpointId(0), 0),
        }))
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        if committables.is_empty() {
            return Ok(());
        }
        for committable in committables {
            self.publish(&PartFile::from_committable(committable)?)?;
        }
        sync_directory(&self.directory)
    }

    fn withdraw(&self, restored: CheckpointId, runs: &[String]) -> Result<(), ConnectorError> {
        self.remove_files(|name| part_file::is_after(name, restored, runs))
    }

    fn recover(&self, restored: &[Committable]) -> Result<(), ConnectorError> {
        let mut keep = BTreeSet::new();
        for committable in restored {
            keep.insert(PartFile::from_committable(committable)?.unfinished);
        }
        self.remove_files(|name| part_file::is_unfinished(name) && !keep.contains(name))
    }
}

/// An unfinished file, and what has not been written to it yet.
struct OpenPart {
    name: String,
    file: File,
    buffer: Vec<u8>,
    written: u64,
}

struct PartWriter {
    directory: Arc<Path>,
    format: TextFormat,
    roll_bytes: u64,
    schema: Schema,
    context: SinkContext,
    open: Option<OpenPart>,
    /// Names of full, synced files of this epoch.
    closed: Vec<String>,
    /// How many files this writer has begun.
    made: u64,
    /// The last checkpoint and how many files were prepared for it.
    published: (CheckpointId, u64),
}

impl PartWriter {
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

    /// Ends the open file and syncs it.
    fn close(&mut self) -> Result<(), ConnectorError> {
        let Some(mut part) = self.open.take() else {
            return Ok(());
        };
        let path = self.directory.join(&part.name);
        self.closed.push(part.name);
        part.file
            .write_all(&part.buffer)
            .map_err(|error| failed("write", &path, error))?;
        part.file
            .sync_all()
            .map_err(|error| failed("sync", &path, error))
    }
}

impl SinkWriter for PartWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        for (index, value) in records.values.entries(records.len()).enumerate() {
            let mut part = match self.open.take() {
                Some(part) => part,
                None => self.begin()?,
            };
            let before = part.buffer.len();
            let appended = self
                .format
                .append_line(&self.schema, value, &mut part.buffer);
            if let Err(error) = appended {
                part.buffer.truncate(before);
                self.open = Some(part);
                return Err(ConnectorError::BadRecord {
                    connector: NAME,
                    record: index as u32,
                    reason: error.to_string(),
                });
            }
            if part.buffer.len() >= BUFFER_BYTES {
                part.file
                    .write_all(&part.buffer)
                    .map_err(|error| failed("write", &self.directory.join(&part.name), error))?;
                part.written += part.buffer.len() as u64;
                part.buffer.clear();
            }
            let is_full = part.written + part.buffer.len() as u64 >= self.roll_bytes;
            self.open = Some(part);
            if is_full {
                self.close()?;
            }
        }
        Ok(())
    }

    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError> {
        self.close()?;
        if self.closed.is_empty() {
            return Ok(Vec::new());
        }
        sync_directory(&self.directory)?;
        if self.published.0 != checkpoint {
            self.published = (checkpoint, 0);
        }
        let mut committables = Vec::with_capacity(self.closed.len());
        for unfinished in self.closed.drain(..) {
            let published = part_file::published(&self.context, checkpoint, self.published.1);
            self.published.1 += 1;
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
        let open = self.open.take().map(|part| part.name);
        for name in open.into_iter().chain(self.closed.drain(..)) {
            let path = self.directory.join(name);
            if let Err(error) = fs::remove_file(&path) {
                tracing::debug!(file = %path.display(), %error, "left an unfinished file behind");
            }
        }
    }
}

#[cfg(test)]
mod tests;
