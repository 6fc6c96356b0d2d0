//! Which files a path means: a file, everything below a directory, or what a pattern matches.
//!
//! Keeps: the list is sorted and has no duplicates, so that splits are numbered alike on every listing; hidden files
//! and directories (their name begins with a dot) are left out unless the path itself names them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dataflow::port::sink::ConnectorError;
use glob::MatchOptions;

use crate::config;
use crate::text_files::{NAME, failed};

/// Directory levels below the path, at most: a link that leads back up must not go on for ever.
const DIRECTORY_DEPTH_MAX: usize = 64;

/// A file and its size in bytes when it was listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ListedFile {
    pub(super) path: PathBuf,
    pub(super) size_bytes: u64,
}

/// Lists the files that `path` means.
pub(super) fn list(path: &str) -> Result<Vec<ListedFile>, ConnectorError> {
    let mut found = BTreeSet::new();
    let literal = Path::new(path);
    if literal.exists() {
        collect(literal, 0, &mut found)?;
        return Ok(found.into_iter().collect());
    }
    if !path.contains(['*', '?', '[']) {
        return Err(failed(
            "read",
            literal,
            "there is no such file or directory",
        ));
    }
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let matches = glob::glob_with(path, options)
        .map_err(|error| config::wrong(NAME, format!("`path` {path} is no pattern: {error}")))?;
    for entry in matches {
        let entry = entry.map_err(|error| failed("list", error.path(), error.error()))?;
        collect(&entry, 0, &mut found)?;
    }
    if found.is_empty() {
        return Err(failed("list", literal, "no file matches the pattern"));
    }
    Ok(found.into_iter().collect())
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(std::ffi::OsStr::as_encoded_bytes);
    name.is_some_and(|name| name.starts_with(b"."))
}

fn collect(
    path: &Path,
    depth: usize,
    found: &mut BTreeSet<ListedFile>,
) -> Result<(), ConnectorError> {
    let metadata = fs::metadata(path).map_err(|error| failed("read", path, error))?;
    if !metadata.is_dir() {
        found.insert(ListedFile {
            path: path.to_owned(),
            size_bytes: metadata.len(),
        });
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
            collect(&entry, depth + 1, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
