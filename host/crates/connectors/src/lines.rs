//! Cuts a stream of bytes into lines and lines into batches: what the file and the socket source share.
//!
//! Keeps: a batch is within the limits of a source; values are valid UTF-8 (what is not is replaced, and counted); a
//! line loses `\n` or `\r\n` and nothing else. A line is copied once, without an allocation of its own. It does not know
//! where the bytes come from.

use std::io::{ErrorKind, Read};

use dataflow::element::{Batch, Column};
use dataflow::limits::{RECORD_BYTES_MAX, SOURCE_BATCH_BYTES, SOURCE_BATCH_RECORDS};

/// Bytes read at once; the buffer grows only for a longer line.
pub(crate) const READ_BYTES: usize = 256 * 1024;

/// Bytes the buffer may grow to: the longest line and its end.
const BUFFER_BYTES_MAX: usize = RECORD_BYTES_MAX + 2;

/// A line is longer than a record may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LineTooLong;

/// Bytes that were read and not yet taken as lines.
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How many of the waiting bytes are known to hold no line end.
    searched: usize,
    /// Lines of a batch, at most.
    batch_lines: usize,
    /// Lines in which invalid UTF-8 was replaced.
    pub(crate) replaced_lines: u64,
}

impl LineBuffer {
    pub(crate) fn new() -> Self {
        Self::of_batches(None)
    }

    /// A buffer that gives batches of so many lines, at most.
    pub(crate) fn of_batches(lines: Option<usize>) -> Self {
        Self {
            batch_lines: lines.unwrap_or(SOURCE_BATCH_RECORDS),
            bytes: vec![0; READ_BYTES],
            start: 0,
            end: 0,
            searched: 0,
            replaced_lines: 0,
        }
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.end - self.start
    }

    /// Forgets the bytes that wait, for another file.
    pub(crate) fn reset(&mut self) {
        (self.start, self.end, self.searched) = (0, 0, 0);
        self.bytes.truncate(READ_BYTES);
        self.bytes.shrink_to_fit();
    }

    /// Reads once; 0 means the end of the stream.
    pub(crate) fn fill(&mut self, from: &mut impl Read) -> std::io::Result<usize> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            let longer = (self.bytes.len() * 2).min(BUFFER_BYTES_MAX);
            self.bytes.resize(longer.max(self.end + 1), 0);
        }
        loop {
            match from.read(&mut self.bytes[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops bytes up to and including the next line end. Returns how many, and whether the end was found.
    pub(crate) fn skip_line(&mut self) -> (usize, bool) {
        let found = memchr::memchr(b'\n', &self.bytes[self.start..self.end]);
        let skipped = found.map_or(self.waiting(), |at| at + 1);
        self.start += skipped;
        self.searched = 0;
        (skipped, found.is_some())
    }

    /// Takes complete lines that start before `limit` (counted from the first waiting byte), as many as fit into a
    /// batch; with `at_end` also a last one without an end. Returns them and how many bytes they took.
    pub(crate) fn take(
        &mut self,
        limit: u64,
        at_end: bool,
    ) -> Result<Option<(Batch, usize)>, LineTooLong> {
        let raw = &self.bytes[self.start..self.end];
        let mut lines = Lines::with_capacity(raw.len(), self.batch_lines);
        let mut taken = 0;
        let mut full = limit == 0;
        if !full {
            let from = self.searched;
            for found in memchr::memchr_iter(b'\n', &raw[from..]) {
                let end = from + found;
                let line = raw[taken..end].strip_suffix(b"\r");
                let line = line.unwrap_or(&raw[taken..end]);
                if !lines.has_room(line) {
                    full = true;
                    break;
                }
                lines.push(line)?;
                taken = end + 1;
                if taken as u64 >= limit {
                    full = true;
                    break;
                }
            }
        }
        let rest = &raw[taken..];
        if !full && at_end && !rest.is_empty() && lines.has_room(rest) {
            lines.push(rest)?;
            taken = raw.len();
        }
        if lines.ends.is_empty() {
            self.searched = raw.len();
            return if raw.len() >= BUFFER_BYTES_MAX {
                Err(LineTooLong)
            } else {
                Ok(None)
            };
        }
        let lines = if std::str::from_utf8(&raw[..taken]).is_ok() {
            lines
        } else {
            let (lines, consumed, replaced) = replace_invalid(&raw[..taken], self.batch_lines)?;
            taken = consumed;
            self.replaced_lines += replaced;
            lines
        };
        self.start += taken;
        self.searched = 0;
        Ok(Some((lines.into_batch(), taken)))
    }
}

/// Cuts bytes that end with a whole line again, replacing what is not UTF-8. Since a replacement is longer than what
/// it replaces, fewer lines may fit; returns the lines, the bytes they took, and how many were changed.
#[cold]
fn replace_invalid(raw: &[u8], batch_lines: usize) -> Result<(Lines, usize, u64), LineTooLong> {
    let mut lines = Lines::with_capacity(raw.len(), batch_lines);
    let (mut taken, mut replaced) = (0, 0);
    while taken < raw.len() {
        let end = memchr::memchr(b'\n', &raw[taken..]).map(|found| taken + found);
        let line = match end {
            Some(end) => raw[taken..end]
                .strip_suffix(b"\r")
                .unwrap_or(&raw[taken..end]),
            None => &raw[taken..],
        };
        let text = String::from_utf8_lossy(line);
        if !lines.has_room(text.as_bytes()) {
            break;
        }
        replaced += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
        lines.push(text.as_bytes())?;
        taken = end.map_or(raw.len(), |end| end + 1);
    }
    Ok((lines, taken, replaced))
}

/// A column of lines being filled.
struct Lines {
    data: Vec<u8>,
    ends: Vec<u32>,
    first_width: usize,
    one_width: bool,
    lines_max: usize,
}

impl Lines {
    fn with_capacity(waiting: usize, lines_max: usize) -> Self {
        Self {
            data: Vec::with_capacity(waiting.min(SOURCE_BATCH_BYTES)),
            ends: Vec::with_capacity(lines_max.min(waiting + 1)),
            first_width: 0,
            one_width: true,
            lines_max,
        }
    }

    #[inline]
    fn has_room(&self, line: &[u8]) -> bool {
        self.ends.is_empty()
            || (self.ends.len() < self.lines_max
                && self.data.len() + line.len() <= SOURCE_BATCH_BYTES)
    }

    #[inline]
    fn push(&mut self, line: &[u8]) -> Result<(), LineTooLong> {
        if line.len() > RECORD_BYTES_MAX {
            return Err(LineTooLong);
        }
        if self.ends.is_empty() {
            self.first_width = line.len();
        }
        self.one_width &= line.len() == self.first_width;
        self.data.extend_from_slice(line);
        // Below 4 GiB: a batch is one line of at most RECORD_BYTES_MAX or at most SOURCE_BATCH_BYTES.
        self.ends.push(self.data.len() as u32);
        Ok(())
    }

    fn into_batch(mut self) -> Batch {
        let count = self.ends.len() as u32;
        if self.one_width {
            self.ends = Vec::new();
        }
        Batch {
            count,
            timestamps: Vec::new(),
            keys: Column::default(),
            values: Column {
                ends: self.ends,
                data: self.data,
            },
        }
    }
}

#[cfg(test)]
mod tests;
