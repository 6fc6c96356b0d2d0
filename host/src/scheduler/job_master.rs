//! The job master: sees one job through from its submission to its end, attempt by attempt. After a failure it asks the
//! restart strategy, goes back to the last completed checkpoint, and deploys the whole job again.
//!
//! Keeps: one attempt at a time; the next one begins when no thread of the one before is left and nothing of it is still
//! being stored. Numbers of checkpoints and attempts only grow.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dataflow::checkpoint::coordinator::CheckpointConfig;
use dataflow::clock::Clock;
use dataflow::ids::CheckpointId;
use dataflow::job::restart::{Restart, Restarts};
use dataflow::job::status::JobStatus;
use dataflow::limits::TASK_EVENTS_MAX;
use dataflow::port::error::Recovery;
use runtime::task::event::TaskEvent;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::attempt::{Attempt, AttemptEnd};
use super::blueprint::Blueprint;
use super::checkpoint_history::Restoration;
use super::command::{CommandError, JobCommand};
use super::deploy::RunningTask;
use super::failure::JobFailure;
use super::job::Job;
use super::job_view::{FailureRecord, JobView, TaskStatus, TaskView};
use super::order::{Order, SavepointOrder};
use super::publishing::Reports;
use super::replacement::Trial;
use super::savepoint_writer::SavepointWriter;
use crate::config::Config;
use crate::storage::checkpoint_store::{CheckpointStore, Restorable, StoreError};
use crate::storage::metadata::Metadata;

/// How a job ended, if it did not fail.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// All input was processed and all output published.
    Finished(Reports),
    /// It was told to stop; the last checkpoint it can be resumed from, if any.
    Stopped(Option<CheckpointId>),
    /// It ended with this savepoint; what the sinks have to say if it was drained.
    Savepoint(PathBuf, Reports),
}

/// The checkpoints of a job, shared with the threads that store them.
pub(crate) type Store = Arc<Mutex<CheckpointStore>>;

/// Everything a job is seen through with.
pub(crate) struct JobMaster {
    /// The job.
    pub(crate) job: Arc<Job>,
    /// Its settings.
    pub(crate) config: Arc<Config>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where its checkpoints are kept, if they are.
    pub(crate) store: Option<Store>,
    /// The checkpoint it begins from.
    pub(crate) restorable: Option<Arc<Restorable>>,
    /// What it publishes of itself.
    pub(crate) view: Arc<JobView>,
    /// What is asked of it.
    pub(crate) commands: mpsc::Receiver<JobCommand>,
    /// Whether state of operators that the job does not have is left out when it is restored.
    pub(crate) allow_non_restored: bool,
    /// Marks the temporary names of this process's attempts.
    pub(crate) run: String,
    /// Working directory; made when needed, removed at the end.
    pub(crate) work_dir: PathBuf,
}

impl JobMaster {
    /// Sees the job through. Needs a tokio runtime with timers.
    ///
    /// # Errors
    /// It failed and is not started again.
    pub(crate) async fn run(mut self) -> Result<Outcome, JobFailure> {
        let result = self.attempts().await;
        let now_ms = self.clock.now_ms();
        self.view.transition(
            match &result {
                Ok((status, _)) => *status,
                Err(_) => JobStatus::Failed,
            },
            now_ms,
        );
        let _ = std::fs::remove_dir_all(&self.work_dir);
        let canceled = matches!(result, Ok((JobStatus::Canceled, _)));
        if canceled && self.config.delete_checkpoints_on_cancellation {
            self.discard_checkpoints().await;
        }
        result.map(|(_, outcome)| outcome)
    }

