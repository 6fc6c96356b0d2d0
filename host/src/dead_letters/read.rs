//! Reading dead letters back: those that are published, of all operators of a job.

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
    for folder in sorted(&root.join(FOLDER))? {
        for file in sorted(&folder)?.into_iter().filter(|file| is_part(file)) {
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
    }
    Ok(letters)
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
