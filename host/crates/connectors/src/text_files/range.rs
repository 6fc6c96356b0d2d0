//! A split of the file source: a byte range of one version of a file, and how far it has been read.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::SourceSplit;

use crate::saved;
use crate::text_files::listing::{ListedFile, Version};
use crate::text_files::{NAME, failed};

/// The lines of a file that start in `start..end`, and where the next one starts.
pub(super) struct Range {
    pub(super) path: PathBuf,
    /// What the file was when it was listed.
    pub(super) version: Version,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) position: u64,
    /// Whether a line to be read starts at `position`; otherwise reading starts behind the next line end: the split
    /// begins in the middle of a line perhaps, or with a header. False only before the first poll of the split.
    pub(super) aligned: bool,
}

impl Range {
    /// Cuts a file into ranges of at most `split_bytes`.
    pub(super) fn cut(
        file: &ListedFile,
        split_bytes: u64,
        header: bool,
    ) -> impl Iterator<Item = Self> {
        let size = file.version.size_bytes;
        let starts = (0..size).step_by(usize::try_from(split_bytes).unwrap_or(usize::MAX));
        starts.map(move |start| Self {
            path: file.path.clone(),
            version: file.version,
            start,
            end: size.min(start.saturating_add(split_bytes)),
            position: start,
            aligned: start == 0 && !header,
        })
    }

    pub(super) fn save(&self, id: SplitId) -> SourceSplit {
        let state = saved::Writer::new()
            .u64(self.start)
            .u64(self.end)
            .u64(self.position)
            .u8(u8::from(self.aligned))
            .u64(self.version.size_bytes)
            .u64(self.version.modified_ns)
            .bytes(self.path.as_os_str().as_bytes())
            .finish();
        SourceSplit { id, state }
    }

    pub(super) fn restore(state: &[u8]) -> Result<Self, ConnectorError> {
        let mut reader = saved::Reader::new(NAME, state)?;
        let (start, end, position) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let aligned = reader.u8()? != 0;
        let version = Version {
            size_bytes: reader.u64()?,
            modified_ns: reader.u64()?,
        };
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
            version,
            start,
            end,
            position,
            aligned,
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.position >= self.end
    }

    /// Opens the file where reading goes on. A split that begins inside of the file begins one byte early: if that
    /// byte is a line end, a line starts exactly at the split's begin.
    pub(super) fn open(&self) -> Result<File, ConnectorError> {
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
        file.seek(SeekFrom::Start(self.position - self.early()))
            .map_err(fail)?;
        Ok(file)
    }

    /// How many bytes before the position reading begins.
    pub(super) fn early(&self) -> u64 {
        u64::from(!self.aligned && self.position > 0)
    }
}
