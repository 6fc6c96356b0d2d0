//! One attempt of the simulated job, on one thread: real tasks, channels, coordinator, store and restore; which of them
//! moves next is a throw of dice.
//!
//! Stands where `scheduler::attempt` and the threads of tasks stand, and does what they do in the same order. A task is
//! stepped only while it has work or was woken, so a wake-up that is lost is a standstill here.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use dataflow::checkpoint::coordinator::{Coordinator, Decision};
use dataflow::checkpoint::snapshot::CompletedCheckpoint;
use dataflow::clock::Clock;
use dataflow::ids::{CheckpointId, TaskId};
use runtime::task::event::{EventSink, TaskEvent};
use runtime::task::mailbox::{Mail, MailboxSender};
use runtime::task::step::{StepStatus, Task};
use runtime::task::storage_pool::StorageQueue;

use super::sabotage::Sabotage;
use super::world::{Fault, World};
use super::zombie::make_real;
use crate::scheduler::job::Job;
use crate::scheduler::prepared_task::PreparedTask;
use crate::scheduler::publishing::commit_sinks;
use crate::storage::checkpoint_store::CheckpointStore;

/// Events that tasks have sent and nobody has read.
pub(super) type Events = Arc<Mutex<VecDeque<TaskEvent>>>;

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its final checkpoint is complete and published.
    Finished,
    /// Something failed; the process starts the job anew.
    Failed(String),
    /// The process is gone.
    Killed,
    /// The process stands still before it makes a checkpoint real, and somebody else takes the job over.
    Frozen,
}

/// When a task is stepped next.
#[derive(Clone, Copy, Debug)]
enum Wait {
    Ready,
    /// When it is woken, or at this time (nanoseconds).
    Woken(Option<u64>),
}

struct RunningTask {
    id: TaskId,
    task: Task,
    mailbox: MailboxSender,
    wait: Wait,
    /// It does nothing before this time (milliseconds): a slow disk, a slow sink, a busy machine.
    stalled_until_ms: i64,
}

/// Work of the job master that is done beside its loop.
enum Chore {
    Store(Box<CompletedCheckpoint>),
    Publish(Box<CompletedCheckpoint>),
}

/// A snapshot that is being written.
struct Upload {
    write: Box<dyn FnOnce() + Send>,
    from_ms: i64,
}

/// The attempt.
pub(super) struct Attempt<'a> {
    world: &'a mut World,
    job: &'a Job,
    store: &'a mut CheckpointStore,
    number: u32,
    tasks: Vec<RunningTask>,
    events: Events,
    snapshots: StorageQueue,
    uploads: Vec<Upload>,
    chores: VecDeque<Chore>,
    coordinator: Coordinator,
    finished: BTreeSet<TaskId>,
    /// Number of the newest checkpoint it has triggered.
    newest: u64,
}

/// What an attempt begins with.
pub(super) struct Start<'a> {
    /// The job.
    pub(super) job: &'a Job,
    /// The checkpoints of this process.
    pub(super) store: &'a mut CheckpointStore,
    /// Its tasks, wired.
    pub(super) tasks: Vec<PreparedTask>,
    /// What they say.
    pub(super) events: Events,
    /// The snapshots they want written.
    pub(super) snapshots: StorageQueue,
    /// Number of its first checkpoint.
    pub(super) first: CheckpointId,
    /// Deployments before it.
    pub(super) number: u32,
}

/// An event sink into a queue.
pub(super) fn sink_of(events: &Events) -> EventSink {
    let events = Arc::clone(events);
    Arc::new(move |event| {
        let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push_back(event);
    })
}

