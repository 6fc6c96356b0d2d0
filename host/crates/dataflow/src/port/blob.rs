//! The blob store port: whole immutable files by name, as snapshots need them. Implemented over an object store.
//!
//! Calls block: they are made on storage threads and at restore, never in a task's step.

use std::path::Path;

use thiserror::Error;

/// A stored file and what it must contain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobRef {
    /// Name relative to the store's root, with `/` between parts.
    pub name: String,
    /// A name the reader of the format gives it (for RocksDB, the file name in the database directory).
    pub role: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its blake3 hash, 32 bytes.
    pub hash: [u8; 32],
}

/// A blob could not be stored or read.
#[derive(Clone, Debug, Error)]
pub enum BlobError {
    /// No blob has this name.
    #[error("file {0} is missing")]
    Missing(String),
    /// The content is not what was stored.
    #[error("file {name} is damaged: {reason}")]
    Damaged {
        /// Which file.
        name: String,
        /// What differs.
        reason: String,
    },
    /// The store refused.
    #[error("{action} {name}: {reason}")]
    Store {
        /// What was tried: `write`, `read`, `delete`.
        action: &'static str,
        /// Which file.
        name: String,
        /// What the store said.
        reason: String,
    },
}

/// Whole files, written once.
pub trait BlobStore: Send + Sync {
    /// Stores bytes under a new name. The data is durable when the call returns.
    ///
    /// # Errors
    /// If the store refuses.
    fn put(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError>;

    /// As [`BlobStore::put`], streaming a local file.
    ///
    /// # Errors
    /// If the store or the local disk refuses.
    fn put_file(&self, role: &str, path: &Path) -> Result<BlobRef, BlobError>;

    /// Reads a blob and checks size and hash.
    ///
    /// # Errors
    /// Missing, damaged, or the store refuses.
    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError>;

    /// Reads a blob into a new local file and checks size and hash. A hard link is allowed.
    ///
    /// # Errors
    /// As [`BlobStore::get`].
    fn get_file(&self, blob: &BlobRef, path: &Path) -> Result<(), BlobError>;
}
