//! `wasmill dev`: builds a project and runs it, and does so again whenever one of its files changes.
//!
//! Keeps: at most one run at a time, and none that outlives this process; what a run or a tool writes is no change.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{COMPONENT, ProjectError, Sdk, build};
use crate::output;

/// Files change in bursts; it has ended after so long a silence.
const SILENCE: Duration = Duration::from_millis(200);

/// How often a run is asked whether it has ended.
const TICK: Duration = Duration::from_millis(100);

/// How long a run has to end by itself, when the same Ctrl-C has told it to.
const GRACE: Duration = Duration::from_secs(2);

/// Changes that are not looked at yet; more of them say no more.
const CHANGES_MAX: usize = 1_024;

/// Folders that tools write to.
const BUILT: [&str; 6] = [
    "target",
    "node_modules",
    "dist",
    "build",
    "out",
    "__pycache__",
];

/// A project and how it is run.
pub(crate) struct Development {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The SDKs.
    pub(crate) sdk: Sdk,
    /// Arguments of `wasmill run` behind the component.
    pub(crate) arguments: Vec<String>,
}

/// What follows a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It has ended by itself.
    Wait,
    /// A file has changed.
    Change,
    /// The user has enough.
    Stop,
}

impl Development {
    /// Builds and runs until `stopped` is ready.
    ///
    /// # Errors
    /// The folder cannot be watched. A project that does not build waits for a change.
    pub(crate) async fn run(self, stopped: impl Future<Output = ()>) -> Result<(), ProjectError> {
        let folder = self
            .folder
            .canonicalize()
            .map_err(ProjectError::io(&self.folder))?;
        let refuse = |error: notify::Error| ProjectError::Watch {
            folder: folder.clone(),
            reason: error.to_string(),
        };
        let (changed, mut changes) = mpsc::channel(CHANGES_MAX);
        let root = folder.clone();
        let on_event = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| concerns(&root, &event)) {
                // A full queue has a change in it already.
                let _ = changed.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(refuse)?;
        watcher
            .watch(&folder, RecursiveMode::Recursive)
            .map_err(refuse)?;
        tokio::pin!(stopped);
        loop {
            let mut run = self.build_and_start(&folder).await;
            let mut next = tokio::select! {
                () = &mut stopped => Next::Stop,
                _ = changes.recv() => Next::Change,
                () = ended(&mut run) => Next::Wait,
            };
            if next == Next::Wait {
                output::error("waiting for changes; Ctrl-C ends this");
                next = tokio::select! {
                    () = &mut stopped => Next::Stop,
                    _ = changes.recv() => Next::Change,
                };
            }
            if next == Next::Stop {
                if run.is_some() {
                    // Past its grace it is stopped.
                    let _ = timeout(GRACE, ended(&mut run)).await;
                }
                stop(run);
                return Ok(());
            }
            stop(run);
            while timeout(SILENCE, changes.recv())
                .await
                .is_ok_and(|it| it.is_some())
            {}
        }
    }

    /// The run of what was built; none if it was not.
    async fn build_and_start(&self, folder: &Path) -> Option<Child> {
        let (sdk, of) = (self.sdk.clone(), folder.to_owned());
        let out = folder.join(COMPONENT);
        let built = tokio::task::spawn_blocking(move || build::build(&of, &sdk, &out)).await;
        match built {
            Ok(Ok(language)) => output::error(&format!("built {COMPONENT} of {}", language.name())),
            Ok(Err(error)) => {
                output::error(&format!("wasmill: {error}"));
                return None;
            }
            Err(error) => {
                output::error(&format!("wasmill: the build was given up: {error}"));
                return None;
            }
        }
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("wasmill"));
        let mut command = Command::new(program);
        command.arg("run").arg(COMPONENT).args(&self.arguments);
        let started = command.current_dir(folder).stdin(Stdio::null()).spawn();
        started
            .inspect_err(|error| output::error(&format!("wasmill: start the job: {error}")))
            .ok()
    }
}

/// Waits for the end of a run, and takes it; never ready if there is none.
async fn ended(run: &mut Option<Child>) {
    let Some(child) = run else {
        return std::future::pending().await;
    };
    // One that cannot be asked is as good as ended.
    while let Ok(None) = child.try_wait() {
        tokio::time::sleep(TICK).await;
    }
    *run = None;
}

/// Ends a run, if it has not ended.
fn stop(run: Option<Child>) {
    if let Some(mut child) = run {
        // It may have ended meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Whether somebody changed a source: not a tool, not this program, and not by reading.
fn concerns(root: &Path, event: &Event) -> bool {
    let is_source = |path: &PathBuf| {
        let inside = path.strip_prefix(root).unwrap_or(path);
        let name = inside.file_name().unwrap_or_default().to_string_lossy();
        // Linkers write beside their result before they rename it.
        let is_result = name.is_empty() || name.starts_with(COMPONENT) || name.ends_with(".lock");
        let mut parts = inside.iter().map(|part| part.to_string_lossy());
        !is_result && !parts.any(|part| part.starts_with('.') || BUILT.contains(&part.as_ref()))
    };
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(is_source)
}
