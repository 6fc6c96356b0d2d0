//! One attempt to run a job: from its deployed tasks to their end. One loop over a closed set of events that decides
//! nothing itself: `dataflow::checkpoint::coordinator` says when to trigger, store and give up; this loop carries it out.
//!
//! A job ends with a final checkpoint, taken when every task has finished: it is what publishes the last output of the
//! sinks, whether or not checkpoints are kept. Whether there is another attempt is the job master's business.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dataflow::checkpoint::coordinator::{CheckpointConfig, Coordinator, Decision, DeclineReason};
use dataflow::checkpoint::snapshot::CompletedCheckpoint;
use dataflow::clock::Clock;
use dataflow::graph::complete_first;
use dataflow::ids::{CheckpointId, TaskId};
use dataflow::job::status::JobStatus;
use runtime::task::event::TaskEvent;
use runtime::task::mailbox::Mail;
use tokio::sync::mpsc;

use super::command::{CommandError, JobCommand};
use super::deploy::RunningTask;
use super::failure::JobFailure;
use super::job::Job;
use super::job_view::{JobView, TaskStatus};
use super::monitor::{Discovered, Monitor};
use super::order::{Order, ReplaceOrder, SavepointOrder};
use super::publishing::{Reports, commit_sinks, reports};
use super::replacement::Trial;
use super::replay::{ReplayOrder, ReplayState};
use super::savepoint_writer::SavepointWriter;
use crate::dead_letters::inbox::Round;
use crate::storage::checkpoint_store::{CheckpointStore, StoreError};
use crate::storage::metadata::{Metadata, describe};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum AttemptEnd {
    /// All input was processed and all output published.
    Finished(Reports),
    /// It was told to stop and go on another time; the last checkpoint it can go on from, if any.
    Suspended(Option<CheckpointId>),
    /// It was told to stop for good; the last completed checkpoint, if any.
    Canceled(Option<CheckpointId>),
    /// It ends with a savepoint of this checkpoint, which is still to be written.
    Savepoint(SavepointOrder, Arc<Metadata>, Reports),
    /// Another job is to go on from this checkpoint; when that was decided (monotonic nanoseconds).
    Replace(ReplaceOrder, CheckpointId, u64),
}

/// Everything the loop works with.
pub(crate) struct Attempt {
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
    /// Published for others to read.
    pub(crate) view: Arc<JobView>,
    /// Writes savepoints.
    pub(crate) savepoints: SavepointWriter,
    /// Set until the job has shown that it runs in the place of another one.
    pub(crate) trial: Option<Trial>,
    /// The job whose logic takes over at the barrier of a checkpoint that is under way.
    pub(crate) swapping: Option<(CheckpointId, Arc<Job>)>,
}

/// What happened outside the tasks.
pub(super) enum Event {
    Task(TaskEvent),
    Stored(Box<CompletedCheckpoint>, Result<Arc<Metadata>, StoreError>),
    Committed(Box<CompletedCheckpoint>, Arc<Metadata>, Result<(), String>),
    Command(JobCommand),
    Letters(ReplayOrder, Result<Round, String>),
    Discovered(Discovered),
    Time,
}

pub(super) struct Progress {
    pub(super) coordinator: Coordinator,
    finished: BTreeSet<TaskId>,
    pub(super) suspending: bool,
    last_completed: Option<CheckpointId>,
    /// What waits for a checkpoint that is not triggered yet.
    pub(super) asked: Vec<Order>,
    /// What waits for one that is under way, or for a newer one.
    pub(super) waiting: Vec<(CheckpointId, Order)>,
    /// Dead letters that this attempt was given, and whether more are being read.
    pub(super) replay: ReplayState,
    /// What waits for the final one.
    pub(super) draining: Option<SavepointOrder>,
    /// Held by what must be over before the attempt is.
    pub(super) done: mpsc::Sender<Event>,
}

