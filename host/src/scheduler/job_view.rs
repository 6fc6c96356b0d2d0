//! What can be seen of a job from outside while it runs: its state, its tasks with their live figures, its checkpoints
//! and its failures. The job master writes it, everybody else reads it; nothing is ever asked of a task.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataflow::ids::{JobId, TaskId};
use dataflow::job::status::{JobStatus, StatusHistory};
use dataflow::limits::FAILURE_HISTORY_MAX;
use runtime::task::figures::TaskFigures;

use super::checkpoint_history::CheckpointHistory;
use super::job::Job;
use super::publishing::Reports;

/// The state of a task. The words are Flink's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskStatus {
    /// Its thread was started and opens state, guest and connectors.
    Initializing,
    /// It processes records.
    Running,
    /// All its input is processed.
    Finished,
    /// It was told to end and did.
    Canceled,
    /// It could not go on.
    Failed,
}

impl TaskStatus {
    /// The name in the REST API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Initializing => "INITIALIZING",
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Canceled => "CANCELED",
            Self::Failed => "FAILED",
        }
    }
}

/// A task of the current attempt.
#[derive(Clone, Debug)]
pub(crate) struct TaskView {
    /// Which one.
    pub(crate) id: TaskId,
    /// Its chain.
    pub(crate) chain: String,
    /// Whether it reads a source.
    pub(crate) is_source: bool,
    /// Whether it writes a sink.
    pub(crate) has_sink: bool,
    /// Its live figures.
    pub(crate) figures: Arc<TaskFigures>,
    /// Its state.
    pub(crate) status: TaskStatus,
    /// When it was deployed (milliseconds since the Unix epoch).
    pub(crate) started_ms: i64,
    /// When it ended.
    pub(crate) ended_ms: Option<i64>,
}

/// A failure of the job.
#[derive(Clone, Debug)]
pub(crate) struct FailureRecord {
    /// When (milliseconds since the Unix epoch).
    pub(crate) at_ms: i64,
    /// The attempt that failed.
    pub(crate) attempt: u32,
    /// The task that failed first, if it was one.
    pub(crate) task: Option<(TaskId, String)>,
    /// What happened, the outermost cause first.
    pub(crate) causes: Vec<String>,
    /// What was done about it: the delay before the restart, or why there was none.
    pub(crate) answer: Result<i64, String>,
}

/// What changes while the job runs.
#[derive(Clone)]
pub(crate) struct ViewState {
    /// Its state and the times of it.
    pub(crate) history: StatusHistory,
    /// The job as it is deployed.
    pub(crate) job: Arc<Job>,
    /// How many times it was deployed before, over all processes.
    pub(crate) attempt: u32,
    /// Restarts after failures in this process.
    pub(crate) restarts: u64,
    /// The tasks of the current attempt, or of the last.
    pub(crate) tasks: Vec<TaskView>,
    /// Its checkpoints.
    pub(crate) checkpoints: CheckpointHistory,
    /// Its failures, newest first; at most [`FAILURE_HISTORY_MAX`].
    pub(crate) failures: VecDeque<FailureRecord>,
    /// What its sinks have to say, once all its output is published.
    pub(crate) reports: Reports,
}

impl ViewState {
    /// Remembers a failure.
    pub(crate) fn failed(&mut self, failure: FailureRecord) {
        self.failures.push_front(failure);
        self.failures.truncate(FAILURE_HISTORY_MAX);
    }

    /// A task has taken another state.
    pub(crate) fn task_is(&mut self, id: TaskId, status: TaskStatus, now_ms: i64) {
        let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) else {
            return;
        };
        task.status = status;
        if !matches!(status, TaskStatus::Initializing | TaskStatus::Running) {
            task.ended_ms.get_or_insert(now_ms);
        }
    }
}

/// A job as it can be seen. Reading locks it for a moment; nothing waits while it is locked.
pub(crate) struct JobView {
    /// Its id.
    pub(crate) id: JobId,
    /// Its name.
    pub(crate) name: String,
    state: Mutex<ViewState>,
}

impl JobView {
    /// A job that was just submitted.
    pub(crate) fn new(id: JobId, job: Arc<Job>, now_ms: i64) -> Self {
        Self {
            id,
            name: job.graph.name.clone(),
            state: Mutex::new(ViewState {
                history: StatusHistory::new(now_ms),
                job,
                attempt: 0,
                restarts: 0,
                tasks: Vec::new(),
                checkpoints: CheckpointHistory::default(),
                failures: VecDeque::new(),
                reports: Reports::new(),
            }),
        }
    }

    /// Locks it to read or write. Hold it for a moment only.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ViewState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of the job.
    pub(crate) fn status(&self) -> JobStatus {
        self.lock().history.status()
    }

    /// The job takes another state. An undeclared transition is a bug of the job master; it is logged and changes
    /// nothing.
    pub(crate) fn transition(&self, to: JobStatus, now_ms: i64) {
        let result = self.lock().history.transition(to, now_ms);
        match result {
            Ok(()) => tracing::info!(job = %self.id, name = self.name, status = to.name(), "job"),
            Err(error) => tracing::error!(job = %self.id, %error, "illegal transition"),
        }
    }
}
