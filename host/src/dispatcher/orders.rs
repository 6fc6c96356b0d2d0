//! Orders to a job that take their time: a savepoint, another parallelism, another component, dead letters. Each is an operation; what
//! it changes is written down, so that a process that takes the job up again goes on with the job as it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dataflow::ids::JobId;
use serde_json::{Value, json};

use super::active_job::ActiveJob;
use super::{DispatchError, Dispatcher, new_job_id};
use crate::dead_letters::inbox;
use crate::scheduler::command::{CommandError, JobCommand};
use crate::scheduler::job::Job;
use crate::scheduler::order::{Afterwards, ReplaceOrder, SavepointOrder};
use crate::scheduler::parallelism::Chosen;
use crate::scheduler::replacement::Replaced;
use crate::scheduler::replay::{ReplayOrder, Replayed};
use crate::successor::{Predecessor, SuccessorError};

impl Dispatcher {
    /// Has a job take a savepoint; the id of the operation, which may be chosen: then it begins once, however often it is
    /// asked for.
    ///
    /// # Errors
    /// There is no such job, it has ended, the chosen id is none, or nobody says where the savepoint goes.
    pub(crate) fn savepoint(
        self: &Arc<Self>,
        id: JobId,
        target: Option<PathBuf>,
        then: Afterwards,
        trigger: Option<String>,
    ) -> Result<String, DispatchError> {
        let trigger = match trigger {
            Some(chosen) => chosen_id(chosen)?,
            None => new_job_id()?.to_string(),
        };
        if self.operations.is_known(id, &trigger) {
            return Ok(trigger);
        }
        let job = self.active(id)?;
        let target = target.filter(|it| !it.as_os_str().is_empty());
        let target = target.unwrap_or_else(|| job.config.savepoints_dir.clone());
        self.operation(&job, trigger, move |job| async move {
            let order = |reply| {
                JobCommand::Savepoint(SavepointOrder {
                    target,
                    then,
                    reply,
                })
            };
            let path = job.handle.ask(order).await?;
            Ok(json!({ "location": path.display().to_string() }))
        })
    }

    /// Gives a job another parallelism, and operators for which one is `chosen` (uids) that; the id of the operation.
    ///
    /// # Errors
    /// There is no such job, or it has ended.
    pub(crate) fn rescale(
        self: &Arc<Self>,
        id: JobId,
        parallelism: u32,
        chosen: Chosen,
    ) -> Result<String, DispatchError> {
        let (this, job) = (Arc::clone(self), self.active(id)?);
        self.operation(&job, new_job_id()?.to_string(), move |job| async move {
            let wanted = chosen.clone();
            let next = this
                .successor(&job, move |it| it.rescaled(parallelism, &wanted))
                .await?;
            let (before, widest) = (job.slots_taken(), widest(&next.1));
            this.slots.grow(&job, widest)?;
            let replaced = this.replace(&job, next).await;
            job.shrink_slots(if replaced.is_ok() { widest } else { before });
            let replaced = replaced?;
            this.write_down(&job, |spec| {
                spec.parallelism = Some(parallelism);
                spec.chosen = chosen;
            })?;
            Ok(outcome(replaced))
        })
    }

    /// Swaps the component of an operator for an uploaded one; the id of the operation.
    ///
    /// # Errors
    /// There is no such job, or it has ended.
    pub(crate) fn swap(
        self: &Arc<Self>,
        id: JobId,
        uid: String,
        component: String,
    ) -> Result<String, DispatchError> {
        let (this, job) = (Arc::clone(self), self.active(id)?);
        self.operation(&job, new_job_id()?.to_string(), move |job| async move {
            let (stored, component) = this.load(component).await?;
            let of_operator = uid.clone();
            let next = this
                .successor(&job, move |it| it.swapped(&of_operator, &component))
                .await?;
            let old = changed_digest(&next.0, &next.1);
            let replaced = this.replace(&job, next).await?;
            this.write_down(&job, |spec| {
                if let Some(old) = old {
                    spec.swapped(&old, &stored.digest);
                }
            })?;
            Ok(outcome(replaced))
        })
    }

    /// Replays the dead letters of a job that are there now, or those of the chain of one operator (uid); the id of the
    /// operation.
    ///
    /// # Errors
    /// There is no such job, or it has ended.
    pub(crate) fn replay(
        self: &Arc<Self>,
        id: JobId,
        operator: Option<String>,
    ) -> Result<String, DispatchError> {
        let job = self.active(id)?;
        let this = Arc::clone(self);
        self.operation(&job, new_job_id()?.to_string(), move |job| async move {
            let scope = this.of_dead_letters(id, inbox::scope).await?;
            let scope = Arc::new(scope);
            let mut count = Count::default();
            loop {
                let (operator, scope) = (operator.clone(), Arc::clone(&scope));
                let order = |reply| {
                    JobCommand::Replay(ReplayOrder {
                        operator,
                        scope,
                        replayed: Replayed::default(),
                        reply,
                    })
                };
                let round = job.handle.ask(order).await;
                let round = round.map_err(|error| count.ended_by(error))?;
                let sent = round.sent.clone();
                let taken = this.of_dead_letters(id, move |root| inbox::taken(root, &sent));
                count.add(&round, taken.await?);
                if !round.is_full {
                    return Ok(count.told(round));
                }
            }
        })
    }

