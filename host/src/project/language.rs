//! The languages that have an SDK, and by which files one is recognized.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::ProjectError;

/// A language of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust, compiled by cargo
    Rust,
    /// Python, with its interpreter inside
    Python,
    /// TypeScript or JavaScript, with its interpreter inside
    Typescript,
    /// Go, compiled by go
    Go,
    /// C, compiled by clang
    C,
}

impl Language {
    /// Its name as people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Typescript => "TypeScript",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// The folder of its SDK.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Typescript => "javascript",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    /// The language of a folder: by the file that its tools look for, otherwise by its sources.
    ///
    /// # Errors
    /// The folder cannot be read, or has nothing of any language.
    pub(crate) fn of(folder: &Path) -> Result<Self, ProjectError> {
        let has = |name: &str| folder.join(name).is_file();
        if has("Cargo.toml") {
            return Ok(Self::Rust);
        }
        if has("go.mod") {
            return Ok(Self::Go);
        }
        if has("package.json") {
            return Ok(Self::Typescript);
        }
        for (extension, language) in [
            ("py", Self::Python),
            ("ts", Self::Typescript),
            ("js", Self::Typescript),
            ("c", Self::C),
        ] {
            if !sources(folder, extension)?.is_empty() {
                return Ok(language);
            }
        }
        Err(ProjectError::Unknown(folder.to_owned()))
    }
}

/// The files of a folder with an extension that are no tests, by name.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn sources(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, ProjectError> {
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(ProjectError::io(folder))? {
        let path = entry.map_err(ProjectError::io(folder))?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_test =
            stem.starts_with("test_") || stem.ends_with("_test") || stem.contains(".test");
        let is_hidden = stem.starts_with('.') || stem.ends_with(".d") || stem == "conftest";
        let fits = path.extension().is_some_and(|it| it == extension);
        if fits && !is_test && !is_hidden && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The one file of the job: `job`, or the only one there is.
///
/// # Errors
/// There is none, or one of several would have to be guessed.
pub(super) fn job_file(folder: &Path, extensions: &[&str]) -> Result<PathBuf, ProjectError> {
    let mut all = Vec::new();
    for extension in extensions {
        all.extend(sources(folder, extension)?);
    }
    let is_job = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == "job");
    let found = match all.as_slice() {
        [only] => Some(only),
        several => several.iter().find(is_job),
    };
    let reason = || format!("which file is the job? name it job.{}", extensions[0]);
    found.cloned().ok_or_else(|| ProjectError::NoJob {
        folder: folder.to_owned(),
        reason: reason(),
    })
}
