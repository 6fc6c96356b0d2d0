//! Running a job by the real binary and reading what it gave.

use serde_json::Value;

use super::naive::Line;
use super::spec::Spec;
use crate::support::programs::guest;
use crate::support::run::Run;

/// What a job gave.
pub(super) struct Given {
    /// Its results, in the order in which they were printed.
    pub(super) lines: Vec<Line>,
    summary: Value,
}

impl Given {
    /// A figure of the window operator.
    pub(super) fn figure(&self, name: &str) -> u64 {
        let figure = &self.summary["operators"]["window"][name];
        figure.as_u64().unwrap_or(0)
    }
}

/// Runs a job.
///
/// # Errors
/// It did not end well.
pub(super) fn run(spec: &Spec) -> Result<Given, String> {
    let data = tempfile::tempdir().expect("a directory");
    let how = &spec.how;
    let mut run = Run::new("run", guest("guest_random"))
        .arg("--json")
        .param("spec", spec.to_json())
        .parallelism(how.parallelism)
        .arg("--state-backend")
        .arg(how.backend)
        .set("data.tmp-dir", data.path())
        .set("execution.buffer-timeout", how.buffer_timeout)
        .set("network.memory", how.network_memory);
    if how.checkpoints {
        run = run.checkpoints("5ms", data.path());
    }
    let ended = run.end();
    if ended.code != Some(0) {
        return Err(ended.told());
    }
    let mut printed: Vec<&str> = ended.out.lines().collect();
    let summary = printed
        .pop()
        .and_then(|line| serde_json::from_str(line).ok());
    let lines: Option<Vec<Line>> = printed.iter().map(|line| read(line)).collect();
    match (summary, lines) {
        (Some(summary), Some(lines)) => Ok(Given { lines, summary }),
        _ => Err(format!("unreadable\n{}", ended.told())),
    }
}

fn read(line: &str) -> Option<Line> {
    let value: Value = serde_json::from_str(line).ok()?;
    let fields = [
        "stage", "key", "start", "end", "count", "sum", "least", "most",
    ];
    let mut numbers = [0; 8];
    for (number, field) in numbers.iter_mut().zip(fields) {
        *number = value[field].as_i64()?;
    }
    Some(numbers)
}
