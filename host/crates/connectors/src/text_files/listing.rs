//! Which files a path means: a file, everything below a directory, or what a pattern matches.
//!
//! Keeps: the list is sorted and has no duplicates, so that splits are numbered alike on every listing; hidden files
//! and directories (their name begins with a dot) are left out unless the path itself names them.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use dataflow::port::sink::ConnectorError;
use glob::MatchOptions;

use crate::config;
use crate::text_files::options::Options;
use crate::text_files::{NAME, failed};

/// Directory levels below the path, at most: a link that leads back up must not go on for ever.
const DIRECTORY_DEPTH_MAX: usize = 64;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    /// When it was changed (nanoseconds since the Unix epoch); 0 if the system does not know.
    pub(super) modified_ns: u64,
    /// Its size.
    pub(super) size_bytes: u64,
}

/// A file as it was when it was listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ListedFile {
    pub(super) path: PathBuf,
    pub(super) version: Version,
}

/// Lists the files that the options mean. A source that goes on looking may find none yet.
pub(super) fn list(options: &Options) -> Result<Vec<ListedFile>, ConnectorError> {
    let path = options.path.as_str();
    let mut found = Found {
        files: BTreeSet::new(),
        options,
    };
    let literal = Path::new(path);
    if literal.exists() {
        found.collect(literal, 0)?;
        return Ok(found.files.into_iter().collect());
    }
    if !path.contains(['*', '?', '[']) {
        return Err(failed(
            "read",
            literal,
            "there is no such file or directory",
        ));
    }
    let matching = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let matches = glob::glob_with(path, matching)
        .map_err(|error| config::wrong(NAME, format!("`path` {path} is no pattern: {error}")))?;
    for entry in matches {
        let entry = entry.map_err(|error| failed("list", error.path(), error.error()))?;
        found.collect(&entry, 0)?;
    }
    if found.files.is_empty() && options.interval.is_none() {
        return Err(failed("list", literal, "no file matches the pattern"));
    }
    Ok(found.files.into_iter().collect())
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(std::ffi::OsStr::as_encoded_bytes);
    name.is_some_and(|name| name.starts_with(b"."))
}

/// The files found so far.
struct Found<'a> {
    files: BTreeSet<ListedFile>,
    options: &'a Options,
}

impl Found<'_> {
    fn collect(&mut self, path: &Path, depth: usize) -> Result<(), ConnectorError> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            // Removed since its directory was read, or a link that leads nowhere.
            Err(error) if depth > 0 && error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("read", path, error)),
        };
        if !metadata.is_dir() {
            if self.options.wants(path) {
                self.files.insert(ListedFile {
                    path: path.to_owned(),
                    version: version_of(&metadata),
                });
            }
            return Ok(());
        }
        if depth > 0 && !self.options.recursive {
            return Ok(());
        }
        if depth == DIRECTORY_DEPTH_MAX {
            return Err(failed(
                "list",
                path,
                format!("is more than {DIRECTORY_DEPTH_MAX} directories deep"),
            ));
        }
        let entries = fs::read_dir(path).map_err(|error| failed("list", path, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed("list", path, error))?.path();
            if !is_hidden(&entry) {
                self.collect(&entry, depth + 1)?;
            }
        }
        Ok(())
    }
}

fn version_of(metadata: &fs::Metadata) -> Version {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Version {
        modified_ns: since.map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        }),
        size_bytes: metadata.len(),
    }
}

#[cfg(test)]
mod tests;
