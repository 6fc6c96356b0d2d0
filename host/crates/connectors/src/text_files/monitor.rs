//! Looks for files while a job runs: Flink's continuous file monitoring.
//!
//! Keeps: a version of a file (size and time of change) is read once; it is taken when two looks in a row see the same
//! one, so that a file that is being written is left alone as long as it grows. What was taken is known from the splits
//! of the checkpoint alone. A file that changes after it was taken is read again from the start, as in Flink: lines
//! that were there before come twice.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{SourceSplit, SplitEnumerator};

use crate::config;
use crate::text_files::NAME;
use crate::text_files::listing::{self, Version};
use crate::text_files::options::Options;
use crate::text_files::range::Range;

/// Names that end like this are of files that are being written.
const UNFINISHED_SUFFIX: &str = ".tmp";

/// The monitor of one source.
pub(super) struct FileMonitor {
    options: Arc<Options>,
    interval: Duration,
    taken: BTreeMap<PathBuf, Version>,
    /// What the look before saw and did not take.
    seen: BTreeMap<PathBuf, Version>,
    next_split: u32,
    warned: bool,
}

impl FileMonitor {
    /// A monitor that knows the files of these splits.
    pub(super) fn new(
        options: Arc<Options>,
        interval: Duration,
        known: &[SourceSplit],
    ) -> Result<Self, ConnectorError> {
        let mut taken: BTreeMap<PathBuf, Version> = BTreeMap::new();
        let mut next_split = 0;
        for split in known {
            let range = Range::restore(&split.state)?;
            next_split = next_split.max(split.id.0.saturating_add(1));
            let version = taken.entry(range.path).or_insert(range.version);
            *version = range.version.max(*version);
        }
        Ok(Self {
            options,
            interval,
            taken,
            seen: BTreeMap::new(),
            next_split,
            warned: false,
        })
    }

    fn warn(&mut self, path: &std::path::Path) {
        if !self.warned {
            self.warned = true;
            tracing::warn!(
                file = %path.display(),
                "changed after it was read and is read again from the start: its lines come twice; this is said once"
            );
        }
    }
}

impl SplitEnumerator for FileMonitor {
    fn interval(&self) -> Duration {
        self.interval
    }

    fn discover(&mut self) -> Result<Vec<SourceSplit>, ConnectorError> {
        let mut splits = Vec::new();
        let mut seen = BTreeMap::new();
        let mut files = listing::list(&self.options)?;
        files.sort_by_key(|file| file.version.modified_ns);
        for file in files {
            let name = file.path.file_name().unwrap_or_default();
            let unfinished = name
                .as_encoded_bytes()
                .ends_with(UNFINISHED_SUFFIX.as_bytes());
            let taken = self.taken.get(&file.path);
            if unfinished || taken == Some(&file.version) {
                continue;
            }
            if self.seen.get(&file.path) != Some(&file.version) {
                seen.insert(file.path, file.version);
                continue;
            }
            if taken.is_some() {
                self.warn(&file.path);
            }
            self.taken.insert(file.path.clone(), file.version);
            for range in Range::cut(&file, self.options.split_bytes, self.options.header) {
                splits.push(range.save(SplitId(self.next_split)));
                self.next_split = self.next_split.checked_add(1).ok_or_else(|| {
                    config::wrong(NAME, "there are too many splits; raise `split_bytes`")
                })?;
            }
        }
        self.seen = seen;
        Ok(splits)
    }
}

#[cfg(test)]
mod tests;