    /// Carries out an operation on a job beside the request that asked for it; its id.
    fn operation<F, W>(
        self: &Arc<Self>,
        job: &Arc<ActiveJob>,
        id: String,
        work: W,
    ) -> Result<String, DispatchError>
    where
        F: Future<Output = Result<Value, DispatchError>> + Send,
        W: FnOnce(Arc<ActiveJob>) -> F + Send + 'static,
    {
        let of = job.record.id;
        if !self.operations.begin(of, &id)? {
            return Ok(id);
        }
        let (this, job, own) = (Arc::clone(self), Arc::clone(job), id.clone());
        tokio::spawn(async move {
            let outcome = work(job).await;
            if let Err(error) = &outcome {
                let reason = error.to_string();
                tracing::warn!(job = %of, reason, "an operation was not carried out");
            }
            let outcome = outcome.map_err(|error| error.to_string());
            this.operations.end(of, &own, outcome);
        });
        Ok(id)
    }

    /// The job as it is, and the one that is to take its place.
    async fn successor(
        &self,
        job: &Arc<ActiveJob>,
        make: impl FnOnce(&Predecessor<'_>) -> Result<Job, SuccessorError> + Send + 'static,
    ) -> Result<(Arc<Job>, Arc<Job>), DispatchError> {
        let root = self.folder_of(&job.record);
        let root = root.unwrap_or_else(|| self.config.data_dir.clone());
        let (job, clock) = (Arc::clone(job), Arc::clone(&self.clock));
        self.blocking(move || {
            let base = Arc::clone(&job.handle.view.lock().job);
            let predecessor = Predecessor {
                job: &base,
                config: &job.config,
                root: &root,
                clock: &clock,
            };
            let next = make(&predecessor);
            let next = next.map_err(|error| DispatchError::Refused(error.to_string()))?;
            Ok((base, Arc::new(next)))
        })
        .await
    }

    async fn replace(
        &self,
        job: &ActiveJob,
        (base, next): (Arc<Job>, Arc<Job>),
    ) -> Result<Replaced, DispatchError> {
        let order = |reply| JobCommand::Replace(ReplaceOrder { base, next, reply });
        Ok(job.handle.ask(order).await?)
    }

    /// Keeps what a job is now for the process that takes it up.
    fn write_down(
        &self,
        job: &ActiveJob,
        change: impl FnOnce(&mut super::job_spec::JobSpec),
    ) -> Result<(), DispatchError> {
        let mut kept = job.kept();
        change(&mut kept.spec);
        kept.components = job.handle.view.lock().job.digests();
        match &self.store {
            Some(store) => store.save(&kept),
            None => Ok(()),
        }
    }
}

/// What came of dead letters so far.
#[derive(Default)]
struct Count {
    replayed: u64,
    /// Given to tasks that had ended.
    left: u64,
}

impl Count {
    fn add(&mut self, round: &Replayed, taken: u64) {
        let files = round.sent.values().flat_map(BTreeMap::values);
        let sent: u64 = files.map(|lines| lines.len() as u64).sum();
        self.replayed += taken;
        self.left += sent.saturating_sub(taken);
    }

    fn ended_by(&self, error: CommandError) -> DispatchError {
        match self.replayed {
            0 => error.into(),
            done => DispatchError::Refused(format!("{error}; {done} had been replayed before")),
        }
    }

    fn told(self, last: Replayed) -> Value {
        let mut reasons = last.reasons;
        if self.left > 0 {
            reasons.push("the input of its task has ended".to_owned());
        }
        json!({
            "replayed": self.replayed,
            "refused": last.refused + self.left,
            "reasons": reasons,
        })
    }
}

/// An id that a client chose for an operation.
fn chosen_id(text: String) -> Result<String, DispatchError> {
    match text.parse::<JobId>() {
        Ok(_) => Ok(text),
        Err(_) => Err(DispatchError::Refused(format!(
            "trigger id \"{text}\": it must be 32 hexadecimal digits"
        ))),
    }
}

/// Slots that a job needs.
pub(super) fn widest(job: &Job) -> u32 {
    let vertices = job.execution.vertices.iter();
    vertices.map(|vertex| vertex.parallelism).max().unwrap_or(1)
}

/// The digest of the component that another one has taken the place of.
fn changed_digest(base: &Job, next: &Job) -> Option<String> {
    let mut pairs = base.components.iter().zip(&next.components);
    let changed = pairs.find(|(old, new)| old.digest != new.digest);
    changed.map(|(old, _)| old.digest.clone())
}

fn outcome(replaced: Replaced) -> Value {
    json!({
        "checkpoint": replaced.checkpoint,
        "in-place": replaced.in_place,
        "pause-ms": replaced.pause_ns as f64 / 1e6,
    })
}
