//! Orders to a running job: a savepoint, another parallelism, another component.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::run::Running;
use super::wait::within;

/// No order of these tests takes longer unless it hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Gives an order to a job that keeps its checkpoints in `root`, and waits for the answer.
pub(crate) fn order(running: &mut Running, root: &Path, words: &str) -> Value {
    let answer = root.join("CONTROL.answer");
    let _ = std::fs::remove_file(&answer);
    std::fs::write(root.join("CONTROL"), words).expect("the order can be written");
    let kill = format!("kill -USR1 {}", running.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.expect("sh starts").success(), "{kill}");
    let text = within(LIMIT, || std::fs::read_to_string(&answer).ok());
    let text = text.unwrap_or_else(|| panic!("no answer to {words}\n{}", running.errors()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{words}: {text}: {error}"))
}
