//! Programs of other people, started for a project: found on the path, run in its folder, and told apart when they are
//! missing or say no.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::ProjectError;
use super::system::{self, Tool};

/// A program with its arguments, to be run in a folder.
pub(super) struct Invocation {
    name: String,
    tool: Tool,
    folder: PathBuf,
    command: Command,
}

impl Invocation {
    /// A program by its name on the path, or by its own path.
    pub(super) fn of(program: impl AsRef<OsStr>, tool: Tool, folder: &Path) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Self {
            name: program.to_string_lossy().into_owned(),
            tool,
            folder: folder.to_owned(),
            command,
        }
    }

    /// Adds an argument.
    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub(super) fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub(super) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with its words on this terminal; gives what it prints. Blocks until it ends.
    ///
    /// # Errors
    /// It is missing, cannot be started, or fails.
    pub(super) fn run(mut self) -> Result<Vec<u8>, ProjectError> {
        self.command.stderr(Stdio::inherit());
        let output = self.output()?;
        self.judge(&output)?;
        Ok(output.stdout)
    }

    /// Runs it and keeps its words, however it ends. Blocks until it ends.
    ///
    /// # Errors
    /// It is missing or cannot be started.
    pub(super) fn output(&mut self) -> Result<Output, ProjectError> {
        self.command.output().map_err(|error| match error.kind() {
            ErrorKind::NotFound => system::missing(&self.name, self.tool),
            _ => ProjectError::Io {
                path: PathBuf::from(&self.name),
                source: error,
            },
        })
    }

    /// Whether it ended well.
    ///
    /// # Errors
    /// It did not.
    pub(super) fn judge(&self, output: &Output) -> Result<(), ProjectError> {
        if output.status.success() {
            return Ok(());
        }
        let name = Path::new(&self.name).file_name().unwrap_or_default();
        Err(ProjectError::Failed {
            tool: name.to_string_lossy().into_owned(),
            folder: self.folder.clone(),
        })
    }
}

/// Where a program is, if it is on the path.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(program));
    candidates.find(|candidate| candidate.is_file())
}
