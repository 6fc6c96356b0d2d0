//! The `text-files` source: one record per line, of the files that are there or that come while the job runs.
//!
//! A split is a byte range of a file; a line belongs to the split in which it starts, so splits of one file are read
//! in parallel and every line is read once. A position is the offset of the next line. Keeps: a restore at any position
//! repeats no line and loses none, as long as the files do not change. The splits of one reader are read one after the
//! other, with one open file and one buffer.

use std::fs::File;
use std::sync::Arc;

use dataflow::element::Batch;
use dataflow::ids::SplitId;
use dataflow::limits::RECORD_BYTES_MAX;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{
    Polled, Progress, Source, SourceContext, SourceReader, SourceSplit, SplitEnumerator,
};
use serde_json::Value;

use crate::config;
use crate::lines::{LineBuffer, LineTooLong};
use crate::paced::Rate;
use crate::text_files::listing::{self, ListedFile};
use crate::text_files::monitor::FileMonitor;
use crate::text_files::options::Options;
use crate::text_files::range::Range;
use crate::text_files::{NAME, failed};

/// Small inputs are cut so that every subtask has work, but not below this many bytes.
const SPLIT_BYTES_WORTHWHILE: u64 = 1024 * 1024;

/// Lines of files.
pub struct TextFileSource {
    options: Arc<Options>,
    /// What is there when the job starts; not looked at if the source goes on looking.
    files: Vec<ListedFile>,
}

impl TextFileSource {
    /// Lists the files that `path` means: a file, a directory, or a pattern. The other keys are in the documentation of
    /// the connector.
    ///
    /// # Errors
    /// Wrong keys, or the path does not exist or matches nothing.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let options = Options::try_new(keys)?;
        Ok(Self {
            files: listing::list(&options)?,
            options: Arc::new(options),
        })
    }
}

impl TextFileSource {
    /// The rate that was asked for.
    pub(crate) fn rate(&self) -> Option<Rate> {
        self.options.rate
    }
}

impl Source for TextFileSource {
    fn schema(&self) -> String {
        self.options.schema.clone()
    }

    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        if self.options.interval.is_some() {
            return Ok(Vec::new());
        }
        let total: u64 = self.files.iter().map(|file| file.version.size_bytes).sum();
        let share = total.div_ceil(u64::from(parallelism.max(1)));
        let split_bytes = share
            .max(SPLIT_BYTES_WORTHWHILE)
            .min(self.options.split_bytes);
        let mut splits = Vec::new();
        for file in &self.files {
            for range in Range::cut(file, split_bytes, self.options.header) {
                let id = u32::try_from(splits.len()).map_err(|_| {
                    config::wrong(NAME, "there are too many splits; raise `split_bytes`")
                })?;
                splits.push(range.save(SplitId(id)));
            }
        }
        Ok(splits)
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        _context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let mut reader = LineReader {
            options: Arc::clone(&self.options),
            ranges: Vec::with_capacity(splits.len()),
            current: 0,
            open: None,
            buffer: LineBuffer::of_batches(self.options.rate.map(Rate::batch_records)),
            total: 0,
            left_out: 0,
        };
        for split in splits {
            let range = Range::restore(&split.state)?;
            if !range.has_ended() {
                range.open()?;
            }
            reader.ranges.push((split.id, range));
        }
        reader.total = reader.left();
        Ok(Box::new(reader))
    }

    fn enumerator(
        &self,
        known: &[SourceSplit],
    ) -> Result<Option<Box<dyn SplitEnumerator>>, ConnectorError> {
        let Some(interval) = self.options.interval else {
            return Ok(None);
        };
        let monitor = FileMonitor::new(Arc::clone(&self.options), interval, known)?;
        Ok(Some(Box::new(monitor)))
    }
}

/// A file being read, and whether its end was reached.
struct Open {
    file: File,
    at_end: bool,
    /// The byte before the split has not been dropped yet; see [`Range::open`].
    early: u64,
}

struct LineReader {
    options: Arc<Options>,
    ranges: Vec<(SplitId, Range)>,
    current: usize,
    open: Option<Open>,
    buffer: LineBuffer,
    total: u64,
    /// Lines of the current split that were no records.
    left_out: u64,
}

