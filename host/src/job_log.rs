//! The newest log entries of every job, for those who look at it through the REST API. A layer of the log that sees which
//! job and task an entry belongs to by the spans around it.
//!
//! Invariant: so many entries a job and no more; the log of a job is forgotten with it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

use dataflow::clock::{Clock, SystemClock};
use dataflow::ids::JobId;
use dataflow::limits::LOG_ENTRIES_PER_JOB;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A log entry.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    /// When (milliseconds since the Unix epoch).
    pub(crate) time_ms: i64,
    /// How serious it is.
    pub(crate) level: Level,
    /// The operator or chain it is about.
    pub(crate) operator: Option<String>,
    /// The subtask it is about.
    pub(crate) subtask: Option<u64>,
    /// What it says.
    pub(crate) message: String,
}

type Entries = BTreeMap<Option<JobId>, VecDeque<LogEntry>>;

/// The newest entries of every job, and of the process itself.
#[derive(Default)]
pub(crate) struct JobLogs(Mutex<Entries>);

impl JobLogs {
    /// The entries of a job, or those of the process, oldest first.
    pub(crate) fn of(&self, job: Option<JobId>) -> Vec<LogEntry> {
        let logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = logs.get(&job).into_iter().flatten();
        entries.cloned().collect()
    }

    /// Forgets the log of a job.
    pub(crate) fn forget(&self, job: JobId) {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logs.remove(&Some(job));
    }

    fn add(&self, job: Option<JobId>, entry: LogEntry) {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = logs.entry(job).or_default();
        if entries.len() >= LOG_ENTRIES_PER_JOB {
            entries.pop_front();
        }
        entries.push_back(entry);
    }
}

/// What a span or an entry says of itself.
#[derive(Clone, Default)]
struct Words {
    job: Option<JobId>,
    operator: Option<String>,
    subtask: Option<u64>,
    message: String,
    others: String,
}

impl Visit for Words {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "subtask" => self.subtask = Some(value),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            // A guest's own line says the name of its job, which its span knows better.
            "job" => self.job = value.parse().ok(),
            "operator" | "chain" => self.operator = Some(value.to_owned()),
            "message" => value.clone_into(&mut self.message),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "job" => self.job = format!("{value:?}").parse().ok(),
            "operator" | "chain" => self.operator = Some(format!("{value:?}")),
            "message" => self.message = format!("{value:?}"),
            name if name.starts_with("log.") => {}
            // Writing to a string cannot fail.
            name => drop(write!(self.others, " {name}={value:?}")),
        }
    }
}

/// Sorts entries by job.
pub(crate) struct JobLogLayer {
    logs: Arc<JobLogs>,
    clock: SystemClock,
}

impl JobLogLayer {
    /// A layer that fills these logs.
    pub(crate) fn new(logs: Arc<JobLogs>) -> Self {
        Self {
            logs,
            clock: SystemClock::new(),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JobLogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut words = Words::default();
        attributes.record(&mut words);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(words);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Words>() {
                words.job = words.job.or(outer.job);
                words.operator = words.operator.or_else(|| outer.operator.clone());
                words.subtask = words.subtask.or(outer.subtask);
            }
        }
        let entry = LogEntry {
            time_ms: self.clock.now_ms(),
            level: *event.metadata().level(),
            operator: words.operator,
            subtask: words.subtask,
            message: format!("{}{}", words.message, words.others),
        };
        self.logs.add(words.job, entry);
    }
}

#[cfg(test)]
mod tests;