    async fn discard_checkpoints(&mut self) {
        let Some(store) = self.store.take() else {
            return;
        };
        let discarded = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.discard()
        });
        if let Ok(Err(error)) = discarded.await {
            tracing::warn!(%error, "the checkpoints of the canceled job could not be deleted");
        }
    }

    async fn attempts(&mut self) -> Result<(JobStatus, Outcome), JobFailure> {
        let own = self.job.restart_strategy;
        let mut restarts = Restarts::new(own.unwrap_or(self.config.restart_strategy));
        let mut number = 0;
        let mut trial = None;
        loop {
            let deployed = self.deploy(number).await;
            let (end, on_trial) = match deployed {
                Ok(mut attempt) => {
                    number = attempt.attempt + 1;
                    attempt.trial = trial.take();
                    self.view
                        .transition(JobStatus::Running, self.clock.now_ms());
                    attempt.run(&mut self.commands).await
                }
                Err(failure) => {
                    self.view
                        .transition(JobStatus::Failing, self.clock.now_ms());
                    (Err(failure), trial.take())
                }
            };
            // Components may have changed in place.
            self.job = Arc::clone(&self.view.lock().job);
            match end {
                Ok(AttemptEnd::Finished(reports)) => {
                    return Ok((JobStatus::Finished, Outcome::Finished(reports)));
                }
                Ok(AttemptEnd::Suspended(last)) => {
                    return Ok((JobStatus::Suspended, Outcome::Stopped(last)));
                }
                Ok(AttemptEnd::Canceled(last)) => {
                    return Ok((JobStatus::Canceled, Outcome::Stopped(last)));
                }
                Ok(AttemptEnd::Savepoint(order, checkpoint, reports)) => {
                    if let Some(path) = self.end_with(order, checkpoint).await {
                        let outcome = Outcome::Savepoint(path, reports);
                        return Ok((JobStatus::Finished, outcome));
                    }
                }
                Ok(AttemptEnd::Replace(order, checkpoint, began_ns)) => {
                    let (next, begun) = order.on_trial(checkpoint, began_ns);
                    self.job = next;
                    trial = Some(begun);
                }
                Err(failure) => match on_trial {
                    Some(trial) => self.roll_back(trial, &failure),
                    None => {
                        let delay_ms = self.after(&mut restarts, failure)?;
                        self.view
                            .transition(JobStatus::Restarting, self.clock.now_ms());
                        if let Some(end) = self.pause(delay_ms).await {
                            return Ok(end);
                        }
                    }
                },
            }
            if self.view.status() != JobStatus::Restarting {
                self.view
                    .transition(JobStatus::Restarting, self.clock.now_ms());
            }
            self.restorable = self.latest().await?.or(self.restorable.take());
        }
    }

    /// Writes the savepoint a job ends with; gives where it is. If it cannot be written, the job goes on.
    async fn end_with(&self, order: SavepointOrder, checkpoint: Arc<Metadata>) -> Option<PathBuf> {
        let (writer, job) = (self.savepoints(), Arc::clone(&self.job));
        let target = order.target;
        let id = CheckpointId(checkpoint.checkpoint);
        let write = tokio::task::spawn_blocking(move || writer.write(&job, &checkpoint, &target));
        let written = match write.await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(panic) => Err(panic.to_string()),
        };
        if let Err(error) = &written {
            tracing::error!(
                job = self.job.graph.name,
                error,
                "the job goes on: no savepoint"
            );
        }
        let path = written.as_ref().ok().cloned();
        if let Some(path) = &path {
            self.view.lock().checkpoints.saved(id, path.clone());
        }
        let _ = order.reply.send(written.map_err(CommandError::Savepoint));
        path
    }

    fn savepoints(&self) -> SavepointWriter {
        let attempt = self.view.lock().attempt;
        SavepointWriter {
            store: self.store.clone(),
            work_dir: self.work_dir.clone(),
            run: format!("{}-{attempt}", self.run),
            s3: self.config.s3.clone(),
            runtime: Handle::current(),
            include_components: self.config.savepoint_components,
            clock: Arc::clone(&self.clock),
        }
    }

    /// A job failed on trial: the one before goes on, whatever the restart strategy says.
    fn roll_back(&mut self, trial: Trial, failure: &JobFailure) {
        let now_ms = self.clock.now_ms();
        let reason = causes(failure).join(": ");
        tracing::warn!(job = self.job.graph.name, reason, "back to the job before");
        let mut view = self.view.lock();
        let attempt = view.attempt;
        view.failed(FailureRecord {
            at_ms: now_ms,
            attempt,
            task: failure.task(),
            causes: causes(failure),
            answer: Ok(0),
        });
        view.job = Arc::clone(&trial.previous);
        drop(view);
        self.job = trial.previous;
        let _ = trial.reply.send(Err(CommandError::RolledBack(reason)));
    }

    /// Whether whoever chose the strategy meant failures, too, that the same input would bring about again.
    fn restarts_after_user_errors(&self) -> bool {
        self.job.restart_strategy.is_some() || self.config.restart_after_user_errors
    }

    /// Decides about a failure: the delay before the restart, or the failure itself if there is none.
    fn after(&self, restarts: &mut Restarts, failure: JobFailure) -> Result<i64, JobFailure> {
        let now_ms = self.clock.now_ms();
        let answer = match failure.recovery() {
            _ if failure.is_fenced() => Err("the job is another process's now".to_owned()),
            // A guest that trapped on these records will trap on them again.
            Recovery::FailJob if !self.restarts_after_user_errors() => {
                Err("it would fail in the same way again".to_owned())
            }
            _ => match restarts.on_failure(now_ms) {
                Restart::After(delay_ms) => Ok(delay_ms),
                Restart::GiveUp(why) => Err(why.to_string()),
            },
        };
        let mut view = self.view.lock();
        let attempt = view.attempt;
        view.failed(FailureRecord {
            at_ms: now_ms,
            attempt,
            task: failure.task(),
            causes: causes(&failure),
            answer: answer.clone(),
        });
        match answer {
            Ok(delay_ms) => {
                view.restarts += 1;
                tracing::warn!(job = self.job.graph.name, %failure, delay_ms, "restarting");
                Ok(delay_ms)
            }
            Err(why) => {
                tracing::warn!(job = self.job.graph.name, %failure, why, "not restarted");
                Err(failure)
            }
        }
    }

    /// Waits before a restart. Ends early if the job is told to stop.
    async fn pause(&mut self, delay_ms: i64) -> Option<(JobStatus, Outcome)> {
        let delay = Duration::from_millis(u64::try_from(delay_ms).unwrap_or(0));
        let sleep = tokio::time::sleep(delay);
        tokio::pin!(sleep);
        loop {
            let command = tokio::select! {
                () = &mut sleep => return None,
                Some(command) = self.commands.recv() => command,
            };
            let last = || {
                let view = self.view.lock();
                view.checkpoints.last_completed().map(|record| record.id)
            };
            let not_now = || CommandError::NotNow(JobStatus::Restarting.name());
            match command {
                JobCommand::Suspend => {
                    return Some((JobStatus::Suspended, Outcome::Stopped(last())));
                }
                JobCommand::Cancel => {
                    let last = last();
                    self.view
                        .transition(JobStatus::Cancelling, self.clock.now_ms());
                    return Some((JobStatus::Canceled, Outcome::Stopped(last)));
                }
                JobCommand::Checkpoint(reply) => Order::Checkpoint(reply).refuse(not_now()),
                JobCommand::Savepoint(order) => Order::Savepoint(order).refuse(not_now()),
                JobCommand::Replace(order) => Order::Replace(order).refuse(not_now()),
                JobCommand::Replay(order) => Order::Replay(order).refuse(not_now()),
            }
        }
    }

    /// The last completed checkpoint, if checkpoints are kept and there is one.
    async fn latest(&self) -> Result<Option<Arc<Restorable>>, JobFailure> {
        let Some(store) = self.store.clone() else {
            return Ok(None);
        };
        let loaded = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.load_latest()
        });
        match loaded.await {
            Ok(Ok(restorable)) => Ok(Some(Arc::new(restorable))),
            Ok(Err(StoreError::Nothing(_))) => Ok(None),
            Ok(Err(error)) => Err(error.into()),
            Err(panic) => Err(JobFailure::Internal(panic.to_string())),
        }
    }

    /// Makes the tasks of an attempt, on a thread that may block.
    async fn deploy(&self, at_least: u32) -> Result<Attempt, JobFailure> {
        let (sender, events) = mpsc::channel::<TaskEvent>(TASK_EVENTS_MAX);
        let blueprint = Blueprint {
            job: Arc::clone(&self.job),
            config: Arc::clone(&self.config),
            clock: Arc::clone(&self.clock),
            store: self.store.clone(),
            restorable: self.restorable.clone(),
            allow_non_restored: self.allow_non_restored,
            run: self.run.clone(),
            work_dir: self.work_dir.clone(),
            at_least,
        };
        let runtime = Handle::current();
        let deployed = {
            // Threads of tasks say whose they are by the span they are made in.
            let span = tracing::Span::current();
            tokio::task::spawn_blocking(move || span.in_scope(|| blueprint.deploy(sender, runtime)))
        };
        let deployed = match deployed.await {
            Ok(deployed) => deployed?,
            Err(panic) => return Err(JobFailure::Internal(panic.to_string())),
        };
        let now_ms = self.clock.now_ms();
        let mut view = self.view.lock();
        if let Some(from) = &self.restorable {
            view.checkpoints.restored(Restoration {
                checkpoint: from.metadata.checkpoint,
                place: from.place.clone(),
                at_ms: now_ms,
            });
        }
        let newest = view
            .checkpoints
            .records()
            .next()
            .map_or(0, |last| last.id.0);
        view.attempt = deployed.attempt;
        view.job = Arc::clone(&self.job);
        view.tasks = deployed
            .tasks
            .iter()
            .map(|task| task_view(&self.job, task, now_ms))
            .collect();
        drop(view);
        Ok(Attempt {
            job: Arc::clone(&self.job),
            tasks: deployed.tasks,
            monitors: deployed.monitors,
            checkpoints: checkpoint_config(&self.config),
            first_checkpoint: CheckpointId(deployed.next_checkpoint.max(newest + 1)),
            attempt: deployed.attempt,
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            events,
            view: Arc::clone(&self.view),
            savepoints: self.savepoints(),
            trial: None,
            swapping: None,
        })
    }
}

fn task_view(job: &Job, task: &RunningTask, now_ms: i64) -> TaskView {
    let vertex = &job.execution.vertices[task.id.vertex.0 as usize];
    TaskView {
        id: task.id,
        chain: task.name.clone(),
        is_source: vertex.source.is_some(),
        has_sink: vertex.operators.iter().any(|id| job.sinks.contains_key(id)),
        figures: Arc::clone(&task.figures),
        status: TaskStatus::Initializing,
        started_ms: now_ms,
        ended_ms: None,
    }
}

fn checkpoint_config(config: &Config) -> CheckpointConfig {
    let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    CheckpointConfig {
        interval_ms: config.checkpoint_interval.map(ms),
        timeout_ms: ms(config.checkpoint_timeout),
        min_pause_ms: ms(config.checkpoint_min_pause),
        max_concurrent: config.max_concurrent_checkpoints,
        tolerated_failures: config.tolerated_checkpoint_failures,
        overtakes_after_ms: config.unaligned_after.map(ms),
    }
}

/// An error and its causes, outermost first; one that the text before it already says is left out.
fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if causes.last().is_some_and(|last| !last.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes
}