impl LineReader {
    fn left(&self) -> u64 {
        let ranges = self.ranges.iter();
        ranges
            .map(|(_, range)| range.end.saturating_sub(range.position))
            .sum()
    }

    /// The next records of the current split, or `None` when it has none left.
    fn records(&mut self) -> Result<Option<Batch>, ConnectorError> {
        while let Some((lines, from)) = self.lines()? {
            let left_out = self.options.ignore_errors.then_some(&mut self.left_out);
            let records = self.options.format.decode(lines, left_out);
            let records = records.map_err(|(record, error)| {
                let (_, range) = &self.ranges[self.current];
                ConnectorError::BadRecord {
                    connector: NAME,
                    record,
                    reason: format!(
                        "{}, lines from byte {from} on: {error}",
                        range.path.display()
                    ),
                }
            })?;
            if !records.is_empty() {
                return Ok(Some(records));
            }
        }
        Ok(None)
    }

    /// The next lines of the current split and where they begin, or `None` when it has none left.
    fn lines(&mut self) -> Result<Option<(Batch, u64)>, ConnectorError> {
        let (_, range) = &mut self.ranges[self.current];
        while !range.has_ended() {
            let open = match &mut self.open {
                Some(open) => open,
                closed => {
                    self.buffer.reset();
                    closed.insert(Open {
                        file: range.open()?,
                        at_end: false,
                        early: range.early(),
                    })
                }
            };
            if range.aligned {
                let limit = range.end - range.position;
                let taken = self
                    .buffer
                    .take(limit, open.at_end)
                    .map_err(|LineTooLong| too_long(range))?;
                if let Some((batch, bytes)) = taken {
                    let from = range.position;
                    range.position += bytes as u64;
                    return Ok(Some((batch, from)));
                }
            } else {
                let (skipped, found) = self.buffer.skip_line();
                range.position += (skipped as u64).saturating_sub(open.early);
                if skipped > 0 {
                    open.early = 0;
                }
                range.aligned = found;
                if found {
                    continue;
                }
            }
            if open.at_end {
                // The file has become shorter than it was when it was listed, or ends within the skipped line.
                break;
            }
            let read = self.buffer.fill(&mut open.file);
            open.at_end = read.map_err(|error| failed("read", &range.path, error))? == 0;
        }
        range.position = range.position.max(range.end);
        range.aligned = true;
        Ok(None)
    }
}

fn too_long(range: &Range) -> ConnectorError {
    failed(
        "read",
        &range.path,
        format!(
            "the line at byte {} is longer than {RECORD_BYTES_MAX} bytes, which a record may have",
            range.position
        ),
    )
}

impl SourceReader for LineReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        if self.current == self.ranges.len() {
            return Ok(match self.options.interval {
                Some(_) => Polled::Pending(None),
                None => Polled::End,
            });
        }
        if let Some(batch) = self.records()? {
            return Ok(Polled::Records(batch, self.ranges[self.current].0));
        }
        let (id, range) = &self.ranges[self.current];
        if self.buffer.replaced_lines > 0 {
            tracing::warn!(
                file = %range.path.display(),
                lines = self.buffer.replaced_lines,
                "replaced bytes that are not valid UTF-8"
            );
            self.buffer.replaced_lines = 0;
        }
        if self.left_out > 0 {
            tracing::warn!(
                file = %range.path.display(),
                lines = self.left_out,
                "left out lines that are no records"
            );
            self.left_out = 0;
        }
        self.open = None;
        self.current += 1;
        Ok(Polled::SplitEnded(*id))
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        let ranges = self.ranges.iter();
        ranges.map(|(id, range)| range.save(*id)).collect()
    }

    fn add_splits(&mut self, splits: Vec<SourceSplit>) -> Result<(), ConnectorError> {
        for split in splits {
            let range = Range::restore(&split.state)?;
            self.ranges.push((split.id, range));
        }
        Ok(())
    }

    fn remaining(&self) -> Option<Progress> {
        self.options.interval.is_none().then(|| Progress {
            done: self.total - self.left().min(self.total),
            total: self.total,
        })
    }
}

#[cfg(test)]
mod tests;
