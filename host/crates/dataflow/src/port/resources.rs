//! What user logic may reach beside its records and state: directories that the user granted, and registered files.
//!
//! Keeps: nothing is reachable that is not named here. Plain data; the machines that run user logic open the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::ids::OperatorId;

/// What the operators of a job may reach.
#[derive(Debug, Default)]
pub struct Resources {
    /// The directory that was granted to a source or sink of a component.
    pub directories: BTreeMap<OperatorId, PathBuf>,
    /// Registered files by name.
    pub cached_files: BTreeMap<String, CachedFile>,
}

/// A registered file: what was registered, and the copy of this process.
#[derive(Debug)]
pub struct CachedFile {
    /// What the user registered.
    pub source: PathBuf,
    local: OnceLock<PathBuf>,
}

impl CachedFile {
    /// A file that has not been copied yet.
    pub fn new(source: PathBuf) -> Self {
        Self {
            source,
            local: OnceLock::new(),
        }
    }

    /// Tells where the copy is. The first one holds.
    pub fn copied_to(&self, local: PathBuf) {
        // A second copy would be the same file at another place.
        let _ = self.local.set(local);
    }

    /// The copy of this process, once there is one: before any operator is opened.
    pub fn local(&self) -> Option<&Path> {
        self.local.get().map(PathBuf::as_path)
    }
}
