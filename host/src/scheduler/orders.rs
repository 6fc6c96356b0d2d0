//! How an attempt carries out orders: checkpoints and savepoints on request, and another job in its place.

use std::sync::Arc;

use dataflow::checkpoint::coordinator::Decision;
use dataflow::checkpoint::snapshot::CompletedCheckpoint;
use dataflow::ids::{CheckpointId, TaskId};
use runtime::task::mailbox::Mail;

use super::attempt::{Attempt, AttemptEnd, Progress};
use super::command::{CommandError, JobCommand};
use super::failure::JobFailure;
use super::order::{Afterwards, Order, ReplaceOrder, SavepointOrder};
use super::replacement::{Replaced, Trial, in_place, post};
use crate::storage::metadata::Metadata;

impl Attempt {
    /// Takes an order, or refuses it.
    pub(super) fn on_order(
        &mut self,
        progress: &mut Progress,
        command: JobCommand,
        now_ms: i64,
    ) -> Vec<Decision> {
        let order = match command {
            JobCommand::Checkpoint(reply) => Order::Checkpoint(reply),
            JobCommand::Savepoint(order) => Order::Savepoint(order),
            JobCommand::Replace(order) => Order::Replace(order),
            JobCommand::Replay(order) => Order::Replay(order),
            // These end the attempt and are looked at before.
            JobCommand::Suspend | JobCommand::Cancel => return Vec::new(),
        };
        if let Some(why) = self.objection(progress, &order) {
            order.refuse(why);
            return Vec::new();
        }
        match order {
            Order::Savepoint(order) if order.then == Afterwards::Drain => {
                for task in &self.tasks {
                    task.mailbox.post(Mail::Drain);
                }
                progress.draining = Some(order);
                Vec::new()
            }
            Order::Replay(order) => {
                self.read_letters(progress, order);
                Vec::new()
            }
            order => {
                progress.asked.push(order);
                self.trigger_wanted(progress, now_ms)
            }
        }
    }

    /// Why an order cannot be carried out.
    fn objection(&self, progress: &Progress, order: &Order) -> Option<CommandError> {
        let needs_store = !matches!(order, Order::Checkpoint(_));
        if needs_store && self.store.is_none() {
            return Some(CommandError::NoCheckpoints);
        }
        if progress.draining.is_some() {
            return Some(CommandError::NotNow("being drained"));
        }
        let order = match order {
            Order::Replace(order) => order,
            Order::Replay(order) => return self.objection_to_replay(progress, order),
            Order::Checkpoint(_) | Order::Savepoint(_) => return None,
        };
        let waiting = progress.waiting.iter().map(|(_, order)| order);
        let mut orders = progress.asked.iter().chain(waiting);
        let under_way = orders.any(|other| matches!(other, Order::Replace(_)));
        if under_way || self.trial.is_some() {
            return Some(CommandError::NotNow("being changed already"));
        }
        (!Arc::ptr_eq(&order.base, &self.job)).then_some(CommandError::Outdated)
    }

    /// Whether what is made of a checkpoint is for other tasks than those that run: a savepoint, another job, or the end of
    /// this one, after which it may go on at another parallelism.
    pub(super) fn nothing_in_flight(&self, progress: &Progress, checkpoint: CheckpointId) -> bool {
        let mut waiting = progress.waiting.iter().filter(|(at, _)| *at == checkpoint);
        progress.suspending || waiting.any(|(_, it)| !matches!(it, Order::Checkpoint(_)))
    }

    /// Tells the tasks of a replacement in place what runs behind the barrier that is about to be triggered.
    pub(super) fn prepare_in_place(
        &mut self,
        progress: &mut Progress,
        checkpoint: CheckpointId,
    ) -> Result<(), JobFailure> {
        let is_replace =
            |(at, order): &(_, Order)| *at == checkpoint && matches!(order, Order::Replace(_));
        let Some(index) = progress.waiting.iter().position(is_replace) else {
            return Ok(());
        };
        let (_, Order::Replace(order)) = &progress.waiting[index] else {
            return Ok(());
        };
        let Some(chains) = in_place(&self.job, &order.next) else {
            return Ok(());
        };
        let (_, Order::Replace(order)) = progress.waiting.remove(index) else {
            return Ok(());
        };
        let told = post(&order.next, &chains, &self.tasks, checkpoint, self.attempt);
        let outstanding = told.as_ref().cloned().unwrap_or_default();
        self.trial = Some(Trial {
            previous: Arc::clone(&self.job),
            replaced: Replaced {
                checkpoint: checkpoint.0,
                in_place: true,
                pause_ns: 0,
            },
            began_ns: 0,
            outstanding,
            reply: order.reply,
        });
        self.swapping = Some((checkpoint, order.next));
        told.map(drop)
            .map_err(|task| JobFailure::Internal(format!("the mailbox of task {task} is full")))
    }

    /// A task runs, or runs other logic.
    pub(super) fn took_over(&mut self, task: TaskId, pause_ns: Option<u64>) {
        let now_ns = self.clock.monotonic_ns();
        let Some(trial) = &mut self.trial else {
            return;
        };
        if !trial.outstanding.remove(&task) {
            return;
        }
        let pause_ns = pause_ns.unwrap_or(now_ns.saturating_sub(trial.began_ns));
        trial.replaced.pause_ns = trial.replaced.pause_ns.max(pause_ns);
    }

