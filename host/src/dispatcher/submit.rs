//! From a wish to a running job: components are found, the guest plans its graph, the job is checked, and what was
//! submitted is on disk before anybody is told that it was accepted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use dataflow::ids::JobId;
use dataflow::limits::UPLOAD_CHUNKS_MAX;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::active_job::ActiveJob;
use super::component_store::{Chunk, StoredComponent, label_of};
use super::job_spec::{JobRecord, JobSource, JobSpec};
use super::job_store::Found;
use super::{DispatchError, Dispatcher, Entry, archive::Archive};
use crate::cli::JobArgs;
use crate::commands::origin::Origin;
use crate::commands::submission::Submission;
use crate::config::{self, Config};
use crate::dead_letters;
use crate::job_file::document::ComponentEntry;
use crate::job_file::read;
use crate::scheduler::command::JobHandle;
use crate::scheduler::job::Job;
use crate::scheduler::job_view::JobView;
use crate::storage::current::CURRENT;
use crate::storage::location::Location;

/// Settings that belong to the process: a job cannot move its directories or open its doors.
pub(crate) const OF_THE_PROCESS: [&str; 9] = [
    "data.",
    "log.",
    "rest.",
    "s3.",
    "state.checkpoints.",
    "taskmanager.",
    "web.",
    "jobstore.",
    "security.",
];

/// A checked job with its settings.
pub(crate) struct Prepared {
    /// The job.
    pub(crate) job: Job,
    /// Its settings.
    pub(crate) config: Arc<Config>,
}

impl Dispatcher {
    /// Takes an upload: writes it to disk as it comes, then checks, compiles and keeps it. `name` is a label.
    ///
    /// # Errors
    /// It is no component this host can run, or the directory gives way.
    pub(crate) async fn upload(
        self: &Arc<Self>,
        name: &str,
        chunks: mpsc::Receiver<Chunk>,
    ) -> Result<StoredComponent, DispatchError> {
        let (this, label) = (Arc::clone(self), label_of(name));
        self.blocking(move || this.receive(&label, chunks)).await
    }

    /// A channel for [`Dispatcher::upload`].
    pub(crate) fn upload_channel() -> (mpsc::Sender<Chunk>, mpsc::Receiver<Chunk>) {
        mpsc::channel(UPLOAD_CHUNKS_MAX)
    }

    fn receive(
        &self,
        label: &str,
        chunks: mpsc::Receiver<Chunk>,
    ) -> Result<StoredComponent, DispatchError> {
        let store = self
            .components
            .as_ref()
            .ok_or(DispatchError::NoSubmissions)?;
        let received = store.receive(self.clock.monotonic_ns(), chunks)?;
        let bytes = received.read()?;
        let begun_ns = self.clock.monotonic_ns();
        let refused = |error: anyhow::Error| DispatchError::Refused(crate::one_line(&error));
        let component = self.sandbox.load_bytes(label, &bytes);
        let component = component.map_err(|error| refused(error.into()))?;
        let compile_ns = self.clock.monotonic_ns().saturating_sub(begun_ns);
        let manifest = component
            .describe()
            .map_err(|error| refused(error.into()))?;
        let parameters = serde_json::to_value(&manifest.parameters);
        let description = StoredComponent {
            digest: received.digest.clone(),
            label: label.to_owned(),
            job: manifest.name,
            language: manifest.sdk.language,
            parameters: parameters.unwrap_or_default(),
            bytes: received.bytes,
            uploaded_ms: self.clock.now_ms(),
            compile_ms: compile_ns / 1_000_000,
        };
        store.keep(&received, &description)?;
        Ok(description)
    }

    /// An uploaded component, ready to be asked or planned.
    ///
    /// # Errors
    /// There is none of this digest or name, or its file was damaged.
    pub(crate) async fn load(
        self: &Arc<Self>,
        name: String,
    ) -> Result<(StoredComponent, wasm::Component), DispatchError> {
        let this = Arc::clone(self);
        self.blocking(move || this.load_blocking(&name)).await
    }

    fn load_blocking(
        &self,
        name: &str,
    ) -> Result<(StoredComponent, wasm::Component), DispatchError> {
        let store = self
            .components
            .as_ref()
            .ok_or(DispatchError::NoSubmissions)?;
        let stored = store.find(name)?;
        let path = store.path(&stored);
        let bytes = std::fs::read(&path).map_err(super::durable::failed(&path, "read"))?;
        let component = self.sandbox.load_bytes(&stored.label, &bytes);
        let component =
            component.map_err(|error| DispatchError::Refused(crate::one_line(&error.into())))?;
        Ok((stored, component.at(&path)))
    }

