//! What a job begins from: nothing, its last checkpoint, the checkpoints in a directory, or a savepoint. Whoever gives a
//! path need not say which; the directory does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use dataflow::clock::Clock;
use tokio::runtime::Handle;

use super::run::{file_name_of, open_store};
use crate::config::Config;
use crate::savepoint::bundle;
use crate::savepoint::convert::{Target, adapt};
use crate::savepoint::error::SavepointError;
use crate::savepoint::folder::Folder;
use crate::savepoint::state_files::StateFiles;
use crate::scheduler::blueprint::backends;
use crate::scheduler::job::Job;
use crate::scheduler::job_master::Store;
use crate::storage::checkpoint_store::{CheckpointStore, Restorable, RestoredPlace};
use crate::storage::s3::S3Config;

/// What a job begins from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Its beginning.
    #[default]
    Beginning,
    /// Its own last checkpoint.
    Latest,
    /// The last of the checkpoints in a directory, which it goes on using.
    Checkpoints(PathBuf),
    /// A savepoint, which stays as it is.
    Savepoint(PathBuf),
}

impl Origin {
    /// Finds out what `latest` or a path names. Asks a bucket if that is one; blocks then.
    ///
    /// # Errors
    /// The bucket cannot be asked.
    pub(crate) fn of(
        from: Option<&str>,
        s3: &S3Config,
        runtime: &Handle,
    ) -> Result<Self, SavepointError> {
        Ok(match from {
            None => Self::Beginning,
            Some("latest") => Self::Latest,
            Some(path) => {
                let path = PathBuf::from(path);
                // The manifest itself may be named, as Flink has it.
                let dir = if path.ends_with(bundle::MANIFEST) {
                    path.parent().map_or(path.clone(), Path::to_owned)
                } else {
                    path
                };
                if Folder::open(&dir, s3, runtime)?.is_savepoint()? {
                    Self::Savepoint(dir)
                } else {
                    Self::Checkpoints(dir)
                }
            }
        })
    }

    /// As the store of checkpoints is told.
    fn restore(&self) -> Option<&str> {
        match self {
            Self::Beginning | Self::Savepoint(_) => None,
            Self::Latest | Self::Checkpoints(_) => Some("latest"),
        }
    }

    /// Where the job keeps its checkpoints.
    pub(crate) fn root(&self, job: &Job, config: &Config) -> PathBuf {
        match self {
            Self::Checkpoints(path) => path.clone(),
            _ => config.data_dir.join(file_name_of(&job.graph.name)),
        }
    }

    /// Opens the checkpoints of a job, and what it begins from. State of a savepoint is read, and written as the job's
    /// first checkpoint; that takes its time and blocks.
    ///
    /// # Errors
    /// There is nothing to begin from, it does not fit, or the directory is not to be had.
    pub(crate) fn open(
        &self,
        begin: &Begin<'_>,
        handle: &Handle,
    ) -> Result<(Option<Store>, Option<Restorable>)> {
        let Begin {
            config, root, run, ..
        } = begin;
        let (store, restorable) = open_store(self.restore(), config, root, run, handle)?;
        let Self::Savepoint(dir) = self else {
            return Ok((store, restorable));
        };
        let store = match store {
            Some(store) => store,
            None => {
                let retained = config.retained_checkpoints;
                let run = (*run).to_owned();
                let place = config.checkpoints_of(root);
                let opened =
                    CheckpointStore::open(&place, &config.s3, run, retained, handle.clone());
                let opened = opened?.with_concurrent(config.max_concurrent_checkpoints);
                Arc::new(Mutex::new(opened))
            }
        };
        let restorable = begin.import(dir, &store, handle)?;
        Ok((Some(store), Some(restorable)))
    }
}

/// What a job begins with.
pub(crate) struct Begin<'a> {
    /// The job.
    pub(crate) job: &'a Job,
    /// Its settings.
    pub(crate) config: &'a Config,
    /// Its data directory.
    pub(crate) root: &'a Path,
    /// Marks the temporary names of this start.
    pub(crate) run: &'a str,
    /// Time.
    pub(crate) clock: &'a Arc<dyn Clock>,
    /// Whether state of operators that the job does not have is left out.
    pub(crate) allow_non_restored: bool,
}

impl Begin<'_> {
    /// Makes the job's first checkpoint of a savepoint.
    fn import(&self, dir: &Path, store: &Store, handle: &Handle) -> Result<Restorable> {
        let began_ns = self.clock.monotonic_ns();
        let work_dir = self
            .config
            .tmp_dir
            .join(format!("wasmill-{}-import", self.run));
        let fetched = Folder::open(dir, &self.config.s3, handle)
            .and_then(|folder| folder.on_disk(work_dir.join("fetched")));
        let restored = fetched
            .map_err(anyhow::Error::from)
            .and_then(|fetched| self.convert(dir, &fetched, &work_dir, store));
        let _ = std::fs::remove_dir_all(&work_dir);
        let restorable = restored.with_context(|| format!("savepoint {}", dir.display()))?;
        let seconds = (self.clock.monotonic_ns() - began_ns) as f64 / 1e9;
        tracing::info!(savepoint = %dir.display(), seconds, "read");
        Ok(restorable)
    }

    /// Reads the savepoint of this name, which is in `dir` on this machine.
    fn convert(
        &self,
        named: &Path,
        dir: &Path,
        work_dir: &Path,
        store: &Store,
    ) -> Result<Restorable> {
        let manifest = bundle::read(dir)?;
        let mut store = store
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let files = StateFiles {
            blobs: store.blobs(),
            root: dir.to_owned(),
            work_dir: work_dir.to_owned(),
        };
        let operators = self.job.operators();
        if manifest.checkpoint.operators.is_empty() {
            bail!("its manifest names no operators");
        }
        let target = Target {
            operators: &operators,
            max_parallelism: self.job.graph.max_parallelism,
            backend: backends(self.config),
            blobs: store.blobs(),
            allow_non_restored: self.allow_non_restored,
            threads: self.config.storage_threads,
        };
        let metadata = adapt(&manifest.checkpoint, &files, &target)?;
        // From here on it is a checkpoint like any other: the job goes back to it until it has one of its own.
        store.commit(&metadata)?;
        Ok(Restorable {
            metadata,
            damaged_runs: Vec::new(),
            place: RestoredPlace {
                path: named.display().to_string(),
                is_savepoint: true,
            },
        })
    }
}
