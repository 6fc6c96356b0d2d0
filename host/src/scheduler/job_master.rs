//! The job master: one loop over a closed set of events, from deployment to the end of the job. It decides nothing
//! itself: `dataflow::checkpoint::coordinator` says when to trigger, store and give up; this loop carries it out.
//!
//! A job ends with a final checkpoint, taken when every task has finished: it is what publishes the last output of the
//! sinks, whether or not checkpoints are kept.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dataflow::checkpoint::coordinator::{CheckpointConfig, Coordinator, Decision, DeclineReason};
use dataflow::checkpoint::snapshot::{CompletedCheckpoint, SinkSnapshot};
use dataflow::clock::Clock;
use dataflow::graph::complete_first;
use dataflow::ids::{CheckpointId, OperatorId, TaskId};
use dataflow::port::sink::{ConnectorError, SinkReport};
use runtime::task::error::TaskError;
use runtime::task::event::TaskEvent;
use runtime::task::mailbox::Mail;
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use super::deploy::RunningTask;
use super::job::Job;
use super::monitor::{Discovered, Monitor};
use crate::storage::checkpoint_store::CheckpointStore;
use crate::storage::metadata::{describe, merge_reports};

/// How a job ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// All input was processed and all output published.
    Finished(Vec<(OperatorId, Vec<SinkReport>)>),
    /// It was told to stop; the last checkpoint it can be resumed from, if any.
    Stopped(Option<CheckpointId>),
}

/// Why a job failed.
#[derive(Debug, Error)]
pub(crate) enum JobFailure {
    /// A task could not go on.
    #[error("{chain} (subtask {subtask}): {source}")]
    Task {
        /// Name of the chain.
        chain: String,
        /// Index of the subtask.
        subtask: u32,
        /// What happened.
        source: TaskError,
    },
    /// Too many checkpoints failed.
    #[error("checkpoints keep failing: {0}")]
    Checkpoints(DeclineReason),
    /// Further splits could not be discovered.
    #[error("operator \"{uid}\": {source}")]
    Discovery {
        /// Uid of the source.
        uid: String,
        /// What happened.
        source: ConnectorError,
    },
    /// The output could not be published.
    #[error("output of {checkpoint} could not be published: {reason}")]
    Commit {
        /// Which checkpoint.
        checkpoint: CheckpointId,
        /// What happened.
        reason: String,
    },
}

/// What the outside may ask of a running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Nothing.
    Run,
    /// Take a last checkpoint, then stop.
    Stop,
    /// Stop at once.
    Cancel,
}

/// What is known about checkpoints, for the progress line and the summary.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckpointFigures {
    /// Completed ones.
    pub(crate) completed: u64,
    /// Given up.
    pub(crate) failed: u64,
    /// The last completed one: number, end (milliseconds since the Unix epoch), duration, bytes of state.
    pub(crate) last: Option<(u64, i64, i64, u64)>,
    /// The longest time a task stood still for a checkpoint (nanoseconds).
    pub(crate) longest_sync_ns: u64,
}

/// Everything the loop works with.
pub(crate) struct JobMaster {
    /// The job.
    pub(crate) job: Arc<Job>,
    /// Its tasks.
    pub(crate) tasks: Vec<RunningTask>,
    /// What discovers splits while the job runs.
    pub(crate) monitors: Vec<Monitor>,
    /// When checkpoints are taken.
    pub(crate) checkpoints: CheckpointConfig,
    /// Number of the first checkpoint.
    pub(crate) first_checkpoint: CheckpointId,
    /// How many times the job was deployed before.
    pub(crate) attempt: u32,
    /// Where they are kept, if they are.
    pub(crate) store: Option<Arc<Mutex<CheckpointStore>>>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Events of the tasks.
    pub(crate) events: mpsc::Receiver<TaskEvent>,
    /// Requests from outside.
    pub(crate) requests: watch::Receiver<Request>,
    /// Published for others to read.
    pub(crate) figures: Arc<Mutex<CheckpointFigures>>,
}

/// What happened outside the tasks.
enum Event {
    Task(TaskEvent),
    Stored(Box<CompletedCheckpoint>, Result<(), String>),
    Committed(Box<CompletedCheckpoint>, Result<(), String>),
    Requested(Request),
    Discovered(Discovered),
    Time,
}

struct Progress {
    coordinator: Coordinator,
    finished: BTreeSet<TaskId>,
    stopping: bool,
    last_completed: Option<CheckpointId>,
    done: mpsc::Sender<Event>,
}

