//! Why it was restarted: the newest failure, how many there were, and what was done.

use dataflow::job::status::JobStatus;
use serde_json::json;

use super::{Answer, Case, Severity};

pub(super) fn answers(case: &Case<'_>) -> Option<Answer> {
    let failure = case.view.failures.front()?;
    let cause = failure.causes.join(": ");
    let restarts = case.view.restarts;
    let times = match restarts {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let (severity, sentence) = match (&failure.answer, case.status()) {
        (Ok(delay_ms), JobStatus::Restarting) => (
            Severity::Error,
            format!(
                "The job failed and is restarted after {delay_ms} ms ({times} so far): {cause}."
            ),
        ),
        (Ok(_), _) => (
            Severity::Warning,
            format!("The job was restarted {times}, the last time because of: {cause}."),
        ),
        (Err(why), _) => (
            Severity::Error,
            format!("The job failed and was not restarted ({why}): {cause}."),
        ),
    };
    Some(Answer {
        question: "restarted",
        sentence,
        severity,
        operator: failure.task.as_ref().map(|(_, chain)| chain.clone()),
        evidence: json!({ "restarts": restarts, "timestamp": failure.at_ms, "attempt": failure.attempt }),
    })
}
