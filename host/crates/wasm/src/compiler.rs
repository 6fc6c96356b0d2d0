//! Compiling in a process of its own: what a compiler is made to do by a hostile component ends with that process.
//!
//! Invariant: the process lives no longer than its time limit, reads nothing but the component and writes nothing but
//! the artefact, and its own limits (`limit_process`) hold before it has seen a byte of the component. What it answers is
//! trusted as far as the program is that was started: it is this one, never a path that a user gave.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use crate::engine::{RuntimeConfig, engine};
use crate::error::WasmError;

/// Exit code of a compiler that refused the component; its standard error says why.
pub const REFUSED: u8 = 3;

/// Bytes kept of what a compiler says.
const WORDS_BYTES_MAX: u64 = 16 << 10;

/// What is added to the niceness of a compiler: jobs that run go before jobs that begin.
const NICENESS: i32 = 19;

/// Seconds between the signal for too much processor time and the one that cannot be handled.
const CPU_GRACE_SECONDS: u64 = 1;

/// How a compiling process is started. It reads a component from standard input, calls [`limit_process`] and
/// [`compile`], and writes the artefact to standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompilerProcess {
    /// The program: this one.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
    /// What it limits itself to.
    pub limits: CompileLimits,
}

/// What one compilation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space.
    pub memory_bytes: u64,
    /// Processor time of all its threads, in whole seconds.
    pub cpu_seconds: u64,
    /// Wall time.
    pub timeout: Duration,
}

/// Compiles a component, here and now, for an engine of this configuration.
///
/// # Errors
/// The configuration contradicts itself, or the component is invalid.
pub fn compile(config: &RuntimeConfig, component: &[u8]) -> Result<Vec<u8>, WasmError> {
    let engine = engine(config)?;
    engine
        .precompile_component(component)
        .map_err(|error| WasmError::Compile {
            name: "the component".to_owned(),
            reason: format!("{error:#}"),
        })
}

/// Holds this process to limits, for good, and lets others go first. Called before anything of a component is read.
///
/// # Errors
/// The system refuses; the process must end.
pub fn limit_process(limits: &CompileLimits) -> Result<(), WasmError> {
    let limit = |resource, soft: u64, hard: u64| {
        let limit = Rlimit {
            current: Some(soft),
            maximum: Some(hard),
        };
        setrlimit(resource, limit).map_err(|error| WasmError::Engine {
            reason: format!("the compiler cannot be limited: {error}"),
        })
    };
    nice(NICENESS).map_err(|error| WasmError::Engine {
        reason: format!("the compiler cannot be made nice: {error}"),
    })?;
    let (memory, cpu) = (limits.memory_bytes, limits.cpu_seconds.max(1));
    limit(Resource::Core, 0, 0)?;
    limit(Resource::As, memory, memory)?;
    limit(Resource::Cpu, cpu, cpu.saturating_add(CPU_GRACE_SECONDS))
}

/// What a compiling process left: the artefact and its words.
type Answer = (Vec<u8>, String);

impl CompilerProcess {
    /// Has a component compiled. Blocks until it is, at most for the time limit.
    ///
    /// # Errors
    /// The component is invalid, or needs more than it may have; or no process can be started.
    pub(crate) fn run(&self, name: &str, component: &[u8]) -> Result<Vec<u8>, WasmError> {
        let failed = |reason: String| WasmError::Engine {
            reason: format!("the compiler for {name} cannot be run: {reason}"),
        };
        let mut child = self
            .command()
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (answer, answered) = mpsc::channel();
        let component = component.to_vec();
        let talk = thread::Builder::new().name("compiler".to_owned());
        let talk = talk.spawn(move || {
            // Nobody listens any more once the time is up.
            let _ = answer.send(converse(pipes, &component));
        });
        let talk = talk.map_err(|error| {
            end(&mut child);
            failed(error.to_string())
        })?;
        let in_time = answered.recv_timeout(self.limits.timeout);
        if in_time.is_err() {
            end(&mut child);
        }
        let status = child.wait().map_err(|error| failed(error.to_string()))?;
        if talk.join().is_err() {
            return Err(failed("its thread panicked".to_owned()));
        }
        match in_time {
            Ok((artefact, words)) => self.judge(name, status, artefact, words),
            Err(_) => Err(self.over(name, "time", &format!("{:?}", self.limits.timeout))),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            // Its allocator must not take half of the address space in advance (KiB).
            .env("MIMALLOC_ARENA_RESERVE", "32768")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn judge(
        &self,
        name: &str,
        status: ExitStatus,
        artefact: Vec<u8>,
        words: String,
    ) -> Result<Vec<u8>, WasmError> {
        const SIGKILL: i32 = 9;
        const SIGXCPU: i32 = 24;
        if status.success() {
            return Ok(artefact);
        }
        if status.code() == Some(i32::from(REFUSED)) {
            return Err(WasmError::Compile {
                name: name.to_owned(),
                reason: words,
            });
        }
        if matches!(status.signal(), Some(SIGXCPU | SIGKILL)) {
            let seconds = self.limits.cpu_seconds;
            return Err(self.over(name, "processor time", &format!("{seconds} s")));
        }
        if words.contains("memory allocation of") || words.contains("Cannot allocate memory") {
            let bytes = self.limits.memory_bytes;
            return Err(self.over(name, "memory", &format!("{} MiB", bytes >> 20)));
        }
        Err(WasmError::Compile {
            name: name.to_owned(),
            reason: format!("the compiler ended with {status}: {words}"),
        })
    }

    fn over(&self, name: &str, what: &str, allowed: &str) -> WasmError {
        WasmError::Compile {
            name: name.to_owned(),
            reason: format!(
                "that takes more {what} than the {allowed} that guest.compile allows; make the component smaller or the limit larger"
            ),
        }
    }
}

/// Hands the component over and takes what comes back. A process that ended early closes its pipes; its status tells.
fn converse(
    (stdin, stdout, stderr): (
        Option<std::process::ChildStdin>,
        Option<std::process::ChildStdout>,
        Option<std::process::ChildStderr>,
    ),
    component: &[u8],
) -> Answer {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(component);
    }
    let mut artefact = Vec::new();
    if let Some(mut stdout) = stdout {
        let _ = stdout.read_to_end(&mut artefact);
    }
    let mut words = Vec::new();
    if let Some(stderr) = stderr {
        let _ = stderr.take(WORDS_BYTES_MAX).read_to_end(&mut words);
    }
    (artefact, String::from_utf8_lossy(&words).trim().to_owned())
}

fn end(child: &mut Child) {
    // One that has ended by itself cannot be killed, and need not.
    let _ = child.kill();
}