    /// A checkpoint is complete: if it is the barrier at which logic was changed, the job is the new one from now on; if
    /// it is one of a job on trial, that has passed.
    pub(super) fn passed_trial(&mut self, checkpoint: CheckpointId) {
        match self.swapping.take() {
            Some((at, next)) if at <= checkpoint => {
                self.job = next;
                self.view.lock().job = Arc::clone(&self.job);
                return;
            }
            Some(later) => {
                self.swapping = Some(later);
                return;
            }
            None => {}
        }
        if let Some(trial) = self.trial.take() {
            tracing::info!(job = self.job.graph.name, ?trial.replaced, "the new job runs");
            let _ = trial.reply.send(Ok(trial.replaced));
        }
    }

    /// Carries out what waited for a checkpoint that is complete now. The first order that ends the attempt counts;
    /// others are refused.
    pub(super) fn answer(
        &mut self,
        progress: &mut Progress,
        checkpoint: &CompletedCheckpoint,
        metadata: &Arc<Metadata>,
    ) -> Option<AttemptEnd> {
        let mut end = None;
        let due = |(at, _): &mut (CheckpointId, _)| *at <= checkpoint.id;
        let due: Vec<_> = progress.waiting.extract_if(.., due).collect();
        for (_, order) in due {
            match order {
                Order::Checkpoint(reply) => drop(reply.send(Ok(checkpoint.id))),
                Order::Savepoint(order) if order.then == Afterwards::Resume => {
                    self.write_savepoint(progress, order, metadata);
                }
                Order::Replay(order) => order.carried_out(),
                order if end.is_some() || checkpoint.is_final() => {
                    order.refuse(CommandError::Ended);
                }
                Order::Savepoint(order) => {
                    end = Some(AttemptEnd::Savepoint(
                        order,
                        Arc::clone(metadata),
                        Vec::new(),
                    ));
                }
                Order::Replace(order) => {
                    let now_ns = self.clock.monotonic_ns();
                    end = Some(AttemptEnd::Replace(order, checkpoint.id, now_ns));
                }
            }
        }
        end
    }

    /// Writes a savepoint on a blocking thread while the job goes on. The attempt waits for it at its end.
    fn write_savepoint(
        &self,
        progress: &Progress,
        order: SavepointOrder,
        metadata: &Arc<Metadata>,
    ) {
        let (writer, done) = (self.savepoints.clone(), progress.done.clone());
        let (job, metadata) = (Arc::clone(&self.job), Arc::clone(metadata));
        let view = Arc::clone(&self.view);
        tokio::task::spawn_blocking(move || {
            let written = writer.write(&job, &metadata, &order.target);
            if let Ok(path) = &written {
                let id = CheckpointId(metadata.checkpoint);
                view.lock().checkpoints.saved(id, path.clone());
            }
            let written = written.map_err(|error| CommandError::Savepoint(error.to_string()));
            let _ = order.reply.send(written);
            drop(done);
        });
    }

    /// A checkpoint was given up: what waited for it is told so, but for dead letters, which are in the next one. If logic was to change at its barrier, some tasks may
    /// run the new one already, so the attempt fails and the old job goes on.
    pub(super) fn given_up(
        &mut self,
        progress: &mut Progress,
        checkpoint: CheckpointId,
        reason: &str,
    ) -> Result<(), JobFailure> {
        let in_vain = |(at, _): &mut (CheckpointId, _)| *at == checkpoint;
        for (_, order) in progress.waiting.extract_if(.., in_vain) {
            if let Order::Replay(_) = order {
                progress.asked.push(order);
                continue;
            }
            let reason = reason.to_owned();
            order.refuse(CommandError::Checkpoint { checkpoint, reason });
        }
        match self.swapping.as_ref().filter(|(at, _)| *at == checkpoint) {
            Some(_) => Err(JobFailure::Internal(format!(
                "{checkpoint}, at which components were to change, was given up: {reason}"
            ))),
            None => Ok(()),
        }
    }

    /// The attempt ends: what still waits is not carried out.
    pub(super) fn dismiss(&mut self, progress: &mut Progress) {
        let waiting = progress.waiting.drain(..).map(|(_, order)| order);
        let orders = progress.asked.drain(..).chain(waiting);
        let draining = progress.draining.take().map(Order::Savepoint);
        for order in orders.chain(draining) {
            order.refuse(CommandError::NotNow("ending or starting again"));
        }
    }
}

impl ReplaceOrder {
    /// The new job on trial, and what it has to show; `began_ns` is when the old tasks were told to end.
    pub(super) fn on_trial(
        self,
        checkpoint: CheckpointId,
        began_ns: u64,
    ) -> (Arc<super::job::Job>, Trial) {
        let trial = Trial {
            previous: self.base,
            replaced: Replaced {
                checkpoint: checkpoint.0,
                in_place: false,
                pause_ns: 0,
            },
            began_ns,
            outstanding: self.next.task_ids().collect(),
            reply: self.reply,
        };
        (self.next, trial)
    }
}
