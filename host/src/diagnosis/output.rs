//! Why nothing comes out: the job does not run yet, no records come in, event time stands still, records are late, output is
//! published with checkpoints that are not taken, or a chain keeps or drops everything.

use dataflow::element::WATERMARK_MIN;
use dataflow::graph::logical::OperatorKind;
use dataflow::job::status::JobStatus;
use dataflow::metric::MetricValue;
use serde_json::{Value, json};

use super::{Answer, Case, Chain, Severity};

/// Whether a sink publishes with a checkpoint: by the keys of its connector.
fn publishes_with_checkpoints(keys: &Value) -> bool {
    let exactly_once = || keys["sink.delivery-guarantee"] == "exactly-once";
    keys["type"] == "text-files" || (keys["type"] == "kafka" && exactly_once())
}

fn answer(severity: Severity, operator: Option<&str>, sentence: String, evidence: Value) -> Answer {
    Answer {
        question: "no-output",
        sentence,
        severity,
        operator: operator.map(str::to_owned),
        evidence,
    }
}

pub(super) fn answers(case: &Case<'_>, chains: &[Chain<'_>]) -> Vec<Answer> {
    match case.status() {
        JobStatus::Created => vec![waits_for_slots(case)],
        JobStatus::Running => {
            let late = late(case);
            let mut answers: Vec<Answer> = not_published(case).into_iter().collect();
            answers.extend(late);
            answers.extend(stands_still(chains));
            answers
        }
        _ => Vec::new(),
    }
}

fn waits_for_slots(case: &Case<'_>) -> Answer {
    let vertices = case.view.job.execution.vertices.iter();
    let wanted = vertices.map(|it| it.parallelism).max().unwrap_or(1);
    let (total, free) = case.slots;
    let sentence = if wanted > total {
        format!(
            "The job needs {wanted} slots and there are {total} in all: it will fail when it has waited long enough."
        )
    } else {
        format!("The job waits for {wanted} slots; {free} of {total} are free.")
    };
    let evidence = json!({ "wanted": wanted, "free": free, "total": total });
    answer(Severity::Error, None, sentence, evidence)
}

/// Records that were dropped because they came behind the watermark.
fn late(case: &Case<'_>) -> Vec<Answer> {
    let view = case.view;
    let mut answers = Vec::new();
    for operator in &view.job.graph.operators {
        let metrics = view.tasks.iter().flat_map(|task| task.figures.metrics());
        let dropped: u64 = metrics
            .filter(|(id, name, _)| *id == operator.id && name == "numLateRecordsDropped")
            .map(|(_, _, value)| match value {
                MetricValue::Counter(count) => count,
                _ => 0,
            })
            .sum();
        if dropped > 0 {
            let uid = &operator.uid;
            answers.push(answer(
                Severity::Warning,
                Some(uid),
                format!("\"{uid}\" dropped {dropped} records because they were late: their windows had closed. Allow more lateness, or take them from the side output for late records."),
                json!({ "numLateRecordsDropped": dropped }),
            ));
        }
    }
    answers
}

/// Files become visible with a checkpoint, and none is taken.
fn not_published(case: &Case<'_>) -> Option<Answer> {
    if case.config.checkpoint_interval.is_some() {
        return None;
    }
    let operators = case.view.job.graph.operators.iter();
    let sink = operators.filter_map(|operator| match &operator.kind {
        OperatorKind::Sink(connector) => {
            let keys: Value = serde_json::from_str(&connector.0).ok()?;
            publishes_with_checkpoints(&keys).then(|| operator.uid.clone())
        }
        OperatorKind::Source(_) | OperatorKind::Logic { .. } => None,
    });
    let uid = sink.into_iter().next()?;
    Some(answer(
        Severity::Warning,
        Some(&uid),
        format!(
            "\"{uid}\" publishes its output with checkpoints, and none are taken before the job ends: set execution.checkpointing.interval."
        ),
        json!({ "execution.checkpointing.interval": 0 }),
    ))
}

/// Where records stop.
fn stands_still(chains: &[Chain<'_>]) -> Option<Answer> {
    let is_sink = |chain: &&Chain<'_>| chain.tasks.iter().any(|it| it.task.has_sink);
    let comes_out: f64 = chains
        .iter()
        .filter(is_sink)
        .map(|it| it.sum(|r| r.records_out))
        .sum();
    if comes_out > 0.0 {
        return None;
    }
    let sources = || chains.iter().filter(|it| it.vertex.source.is_some());
    if let Some(held) = chains.iter().find(|it| waits_for_event_time(it)) {
        return Some(event_time(chains, held));
    }
    if sources().all(|it| it.sum(|r| r.records_in) == 0.0 && it.mean(|r| r.back_pressured) < 0.1) {
        let source = sources().find(|it| it.tasks.iter().any(|t| t.task.ended_ms.is_none()))?;
        let read = source.total(|reading| reading.records_in);
        return Some(answer(
            Severity::Info,
            Some(source.name()),
            format!(
                "No records come in: \"{}\" has read {read} so far and none in the last second.",
                source.name()
            ),
            json!({ "numRecordsIn": read, "numRecordsInPerSecond": 0 }),
        ));
    }
    let stop = chains
        .iter()
        .find(|it| it.sum(|r| r.records_in) > 0.0 && it.sum(|r| r.records_out) == 0.0)?;
    let rate = stop.sum(|r| r.records_in);
    Some(answer(
        Severity::Warning,
        Some(stop.name()),
        format!(
            "\"{}\" takes {rate:.0} records a second and gives none: it keeps them, filters all of them, or waits for more.",
            stop.name()
        ),
        json!({ "numRecordsInPerSecond": rate, "numRecordsOutPerSecond": 0 }),
    ))
}

/// A chain with timers whose input has no watermark at all.
fn waits_for_event_time(chain: &Chain<'_>) -> bool {
    let timers = chain.total(|reading| reading.timers);
    let stands = |it: &super::Figures<'_>| it.reading.watermark == WATERMARK_MIN;
    timers > 0 && chain.vertex.source.is_none() && chain.tasks.iter().any(stands)
}

fn event_time(chains: &[Chain<'_>], held: &Chain<'_>) -> Answer {
    let timers = held.total(|reading| reading.timers);
    let mut behind = chains
        .iter()
        .filter(|it| it.vertex.source.is_some())
        .flat_map(|chain| {
            let tasks = chain.tasks.iter();
            let silent = tasks
                .filter(|it| it.reading.watermark == WATERMARK_MIN && it.task.ended_ms.is_none());
            silent.map(move |it| (chain.name(), it.task.id.subtask))
        });
    let who = match behind.next() {
        Some((chain, subtask)) => {
            format!(
                "subtask {subtask} of \"{chain}\" has no watermark: it gets no records, or assigns no timestamps; an idle timeout lets the others go on without it"
            )
        }
        None => "no source gives a watermark: assign timestamps".to_owned(),
    };
    answer(
        Severity::Error,
        Some(held.name()),
        format!(
            "Event time stands still before \"{}\", where {timers} timers wait: {who}.",
            held.name()
        ),
        json!({ "timers": timers, "currentInputWatermark": null }),
    )
}
