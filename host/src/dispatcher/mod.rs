//! Many jobs side by side in one process: the session cluster without its doors.
//!
//! Reading order: [`job_spec`] (what was submitted), [`submit`] (from a wish to a checked job), [`slots`] (the right to
//! run), [`supervise`] (from the slots to the end), [`active_job`] and [`archive`] (what can be seen while a job lives and
//! after it), [`job_store`] and [`component_store`] (what survives the process).
//!
//! Invariant: jobs share slots and the component store, and nothing else; ending one never disturbs another.

pub(crate) mod active_job;
pub(crate) mod archive;
pub(crate) mod component_store;
mod durable;
mod error;
pub(crate) mod job_spec;
mod job_store;
pub(crate) mod operations;
mod orders;
mod preview;
pub(crate) mod rates;
mod slots;
mod states;
mod submit;
mod supervise;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::ids::JobId;
use dataflow::limits::ACTIVE_JOBS_MAX;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use crate::config::{Config, ConfigSources};
use crate::dead_letters;
use crate::job_log::JobLogs;
use crate::savepoint::folder::Folder;
use crate::scheduler::command::JobCommand;
use crate::storage::location::Location;
use active_job::ActiveJob;
use archive::{Archive, Documents};
use component_store::ComponentStore;
pub(crate) use error::DispatchError;
use job_spec::JobRecord;
use job_store::JobStore;
use operations::Operations;
use slots::Slots;
pub(crate) use submit::OF_THE_PROCESS;
pub(crate) use supervise::new_job_id;

/// Components that are loaded or planned at the same time.
const PLANS_AT_ONCE: usize = 4;

/// Pieces of a download that wait to be taken.
const DOWNLOAD_PIECES: usize = 4;

/// How often figures become rates.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// How long jobs have for their last checkpoints when the process ends.
const SUSPEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes the documents of a job, so that an ended job answers as a running one did. The doors give it.
#[derive(Clone, Copy)]
pub(crate) struct Renderer {
    /// Of a job that this process has run.
    pub(crate) job: fn(&ActiveJob, now_ms: i64) -> Documents,
    /// Of a job that could not be taken up again, with the reason.
    pub(crate) lost: fn(&JobRecord, reason: &str, now_ms: i64) -> Documents,
}

/// A job by what is left of it.
#[derive(Clone)]
pub(crate) enum Entry {
    /// It has not ended.
    Active(Arc<ActiveJob>),
    /// It has.
    Ended(Arc<Archive>),
}

/// Where jobs are submitted and found. Shared by all threads; locks are held for a moment only.
pub(crate) struct Dispatcher {
    /// The configuration of the process.
    pub(crate) config: Arc<Config>,
    /// Where that came from: a job's own settings are layered upon it.
    pub(crate) sources: ConfigSources,
    /// Uploaded components; none in a process that runs one job.
    pub(crate) components: Option<ComponentStore>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// When the process began (milliseconds since the Unix epoch).
    pub(crate) started_ms: i64,
    sandbox: wasm::Runtime,
    slots: Slots,
    plans: Arc<Semaphore>,
    store: Option<JobStore>,
    /// What takes longer than a request.
    pub(crate) operations: Operations,
    /// What jobs logged.
    pub(crate) logs: Arc<JobLogs>,
    jobs: Mutex<BTreeMap<JobId, Entry>>,
    renderer: Renderer,
}

impl Dispatcher {
    /// A dispatcher that takes submissions and keeps everything below a directory, which belongs to this process.
    ///
    /// # Errors
    /// The directory cannot be used, or another process has it.
    pub(crate) fn open(
        config: Arc<Config>,
        sources: ConfigSources,
        sandbox: wasm::Runtime,
        clock: Arc<dyn Clock>,
        renderer: Renderer,
        logs: Arc<JobLogs>,
        dir: &Path,
    ) -> Result<Self, DispatchError> {
        let store = JobStore::open(dir)?;
        let uploads = config.cluster.upload_dir.clone();
        let uploads = uploads.unwrap_or_else(|| dir.join("components"));
        let components = ComponentStore::open(&uploads)?;
        let mut this = Self::of_one_job(config, sources, sandbox, clock, renderer, logs);
        (this.store, this.components) = (Some(store), Some(components));
        Ok(this)
    }

