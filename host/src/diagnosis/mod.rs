//! Why a job does not do what its owner expects, in plain sentences with the figures they follow from.
//!
//! Four questions, one file each: nothing comes out ([`output`]), it is slow ([`speed`]), checkpoints are late
//! ([`checkpoint`]), it was restarted ([`restart`]). Everything is computed from what the job publishes anyway; a sentence
//! is said only if its evidence is there, and nothing is asked of a task.

mod checkpoint;
mod output;
mod restart;
mod speed;

use dataflow::graph::execution::Vertex;
use dataflow::job::status::JobStatus;
use runtime::task::figures::TaskReading;
use serde_json::Value;

use crate::config::Config;
use crate::dispatcher::rates::{Rates, TaskRates};
use crate::scheduler::job_view::{TaskView, ViewState};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It may be meant like this.
    Info,
    /// Something is worse than it could be.
    Warning,
    /// The job does not do its work.
    Error,
}

/// An answer to a question.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `no-output`, `slow`, `checkpoint-late` or `restarted`.
    pub(crate) question: &'static str,
    /// In a sentence.
    pub(crate) sentence: String,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// The chain it is about.
    pub(crate) operator: Option<String>,
    /// The figures it follows from.
    pub(crate) evidence: Value,
}

/// A job at one moment.
pub(crate) struct Case<'a> {
    /// What it publishes.
    pub(crate) view: &'a ViewState,
    /// What its figures come to in a second.
    pub(crate) rates: &'a Rates,
    /// Its settings.
    pub(crate) config: &'a Config,
    /// Slots of the process, and those that are free.
    pub(crate) slots: (u32, u32),
    /// Milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
}

/// A task with its figures.
struct Figures<'a> {
    task: &'a TaskView,
    reading: TaskReading,
    rates: TaskRates,
}

/// A chain with the figures of its tasks.
struct Chain<'a> {
    vertex: &'a Vertex,
    tasks: Vec<Figures<'a>>,
}

impl Chain<'_> {
    fn name(&self) -> &str {
        &self.vertex.name
    }

    /// The mean over the tasks.
    fn mean(&self, value: fn(&TaskRates) -> f64) -> f64 {
        let sum: f64 = self.tasks.iter().map(|it| value(&it.rates)).sum();
        sum / self.tasks.len().max(1) as f64
    }

    fn sum(&self, value: fn(&TaskRates) -> f64) -> f64 {
        self.tasks.iter().map(|it| value(&it.rates)).sum()
    }

    fn total(&self, value: fn(&TaskReading) -> u64) -> u64 {
        self.tasks.iter().map(|it| value(&it.reading)).sum()
    }
}

impl<'a> Case<'a> {
    fn chains(&self) -> Vec<Chain<'a>> {
        let view = self.view;
        let chain = |vertex: &'a Vertex| {
            let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex.id);
            let figures = |task: &'a TaskView| Figures {
                task,
                reading: task.figures.read(),
                rates: self.rates.of(task.id),
            };
            Chain {
                vertex,
                tasks: tasks.map(figures).collect(),
            }
        };
        view.job.execution.vertices.iter().map(chain).collect()
    }

    fn status(&self) -> JobStatus {
        self.view.history.status()
    }
}

/// Everything there is to say, the worst first.
pub(crate) fn why(case: &Case<'_>) -> Vec<Answer> {
    let chains = case.chains();
    let mut answers = output::answers(case, &chains);
    if case.status() == JobStatus::Running {
        answers.extend(speed::answers(case, &chains));
        answers.extend(checkpoint::answers(case, &chains));
    }
    answers.extend(restart::answers(case));
    answers.sort_by_key(|answer| std::cmp::Reverse(answer.severity));
    answers
}

fn percent(ratio: f64) -> String {
    format!("{:.0} %", 100.0 * ratio)
}
