//! Uploaded components: each a file under its digest with a short description beside it.
//!
//! Keeps: a file that is there is complete and was a component when it came; what a client calls it is a label and never
//! a path.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use dataflow::limits::COMPONENTS_MAX;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::durable::{self, failed};
use super::error::DispatchError;

/// Characters of a label.
const LABEL_CHARS_MAX: usize = 128;

/// A part of an upload.
pub(crate) enum Chunk {
    /// Some bytes.
    Bytes(Bytes),
    /// That was all. A client that goes away before it leaves nothing behind.
    End,
}

/// What is known of an uploaded component.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredComponent {
    /// Blake3 of the file; its id.
    pub(crate) digest: String,
    /// What the client called it.
    pub(crate) label: String,
    /// Name of its job.
    pub(crate) job: String,
    /// Language it was written in.
    pub(crate) language: String,
    /// Its parameters, as its manifest has them.
    pub(crate) parameters: serde_json::Value,
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// When it came (milliseconds since the Unix epoch).
    pub(crate) uploaded_ms: i64,
    /// What compiling it took (milliseconds).
    pub(crate) compile_ms: u64,
}

/// The components of one directory.
pub(crate) struct ComponentStore {
    dir: PathBuf,
}

/// A file that came whole and is not checked yet. Dropped, it is removed.
pub(super) struct Received {
    path: PathBuf,
    pub(super) digest: String,
    pub(super) bytes: u64,
}

impl Drop for Received {
    fn drop(&mut self) {
        // It has usually been moved to its place.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Received {
    pub(super) fn read(&self) -> Result<Vec<u8>, DispatchError> {
        std::fs::read(&self.path).map_err(failed(&self.path, "read"))
    }
}

impl ComponentStore {
    pub(super) fn open(dir: &Path) -> Result<Self, DispatchError> {
        std::fs::create_dir_all(dir).map_err(failed(dir, "create"))?;
        let this = Self {
            dir: dir.to_owned(),
        };
        // What a killed process was receiving.
        for entry in std::fs::read_dir(dir)
            .map_err(failed(dir, "list"))?
            .flatten()
        {
            let name = entry.file_name();
            if name.to_string_lossy().ends_with(".inprogress") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(this)
    }

    fn file(&self, digest: &str) -> PathBuf {
        self.dir.join(format!("{digest}.wasm"))
    }

    fn description(&self, digest: &str) -> PathBuf {
        self.dir.join(format!("{digest}.json"))
    }

    /// Writes an upload to disk as it comes. Blocks; the sender bounds what may come.
    pub(super) fn receive(
        &self,
        unique: u64,
        mut chunks: mpsc::Receiver<Chunk>,
    ) -> Result<Received, DispatchError> {
        if self.list()?.len() >= COMPONENTS_MAX {
            let reason = format!("there are {COMPONENTS_MAX} components already: delete one first");
            return Err(DispatchError::Refused(reason));
        }
        let path = self.dir.join(format!("upload-{unique}.inprogress"));
        let mut received = Received {
            path: path.clone(),
            digest: String::new(),
            bytes: 0,
        };
        let mut file = File::create(&path).map_err(failed(&path, "create"))?;
        let mut hash = blake3::Hasher::new();
        loop {
            match chunks.blocking_recv() {
                Some(Chunk::Bytes(bytes)) => {
                    hash.update(&bytes);
                    received.bytes += bytes.len() as u64;
                    file.write_all(&bytes).map_err(failed(&path, "write"))?;
                }
                Some(Chunk::End) => break,
                None => {
                    let reason = "the upload broke off".to_owned();
                    return Err(DispatchError::Refused(reason));
                }
            }
        }
        file.sync_all().map_err(failed(&path, "sync"))?;
        received.digest = hash.finalize().to_hex().to_string();
        Ok(received)
    }

    /// Keeps a file that was found to be a component.
    pub(super) fn keep(
        &self,
        received: &Received,
        description: &StoredComponent,
    ) -> Result<(), DispatchError> {
        let bytes = serde_json::to_vec_pretty(description);
        let bytes = bytes.map_err(|error| DispatchError::Internal(error.to_string()))?;
        durable::into_place(&received.path, &self.file(&received.digest))?;
        durable::write(&self.description(&received.digest), &bytes)
    }

    /// Every component, the newest first.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(crate) fn list(&self) -> Result<Vec<StoredComponent>, DispatchError> {
        let mut found: Vec<StoredComponent> = Vec::new();
        let entries = std::fs::read_dir(&self.dir).map_err(failed(&self.dir, "list"))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(failed(&path, "read"))?;
            match serde_json::from_slice(&bytes) {
                Ok(description) => found.push(description),
                Err(error) => tracing::error!(path = %path.display(), %error, "is left alone"),
            }
        }
        found.sort_by(|a, b| (b.uploaded_ms, &b.digest).cmp(&(a.uploaded_ms, &a.digest)));
        Ok(found)
    }

    /// The component of a digest, or the newest of a label; `.wasm` at its end may be left out.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find(&self, name: &str) -> Result<StoredComponent, DispatchError> {
        let all = self.list()?;
        let wanted = |it: &&StoredComponent| {
            it.digest == name || it.label == name || it.label.strip_suffix(".wasm") == Some(name)
        };
        let by_digest = all.iter().find(|it| it.digest == name);
        by_digest
            .or_else(|| all.iter().find(wanted))
            .cloned()
            .ok_or_else(|| DispatchError::NoSuchComponent(label_of(name)))
    }

    /// Where the file of a component is.
    pub(super) fn path(&self, component: &StoredComponent) -> PathBuf {
        self.file(&component.digest)
    }

    pub(super) fn remove(&self, digest: &str) -> Result<(), DispatchError> {
        let (description, file) = (self.description(digest), self.file(digest));
        std::fs::remove_file(&description).map_err(failed(&description, "remove"))?;
        std::fs::remove_file(&file).map_err(failed(&file, "remove"))
    }
}

/// What a client calls a file, as a label: the last part of a path, in plain characters.
pub(crate) fn label_of(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    let label: String = last.chars().take(LABEL_CHARS_MAX).map(plain).collect();
    let label = label.trim_start_matches('.');
    if label.is_empty() {
        "component.wasm".to_owned()
    } else {
        label.to_owned()
    }
}

#[cfg(test)]
mod tests;
