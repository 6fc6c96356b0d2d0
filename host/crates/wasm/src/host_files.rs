//! The imported interfaces `files` and `cached-files`: the only ways by which a guest reaches a file.
//!
//! Invariant: a guest reaches files of the directory that was granted to its operator, by plain names, and the local
//! copies of registered files, by theirs. Two walls see to it: names have no separators, and files are opened relative
//! to the open directory without following links, so that not even a link in it leads out of it. What was done to files
//! stays done when the call fails.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use dataflow::ids::OperatorId;
use dataflow::port::resources::Resources;

use crate::bindings::wasmill::dataflow::cached_files;
use crate::bindings::wasmill::dataflow::files::{self, FileError};
use crate::host_state::HostState;

/// Bytes read or appended at once.
const BYTES_PER_CALL_MAX: usize = 16 << 20;

/// Names in one answer of `list`.
const NAMES_PER_CALL_MAX: usize = 10_000;

/// Bytes of a name, as file systems have it.
const NAME_BYTES_MAX: usize = 255;

/// What a guest may reach, and what of it is open.
#[derive(Default)]
pub(crate) struct Reachable {
    /// The job's number of the component's operator 0.
    first_operator: u32,
    resources: Arc<Resources>,
    directories: BTreeMap<u32, OwnedFd>,
    cached: BTreeMap<String, File>,
}

impl Reachable {
    pub(crate) fn new(resources: Arc<Resources>, first_operator: u32) -> Self {
        Self {
            first_operator,
            resources,
            ..Self::default()
        }
    }

    fn directory(&mut self, operator: u32) -> Result<&OwnedFd, FileError> {
        match self.directories.entry(operator) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(closed) => {
                let id = OperatorId(self.first_operator.saturating_add(operator));
                let path = self.resources.directories.get(&id);
                let path = path.ok_or(FileError::NotGranted)?;
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let directory = rustix::fs::open(path, flags, Mode::empty());
                Ok(closed.insert(directory.map_err(refused)?))
            }
        }
    }

    fn cached(&mut self, name: &str) -> Result<&File, FileError> {
        if !self.cached.contains_key(name) {
            let file = self.resources.cached_files.get(name);
            let local = file.and_then(|file| file.local());
            let file = File::open(local.ok_or(FileError::NotFound)?).map_err(failed)?;
            self.cached.insert(name.to_owned(), file);
        }
        self.cached.get(name).ok_or(FileError::NotFound)
    }

    fn append(&mut self, operator: u32, name: &str, data: &[u8]) -> Result<u64, FileError> {
        let directory = self.directory(operator)?;
        check_length(data.len())?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE;
        let mut file = open(directory, name, flags)?;
        file.write_all(data).map_err(failed)?;
        Ok(file.metadata().map_err(failed)?.len())
    }

    fn sync(&mut self, operator: u32, name: &str) -> Result<(), FileError> {
        let directory = self.directory(operator)?;
        let file = open(directory, name, OFlags::RDONLY)?;
        file.sync_all().map_err(failed)?;
        rustix::fs::fsync(directory).map_err(refused)
    }

    fn rename(&mut self, operator: u32, from: &str, to: &str) -> Result<(), FileError> {
        let directory = self.directory(operator)?;
        check_name(from)?;
        check_name(to)?;
        rustix::fs::renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE)
            .map_err(refused)?;
        rustix::fs::fsync(directory).map_err(refused)
    }

    fn size(&mut self, operator: u32, name: &str) -> Result<Option<u64>, FileError> {
        let directory = self.directory(operator)?;
        match open(directory, name, OFlags::RDONLY) {
            Ok(file) => Ok(Some(file.metadata().map_err(failed)?.len())),
            Err(FileError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(
        &mut self,
        operator: u32,
        name: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, FileError> {
        let directory = self.directory(operator)?;
        read_at(&open(directory, name, OFlags::RDONLY)?, offset, length)
    }

    fn remove(&mut self, operator: u32, name: &str) -> Result<(), FileError> {
        let directory = self.directory(operator)?;
        check_name(name)?;
        match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }

    fn list(&mut self, operator: u32, after: &str, limit: u32) -> Result<Vec<String>, FileError> {
        let directory = self.directory(operator)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(directory).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let is_file = entry.file_type() == FileType::RegularFile;
            match entry.file_name().to_str() {
                Ok(name) if is_file && name > after => names.push(name.to_owned()),
                Ok(_) | Err(_) => {}
            }
        }
        names.sort_unstable();
        names.truncate((limit as usize).min(NAMES_PER_CALL_MAX));
        Ok(names)
    }
}

/// Opens a file of a directory, never by way of a link.
fn open(directory: &OwnedFd, name: &str, flags: OFlags) -> Result<File, FileError> {
    check_name(name)?;
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o666));
    opened.map(File::from).map_err(refused)
}

