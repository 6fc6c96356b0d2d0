//! One job from its acceptance to its end: slots, checkpoints, the job master, and what is left at the end.

use std::sync::Arc;

use dataflow::ids::JobId;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::active_job::ActiveJob;
use super::archive::Archive;
use super::orders::widest;
use super::{DispatchError, Dispatcher};
use crate::commands::origin::{Begin, Origin};
use crate::scheduler::command::{CommandError, JobCommand};
use crate::scheduler::job::Job;
use crate::scheduler::job_master::{JobMaster, Outcome};
use crate::scheduler::job_view::FailureRecord;
use crate::scheduler::order::Order;
use crate::storage::checkpoint_store::StoreError;
use crate::storage::current::CURRENT;
use crate::storage::location::Location;
use dataflow::job::status::JobStatus;

/// A new name that no other job has.
pub(crate) fn new_job_id() -> Result<JobId, DispatchError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| {
        DispatchError::Internal(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(JobId(id))
}

impl Dispatcher {
    /// Sees a job through. What happens to it is in its view; it is in the archive when this returns, unless the process
    /// ends and the next one goes on with it.
    pub(super) async fn supervise(
        self: Arc<Self>,
        active: Arc<ActiveJob>,
        job: Arc<Job>,
        mut commands: mpsc::Receiver<JobCommand>,
    ) {
        let wanted = widest(&job);
        let timeout = active.config.cluster.slot_timeout;
        let slots = tokio::select! {
            slots = self.slots.take(wanted, timeout) => Some(slots),
            () = self.ended_by(&active, &mut commands) => None,
        };
        match slots {
            Some(Ok(slots)) => {
                *active.slots() = Some(slots);
                let end = self.run(&active, job, commands).await;
                *active.slots() = None;
                if let Err(reason) = end {
                    self.fail(&active, reason);
                }
            }
            Some(Err(none)) => self.fail(&active, none.to_string()),
            None => {}
        }
        active.rates().clear();
        if active.handle.view.status().is_terminal() {
            self.keep(&active);
        }
        active.is_over();
    }

    /// Answers commands of a job that waits for slots, until one of them ends it.
    async fn ended_by(&self, active: &ActiveJob, commands: &mut mpsc::Receiver<JobCommand>) {
        let view = &active.handle.view;
        let not_now = || CommandError::NotNow(JobStatus::Created.name());
        while let Some(command) = commands.recv().await {
            match command {
                JobCommand::Cancel => {
                    view.transition(JobStatus::Cancelling, self.clock.now_ms());
                    return view.transition(JobStatus::Canceled, self.clock.now_ms());
                }
                JobCommand::Suspend => {
                    return view.transition(JobStatus::Suspended, self.clock.now_ms());
                }
                JobCommand::Checkpoint(reply) => Order::Checkpoint(reply).refuse(not_now()),
                JobCommand::Savepoint(order) => Order::Savepoint(order).refuse(not_now()),
                JobCommand::Replace(order) => Order::Replace(order).refuse(not_now()),
                JobCommand::Replay(order) => Order::Replay(order).refuse(not_now()),
            }
        }
        // The handle is gone with the process.
        std::future::pending().await
    }

    /// Runs a job that has its slots. A failure of the job itself is in its view already; what is returned is not.
    async fn run(
        &self,
        active: &Arc<ActiveJob>,
        job: Arc<Job>,
        commands: mpsc::Receiver<JobCommand>,
    ) -> Result<(), String> {
        let record = &active.record;
        let now_ms = self.clock.now_ms();
        let run = format!(
            "{now_ms:x}-{:x}-{}",
            std::process::id(),
            &record.id.to_string()[..8]
        );
        let Some(root) = self.root_of(record) else {
            return Err("there is no directory for its checkpoints".to_owned());
        };
        let (must_restore, savepoint) = (record.checkpoints.is_some(), record.savepoint.clone());
        let (config, handle, named) = (Arc::clone(&active.config), Handle::current(), run.clone());
        let (begins, clock) = (Arc::clone(&job), Arc::clone(&self.clock));
        let allow_non_restored = record.spec.allow_non_restored;
        let opened = tokio::task::spawn_blocking(move || {
            let open = |from: &Origin| {
                let begin = Begin {
                    job: &begins,
                    config: &config,
                    root: &root,
                    run: &named,
                    clock: &clock,
                    allow_non_restored,
                };
                from.open(&begin, &handle)
            };
            let fresh = savepoint.map_or(Origin::Beginning, Origin::Savepoint);
            // A process before may have run it already; of a bucket only opening it tells.
            let begun = match config.checkpoints_of(&root) {
                Location::Local(dir) => dir.join(CURRENT).is_file(),
                Location::S3 { .. } => config.checkpoint_interval.is_some(),
            };
            if must_restore || begun {
                match open(&Origin::Latest) {
                    Err(error) if !must_restore && is_nothing(&error) => open(&fresh),
                    opened => opened,
                }
            } else {
                open(&fresh)
            }
        });
        let opened = opened.await.map_err(|panic| panic.to_string())?;
        let (store, restorable) = opened.map_err(|error| crate::one_line(&error))?;
        let master = JobMaster {
            job,
            config: Arc::clone(&active.config),
            clock: Arc::clone(&self.clock),
            store,
            restorable: restorable.map(Arc::new),
            allow_non_restored: record.spec.allow_non_restored,
            view: Arc::clone(&active.handle.view),
            commands,
            work_dir: active.config.tmp_dir.join(format!("wasmill-{run}")),
            run,
        };
        match master.run().await {
            Ok(Outcome::Finished(reports) | Outcome::Savepoint(_, reports)) => {
                active.handle.view.lock().reports = reports;
            }
            Ok(Outcome::Stopped(_)) => {}
            Err(failure) => {
                tracing::error!(job = %record.id, name = record.name, %failure, "failed")
            }
        }
        Ok(())
    }

    /// A job that never had an attempt has failed.
    fn fail(&self, active: &ActiveJob, reason: String) {
        let view = &active.handle.view;
        let now_ms = self.clock.now_ms();
        tracing::error!(job = %active.record.id, name = active.record.name, reason, "failed");
        view.lock().failed(FailureRecord {
            at_ms: now_ms,
            attempt: 0,
            task: None,
            causes: vec![reason],
            answer: Err("it was not deployed".to_owned()),
        });
        view.transition(JobStatus::Failing, now_ms);
        view.transition(JobStatus::Failed, now_ms);
    }

    /// Keeps what is left of a job that has ended.
    fn keep(&self, active: &ActiveJob) {
        let now_ms = self.clock.now_ms();
        let archive = Archive {
            id: active.record.id,
            submitted_ms: active.record.submitted_ms,
            ended_ms: now_ms,
            documents: (self.renderer.job)(active, now_ms),
        };
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.end(&archive)) {
            tracing::error!(job = %archive.id, %error, "its end could not be kept");
        }
        self.retire(archive);
    }
}

/// Whether there was no completed checkpoint to begin from.
fn is_nothing(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<StoreError>();
    matches!(cause, Some(StoreError::Nothing(_)))
}
