//! What an attempt is deployed from, and its deployment: what is restored is brought into the form the job needs, the tasks
//! are made, their names are those of no other attempt. It runs on a thread that may block and decides nothing.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use dataflow::clock::Clock;
use dataflow::port::blob::BlobStore;
use dataflow::port::state::StateBackendFactory;
use runtime::task::error::TaskError;
use runtime::task::event::TaskEvent;
use runtime::task::storage_pool::StoragePool;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::deploy::{Deployment, RunningTask};
use super::failure::DeployError;
use super::job::Job;
use super::job_master::Store;
use super::monitor::Monitor;
use super::restore::Inheritance;
use crate::config::{Backend, Config};
use crate::savepoint::convert::{Target, adapt};
use crate::savepoint::state_files::StateFiles;
use crate::storage::blob_store::ObjectBlobStore;
use crate::storage::checkpoint_store::Restorable;

/// What an attempt is deployed from; owned, so that it can go to another thread.
pub(super) struct Blueprint {
    pub(super) job: Arc<Job>,
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Option<Store>,
    pub(super) restorable: Option<Arc<Restorable>>,
    pub(super) allow_non_restored: bool,
    pub(super) run: String,
    pub(super) work_dir: PathBuf,
    pub(super) at_least: u32,
}

pub(super) struct Deployed {
    pub(super) tasks: Vec<RunningTask>,
    pub(super) monitors: Vec<Monitor>,
    pub(super) next_checkpoint: u64,
    pub(super) attempt: u32,
}

impl Blueprint {
    fn blobs(&self, runtime: Handle) -> Result<Arc<dyn BlobStore>, DeployError> {
        if let Some(store) = &self.store {
            let store = store.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(store.blobs());
        }
        // No state is kept then, only output that waits for the end of the job.
        let dir = self.work_dir.join("segments");
        ObjectBlobStore::scratch(&dir, runtime).map_err(|reason| {
            DeployError::from(TaskError::Internal(format!(
                "working directory {}: {reason}",
                dir.display()
            )))
        })
    }

    /// What is restored, in the form the job needs: for its backend, by its schemas.
    fn adapted(&self, blobs: &Arc<dyn BlobStore>) -> Result<Option<Restorable>, DeployError> {
        let Some(restorable) = &self.restorable else {
            return Ok(None);
        };
        let work_dir = self.work_dir.join("adapt");
        let files = StateFiles {
            blobs: Arc::clone(blobs),
            root: PathBuf::new(),
            work_dir: work_dir.clone(),
        };
        let operators = self.job.operators();
        let target = Target {
            operators: &operators,
            max_parallelism: self.job.graph.max_parallelism,
            backend: backends(&self.config),
            blobs: Arc::clone(blobs),
            allow_non_restored: self.allow_non_restored,
            threads: self.config.storage_threads,
        };
        let metadata = adapt(&restorable.metadata, &files, &target)?;
        let _ = std::fs::remove_dir_all(work_dir);
        Ok(Some(Restorable {
            metadata,
            damaged_runs: restorable.damaged_runs.clone(),
            place: restorable.place.clone(),
        }))
    }

    /// Makes the tasks. Blocks: what is restored is read, and rewritten if the job needs it in another form.
    ///
    /// # Errors
    /// What is restored does not fit, or a task cannot be made.
    pub(super) fn deploy(
        &self,
        sender: mpsc::Sender<TaskEvent>,
        runtime: Handle,
    ) -> Result<Deployed, DeployError> {
        let blobs = self.blobs(runtime)?;
        let restorable = self.adapted(&blobs)?;
        let inheritance = Inheritance::new(&self.job, restorable.as_ref())?;
        let attempt = inheritance.attempt().max(self.at_least);
        // Names of one attempt are never those of another: what it published can be told apart.
        let run = format!("{}-{attempt}", self.run);
        if let Some(store) = &self.store {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.begin_run(run.clone());
        }
        let work_dir = self.work_dir.join(format!("attempt-{attempt}"));
        let deployment = Deployment {
            job: &self.job,
            inheritance: &inheritance,
            config: &self.config,
            attempt,
            clock: Arc::clone(&self.clock),
            backends: backends(&self.config),
            storage: Arc::new(StoragePool::start(self.config.storage_threads, blobs)?),
            // Fails only when the attempt is over, and then nobody wants to know.
            events: Arc::new(move |event| drop(sender.blocking_send(event))),
            run,
            work_dir,
        };
        let cached_files = self.work_dir.join("cached-files");
        crate::resources::fetch(&self.job.resources, &cached_files)
            .map_err(|error| DeployError::Resources(format!("{error:#}")))?;
        Ok(Deployed {
            monitors: deployment.monitors()?,
            tasks: deployment.start()?,
            next_checkpoint: inheritance.next_checkpoint(),
            attempt,
        })
    }
}

/// What makes the state backends of a configuration.
pub(crate) fn backends(config: &Config) -> Arc<dyn StateBackendFactory> {
    let full_snapshots = !config.incremental_checkpoints;
    match config.backend {
        Backend::Memory | Backend::Filesystem => {
            let factory = state::HeapBackendFactory::new();
            Arc::new(match full_snapshots {
                true => factory.with_full_snapshots(),
                false => factory,
            })
        }
        Backend::Rocksdb => Arc::new(state::RocksdbBackendFactory::new(state::RocksdbConfig {
            full_snapshots,
            ..state::RocksdbConfig::default()
        })),
    }
}