fn check_name(name: &str) -> Result<(), FileError> {
    let reason = if name.is_empty() || name == "." || name == ".." {
        "it names no file"
    } else if name.contains(['/', '\\', '\0']) {
        "it must have no separators"
    } else if name.len() > NAME_BYTES_MAX {
        "it is longer than 255 bytes"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(NAME_BYTES_MAX).collect();
    Err(FileError::InvalidName(format!("`{shown}`: {reason}")))
}

fn check_length(length: usize) -> Result<(), FileError> {
    if length > BYTES_PER_CALL_MAX {
        return Err(FileError::TooLarge);
    }
    Ok(())
}

fn read_at(file: &File, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
    check_length(length as usize)?;
    let size = file.metadata().map_err(failed)?.len();
    let there = size.saturating_sub(offset).min(u64::from(length));
    let mut data = vec![0; there as usize];
    let mut done = 0;
    while done < data.len() {
        match file.read_at(&mut data[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    data.truncate(done);
    Ok(data)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function of map_err"
)]
fn failed(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        ErrorKind::AlreadyExists => FileError::AlreadyExists,
        _ => FileError::Io(error.to_string()),
    }
}

fn refused(error: Errno) -> FileError {
    failed(error.into())
}

type Answer<T> = wasmtime::Result<Result<T, FileError>>;

impl files::Host for HostState {
    fn append(&mut self, operator: u32, name: String, data: Vec<u8>) -> Answer<u64> {
        Ok(self.reachable.append(operator, &name, &data))
    }

    fn sync(&mut self, operator: u32, name: String) -> Answer<()> {
        Ok(self.reachable.sync(operator, &name))
    }

    fn rename(&mut self, operator: u32, from: String, to: String) -> Answer<()> {
        Ok(self.reachable.rename(operator, &from, &to))
    }

    fn size(&mut self, operator: u32, name: String) -> Answer<Option<u64>> {
        Ok(self.reachable.size(operator, &name))
    }

    fn read(&mut self, operator: u32, name: String, offset: u64, length: u32) -> Answer<Vec<u8>> {
        Ok(self.reachable.read(operator, &name, offset, length))
    }

    fn remove(&mut self, operator: u32, name: String) -> Answer<()> {
        Ok(self.reachable.remove(operator, &name))
    }

    fn list(&mut self, operator: u32, after: String, limit: u32) -> Answer<Vec<String>> {
        Ok(self.reachable.list(operator, &after, limit))
    }
}

impl cached_files::Host for HostState {
    fn size(&mut self, name: String) -> Answer<u64> {
        let size = |file: &File| Ok(file.metadata().map_err(failed)?.len());
        Ok(self.reachable.cached(&name).and_then(size))
    }

    fn read(&mut self, name: String, offset: u64, length: u32) -> Answer<Vec<u8>> {
        let file = self.reachable.cached(&name);
        Ok(file.and_then(|file| read_at(file, offset, length)))
    }
}

#[cfg(test)]
mod tests;