impl<'a> Attempt<'a> {
    /// Opens all tasks.
    ///
    /// # Errors
    /// A task does not open.
    pub(super) fn open(world: &'a mut World, start: Start<'a>) -> Result<Self, String> {
        let ids: Vec<TaskId> = start.tasks.iter().map(|task| task.spec.id).collect();
        let now_ms = world.clock.now_ms();
        let coordinator = Coordinator::new(world.plan.checkpoints, ids, start.first, now_ms);
        let mut tasks = Vec::new();
        for task in start.tasks {
            let (id, mailbox) = (task.spec.id, task.mailbox);
            let opened = Task::open(task.spec, task.wiring, task.environment);
            tasks.push(RunningTask {
                id,
                task: opened.map_err(|error| format!("{id} does not open: {error}"))?,
                mailbox,
                wait: Wait::Ready,
                stalled_until_ms: 0,
            });
        }
        Ok(Self {
            world,
            job: start.job,
            store: start.store,
            number: start.number,
            tasks,
            events: start.events,
            snapshots: start.snapshots,
            uploads: Vec::new(),
            chores: VecDeque::new(),
            coordinator,
            finished: BTreeSet::new(),
            newest: start.first.0.saturating_sub(1),
        })
    }

    /// Moves one thing after the other until the attempt ends. Says which checkpoint was its newest.
    ///
    /// # Errors
    /// Something happened that must never happen.
    pub(super) fn run(mut self, newest: &mut u64) -> Result<End, String> {
        let end = self.drive();
        *newest = self.newest;
        end
    }

    fn drive(&mut self) -> Result<End, String> {
        loop {
            self.world.tick()?;
            let end = match self.world.dice.below(100) {
                0..60 => self.step(),
                60..78 => self.deliver(),
                78..85 => self.upload(),
                85..94 => self.chore()?,
                _ => self.pass_time(),
            };
            let end = match end {
                None => self.fault(),
                end => end,
            };
            if self.world.disk.is_dead() || self.world.parts.outside.is_dead() {
                return Ok(End::Killed);
            }
            match end {
                Some(End::Failed(why)) => return Ok(self.settle(why)),
                Some(end) => return Ok(end),
                None => {}
            }
        }
    }

    /// Steps a task that can move; if none can, and nothing else is to be done, time passes.
    fn step(&mut self) -> Option<End> {
        let (now_ms, now_ns) = (self.world.clock.now_ms(), self.world.clock.monotonic_ns());
        let moves = |running: &RunningTask| {
            let due = |at_ns: Option<u64>| at_ns.is_some_and(|at_ns| at_ns <= now_ns);
            // One that stands still keeps its wake-up.
            running.stalled_until_ms <= now_ms
                && match running.wait {
                    Wait::Ready => true,
                    Wait::Woken(at_ns) => due(at_ns) || running.task.take_wake(),
                }
        };
        let start = self.world.dice.index(self.tasks.len());
        let order = (0..self.tasks.len()).map(|at| (start + at) % self.tasks.len());
        let Some(chosen) = order.into_iter().find(|at| moves(&self.tasks[*at])) else {
            return self.pass_time();
        };
        let running = &mut self.tasks[chosen];
        running.wait = Wait::Ready;
        for _ in 0..self.world.dice.between(1, 8) {
            match running.task.step(now_ns) {
                Ok(StepStatus::Busy) => {}
                Ok(StepStatus::Idle(after_ns)) => {
                    running.wait = Wait::Woken(after_ns.map(|it| now_ns.saturating_add(it)));
                    break;
                }
                Ok(StepStatus::BackPressured) => {
                    running.wait = Wait::Woken(None);
                    break;
                }
                Ok(StepStatus::Cancelled) => return None,
                Err(error) => return Some(End::Failed(format!("{}: {error}", running.id))),
            }
        }
        None
    }

    /// Time passes: a little, and never past what somebody waits for by more than that.
    fn pass_time(&mut self) -> Option<End> {
        let by_ms = self.world.dice.between(1, 3) as i64;
        self.world.clock.advance_ms(by_ms);
        let now_ms = self.world.clock.now_ms();
        let due = self.coordinator.next_time_ms();
        if due.is_some_and(|at_ms| at_ms <= now_ms) {
            let decisions = self.coordinator.on_time(now_ms);
            return self.carry_out(decisions);
        }
        None
    }