impl Attempt {
    /// Runs the tasks to their end and joins their threads.
    ///
    /// # Errors
    /// The attempt failed.
    pub(crate) async fn run(
        mut self,
        commands: &mut mpsc::Receiver<JobCommand>,
    ) -> (Result<AttemptEnd, JobFailure>, Option<Trial>) {
        let (found, discovered) = mpsc::channel(16);
        let starts = self.monitors.iter_mut().enumerate();
        let looking: Vec<_> = starts
            .filter_map(|(index, monitor)| monitor.start(index, found.clone()))
            .collect();
        let end = self.drive(discovered, commands).await;
        let now_ms = self.clock.now_ms();
        match &end {
            Err(_) => self.view.transition(JobStatus::Failing, now_ms),
            Ok(AttemptEnd::Canceled(_)) => self.view.transition(JobStatus::Cancelling, now_ms),
            Ok(_) => {}
        }
        for look in looking {
            look.abort();
        }
        for task in &self.tasks {
            task.mailbox.cancel();
        }
        let threads: Vec<_> = self.tasks.drain(..).map(|task| task.thread).collect();
        // Tasks may still have something to say; nobody may wait for a full queue while we wait for them.
        let mut events = self.events;
        let (view, clock) = (Arc::clone(&self.view), Arc::clone(&self.clock));
        let drain = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if let TaskEvent::Ended(task) = event {
                    view.lock()
                        .task_is(task, TaskStatus::Canceled, clock.now_ms());
                }
            }
        });
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
        });
        let _ = joined.await;
        // The senders went with the threads, so this ends.
        let _ = drain.await;
        (end, self.trial)
    }

    async fn drive(
        &mut self,
        mut discovered: mpsc::Receiver<Discovered>,
        commands: &mut mpsc::Receiver<JobCommand>,
    ) -> Result<AttemptEnd, JobFailure> {
        let tasks: Vec<TaskId> = self.tasks.iter().map(|task| task.id).collect();
        let (done, mut results) = mpsc::channel(16);
        let mut progress = Progress {
            coordinator: Coordinator::new(
                self.checkpoints,
                tasks,
                self.first_checkpoint,
                self.clock.now_ms(),
            )
            .held_for(&complete_first::awaited(&self.job.execution)),
            finished: BTreeSet::new(),
            suspending: false,
            last_completed: None,
            asked: Vec::new(),
            waiting: Vec::new(),
            replay: ReplayState::default(),
            draining: None,
            done,
        };
        if self.trial.is_some() {
            let decisions = self.trigger_wanted(&mut progress, self.clock.now_ms());
            self.carry_out(&mut progress, decisions)?;
        }
        let end = loop {
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
                Some(command) = commands.recv() => Event::Command(command),
                () = tokio::time::sleep(pause) => Event::Time,
            };
            match self.on_event(&mut progress, event) {
                Ok(None) => {}
                Ok(Some(end)) => break Ok(end),
                Err(failure) => break Err(failure),
            }
        };
        self.dismiss(&mut progress);
        drop(progress);
        settle(&self.view, &*self.clock, results).await;
        end
    }

    fn on_event(
        &mut self,
        progress: &mut Progress,
        event: Event,
    ) -> Result<Option<AttemptEnd>, JobFailure> {
        let now_ms = self.clock.now_ms();
        let decisions = match event {
            Event::Time => progress.coordinator.on_time(now_ms),
            Event::Command(JobCommand::Cancel) => {
                return Ok(Some(AttemptEnd::Canceled(progress.last_completed)));
            }
            Event::Command(JobCommand::Suspend) => {
                // Nothing is consistent before data sets are complete; what was restored stays.
                if self.store.is_none() || progress.coordinator.is_held() {
                    return Ok(Some(AttemptEnd::Suspended(None)));
                }
                progress.suspending = true;
                self.trigger_wanted(progress, now_ms)
            }
            Event::Command(command) => self.on_order(progress, command, now_ms),
            Event::Letters(order, round) => self.on_letters(progress, order, round, now_ms),
            Event::Discovered((index, splits)) => {
                let monitor = &mut self.monitors[index];
                let splits = splits.map_err(|source| JobFailure::Discovery {
                    uid: monitor.uid.clone(),
                    source,
                })?;
                monitor.deal(splits, &self.tasks);
                Vec::new()
            }
            Event::Task(event) => self.on_task_event(progress, event, now_ms)?,
            Event::Stored(checkpoint, result) => {
                self.on_stored(progress, checkpoint, result, now_ms)?
            }
            Event::Committed(checkpoint, metadata, result) => {
                result.map_err(|reason| JobFailure::Commit {
                    checkpoint: checkpoint.id,
                    reason,
                })?;
                return self.on_committed(progress, &checkpoint, &metadata, now_ms);
            }
        };
        self.carry_out(progress, decisions)?;
        Ok(None)
    }

    fn on_task_event(
        &mut self,
        progress: &mut Progress,
        event: TaskEvent,
        now_ms: i64,
    ) -> Result<Vec<Decision>, JobFailure> {
        match event {
            TaskEvent::Running(task) => {
                tracing::info!(%task, "running");
                self.view.lock().task_is(task, TaskStatus::Running, now_ms);
                self.took_over(task, None);
                Ok(Vec::new())
            }
            TaskEvent::Replaced(task, pause_ns) => {
                self.took_over(task, Some(pause_ns));
                Ok(Vec::new())
            }
            TaskEvent::Acknowledged(task, checkpoint, part, timings) => {
                let mut view = self.view.lock();
                view.checkpoints
                    .acknowledged(checkpoint, task, timings, now_ms);
                drop(view);
                Ok(progress
                    .coordinator
                    .acknowledge(task, checkpoint, *part, timings, now_ms))
            }
            TaskEvent::Declined(task, checkpoint, reason) => Ok(progress
                .coordinator
                .decline(task, checkpoint, reason, now_ms)),
            TaskEvent::Finished(task) => {
                tracing::info!(%task, "finished");
                self.view.lock().task_is(task, TaskStatus::Finished, now_ms);
                progress.finished.insert(task);
                progress.coordinator.finished(task);
                Ok(self.trigger_wanted(progress, now_ms))
            }
            TaskEvent::Failed(task, source) => {
                let chain = self.tasks.iter().find(|running| running.id == task);
                let chain = chain.map_or_else(|| task.to_string(), |running| running.name.clone());
                self.view.lock().task_is(task, TaskStatus::Failed, now_ms);
                Err(JobFailure::Task {
                    chain,
                    id: task,
                    source,
                })
            }
            TaskEvent::Ended(task) => {
                tracing::debug!(%task, "ended");
                self.view.lock().task_is(task, TaskStatus::Canceled, now_ms);
                Ok(Vec::new())
            }
        }
    }

    /// Triggers the checkpoint that somebody waits for: the final one, the last one before a stop, or one asked for.
    pub(super) fn trigger_wanted(&self, progress: &mut Progress, now_ms: i64) -> Vec<Decision> {
        let all = progress.finished.len() == self.tasks.len();
        let ordered = !progress.asked.is_empty() || self.trial.is_some();
        let wanted = all || progress.suspending || ordered;
        let decision = wanted.then(|| progress.coordinator.trigger(now_ms));
        decision.flatten().into_iter().collect()
    }

    pub(super) fn carry_out(
        &mut self,
        progress: &mut Progress,
        decisions: Vec<Decision>,
    ) -> Result<(), JobFailure> {
        let mut next = VecDeque::from(decisions);
        while let Some(decision) = next.pop_front() {
            match decision {
                Decision::Trigger(checkpoint) => {
                    tracing::debug!(%checkpoint, "triggered");
                    let asked = progress.asked.drain(..).map(|order| (checkpoint, order));
                    progress.waiting.extend(asked);
                    if self.nothing_in_flight(progress, checkpoint) {
                        progress.coordinator.keep_aligned(checkpoint);
                    }
                    self.prepare_in_place(progress, checkpoint)?;
                    let now_ms = self.clock.now_ms();
                    let mut view = self.view.lock();
                    view.checkpoints
                        .triggered(checkpoint, self.tasks.len(), now_ms);
                    drop(view);
                    for task in &self.tasks {
                        if !task.mailbox.post(Mail::TriggerCheckpoint(checkpoint)) {
                            tracing::warn!(task = %task.id, %checkpoint, "its mailbox is full");
                        }
                    }
                }
                Decision::Overtake(checkpoint) => {
                    tracing::debug!(%checkpoint, "goes on unaligned");
                    for task in &self.tasks {
                        // A task that is not told waits for its barriers.
                        task.mailbox.post(Mail::Overtake(checkpoint));
                    }
                }
                Decision::Store(checkpoint) => self.store(progress, checkpoint),
                Decision::Abort(checkpoint, reason) => {
                    tracing::warn!(%checkpoint, %reason, "checkpoint given up");
                    let now_ms = self.clock.now_ms();
                    let subsumed = matches!(reason, DeclineReason::Subsumed(_));
                    let reason = reason.to_string();
                    if !subsumed {
                        self.given_up(progress, checkpoint, &reason)?;
                    }
                    self.view
                        .lock()
                        .checkpoints
                        .failed(checkpoint, reason, now_ms);
                    next.extend(self.trigger_wanted(progress, now_ms));
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
            let (graph, execution) = (&job.graph, &job.execution);
            let (digests, operators) = (job.digests(), job.operators());
            let metadata = describe(&checkpoint, graph, execution, &digests, operators, attempt);
            let metadata = Arc::new(metadata);
            let result = store.map_or(Ok(()), |store| {
                let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                store.pin(&metadata);
                store.commit(&metadata)
            });
            let result = result.map(|()| metadata);
            let _ = done.blocking_send(Event::Stored(checkpoint, result));
        });
    }

    /// The checkpoint is real: publish the output it prepared.
    fn on_stored(
        &self,
        progress: &mut Progress,
        checkpoint: Box<CompletedCheckpoint>,
        result: Result<Arc<Metadata>, StoreError>,
        now_ms: i64,
    ) -> Result<Vec<Decision>, JobFailure> {
        let metadata = match result {
            Ok(metadata) => metadata,
            // Whatever this attempt does from now on is done by another process, too.
            Err(fenced @ StoreError::Fenced { .. }) => return Err(fenced.into()),
            Err(error) => {
                let failed = Err(error.to_string());
                return Ok(progress.coordinator.stored(checkpoint.id, failed, now_ms));
            }
        };
        let (done, job) = (progress.done.clone(), Arc::clone(&self.job));
        tokio::task::spawn_blocking(move || {
            let result = commit_sinks(&job, &checkpoint);
            let _ = done.blocking_send(Event::Committed(checkpoint, metadata, result));
        });
        Ok(Vec::new())
    }

    fn on_committed(
        &mut self,
        progress: &mut Progress,
        checkpoint: &CompletedCheckpoint,
        metadata: &Arc<Metadata>,
        now_ms: i64,
    ) -> Result<Option<AttemptEnd>, JobFailure> {
        progress.last_completed = Some(checkpoint.id);
        let mut decisions = progress.coordinator.stored(checkpoint.id, Ok(()), now_ms);
        self.view
            .lock()
            .checkpoints
            .completed(checkpoint.id, now_ms);
        self.passed_trial(checkpoint.id);
        let end = self.answer(progress, checkpoint, metadata);
        for task in &self.tasks {
            task.mailbox.post(Mail::CheckpointCompleted(checkpoint.id));
        }
        if checkpoint.is_final() {
            let reports = reports(&self.job, checkpoint);
            return Ok(Some(match progress.draining.take() {
                Some(order) => AttemptEnd::Savepoint(order, Arc::clone(metadata), reports),
                None => AttemptEnd::Finished(reports),
            }));
        }
        if progress.suspending {
            return Ok(Some(AttemptEnd::Suspended(Some(checkpoint.id))));
        }
        if end.is_some() {
            return Ok(end);
        }
        decisions.extend(self.trigger_wanted(progress, now_ms));
        self.carry_out(progress, decisions)?;
        Ok(None)
    }
}

/// Waits for what is being stored or published: the next attempt must find the store as this one leaves it.
async fn settle(view: &JobView, clock: &dyn Clock, mut results: mpsc::Receiver<Event>) {
    while let Some(event) = results.recv().await {
        if let Event::Letters(order, _) = event {
            Order::Replay(order).refuse(CommandError::NotNow("ending or starting again"));
            continue;
        }
        // What was stored but not published is published when the job goes on from it.
        if let Event::Stored(checkpoint, Ok(_)) | Event::Committed(checkpoint, _, Ok(())) = event {
            let now_ms = clock.now_ms();
            view.lock().checkpoints.completed(checkpoint.id, now_ms);
        }
    }
    let now_ms = clock.now_ms();
    let mut view = view.lock();
    view.checkpoints
        .abandon("the tasks ended before it was complete", now_ms);
}