impl JobMaster {
    /// Runs the job to its end and joins its threads.
    ///
    /// # Errors
    /// The job failed.
    pub(crate) async fn run(mut self) -> Result<Outcome, JobFailure> {
        let (found, discovered) = mpsc::channel(16);
        let starts = self.monitors.iter_mut().enumerate();
        let looking: Vec<_> = starts
            .filter_map(|(index, monitor)| monitor.start(index, found.clone()))
            .collect();
        let outcome = self.drive(discovered).await;
        for look in looking {
            look.abort();
        }
        for task in &self.tasks {
            task.mailbox.cancel();
        }
        let threads: Vec<_> = self.tasks.drain(..).map(|task| task.thread).collect();
        // Tasks may still have something to say; nobody may wait for a full queue while we wait for them.
        let mut events = self.events;
        let drain = tokio::spawn(async move { while events.recv().await.is_some() {} });
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
        });
        let _ = joined.await;
        drain.abort();
        outcome
    }

    async fn drive(
        &mut self,
        mut discovered: mpsc::Receiver<Discovered>,
    ) -> Result<Outcome, JobFailure> {
        let sources = self
            .job
            .execution
            .vertices
            .iter()
            .filter(|v| v.source.is_some());
        let sources: BTreeSet<u32> = sources.map(|vertex| vertex.id.0).collect();
        let tasks: Vec<TaskId> = self.tasks.iter().map(|task| task.id).collect();
        let (done, mut results) = mpsc::channel(16);
        let mut progress = Progress {
            coordinator: Coordinator::new(
                self.checkpoints,
                tasks,
                &sources,
                self.first_checkpoint,
                self.clock.now_ms(),
            )
            .held_for(&complete_first::awaited(&self.job.execution)),
            finished: BTreeSet::new(),
            stopping: false,
            last_completed: None,
            done,
        };
        loop {
            let now_ms = self.clock.now_ms();
            let at = progress
                .coordinator
                .next_time_ms()
                .unwrap_or(now_ms + 3_600_000);
            let pause = Duration::from_millis(u64::try_from(at - now_ms).unwrap_or(0));
            let event = tokio::select! {
                Some(event) = self.events.recv() => Event::Task(event),
                Some(event) = results.recv() => event,
                Some(splits) = discovered.recv() => Event::Discovered(splits),
                Ok(()) = self.requests.changed() => Event::Requested(*self.requests.borrow_and_update()),
                () = tokio::time::sleep(pause) => Event::Time,
            };
            if let Some(outcome) = self.on_event(&mut progress, event)? {
                return Ok(outcome);
            }
        }
    }

    fn on_event(
        &mut self,
        progress: &mut Progress,
        event: Event,
    ) -> Result<Option<Outcome>, JobFailure> {
        let now_ms = self.clock.now_ms();
        let decision = match event {
            Event::Time => progress.coordinator.on_time(now_ms),
            Event::Requested(Request::Cancel) => {
                return Ok(Some(Outcome::Stopped(progress.last_completed)));
            }
            Event::Requested(Request::Stop) => {
                // Nothing is consistent before data sets are complete; what was restored stays.
                if self.store.is_none() || progress.coordinator.is_held() {
                    return Ok(Some(Outcome::Stopped(None)));
                }
                progress.stopping = true;
                progress.coordinator.trigger(now_ms)
            }
            Event::Requested(Request::Run) => None,
            Event::Discovered((index, splits)) => {
                let monitor = &mut self.monitors[index];
                let splits = splits.map_err(|source| JobFailure::Discovery {
                    uid: monitor.uid.clone(),
                    source,
                })?;
                monitor.deal(splits, &self.tasks);
                None
            }
            Event::Task(event) => self.on_task_event(progress, event, now_ms)?,
            Event::Stored(checkpoint, result) => {
                self.on_stored(progress, checkpoint, result, now_ms)
            }
            Event::Committed(checkpoint, result) => {
                result.map_err(|reason| JobFailure::Commit {
                    checkpoint: checkpoint.id,
                    reason,
                })?;
                return Ok(self.on_committed(progress, &checkpoint, now_ms));
            }
        };
        self.carry_out(progress, decision)?;
        Ok(None)
    }

    fn on_task_event(
        &self,
        progress: &mut Progress,
        event: TaskEvent,
        now_ms: i64,
    ) -> Result<Option<Decision>, JobFailure> {
        match event {
            TaskEvent::Running(task) => {
                tracing::info!(%task, "running");
                Ok(None)
            }
            TaskEvent::Acknowledged(task, checkpoint, part, timings) => {
                let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
                figures.longest_sync_ns = figures.longest_sync_ns.max(timings.sync_ns);
                drop(figures);
                Ok(progress
                    .coordinator
                    .acknowledge(task, checkpoint, *part, timings, now_ms))
            }
            TaskEvent::Declined(task, checkpoint, reason) => Ok(progress
                .coordinator
                .decline(task, checkpoint, reason, now_ms)),
            TaskEvent::Finished(task) => {
                tracing::info!(%task, "finished");
                progress.finished.insert(task);
                progress.coordinator.finished(task);
                Ok(self.trigger_final(progress, now_ms))
            }
            TaskEvent::Failed(task, source) => {
                let chain = self.tasks.iter().find(|running| running.id == task);
                let chain = chain.map_or_else(|| task.to_string(), |running| running.name.clone());
                Err(JobFailure::Task {
                    chain,
                    subtask: task.subtask,
                    source,
                })
            }
            TaskEvent::Ended(task) => {
                tracing::debug!(%task, "ended");
                Ok(None)
            }
        }
    }

    fn trigger_final(&self, progress: &mut Progress, now_ms: i64) -> Option<Decision> {
        let all = progress.finished.len() == self.tasks.len();
        if all {
            progress.coordinator.trigger(now_ms)
        } else {
            None
        }
    }

    fn carry_out(
        &self,
        progress: &mut Progress,
        decision: Option<Decision>,
    ) -> Result<(), JobFailure> {
        let mut next = decision;
        while let Some(decision) = next.take() {
            match decision {
                Decision::Trigger(checkpoint) => {
                    tracing::debug!(%checkpoint, "triggered");
                    for task in &self.tasks {
                        if !task.mailbox.post(Mail::TriggerCheckpoint(checkpoint)) {
                            tracing::warn!(task = %task.id, %checkpoint, "its mailbox is full");
                        }
                    }
                }
                Decision::Store(checkpoint) => self.store(progress, checkpoint),
                Decision::Abort(checkpoint, reason) => {
                    tracing::warn!(%checkpoint, %reason, "checkpoint given up");
                    self.figures
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .failed += 1;
                    let now_ms = self.clock.now_ms();
                    next = if progress.stopping {
                        progress.coordinator.trigger(now_ms)
                    } else {
                        self.trigger_final(progress, now_ms)
                    };
                }
                Decision::FailJob(reason) => return Err(JobFailure::Checkpoints(reason)),
            }
        }
        Ok(())
    }

    /// Stores a complete checkpoint on a blocking thread and reports back.
    fn store(&self, progress: &Progress, checkpoint: Box<CompletedCheckpoint>) {
        let (done, store, job) = (
            progress.done.clone(),
            self.store.clone(),
            Arc::clone(&self.job),
        );
        let attempt = self.attempt;
        tokio::task::spawn_blocking(move || {
            let result = store.map_or(Ok(()), |store| {
                let metadata = {
                    let digests = job.digests();
                    describe(&checkpoint, &job.graph, &job.execution, &digests, attempt)
                };
                let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                store.commit(&metadata).map_err(|error| error.to_string())
            });
            let _ = done.blocking_send(Event::Stored(checkpoint, result));
        });
    }

    /// The checkpoint is real: publish the output it prepared.
    fn on_stored(
        &self,
        progress: &mut Progress,
        checkpoint: Box<CompletedCheckpoint>,
        result: Result<(), String>,
        now_ms: i64,
    ) -> Option<Decision> {
        let failed = result.is_err();
        if failed {
            return progress.coordinator.stored(checkpoint.id, result, now_ms);
        }
        let (done, job) = (progress.done.clone(), Arc::clone(&self.job));
        tokio::task::spawn_blocking(move || {
            let result = commit_sinks(&job, &checkpoint);
            let _ = done.blocking_send(Event::Committed(checkpoint, result));
        });
        None
    }

    fn on_committed(
        &self,
        progress: &mut Progress,
        checkpoint: &CompletedCheckpoint,
        now_ms: i64,
    ) -> Option<Outcome> {
        progress.last_completed = Some(checkpoint.id);
        progress.coordinator.stored(checkpoint.id, Ok(()), now_ms);
        {
            let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
            figures.completed += 1;
            let bytes = checkpoint.state_bytes();
            figures.last = Some((checkpoint.id.0, now_ms, checkpoint.duration_ms, bytes));
        }
        for task in &self.tasks {
            task.mailbox.post(Mail::CheckpointCompleted(checkpoint.id));
        }
        if checkpoint.is_final() {
            return Some(Outcome::Finished(reports(&self.job, checkpoint)));
        }
        if progress.stopping {
            return Some(Outcome::Stopped(Some(checkpoint.id)));
        }
        let decision = self.trigger_final(progress, now_ms);
        // A trigger only posts mail, which cannot fail.
        let _ = self.carry_out(progress, decision);
        None
    }
}

fn sink_parts(checkpoint: &CompletedCheckpoint, sink: OperatorId) -> Vec<SinkSnapshot> {
    let parts = checkpoint.tasks.iter().flat_map(|(_, part, _)| &part.sinks);
    parts
        .filter(|part| part.operator == sink)
        .cloned()
        .collect()
}

fn commit_sinks(job: &Job, checkpoint: &CompletedCheckpoint) -> Result<(), String> {
    for (operator, sink) in &job.sinks {
        let parts = sink_parts(checkpoint, *operator);
        let committables: Vec<_> = parts
            .into_iter()
            .flat_map(|part| part.committables)
            .collect();
        sink.commit(&committables)
            .map_err(|error| format!("\"{}\": {error}", job.uid(*operator)))?;
    }
    Ok(())
}

fn reports(job: &Job, checkpoint: &CompletedCheckpoint) -> Vec<(OperatorId, Vec<SinkReport>)> {
    job.sinks
        .keys()
        .map(|sink| (*sink, merge_reports(&sink_parts(checkpoint, *sink))))
        .collect()
}
