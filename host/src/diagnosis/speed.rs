//! Why it is slow: what holds a chain back, keys that are all alike, or a source that cannot give more.

use serde_json::json;

use super::{Answer, Case, Chain, Severity, percent};

/// From here on a chain counts as held back.
const HELD_BACK: f64 = 0.2;
/// From here on a task counts as busy all the time.
const BUSY: f64 = 0.8;
/// Records before a share says something.
const RECORDS_MIN: u64 = 1000;

fn answer(
    severity: Severity,
    chain: &Chain<'_>,
    sentence: String,
    evidence: serde_json::Value,
) -> Answer {
    Answer {
        question: "slow",
        sentence,
        severity,
        operator: Some(chain.name().to_owned()),
        evidence,
    }
}

pub(super) fn answers(case: &Case<'_>, chains: &[Chain<'_>]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = chains.iter().filter_map(skewed).collect();
    let held: Vec<&Chain<'_>> = chains
        .iter()
        .filter(|it| it.mean(|r| r.back_pressured) >= HELD_BACK)
        .collect();
    match held.last() {
        Some(held) => answers.extend(held_back(case, chains, held)),
        None => answers.extend(busy(chains)),
    }
    answers
}

/// The last chain that is held back, and the busiest one it writes to.
fn held_back(case: &Case<'_>, chains: &[Chain<'_>], held: &Chain<'_>) -> Option<Answer> {
    let edges = case.view.job.execution.edges.iter();
    let targets = edges.filter(|edge| edge.from == held.vertex.id);
    let culprit = targets
        .filter_map(|edge| chains.iter().find(|it| it.vertex.id == edge.to))
        .max_by(|a, b| a.mean(|r| r.busy).total_cmp(&b.mean(|r| r.busy)))?;
    let (waits, busy) = (held.mean(|r| r.back_pressured), culprit.mean(|r| r.busy));
    let parallelism = culprit.vertex.parallelism;
    Some(answer(
        Severity::Warning,
        culprit,
        format!(
            "\"{}\" holds \"{}\" back {} of the time: its {parallelism} subtasks are busy {}. Give it a higher parallelism or less work.",
            culprit.name(),
            held.name(),
            percent(waits),
            percent(busy),
        ),
        json!({ "held-back": held.name(), "backPressuredTimeMsPerSecond": waits * 1000.0, "busyTimeMsPerSecond": busy * 1000.0 }),
    ))
}

/// Nobody is held back, and one chain works all the time.
fn busy(chains: &[Chain<'_>]) -> Option<Answer> {
    let busiest = chains
        .iter()
        .max_by(|a, b| a.mean(|r| r.busy).total_cmp(&b.mean(|r| r.busy)))?;
    let busy = busiest.mean(|r| r.busy);
    (busy >= BUSY).then(|| {
        answer(
            Severity::Info,
            busiest,
            format!("\"{}\" is busy {} and nothing holds it back: it is the slowest part. Give it a higher parallelism.", busiest.name(), percent(busy)),
            json!({ "busyTimeMsPerSecond": busy * 1000.0 }),
        )
    })
}

/// A subtask that gets much more than its share.
fn skewed(chain: &Chain<'_>) -> Option<Answer> {
    let all = chain.total(|reading| reading.records_in);
    let count = chain.tasks.len() as u64;
    if count < 2 || all < RECORDS_MIN || chain.vertex.source.is_some() {
        return None;
    }
    let most = chain.tasks.iter().max_by_key(|it| it.reading.records_in)?;
    let share = most.reading.records_in as f64 / all as f64;
    let fair = 1.0 / count as f64;
    // More than half of what the others should have had as well.
    (share > fair + (1.0 - fair) / 2.0).then(|| {
        answer(
            Severity::Warning,
            chain,
            format!("Subtask {} of \"{}\" gets {} of all records: few keys have most of them, so more subtasks would not help.", most.task.id.subtask, chain.name(), percent(share)),
            json!({ "subtask": most.task.id.subtask, "share": share, "subtasks": count }),
        )
    })
}
