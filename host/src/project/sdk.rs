//! Where the guest SDKs are: in the source tree that this program was built from, beside an installed program, or where
//! the user says.

use std::path::{Path, PathBuf};

use super::{Language, ProjectError};

/// The folder of all SDKs, in the sources and beside a program.
const FOLDER: &str = "guest-sdk";

/// The source tree that this program was built from, which may be gone.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where it is below the prefix of an installation.
const SHARED: &str = "share/wasmill";

/// The folder with the SDKs.
#[derive(Clone, Debug)]
pub(crate) struct Sdk {
    root: PathBuf,
}

impl Sdk {
    /// The folder that was named (or the source tree around it), otherwise the one found upwards from this program. What
    /// is missing there is told when a language is asked for.
    pub(crate) fn find(named: Option<&Path>) -> Self {
        if let Some(named) = named {
            let inside = named.join(FOLDER);
            let root = if inside.is_dir() {
                inside
            } else {
                named.to_owned()
            };
            return Self {
                root: root.canonicalize().unwrap_or(root),
            };
        }
        let program = std::env::current_exe().and_then(|path| path.canonicalize());
        let program = program.unwrap_or_default();
        let beside = program.ancestors().skip(1).flat_map(|folder| {
            let shared = folder.join(SHARED);
            [folder.join(FOLDER), shared.join(FOLDER)]
        });
        // A program that was built into a folder elsewhere is not below its sources.
        let built_from = Path::new(SOURCES).join(FOLDER).canonicalize();
        let mut found = beside
            .chain(built_from.ok())
            .filter(|folder| folder.is_dir());
        let root = found.next().unwrap_or_else(|| PathBuf::from(FOLDER));
        Self { root }
    }

    /// The SDK of a language.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn of(&self, language: Language) -> Result<PathBuf, ProjectError> {
        let folder = self.root.join(language.folder());
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(ProjectError::NoSdk {
            language: language.name(),
            looked_in: self.root.clone(),
        })
    }

    /// The versions of libraries that the SDK for Rust was tested with, if its source tree is there.
    pub(super) fn lock_file(&self) -> Option<PathBuf> {
        let lock = self.root.parent()?.join("Cargo.lock");
        lock.is_file().then_some(lock)
    }
}