    /// A dispatcher that only shows jobs which others run.
    pub(crate) fn of_one_job(
        config: Arc<Config>,
        sources: ConfigSources,
        sandbox: wasm::Runtime,
        clock: Arc<dyn Clock>,
        renderer: Renderer,
        logs: Arc<JobLogs>,
    ) -> Self {
        Self {
            slots: Slots::new(config.cluster.slots),
            config,
            sources,
            components: None,
            started_ms: clock.now_ms(),
            clock,
            sandbox,
            plans: Arc::new(Semaphore::new(PLANS_AT_ONCE)),
            store: None,
            operations: Operations::default(),
            logs,
            jobs: Mutex::default(),
            renderer,
        }
    }

    /// Every job, the newest first.
    pub(crate) fn jobs(&self) -> Vec<Entry> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<Entry> = jobs.values().cloned().collect();
        drop(jobs);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.submitted_ms()));
        entries
    }

    /// A job.
    ///
    /// # Errors
    /// There is none of this id.
    pub(crate) fn job(&self, id: JobId) -> Result<Entry, DispatchError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.get(&id).cloned().ok_or(DispatchError::NoSuchJob(id))
    }

    /// A job that has not ended.
    ///
    /// # Errors
    /// There is none of this id, or it has ended.
    pub(crate) fn active(&self, id: JobId) -> Result<Arc<ActiveJob>, DispatchError> {
        match self.job(id)? {
            Entry::Active(job) => Ok(job),
            Entry::Ended(archive) => Err(DispatchError::Ended(id, archive.state().to_owned())),
        }
    }

    /// Jobs that have not ended.
    pub(crate) fn active_jobs(&self) -> Vec<Arc<ActiveJob>> {
        let active = |entry| match entry {
            Entry::Active(job) => Some(job),
            Entry::Ended(_) => None,
        };
        self.jobs().into_iter().filter_map(active).collect()
    }

    /// Slots of this process, and those that are free.
    pub(crate) fn slots(&self) -> (u32, u32) {
        self.slots.total_and_free()
    }

    /// Tells a job to stop at once. It has not ended yet when this returns.
    ///
    /// # Errors
    /// There is none of this id, it has ended, or too many commands wait.
    pub(crate) fn cancel(&self, id: JobId) -> Result<(), DispatchError> {
        let job = self.active(id)?;
        job.handle.send(JobCommand::Cancel)?;
        Ok(())
    }

    /// Whether a job has come to its end; then its end is kept when this returns. A dispatcher that only shows a job
    /// keeps nothing and never waits.
    pub(crate) async fn keeps_end_of(&self, job: &ActiveJob) -> bool {
        let ending = self.store.is_some() && job.handle.view.status().is_terminal();
        if ending {
            job.ended().await;
        }
        ending
    }

    /// Whether jobs among those that are active have come to their end; then it is kept when this returns.
    pub(crate) async fn keeps_ends(&self) -> bool {
        let mut any = false;
        for job in self.active_jobs() {
            any |= self.keeps_end_of(&job).await;
        }
        any
    }

    /// Forgets a job that has ended, with its checkpoints.
    ///
    /// # Errors
    /// There is none of this id, or it has not ended.
    pub(crate) async fn forget_ended(&self, id: JobId) -> Result<(), DispatchError> {
        if let Entry::Active(job) = self.job(id)? {
            self.keeps_end_of(&job).await;
        }
        self.forget(id)
    }

    fn forget(&self, id: JobId) -> Result<(), DispatchError> {
        if let Entry::Active(job) = self.job(id)? {
            return Err(DispatchError::NotEnded(id, job.handle.view.status().name()));
        }
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        self.logs.forget(id);
        let Some(store) = &self.store else {
            return Ok(());
        };
        let roots = self.active_jobs().into_iter();
        let roots: Vec<_> = roots.filter_map(|job| job.record.checkpoints()).collect();
        self.clear_elsewhere(&store.checkpoints(id), &roots);
        store.remove(id, &roots)
    }

    /// Removes the checkpoints of a job that are not in its own folder but below `state.checkpoints.dir`, unless another
    /// job goes on with them. Nobody waits for that: a bucket may take its time, and what it refuses is logged.
    fn clear_elsewhere(&self, root: &Path, roots: &[PathBuf]) {
        let place = self.config.checkpoints_of(root);
        let is_own = place == Location::Local(root.to_owned());
        let in_use = roots
            .iter()
            .any(|it| self.config.checkpoints_of(it) == place);
        if is_own || in_use {
            return;
        }
        let (s3, runtime) = (self.config.s3.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            let name = PathBuf::from(place.to_string());
            let cleared = Folder::open(&name, &s3, &runtime).and_then(|folder| folder.clear());
            if let Err(error) = cleared {
                tracing::warn!(%error, "checkpoints of a forgotten job could not be removed");
            }
        });
    }

    /// The records that a job could not process, so many of them.
    ///
    /// # Errors
    /// There is no job of this id, or its folder cannot be read.
    pub(crate) async fn dead_letters(
        &self,
        id: JobId,
        limit: usize,
    ) -> Result<Vec<Value>, DispatchError> {
        self.of_dead_letters(id, move |root| dead_letters::read::read(root, limit))
            .await
    }

    /// Those records as lines, in pieces, as fast as they are taken.
    ///
    /// # Errors
    /// There is no job of this id.
    pub(crate) fn dead_letter_lines(
        self: &Arc<Self>,
        id: JobId,
    ) -> Result<mpsc::Receiver<std::io::Result<Vec<u8>>>, DispatchError> {
        let _ = self.job(id)?;
        let (pieces, taken) = mpsc::channel(DOWNLOAD_PIECES);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let sender = pieces.clone();
            let read = move |root: &Path| dead_letters::read::pieces(root, &sender);
            if let Err(error) = this.of_dead_letters(id, read).await {
                let error = std::io::Error::other(error.to_string());
                let _ = pieces.send(Err(error)).await;
            }
        });
        Ok(taken)
    }

    /// Discards those records; how many there were.
    ///
    /// # Errors
    /// As [`Dispatcher::dead_letters`]; or a file cannot be emptied.
    pub(crate) async fn discard_dead_letters(&self, id: JobId) -> Result<u64, DispatchError> {
        self.of_dead_letters(id, dead_letters::read::discard).await
    }

    /// What is done with the folder of a job's dead letters; nothing, if it has none.
    pub(crate) async fn of_dead_letters<T: Default + Send + 'static>(
        &self,
        id: JobId,
        work: impl FnOnce(&Path) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let root = match self.job(id)? {
            Entry::Active(job) => self.folder_of(&job.record),
            Entry::Ended(_) => self.store.as_ref().map(|store| store.checkpoints(id)),
        };
        let Some(root) = root else {
            return Ok(T::default());
        };
        let done = tokio::task::spawn_blocking(move || work(&root)).await;
        let done = done.map_err(|panic| DispatchError::Internal(panic.to_string()))?;
        done.map_err(|error| DispatchError::Internal(crate::one_line(&error)))
    }

    /// Shows a job that somebody else runs.
    pub(crate) fn adopt(&self, job: ActiveJob) -> Arc<ActiveJob> {
        let job = Arc::new(job);
        let entry = Entry::Active(Arc::clone(&job));
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(job.record.id, entry);
        job
    }

    /// Turns the figures of every task into rates, again and again.
    pub(crate) async fn sample(self: Arc<Self>) {
        let mut interval = tokio::time::interval(SAMPLE_INTERVAL);
        loop {
            interval.tick().await;
            for job in self.active_jobs() {
                job.sample(self.clock.monotonic_ns());
            }
        }
    }

    /// Stops every job with a last checkpoint, as far as they take one; the next process goes on with them.
    pub(crate) async fn suspend_all(&self) {
        for job in self.active_jobs() {
            // One that ends just now needs no command.
            let _ = job.handle.send(JobCommand::Suspend);
        }
        let all = async {
            for job in self.active_jobs() {
                job.ended().await;
            }
        };
        if tokio::time::timeout(SUSPEND_TIMEOUT, all).await.is_err() {
            tracing::warn!(
                "jobs were still running after {SUSPEND_TIMEOUT:?}; they go on from the checkpoint before"
            );
        }
    }

    fn is_full(&self) -> bool {
        self.active_jobs().len() >= ACTIVE_JOBS_MAX
    }

    /// Remembers how a job ended, and forgets the oldest that ended beyond what the configuration allows.
    fn retire(&self, archive: Archive) {
        let id = archive.id;
        let archive = Arc::new(archive);
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(id, Entry::Ended(archive));
        let mut ended: Vec<(i64, JobId)> = jobs
            .iter()
            .filter_map(|(id, entry)| match entry {
                Entry::Ended(archive) => Some((archive.ended_ms, *id)),
                Entry::Active(_) => None,
            })
            .collect();
        drop(jobs);
        ended.sort_unstable();
        let beyond = ended.len().saturating_sub(self.config.cluster.history_max);
        for (_, id) in ended.into_iter().take(beyond) {
            if let Err(error) = self.forget(id) {
                tracing::warn!(job = %id, %error, "could not be forgotten");
            }
        }
    }
}

impl Entry {
    /// When it was submitted (milliseconds since the Unix epoch).
    pub(crate) fn submitted_ms(&self) -> i64 {
        match self {
            Self::Active(job) => job.record.submitted_ms,
            Self::Ended(archive) => archive.submitted_ms,
        }
    }
}
