//! Reading dead letters back: those that are published, of all operators of a job; and discarding them.
//!
//! Keeps: a file whose letters are discarded stays, empty. A restored job looks for what its checkpoint has published and
//! must find it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::FOLDER;

/// The first `limit` dead letters below a job's data directory, as the JSON objects they were written as: by operator,
/// then by file. None if there are none.
///
/// # Errors
/// A file cannot be read, or is not what was written.
pub(crate) fn read(root: &Path, limit: usize) -> Result<Vec<Value>> {
    let mut letters = Vec::new();
    for file in files(root)? {
        let damaged = || format!("dead letters in {}", file.display());
        let lines = BufReader::new(File::open(&file).with_context(damaged)?);
        for line in lines.lines() {
            if letters.len() == limit {
                return Ok(letters);
            }
            let letter = serde_json::from_str(&line.with_context(damaged)?);
            letters.push(letter.with_context(damaged)?);
        }
    }
    Ok(letters)
}

/// The files of published dead letters below a job's data directory, a letter a line: by operator, then by name.
///
/// # Errors
/// A folder cannot be listed.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in sorted(&root.join(FOLDER))? {
        files.extend(sorted(&folder)?.into_iter().filter(|file| is_part(file)));
    }
    Ok(files)
}

/// Discards the dead letters that are published below a job's data directory; how many there were. The job may run.
///
/// # Errors
/// A file cannot be read or emptied.
pub(crate) fn discard(root: &Path) -> Result<u64> {
    let mut discarded = 0;
    for file in files(root)? {
        let damaged = || format!("dead letters in {}", file.display());
        let lines = BufReader::new(File::open(&file).with_context(damaged)?);
        discarded += lines.split(b'\n').count() as u64;
        let emptied = File::create(&file).and_then(|file| file.sync_all());
        emptied.with_context(damaged)?;
    }
    Ok(discarded)
}

/// Unfinished files begin with a dot.
fn is_part(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("part-"))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = || format!("list {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        paths.push(entry.with_context(unreadable)?.path());
    }
    paths.sort();
    Ok(paths)
}
