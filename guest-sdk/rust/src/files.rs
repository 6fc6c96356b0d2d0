//! Files from a guest: [`Files`] of a directory that the user granted, and [`CachedFile`], a registered file.
//!
//! Both are handles that a factory asks its [`OpenContext`](crate::OpenContext) for, which also puts the wish into the
//! plan. While the job is planned they lead nowhere: a cached file is empty, and there are no files.

use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use thiserror::Error as ThisError;

use crate::error::Error;
use crate::host::Host;

/// Bytes that one call to the host reads, at most.
const READ_BYTES_MAX: usize = 1 << 20;

/// Why a file could not be used; see `wit/files.wit`.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum FileError {
    /// The operator was granted no directory.
    #[error("no directory was granted; run with --grant files=DIR")]
    NotGranted,
    /// The name is not one of a file in the directory.
    #[error("file name {0}")]
    InvalidName(String),
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// There is a file of the new name.
    #[error("there is a file of this name already")]
    AlreadyExists,
    /// More at once than the host allows.
    #[error("more bytes at once than the host allows")]
    TooLarge,
    /// The system said no.
    #[error("{0}")]
    Io(String),
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self::User(error.to_string())
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        let kind = match error {
            FileError::NotFound => io::ErrorKind::NotFound,
            FileError::AlreadyExists => io::ErrorKind::AlreadyExists,
            FileError::NotGranted => io::ErrorKind::PermissionDenied,
            FileError::InvalidName(_) | FileError::TooLarge => io::ErrorKind::InvalidInput,
            FileError::Io(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Files of the directory that was granted to this source or sink. Names have no separators. What a call did to files
/// is not undone when the call fails. Every method fails if no directory was granted, the name is none, or the system
/// refuses.
#[derive(Clone)]
pub struct Files {
    host: Rc<dyn Host>,
    operator: u32,
}

impl Files {
    pub(crate) fn new(host: Rc<dyn Host>, operator: u32) -> Self {
        Self { host, operator }
    }

    /// Appends to a file, which is made if need be, and returns its length in bytes. At most 16 MiB at once.
    ///
    /// # Errors
    /// See [`Files`].
    pub fn append(&self, name: &str, data: &[u8]) -> Result<u64, FileError> {
        self.host.file_append(self.operator, name, data)
    }

    /// Makes the content of a file and its name survive a loss of power.
    ///
    /// # Errors
    /// See [`Files`]; there is no such file.
    pub fn sync(&self, name: &str) -> Result<(), FileError> {
        self.host.file_sync(self.operator, name)
    }

    /// Renames a file at once and for good.
    ///
    /// # Errors
    /// See [`Files`]; there is no such file, or one of the new name already.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.host.file_rename(self.operator, from, to)
    }

    /// The length of a file in bytes, if there is one.
    ///
    /// # Errors
    /// See [`Files`].
    pub fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        self.host.file_size(self.operator, name)
    }

    /// Reads `length` bytes (at most 16 MiB) at an offset; fewer at the end of the file.
    ///
    /// # Errors
    /// See [`Files`]; there is no such file.
    pub fn read(&self, name: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
        self.host.file_read(self.operator, name, offset, length)
    }

    /// Removes a file; an absent one is no error.
    ///
    /// # Errors
    /// See [`Files`].
    pub fn remove(&self, name: &str) -> Result<(), FileError> {
        self.host.file_remove(self.operator, name)
    }

    /// The names of at most `limit` files in order, from the first one after `after` (empty for all) on.
    ///
    /// # Errors
    /// See [`Files`].
    pub fn list(&self, after: &str, limit: u32) -> Result<Vec<String>, FileError> {
        self.host.file_list(self.operator, after, limit)
    }
}

/// A registered file, read in place: nothing of it is held in memory. Every read is a call to the host, so wrap it in a
/// [`BufReader`](io::BufReader) for small ones.
pub struct CachedFile {
    host: Rc<dyn Host>,
    name: String,
    position: u64,
    /// Whether the job is only being planned; the file is empty then.
    planning: bool,
}

impl CachedFile {
    pub(crate) fn new(host: Rc<dyn Host>, name: &str, planning: bool) -> Self {
        Self {
            host,
            name: name.to_owned(),
            position: 0,
            planning,
        }
    }

    /// The length of the file in bytes.
    ///
    /// # Errors
    /// The system refuses.
    pub fn size(&self) -> Result<u64, FileError> {
        if self.planning {
            return Ok(0);
        }
        self.host.cached_file_size(&self.name)
    }
}

impl Read for CachedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.planning || buffer.is_empty() {
            return Ok(0);
        }
        let length = buffer.len().min(READ_BYTES_MAX) as u32;
        let data = self
            .host
            .cached_file_read(&self.name, self.position, length)?;
        let read = data.len().min(buffer.len());
        buffer[..read].copy_from_slice(&data[..read]);
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for CachedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.size()?.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "seek before the start");
        self.position = position.ok_or_else(before)?;
        Ok(self.position)
    }
}
