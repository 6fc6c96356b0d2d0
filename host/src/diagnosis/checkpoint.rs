//! Why checkpoints are late: they fail, they wait for tasks that are held back, or none are taken.

use dataflow::job::status::JobStatus;
use serde_json::{Value, json};

use super::{Answer, Case, Chain, Severity, percent};
use crate::scheduler::checkpoint_history::{CheckpointRecord, Progress};

/// A checkpoint under way for less is not late.
const LATE_MS: i64 = 2_000;

fn answer(severity: Severity, operator: Option<&str>, sentence: String, evidence: Value) -> Answer {
    Answer {
        question: "checkpoint-late",
        sentence,
        severity,
        operator: operator.map(str::to_owned),
        evidence,
    }
}

pub(super) fn answers(case: &Case<'_>, chains: &[Chain<'_>]) -> Vec<Answer> {
    let Some(interval) = case.config.checkpoint_interval else {
        return vec![answer(
            Severity::Info,
            None,
            "No checkpoints are taken: after a failure the job would begin anew. Set execution.checkpointing.interval.".to_owned(),
            json!({ "execution.checkpointing.interval": 0 }),
        )];
    };
    let mut answers = Vec::new();
    let mut records = case.view.checkpoints.records();
    let newest = records.next();
    let failed = case
        .view
        .checkpoints
        .records()
        .find(|it| it.progress != Progress::UnderWay);
    if let Some((record, Progress::Failed(why))) = failed.map(|it| (it, &it.progress)) {
        answers.push(answer(
            Severity::Error,
            None,
            format!("Checkpoint {} was given up: {why}.", record.id.0),
            json!({ "id": record.id.0, "numberOfFailedCheckpoints": case.view.checkpoints.failed }),
        ));
    }
    let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
    let under_way = newest.filter(|it| it.progress == Progress::UnderWay);
    if let Some(record) =
        under_way.filter(|it| case.now_ms - it.triggered_ms >= LATE_MS.max(interval_ms))
    {
        answers.push(waits(case, chains, record));
    } else if case.view.checkpoints.completed == 0 && answers.is_empty() {
        let since = case.view.history.since_ms(JobStatus::Running);
        let waits_ms = since.map_or(0, |since| case.now_ms - since);
        if waits_ms > interval_ms.saturating_add(LATE_MS) && newest.is_none() {
            answers.push(answer(
                Severity::Warning,
                None,
                format!(
                    "No checkpoint was begun in {} s: not every task runs yet.",
                    waits_ms / 1000
                ),
                json!({ "interval": interval_ms }),
            ));
        }
    }
    answers
}

/// A checkpoint under way for long: whose parts are missing, and why.
fn waits(case: &Case<'_>, chains: &[Chain<'_>], record: &CheckpointRecord) -> Answer {
    let missing = chains.iter().flat_map(|chain| {
        let tasks = chain.tasks.iter();
        let missing = tasks.filter(|it| !record.parts.contains_key(&it.task.id));
        missing.map(move |it| (chain, it))
    });
    let missing: Vec<_> = missing.collect();
    let age_s = (case.now_ms - record.triggered_ms) / 1000;
    let evidence = json!({ "id": record.id.0, "age-s": age_s, "missing": missing.len(), "acknowledged": record.parts.len() });
    let Some((chain, first)) = missing.first() else {
        let sentence = format!(
            "Checkpoint {} waits for {age_s} s to be stored: the storage is slow.",
            record.id.0
        );
        return answer(Severity::Warning, None, sentence, evidence);
    };
    let held = chains
        .iter()
        .map(|it| it.mean(|r| r.back_pressured))
        .fold(0.0, f64::max);
    let reason = if held > 0.1 {
        format!(
            "barriers wait behind records, since tasks are held back up to {} of the time",
            percent(held)
        )
    } else if first.rates.busy > 0.8 {
        format!(
            "the subtask is busy {} and has not come to the barrier",
            percent(first.rates.busy)
        )
    } else {
        "it has not come to the barrier or is writing its state".to_owned()
    };
    let sentence = format!(
        "Checkpoint {} is under way for {age_s} s and waits for {} of {} subtasks, among them subtask {} of \"{}\": {reason}.",
        record.id.0,
        missing.len(),
        record.tasks,
        first.task.id.subtask,
        chain.name(),
    );
    answer(Severity::Warning, Some(chain.name()), sentence, evidence)
}