    /// Hands one event of a task to the coordinator. Only what storage threads say may overtake.
    fn deliver(&mut self) -> Option<End> {
        let event = {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            let written = |event: &TaskEvent| {
                matches!(event, TaskEvent::Acknowledged(..) | TaskEvent::Declined(..))
            };
            let at = self.world.dice.index(events.len());
            let at = match events.get(at) {
                Some(event) if written(event) => at,
                _ => 0,
            };
            events.remove(at)?
        };
        let now_ms = self.world.clock.now_ms();
        let decisions = match event {
            TaskEvent::Acknowledged(task, checkpoint, mut part, timings) => {
                self.world.figures.in_flight += u64::from(part.in_flight.is_some());
                if let Some(sabotage) = self.world.sabotage {
                    sabotage.spoil(checkpoint, &mut part);
                }
                let lost = self.world.loses_answer();
                if lost {
                    return None;
                }
                let acknowledge = &mut self.coordinator;
                acknowledge.acknowledge(task, checkpoint, *part, timings, now_ms)
            }
            TaskEvent::Declined(task, checkpoint, reason) => {
                self.coordinator.decline(task, checkpoint, reason, now_ms)
            }
            TaskEvent::Finished(task) => {
                self.finished.insert(task);
                self.coordinator.finished(task);
                self.trigger_final()
            }
            TaskEvent::Failed(task, error) => return Some(End::Failed(format!("{task}: {error}"))),
            _ => Vec::new(),
        };
        self.carry_out(decisions)
    }

    fn trigger_final(&mut self) -> Vec<Decision> {
        let all = self.finished.len() == self.tasks.len();
        let now_ms = self.world.clock.now_ms();
        let decision = all.then(|| self.coordinator.trigger(now_ms));
        decision.flatten().into_iter().collect()
    }

    fn carry_out(&mut self, decisions: Vec<Decision>) -> Option<End> {
        let mut next = VecDeque::from(decisions);
        while let Some(decision) = next.pop_front() {
            match decision {
                Decision::Trigger(checkpoint) => {
                    self.newest = checkpoint.0;
                    // As for a savepoint.
                    if self.world.dice.percent(10) {
                        self.coordinator.keep_aligned(checkpoint);
                    }
                    self.world.tell(&format_args!("{checkpoint} triggered"));
                    for task in &self.tasks {
                        task.mailbox.post(Mail::TriggerCheckpoint(checkpoint));
                    }
                }
                Decision::Overtake(checkpoint) => {
                    for task in &self.tasks {
                        // A task that is not told waits for its barriers.
                        if !self.world.loses_answer() {
                            task.mailbox.post(Mail::Overtake(checkpoint));
                        }
                    }
                }
                Decision::Store(checkpoint) => {
                    if self.world.sabotage == Some(Sabotage::PublishBeforeMetadata) {
                        let _ = commit_sinks(self.job, &checkpoint);
                    }
                    self.chores.push_back(Chore::Store(checkpoint));
                }
                Decision::Abort(checkpoint, reason) => {
                    self.world
                        .tell(&format_args!("{checkpoint} given up: {reason}"));
                    self.world.figures.given_up += 1;
                    next.extend(self.trigger_final());
                }
                Decision::FailJob(reason) => return Some(End::Failed(reason.to_string())),
            }
        }
        None
    }

    /// Takes a snapshot that is to be written, or writes one that was taken; the order is anybody's.
    fn upload(&mut self) -> Option<End> {
        let now_ms = self.world.clock.now_ms();
        while let Some(write) = self.snapshots.take() {
            let late_ms = self.world.lateness_ms();
            self.uploads.push(Upload {
                write: Box::new(write),
                from_ms: now_ms + late_ms,
            });
        }
        let mut ready = self.uploads.iter().enumerate();
        let ready = ready.find_map(|(at, it)| (it.from_ms <= now_ms).then_some(at));
        if let Some(at) = ready {
            (self.uploads.remove(at).write)();
        }
        None
    }