    /// Deletes an uploaded component.
    ///
    /// # Errors
    /// There is none of this digest or name, or a job uses it.
    pub(crate) fn delete_component(&self, name: &str) -> Result<(), DispatchError> {
        let store = self
            .components
            .as_ref()
            .ok_or(DispatchError::NoSubmissions)?;
        let digest = store.find(name)?.digest;
        let jobs = self.active_jobs();
        let uses = |job: &&Arc<ActiveJob>| {
            let digests = job.handle.view.lock().job.digests();
            digests.contains(&digest) && !job.handle.view.status().is_terminal()
        };
        match jobs.iter().find(uses) {
            Some(job) => Err(DispatchError::ComponentInUse(digest, job.record.id)),
            None => store.remove(&digest),
        }
    }

    /// Builds and checks a job without running it.
    ///
    /// # Errors
    /// It is refused.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        spec: JobSpec,
        collect: bool,
    ) -> Result<Prepared, DispatchError> {
        let this = Arc::clone(self);
        self.blocking(move || {
            let prepared = this.prepare_blocking(&spec, collect);
            prepared.map_err(|error| match error.downcast::<DispatchError>() {
                Ok(error) => error,
                Err(error) => DispatchError::Refused(crate::one_line(&error)),
            })
        })
        .await
    }

    fn prepare_blocking(&self, spec: &JobSpec, collect: bool) -> Result<Prepared> {
        let args = JobArgs {
            job: None,
            job_file: None,
            parameters: spec.parameters.clone(),
            grants: spec.grants.clone(),
            cached_files: spec.cached_files.clone(),
            parallelism: spec.parallelism,
            json: false,
        };
        let submission = match &spec.source {
            JobSource::Component { digest } => {
                let digest = spec.current(digest);
                Submission::Loaded(Box::new(self.load_blocking(digest)?.1))
            }
            JobSource::JobFile { yaml } => self.job_file(yaml, spec)?,
            JobSource::Elsewhere => bail!(DispatchError::NoSubmissions),
        };
        let mut settings = submission.settings();
        settings.extend_from_slice(&spec.settings);
        if let Some((key, _)) = settings
            .iter()
            .find(|(key, _)| OF_THE_PROCESS.iter().any(|of| key.starts_with(of)))
        {
            bail!("setting {key}: it belongs to the process and not to a job");
        }
        if let Some(parallelism) = spec.parallelism {
            settings.push(("parallelism.default".to_owned(), parallelism.to_string()));
        }
        let config = config::load_with(&self.sources, &settings)?;
        let job = submission.job(&args, &config, &self.sandbox, &self.clock, collect)?;
        crate::resources::check(&job.graph, &job.resources)
            .with_context(|| format!("job {}", job.graph.name))?;
        let job = job.choose(&spec.chosen, &self.clock)?;
        Ok(Prepared {
            job,
            config: Arc::new(config),
        })
    }

    /// A job file whose components are uploaded ones: it names no file of this machine.
    fn job_file(&self, yaml: &str, spec: &JobSpec) -> Result<Submission> {
        let mut file = read::of_text("job file", Path::new(""), yaml, &spec.parameters)?;
        let store = self
            .components
            .as_ref()
            .ok_or(DispatchError::NoSubmissions)?;
        for (name, entry) in &mut file.job.components {
            let path = match entry {
                ComponentEntry::Path(path) => path,
                ComponentEntry::Full(full) => &mut full.path,
            };
            let named = store
                .find(path)
                .with_context(|| format!("job file: components.{name}"))?;
            let stored = store.find(spec.current(&named.digest))?;
            *path = store.path(&stored).display().to_string();
        }
        Ok(Submission::JobFile(Box::new(file)))
    }

    /// Accepts a job and begins to run it.
    ///
    /// # Errors
    /// It is refused, or there are too many.
    pub(crate) async fn submit(self: &Arc<Self>, spec: JobSpec) -> Result<JobId, DispatchError> {
        let store = self.store.as_ref().ok_or(DispatchError::NoSubmissions)?;
        if self.is_full() {
            return Err(DispatchError::Full);
        }
        let prepared = self.prepare(spec.clone(), false).await?;
        let id = super::supervise::new_job_id()?;
        let restore = spec.restore.clone();
        let mut record = JobRecord::new(id, &prepared.job, spec, self.clock.now_ms());
        match self.origin_of(restore.clone()).await? {
            Origin::Savepoint(path) => record.savepoint = Some(path),
            _ => record.checkpoints = self.checkpoints_of(restore.as_deref(), &record.name)?,
        }
        store.save(&record)?;
        self.start(record, prepared)?;
        Ok(id)
    }

    /// What `latest`, a path or a place in a bucket names.
    pub(super) async fn origin_of(&self, restore: Option<String>) -> Result<Origin, DispatchError> {
        let (s3, runtime) = (self.config.s3.clone(), Handle::current());
        self.blocking(move || Ok(Origin::of(restore.as_deref(), &s3, &runtime)?))
            .await
    }

    /// The data directory of a job: its checkpoints and dead letters.
    pub(super) fn root_of(&self, record: &JobRecord) -> Option<PathBuf> {
        let own = self
            .store
            .as_ref()
            .map(|store| store.checkpoints(record.id));
        record.checkpoints.clone().or(own)
    }

    /// The folder of a job's dead letters: its data directory, if that is on this machine.
    pub(super) fn folder_of(&self, record: &JobRecord) -> Option<PathBuf> {
        let root = self.root_of(record)?;
        if !Location::is_remote_name(&root) {
            return Some(root);
        }
        let store = self.store.as_ref()?;
        Some(store.checkpoints(record.id))
    }

    /// The folder of another job's checkpoints that a job begins from, if it does.
    pub(super) fn checkpoints_of(
        &self,
        restore: Option<&str>,
        name: &str,
    ) -> Result<Option<PathBuf>, DispatchError> {
        let (Some(restore), Some(store)) = (restore, &self.store) else {
            return Ok(None);
        };
        if restore != "latest" {
            return Ok(Some(PathBuf::from(restore)));
        }
        let of_name = self.jobs().into_iter().filter_map(|entry| match entry {
            Entry::Ended(archive) if archive.name() == name => Some(archive.id),
            _ => None,
        });
        let mut folders = of_name.map(|id| store.checkpoints(id));
        let found = folders.find(|folder| match self.config.checkpoints_of(folder) {
            Location::Local(dir) => dir.join(CURRENT).is_file(),
            // Whether there is one shows when it is opened.
            Location::S3 { .. } => true,
        });
        let none = || {
            let reason = format!("no job {name} that has ended has a checkpoint to begin from");
            DispatchError::Refused(reason)
        };
        found.map(Some).ok_or_else(none)
    }

    fn start(self: &Arc<Self>, record: JobRecord, prepared: Prepared) -> Result<(), DispatchError> {
        let Prepared { mut job, config } = prepared;
        if let Some(root) = self.folder_of(&record) {
            let kept = dead_letters::keep(&mut job, &config.guest, &root, &self.clock);
            kept.map_err(|error| DispatchError::Refused(crate::one_line(&error)))?;
        }
        let job = Arc::new(job);
        let view = JobView::new(record.id, Arc::clone(&job), record.submitted_ms);
        let (handle, commands) = JobHandle::new(Arc::new(view));
        let active = ActiveJob::new(record, config, handle, Arc::clone(&self.logs));
        let active = self.adopt(active);
        let span = tracing::info_span!("job", job = %active.record.id);
        tokio::spawn(
            Arc::clone(self)
                .supervise(active, job, commands)
                .instrument(span),
        );
        Ok(())
    }

    /// Takes up the jobs that an earlier process had accepted: those that ran go on from their last checkpoints.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(crate) async fn take_up(self: &Arc<Self>) -> Result<(), DispatchError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let mut records = Vec::new();
        for found in store.load()? {
            match found {
                Found::Active(record) => records.push(*record),
                Found::Ended(archive) => self.retire(archive),
            }
        }
        records.sort_by_key(|record| record.submitted_ms);
        for record in records {
            let prepared = self.prepare(record.spec.clone(), false).await;
            if let Err(error) = prepared.and_then(|it| self.start(record.clone(), it)) {
                self.lose(&record, &error.to_string());
            }
        }
        Ok(())
    }

    /// A job that cannot be taken up again has failed.
    fn lose(&self, record: &JobRecord, reason: &str) {
        tracing::error!(job = %record.id, name = record.name, reason, "cannot be taken up again");
        let now_ms = self.clock.now_ms();
        let archive = Archive {
            id: record.id,
            submitted_ms: record.submitted_ms,
            ended_ms: now_ms,
            documents: (self.renderer.lost)(record, reason, now_ms),
        };
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.end(&archive)) {
            tracing::error!(job = %record.id, %error, "its end could not be kept");
        }
        self.retire(archive);
    }

    /// Runs what may block, so many at once.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, DispatchError> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let permit = Arc::clone(&self.plans).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await
            .unwrap_or_else(|panic| Err(DispatchError::Internal(panic.to_string())))
    }
}
