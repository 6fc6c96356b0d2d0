//! The `text-files` sink: every record in exactly one part file, which appears when its checkpoint is complete.
//!
//! 1. Records go to an unfinished file, whose name begins with a dot.
//! 2. At the barrier the file and its directory entry are synced; the committable names it and what it will be called.
//! 3. When the checkpoint is complete, the file is renamed and the directory synced. After a crash this is repeated:
//!    if the published file exists and the unfinished one does not, it was done before.
//! 4. Before a run starts, unfinished files that no committable names are deleted.
//!
//! With a partition field, a published file goes to the sub-directory of its value (`<field>=<value>`, as Hive has it).
//!
//! Keeps: a published file is complete, never changed and never replaced. A directory belongs to one sink of one job at
//! a time. An epoch without records makes no file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};
use serde::Deserialize;
use serde_json::Value;

use crate::accepted::Accepted;
use crate::config;
use crate::schema::Schema;
use crate::text_files::part_file::{self, PartFile};
use crate::text_files::part_writer::PartWriter;
use crate::text_files::partition::PartitionField;
use crate::text_files::{NAME, failed};
use crate::text_format::TextFormat;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    path: PathBuf,
    #[serde(default)]
    format: TextFormat,
    roll_bytes: Option<u64>,
    partition_by: Option<String>,
}

/// Part files of a directory.
pub struct TextFileSink {
    directory: Arc<Path>,
    format: TextFormat,
    roll_bytes: u64,
    partition_by: Option<String>,
    accepted: Accepted<(Schema, Option<PartitionField>)>,
}

impl TextFileSink {
    /// `path` is the directory, made when it is needed; `format` is `lines` (default), `json` or `csv`; `roll_bytes`
    /// starts another file when one has this many bytes (unlimited); `partition_by` is a text field of the records, by
    /// whose value they are put into sub-directories.
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
            partition_by: keys.partition_by,
            accepted: Accepted::new(NAME),
        })
    }

    /// Removes the files of the directory, which is made if need be, whose names are unwanted.
    fn remove_files(&self, unwanted: impl Fn(&str) -> bool) -> Result<(), ConnectorError> {
        self.create_directory()?;
        remove_files(&self.directory, &unwanted)
    }

    /// Sub-directories of partitions.
    fn partitions(&self) -> Result<Vec<PathBuf>, ConnectorError> {
        let list = |error| failed("list", &self.directory, error);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(list)? {
            let path = entry.map_err(list)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(part_file::is_partition) && path.is_dir() {
                found.push(path);
            }
        }
        Ok(found)
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
            (true, false) => {
                if let Some(partition) = part.partition() {
                    let partition = self.directory.join(partition);
                    fs::create_dir_all(&partition)
                        .map_err(|error| failed("create directory", &partition, error))?;
                }
                fs::rename(&unfinished, &published)
                    .map_err(|error| failed("publish", &published, error))
            }
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

/// Removes the files of a directory whose names are unwanted.
fn remove_files(directory: &Path, unwanted: impl Fn(&str) -> bool) -> Result<(), ConnectorError> {
    let list = |error| failed("list", directory, error);
    for entry in fs::read_dir(directory).map_err(list)? {
        let entry = entry.map_err(list)?;
        if entry.file_name().to_str().is_some_and(&unwanted) {
            let path = entry.path();
            fs::remove_file(&path).map_err(|error| failed("remove", &path, error))?;
        }
    }
    Ok(())
}

/// Makes renames and new names in a directory survive a loss of power.
pub(super) fn sync_directory(directory: &Path) -> Result<(), ConnectorError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failed("sync directory", directory, error))
}

impl Sink for TextFileSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, |schema| {
            let field = self.partition_by.as_deref();
            let field = field.map(|name| PartitionField::find(&schema, name));
            Ok((schema, field.transpose()?))
        })
    }

    fn writer(
        &self,
        context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        self.create_directory()?;
        let (schema, partition) = self.accepted.get()?.clone();
        let directory = Arc::clone(&self.directory);
        let format = (self.format, schema, self.roll_bytes);
        Ok(Box::new(PartWriter::new(
            directory, format, partition, context,
        )))
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        if committables.is_empty() {
            return Ok(());
        }
        let mut partitions = BTreeSet::new();
        for committable in committables {
            let part = PartFile::from_committable(committable)?;
            self.publish(&part)?;
            partitions.extend(part.partition().map(str::to_owned));
        }
        for partition in partitions {
            sync_directory(&self.directory.join(partition))?;
        }
        sync_directory(&self.directory)
    }

    fn withdraw(&self, restored: CheckpointId, runs: &[String]) -> Result<(), ConnectorError> {
        let unwanted = |name: &str| part_file::is_after(name, restored, runs);
        self.remove_files(unwanted)?;
        if self.partition_by.is_some() {
            for partition in self.partitions()? {
                remove_files(&partition, unwanted)?;
            }
        }
        Ok(())
    }

    fn recover(&self, restored: &[Committable]) -> Result<(), ConnectorError> {
        let mut keep = BTreeSet::new();
        for committable in restored {
            keep.insert(PartFile::from_committable(committable)?.unfinished);
        }
        self.remove_files(|name| part_file::is_unfinished(name) && !keep.contains(name))
    }
}

#[cfg(test)]
mod tests;
