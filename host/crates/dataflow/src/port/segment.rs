//! A segment: output of a sink that belongs to the next checkpoint and is published when that is complete.
//!
//! A sink whose target cannot prepare a transaction that outlives its process writes its output to segments instead. They
//! are files of the checkpoint, like state. Keeps: a segment holds its bytes in memory only until they are stored; storing
//! it again, from whatever thread, gives the same file. What the bytes mean is the sink's business, when they are
//! published is the committer's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::port::blob::{BlobError, BlobRef, BlobStore};

/// The name of segments in a checkpoint.
const ROLE: &str = "segment";

/// A part of a sink's output; clones are the same segment.
#[derive(Clone)]
pub struct Segment(Arc<Inner>);

struct Inner {
    store: Option<Arc<dyn BlobStore>>,
    content: Mutex<Content>,
}

#[derive(Clone)]
enum Content {
    /// Not stored yet.
    Waiting(Vec<u8>),
    /// In a file.
    Stored(BlobRef),
}

impl Segment {
    /// A segment that a checkpoint names.
    pub fn stored(blob: BlobRef, store: Arc<dyn BlobStore>) -> Self {
        Self::of(Content::Stored(blob), Some(store))
    }

    fn of(content: Content, store: Option<Arc<dyn BlobStore>>) -> Self {
        let content = Mutex::new(content);
        Self(Arc::new(Inner { store, content }))
    }

    /// The file, if it is stored.
    pub fn blob(&self) -> Option<BlobRef> {
        match &*self.content() {
            Content::Waiting(_) => None,
            Content::Stored(blob) => Some(blob.clone()),
        }
    }

    /// Stores it, unless that was done before; who comes second waits for the first. Blocks: for storage threads, and for a
    /// task that has too many segments waiting.
    ///
    /// # Errors
    /// The store refuses. It may be tried again.
    pub fn write(&self) -> Result<BlobRef, BlobError> {
        let mut content = self.content();
        let blob = match &mut *content {
            Content::Stored(blob) => return Ok(blob.clone()),
            Content::Waiting(bytes) => self.store()?.put(ROLE, bytes.clone())?,
        };
        *content = Content::Stored(blob.clone());
        Ok(blob)
    }

    /// What it holds. Blocks.
    ///
    /// # Errors
    /// It is missing or damaged, or the store refuses.
    pub fn read(&self) -> Result<Vec<u8>, BlobError> {
        match self.content().clone() {
            Content::Waiting(bytes) => Ok(bytes),
            Content::Stored(blob) => self.store()?.get(&blob),
        }
    }

    fn store(&self) -> Result<&dyn BlobStore, BlobError> {
        self.0.store.as_deref().ok_or_else(|| BlobError::Store {
            action: "write",
            name: ROLE.to_owned(),
            reason: "this sink was opened without a store".to_owned(),
        })
    }

    fn content(&self) -> std::sync::MutexGuard<'_, Content> {
        // Whoever panicked had replaced nothing.
        let content = self.0.content.lock();
        content.unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.blob().is_some_and(|blob| other.blob() == Some(blob))
    }
}

impl Eq for Segment {}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.blob() {
            Some(blob) => write!(f, "Segment({})", blob.name),
            None => f.write_str("Segment(not stored)"),
        }
    }
}

/// Hands a segment to a thread that stores it.
type Submit = Arc<dyn Fn(Segment) + Send + Sync>;

/// Where the segments of a sink go: into the checkpoints of its job.
#[derive(Clone, Default)]
pub struct SegmentStore {
    store: Option<Arc<dyn BlobStore>>,
    submit: Option<Submit>,
}

impl SegmentStore {
    /// Segments in `store`, written by whatever takes what is submitted. The default one stores nothing: its segments
    /// cannot be written.
    pub fn new(
        store: Arc<dyn BlobStore>,
        submit: impl Fn(Segment) + Send + Sync + 'static,
    ) -> Self {
        Self {
            store: Some(store),
            submit: Some(Arc::new(submit)),
        }
    }

    /// Begins to store bytes. That it is done is seen to by the snapshot that names the segment.
    pub fn put(&self, bytes: Vec<u8>) -> Segment {
        let segment = Segment::of(Content::Waiting(bytes), self.store.clone());
        if let Some(submit) = &self.submit {
            submit(segment.clone());
        }
        segment
    }
}

impl fmt::Debug for SegmentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SegmentStore")
    }
}

#[cfg(test)]
mod tests;
