//! The `text-files` source: one record per line.
//!
//! A split is a byte range of a file; a line belongs to the split in which it starts, so splits of one file are read
//! in parallel and every line is read once. A position is the offset of the next line. Keeps: a restore at any position
//! repeats no line and loses none, as long as the files do not change. The splits of one reader are read one after the
//! other, with one open file and one buffer.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use dataflow::ids::SplitId;
use dataflow::limits::RECORD_BYTES_MAX;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Progress, Source, SourceReader, SourceSplit, Wake};
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::lines::{LineBuffer, LineTooLong};
use crate::paced::Rate;
use crate::saved;
use crate::text_files::listing::{self, ListedFile};
use crate::text_files::{NAME, failed};

/// Bytes of a split, at most, unless the plan says otherwise.
const SPLIT_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// Small inputs are cut so that every subtask has work, but not below this many bytes.
const SPLIT_BYTES_WORTHWHILE: u64 = 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    path: String,
    split_bytes: Option<u64>,
    rate: Option<f64>,
}

/// Lines of files.
pub struct TextFileSource {
    files: Vec<ListedFile>,
    split_bytes: u64,
    rate: Option<Rate>,
}

impl TextFileSource {
    /// Lists the files that `path` means: a file, a directory with everything below it, or a pattern. `split_bytes` is
    /// the size of a split, at most (64 MiB); `rate` how many lines a second a subtask reads, at most (unlimited).
    ///
    /// # Errors
    /// Wrong keys, or the path does not exist or matches nothing.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        if keys.split_bytes == Some(0) {
            return Err(config::wrong(NAME, "`split_bytes` must be at least 1"));
        }
        let rate = keys.rate.map(|rate| {
            Rate::try_new(rate)
                .ok_or_else(|| config::wrong(NAME, format!("`rate` is {rate}, it must be above 0")))
        });
        Ok(Self {
            files: listing::list(&keys.path)?,
            split_bytes: keys.split_bytes.unwrap_or(SPLIT_BYTES_DEFAULT),
            rate: rate.transpose()?,
        })
    }

    /// The rate that was asked for.
    pub(crate) fn rate(&self) -> Option<Rate> {
        self.rate
    }
}

impl Source for TextFileSource {
    fn schema(&self) -> String {
        "\"string\"".to_owned()
    }

    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        let total: u64 = self.files.iter().map(|file| file.size_bytes).sum();
        let share = total.div_ceil(u64::from(parallelism.max(1)));
        let split_bytes = share.max(SPLIT_BYTES_WORTHWHILE).min(self.split_bytes);
        let mut splits = Vec::new();
        for file in &self.files {
            let mut start = 0;
            while start < file.size_bytes {
                let end = file.size_bytes.min(start.saturating_add(split_bytes));
                let range = Range {
                    path: file.path.clone(),
                    start,
                    end,
                    position: start,
                    aligned: start == 0,
                };
                let id = u32::try_from(splits.len()).map_err(|_| {
                    config::wrong(NAME, "there are too many splits; raise `split_bytes`")
                })?;
                splits.push(range.save(SplitId(id)));
                start = end;
            }
        }
        Ok(splits)
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        _wake: Wake,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let mut ranges = Vec::with_capacity(splits.len());
        for split in splits {
            let range = Range::restore(&split.state)?;
            if !range.has_ended() {
                range.open()?;
            }
            ranges.push((split.id, range));
        }
        let mut reader = LineReader {
            ranges,
            current: 0,
            open: None,
            buffer: LineBuffer::of_batches(self.rate.map(Rate::batch_records)),
            total: 0,
        };
        reader.total = reader.left();
        Ok(Box::new(reader))
    }
}

/// The lines of a file that start in `start..end`, and where the next one starts.
struct Range {
    path: PathBuf,
    start: u64,
    end: u64,
    position: u64,
    /// Whether a line starts at `position`; otherwise it is where the split begins, in the middle of a line perhaps.
    /// False only before the first poll of the split.
    aligned: bool,
}

impl Range {
    fn save(&self, id: SplitId) -> SourceSplit {
        let state = saved::Writer::new()
            .u64(self.start)
            .u64(self.end)
            .u64(self.position)
            .u8(u8::from(self.aligned))
            .bytes(self.path.as_os_str().as_bytes())
            .finish();
        SourceSplit { id, state }
    }

    fn restore(state: &[u8]) -> Result<Self, ConnectorError> {
        let mut reader = saved::Reader::new(NAME, state)?;
        let (start, end, position) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let aligned = reader.u8()? != 0;
        let path = PathBuf::from(OsStr::from_bytes(reader.bytes()?));
        if start > end || position < start || (!aligned && position != start) {
            return Err(reader.corrupt(format!(
                "position {position} in bytes {start} to {end} of {}",
                path.display()
            )));
        }
        reader.end()?;
        Ok(Self {
            path,
            start,
            end,
            position,
            aligned,
        })
    }

    fn has_ended(&self) -> bool {
        self.position >= self.end
    }

    /// Opens the file where reading goes on. A split that begins inside of the file begins one byte early: if that
    /// byte is a line end, a line starts exactly at the split's begin.
    fn open(&self) -> Result<File, ConnectorError> {
        let fail = |error: std::io::Error| failed("open", &self.path, error);
        let mut file = File::open(&self.path).map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        if self.position > size {
            return Err(failed(
                "read",
                &self.path,
                format!(
                    "the file has {size} bytes and was read up to {}; it must not be cut while a job reads it",
                    self.position
                ),
            ));
        }
        let from = self.position - u64::from(!self.aligned);
        file.seek(SeekFrom::Start(from)).map_err(fail)?;
        Ok(file)
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
    ranges: Vec<(SplitId, Range)>,
    current: usize,
    open: Option<Open>,
    buffer: LineBuffer,
    total: u64,
}

impl LineReader {
    fn left(&self) -> u64 {
        let ranges = self.ranges.iter();
        ranges
            .map(|(_, range)| range.end.saturating_sub(range.position))
            .sum()
    }

    /// The next lines of the current split, or `None` when it has none left.
    fn lines(&mut self) -> Result<Option<dataflow::element::Batch>, ConnectorError> {
        let (_, range) = &mut self.ranges[self.current];
        while !range.has_ended() {
            let open = match &mut self.open {
                Some(open) => open,
                closed => {
                    self.buffer.reset();
                    closed.insert(Open {
                        file: range.open()?,
                        at_end: false,
                        early: u64::from(!range.aligned),
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
                    range.position += bytes as u64;
                    return Ok(Some(batch));
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
            return Ok(Polled::End);
        }
        if let Some(batch) = self.lines()? {
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
        self.open = None;
        self.current += 1;
        Ok(Polled::SplitEnded(*id))
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        let ranges = self.ranges.iter();
        ranges.map(|(id, range)| range.save(*id)).collect()
    }

    fn remaining(&self) -> Option<Progress> {
        Some(Progress {
            done: self.total - self.left().min(self.total),
            total: self.total,
        })
    }
}

#[cfg(test)]
mod tests;
