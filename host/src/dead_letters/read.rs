//! Reading dead letters back: those that are published and were not replayed, of all operators of a job; and discarding
//! them.
//!
//! Keeps: a file whose letters are discarded stays, empty. A restored job looks for what its checkpoint has published and
//! must find it. Letters are discarded before what says that they were replayed.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::FOLDER;
use super::folder::{Parts, entries};

/// Bytes of a piece of a download.
const PIECE_BYTES: usize = 64 << 10;

/// The first `limit` dead letters below a job's data directory, as the JSON objects they were written as: by operator,
/// then by file. None if there are none.
///
/// # Errors
/// A file cannot be read, or is not what was written.
pub(crate) fn read(root: &Path, limit: usize) -> Result<Vec<Value>> {
    let mut letters = Vec::new();
    each(root, |file, line| {
        if letters.len() == limit {
            return Ok(ControlFlow::Break(()));
        }
        let letter = serde_json::from_slice(line);
        letters.push(letter.with_context(|| format!("dead letters in {}", file.display()))?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(letters)
}

/// Shows the lines of all dead letters below a job's data directory, with the files they are in, until told to stop.
///
/// # Errors
/// A file cannot be read, or what `visit` says.
pub(crate) fn each(
    root: &Path,
    mut visit: impl FnMut(&Path, &[u8]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    for folder in entries(&root.join(FOLDER))? {
        let flow = Parts::of(&folder)?.each(|file, _, line| visit(file, line))?;
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Sends the lines of all dead letters below a job's data directory in pieces. Blocks while too many wait; ends when nobody
/// takes them.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn pieces(root: &Path, to: &Sender<std::io::Result<Vec<u8>>>) -> Result<()> {
    let mut piece = Vec::new();
    each(root, |_, line| {
        piece.extend_from_slice(line);
        piece.push(b'\n');
        if piece.len() < PIECE_BYTES {
            return Ok(ControlFlow::Continue(()));
        }
        Ok(match to.blocking_send(Ok(std::mem::take(&mut piece))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    })?;
    let _ = to.blocking_send(Ok(piece));
    Ok(())
}

/// Discards the dead letters that are published below a job's data directory; how many there were. The job may run.
///
/// # Errors
/// A file cannot be read or emptied.
pub(crate) fn discard(root: &Path) -> Result<u64> {
    let mut discarded = 0;
    for folder in entries(&root.join(FOLDER))? {
        let parts = Parts::of(&folder)?;
        let counted = parts.each(|_, _, _| {
            discarded += 1;
            Ok(ControlFlow::Continue(()))
        });
        // What cannot be read is to go all the more.
        if let Err(error) = counted {
            tracing::warn!(error = %crate::one_line(&error), "discarding dead letters that are damaged");
        }
        empty(&parts.letters)?;
        empty(&parts.taken)?;
    }
    Ok(discarded)
}

fn empty(files: &[PathBuf]) -> Result<()> {
    for file in files {
        let emptied = File::create(file).and_then(|file| file.sync_all());
        emptied.with_context(|| format!("dead letters in {}", file.display()))?;
    }
    Ok(())
}