    /// Stores or publishes a complete checkpoint.
    fn chore(&mut self) -> Result<Option<End>, String> {
        let now_ms = self.world.clock.now_ms();
        match self.chores.pop_front() {
            None => {
                self.world.wake();
                Ok(None)
            }
            Some(Chore::Store(checkpoint)) => {
                if self.world.freezes() {
                    self.world.frozen = Some(checkpoint);
                    return Ok(Some(End::Frozen));
                }
                let stored = make_real(self.store, self.job, &checkpoint, self.number);
                let checkpoint_id = checkpoint.id;
                self.world
                    .tell(&format_args!("{checkpoint_id} stored: {stored:?}"));
                if stored.is_ok() {
                    let partly = self.is_partly_ended(&checkpoint);
                    self.world.figures.partly_ended += u64::from(partly);
                    self.world.completed(checkpoint.id)?;
                    self.chores.push_back(Chore::Publish(checkpoint));
                    return Ok(None);
                }
                let decisions = self.coordinator.stored(checkpoint.id, stored, now_ms);
                Ok(self.carry_out(decisions))
            }
            Some(Chore::Publish(checkpoint)) => {
                self.world
                    .tell(&format_args!("{} published", checkpoint.id));
                if let Err(error) = commit_sinks(self.job, &checkpoint) {
                    return Ok(Some(End::Failed(error)));
                }
                let mut decisions = self.coordinator.stored(checkpoint.id, Ok(()), now_ms);
                for task in &self.tasks {
                    // A full mailbox loses it.
                    if !self.world.loses_answer() {
                        let mail = Mail::CheckpointCompleted(checkpoint.id);
                        task.mailbox.post(mail);
                    }
                }
                if checkpoint.is_final() {
                    return Ok(Some(End::Finished));
                }
                decisions.extend(self.trigger_final());
                Ok(self.carry_out(decisions))
            }
        }
    }

    fn is_partly_ended(&self, checkpoint: &CompletedCheckpoint) -> bool {
        let vertices = self.job.execution.vertices.iter();
        let mut behind = vertices.filter(|vertex| vertex.source.is_none());
        behind.any(|vertex| {
            let parts = checkpoint.tasks.iter();
            let parts = parts.filter(|(task, ..)| task.vertex == vertex.id);
            let ended = parts.filter(|(_, part, _)| part.finished).count();
            ended > 0 && ended < vertex.parallelism as usize
        })
    }

    /// Perhaps something goes wrong.
    fn fault(&mut self) -> Option<End> {
        match self.world.fault()? {
            Fault::Kill => Some(End::Killed),
            Fault::Stall(for_ms) => {
                let until_ms = self.world.clock.now_ms() + for_ms;
                let chosen = self.world.dice.index(self.tasks.len());
                self.tasks[chosen].stalled_until_ms = until_ms;
                None
            }
        }
    }

    /// The attempt failed within a process that goes on: what is being written and stored is finished first.
    fn settle(&mut self, why: String) -> End {
        while let Some(write) = self.snapshots.take() {
            write();
        }
        for upload in std::mem::take(&mut self.uploads) {
            (upload.write)();
        }
        while let Some(chore) = self.chores.pop_front() {
            // What was stored but not published is published when the job goes on from it.
            if let Chore::Store(checkpoint) = chore {
                // If it fails the checkpoint has not happened, and nobody waits for it any more.
                let _ = make_real(self.store, self.job, &checkpoint, self.number);
            }
        }
        if self.world.disk.is_dead() {
            return End::Killed;
        }
        End::Failed(why)
    }
}
