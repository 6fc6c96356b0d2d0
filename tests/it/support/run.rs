//! One start of the binary, and what a user sees of it: exit code, standard output, standard error, summary.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::programs;
use super::wait::within;

/// No run of these tests takes longer unless it hangs.
const LIMIT: Duration = Duration::from_secs(150);

/// A command line of the binary.
pub(crate) struct Run {
    command: Command,
}

impl Run {
    /// A verb with a file.
    pub(crate) fn new(verb: &str, file: impl AsRef<Path>) -> Self {
        let run = Self::bare(verb).arg(file.as_ref());
        run.set("data.cache-dir", programs::component_cache())
    }

    /// A verb alone. The environment's own `WASMILL_` settings are left out.
    pub(crate) fn bare(verb: &str) -> Self {
        let mut command = Command::new(programs::wasmill());
        command.arg(verb).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WASMILL_") {
                command.env_remove(name);
            }
        }
        Self { command }
    }

    /// A run of a job of the `bench` plugin that prints its summary as JSON.
    pub(crate) fn bench(job: &str) -> Self {
        Self::new("run", programs::guest("bench"))
            .arg("--json")
            .param("job", job)
    }

    /// Reads standard input from a file.
    pub(crate) fn input(mut self, file: &Path) -> Self {
        let file = std::fs::File::open(file).expect("the input can be read");
        self.command.stdin(file);
        self
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds `--param name=value`.
    pub(crate) fn param(self, name: &str, value: impl Display) -> Self {
        self.arg("--param").arg(format!("{name}={value}"))
    }

    /// Adds `-D key=value`.
    pub(crate) fn set(self, key: &str, value: impl AsRef<OsStr>) -> Self {
        let mut setting = std::ffi::OsString::from(format!("{key}="));
        setting.push(value);
        self.arg("-D").arg(setting)
    }

    /// Sets an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the parallelism.
    pub(crate) fn parallelism(self, subtasks: u32) -> Self {
        self.arg("-p").arg(subtasks.to_string())
    }

    /// Keeps checkpoints in a directory.
    pub(crate) fn checkpoints(self, interval: &str, data_dir: &Path) -> Self {
        self.arg("--checkpoint-interval")
            .arg(interval)
            .arg("--data-dir")
            .arg(data_dir)
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let (out, err) = (NamedTempFile::new(), NamedTempFile::new());
        let (out, err) = (
            out.expect("a file for output"),
            err.expect("a file for errors"),
        );
        let end = |file: &NamedTempFile| Stdio::from(file.reopen().expect("the file again"));
        self.command.stdout(end(&out)).stderr(end(&err));
        let child = self.command.spawn().expect("the binary starts");
        Running {
            line: format!("{:?}", self.command),
            child,
            out,
            err,
        }
    }

    /// Runs it to its end.
    pub(crate) fn end(self) -> Ended {
        self.start().end()
    }

    /// Runs it to its end, which must be a success, and returns the summary.
    pub(crate) fn summary(self) -> Value {
        self.end().success().summary()
    }
}

/// A started process. Killed when it is dropped before its end.
pub(crate) struct Running {
    line: String,
    child: Child,
    out: NamedTempFile,
    err: NamedTempFile,
}

impl Running {
    /// How it ended, if it ends within a time.
    pub(crate) fn exits_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        within(limit, || {
            self.child.try_wait().expect("the child can be waited for")
        })
    }

    /// Waits until something holds while it runs, such as a file being there.
    ///
    /// Returns false if it ended before.
    pub(crate) fn reaches(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let reached = within(LIMIT, || {
            let ended = self
                .child
                .try_wait()
                .expect("the child can be waited for")
                .is_some();
            if holds(self) {
                return Some(true);
            }
            ended.then_some(false)
        });
        reached.unwrap_or_else(|| panic!("{what}: not within {LIMIT:?}\n{}", self.told()))
    }

    /// Kills it with SIGKILL: no handler runs.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the child can be killed");
        self.child.wait().expect("the child can be waited for");
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends a signal. The shell does it, since a signal cannot be sent with safe Rust.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh")
            .args(["-c", &kill])
            .status()
            .expect("sh starts");
        assert!(sent.success(), "{kill}");
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it handles the signal of Ctrl-C by now; before, the signal ends it at once.
    pub(crate) fn handles_interrupts(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // Bit 1 is signal 2.
        caught.is_some_and(|mask| mask & 2 != 0)
    }

    /// What it has said on standard error so far.
    pub(crate) fn errors(&self) -> String {
        read(&self.err)
    }

    /// What it has printed on standard output so far.
    pub(crate) fn output(&self) -> String {
        read(&self.out)
    }

    fn told(&self) -> String {
        format!(
            "{}\nstdout: {}\nstderr: {}",
            self.line,
            read(&self.out),
            read(&self.err)
        )
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let Some(status) = self.exits_within(LIMIT) else {
            panic!("did not end within {LIMIT:?}\n{}", self.told());
        };
        Ended {
            line: self.line.clone(),
            code: status.code(),
            out: read(&self.out),
            err: read(&self.err),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(file: &NamedTempFile) -> String {
    let bytes = std::fs::read(file.path()).expect("the output can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A process that has ended.
pub(crate) struct Ended {
    line: String,
    /// The exit code; none after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ended {
    /// Everything there is to say about it, for a failed assertion.
    pub(crate) fn told(&self) -> String {
        format!(
            "{} ({:?})\nstdout: {}\nstderr: {}",
            self.line, self.code, self.out, self.err
        )
    }

    /// It must have ended well.
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.told());
        self
    }

    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON: {e}\n{}", self.told()))
    }

    /// The JSON summary: the last line of standard output.
    pub(crate) fn summary(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|e| panic!("no summary: {e}\n{}", self.told()))
    }

    /// It must have failed with exactly one line of error, which is returned.
    pub(crate) fn error_line(&self) -> &str {
        assert!(
            matches!(self.code, Some(1 | 2)),
            "no failure\n{}",
            self.told()
        );
        let lines: Vec<&str> = self
            .err
            .lines()
            .filter(|line| line.starts_with("wasmill: "))
            .collect();
        assert_eq!(lines.len(), 1, "one line of error\n{}", self.told());
        lines[0]
    }

    /// It must have failed with exactly one line of error, and that line must say all of this.
    pub(crate) fn fails_naming(&self, needles: &[&str]) {
        let line = self.error_line().to_lowercase();
        for needle in needles {
            let missing = format!("`{needle}` is not in the error\n{}", self.told());
            assert!(line.contains(&needle.to_lowercase()), "{missing}");
        }
        assert!(
            !self.err.contains("thread '"),
            "the host panicked\n{}",
            self.told()
        );
    }
}
