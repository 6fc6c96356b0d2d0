//! The folder of one chain's dead letters: part files with a letter a line, and part files that say which letters were
//! replayed. What was replayed is no letter any more.
//!
//! Keeps: a letter's place (file and line) stays its place, since published files are not changed, only emptied as a whole.
//! Lines are read up to a limit, so a file that is none of ours costs no memory. Not a place that writes letters: that is
//! the sink, with the two phases of all output.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::letter::FIELD_BYTES_MAX;

/// Bytes of a line: of what is kept of a record, and of an error with its frames.
const LINE_BYTES_MAX: u64 = 64 * FIELD_BYTES_MAX as u64;

/// Behind the name of a run, the run by which what was replayed is kept.
const TAKEN_SUFFIX: &str = "-replayed";

/// Where a letter is in its folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// Name of the file.
    pub(crate) file: String,
    /// Line, from 0.
    pub(crate) line: u64,
}

/// Lines by file.
pub(crate) type Places = BTreeMap<String, BTreeSet<u64>>;

/// The run by which a run keeps which letters were replayed.
pub(super) fn run_of_taken(run: &str) -> String {
    format!("{run}{TAKEN_SUFFIX}")
}

/// The published files of a folder.
pub(super) struct Parts {
    /// Of letters, oldest checkpoint first as far as names tell.
    pub(super) letters: Vec<PathBuf>,
    /// Of what was replayed.
    pub(super) taken: Vec<PathBuf>,
}

impl Parts {
    /// Lists a folder.
    ///
    /// # Errors
    /// It is there and cannot be listed.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let (mut letters, mut taken) = (Vec::new(), Vec::new());
        for path in entries(folder)? {
            let name = name_of(&path);
            let Some(rest) = name.strip_prefix("part-") else {
                continue;
            };
            let mut words = rest.split('-');
            let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
            let (subtask, checkpoint) = (number(), number());
            let is_taken = words
                .next()
                .is_some_and(|run| run.ends_with(&TAKEN_SUFFIX.replace('-', "_")));
            match is_taken {
                true => taken.push(path),
                false => letters.push((checkpoint, subtask, path)),
            }
        }
        letters.sort();
        taken.sort();
        let letters = letters.into_iter().map(|(.., path)| path).collect();
        Ok(Self { letters, taken })
    }

    /// Which letters were replayed.
    ///
    /// # Errors
    /// A file cannot be read, or is not what was written.
    pub(super) fn places_taken(&self) -> Result<Places> {
        let mut places = Places::new();
        for file in &self.taken {
            let _ = each_line(file, |number, line| {
                let place: Place = serde_json::from_slice(line).with_context(|| {
                    format!(
                        "line {} of {}: no place of a letter",
                        number + 1,
                        file.display()
                    )
                })?;
                places.entry(place.file).or_default().insert(place.line);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(places)
    }

    /// Shows the letters that were not replayed, and where they are, until told to stop.
    ///
    /// # Errors
    /// A file cannot be read or is not what was written, or what `visit` says.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(&Path, Place, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let taken = self.places_taken()?;
        for file in &self.letters {
            let name = name_of(file);
            let gone = taken.get(&name);
            let flow = each_line(file, |line, text| {
                if gone.is_some_and(|gone| gone.contains(&line)) {
                    return Ok(ControlFlow::Continue(()));
                }
                let place = Place {
                    file: name.clone(),
                    line,
                };
                visit(file, place, text)
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The paths in a folder by name; none if it is not there.
///
/// # Errors
/// It cannot be listed.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
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

/// A file's name; one that is no text is none of ours.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default().to_owned()
}

fn each_line(
    file: &Path,
    mut visit: impl FnMut(u64, &[u8]) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    let damaged = || format!("dead letters in {}", file.display());
    let mut reader = BufReader::new(File::open(file).with_context(damaged)?);
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        let mut limited = (&mut reader).take(LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut line).with_context(damaged)?;
        if line.is_empty() {
            break;
        }
        if line.pop_if(|last| *last == b'\n').is_none() && line.len() as u64 == LINE_BYTES_MAX {
            bail!(
                "dead letters in {}: line {} is longer than any letter: discard them",
                file.display(),
                number + 1
            );
        }
        if visit(number, &line)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
