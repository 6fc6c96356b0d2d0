//! A user's project: a folder with one job, in one of the languages that have an SDK.
//!
//! `wasmill new` writes one ([`template`]), `wasmill build` makes its component ([`build`] by way of [`toolchain`]), and
//! `wasmill dev` does so whenever a file changes ([`watch`]). Nothing is installed here: what is missing is named, with
//! the command that this system installs it by ([`system`]). The component is `job.wasm` in the folder, wherever a
//! language would put it.

pub(crate) mod build;
mod language;
mod sdk;
mod system;
mod template;
mod toolchain;
pub(crate) mod watch;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub(crate) use language::Language;
pub(crate) use sdk::Sdk;
pub(crate) use template::create;

/// The component of a project.
pub(crate) const COMPONENT: &str = "job.wasm";

/// A project cannot be made, recognized or built.
#[derive(Debug, Error)]
pub(crate) enum ProjectError {
    /// A name that is none in every language.
    #[error(
        "the name \"{0}\" cannot be that of a project: take lower-case letters, digits and -, beginning with a letter"
    )]
    Name(String),
    /// There is something already.
    #[error("{}: it is there already and not empty, take another name or --dir", .0.display())]
    Occupied(PathBuf),
    /// A folder without a job.
    #[error(
        "{}: this is no project: there is no Cargo.toml, go.mod, package.json, .py or .c file", .0.display()
    )]
    Unknown(PathBuf),
    /// The files of a language are there, but none is the job.
    #[error("{}: {reason}", folder.display())]
    NoJob {
        /// Where.
        folder: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The SDK is not where it could be found.
    #[error("the SDK of {language} is not in {}: give --sdk PATH, the folder guest-sdk of a copy of Wasmill's sources", .looked_in.display())]
    NoSdk {
        /// Of which language.
        language: &'static str,
        /// Where it was looked for.
        looked_in: PathBuf,
    },
    /// A tool is missing, or is too old.
    #[error("{tool} {problem}; {remedy}")]
    Tool {
        /// Which tool.
        tool: String,
        /// That it is missing, or too old.
        problem: String,
        /// What to do on this system.
        remedy: String,
    },
    /// The tool says that the job is wrong; it has said so itself.
    #[error("{tool} could not build {}: see its words above", folder.display())]
    Failed {
        /// Which tool.
        tool: String,
        /// What it should have built.
        folder: PathBuf,
    },
    /// The tool was content, and its result is not there.
    #[error("{tool} has built {}, but no component came of it: {reason}", folder.display())]
    NoComponent {
        /// Which tool.
        tool: String,
        /// What it has built.
        folder: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Changes cannot be watched.
    #[error("{}: its changes cannot be watched: {reason}", folder.display())]
    Watch {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl ProjectError {
    /// A failure of the file system at a path.
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}
