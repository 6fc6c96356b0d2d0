//! What was saved, looked at for the API: the states of a job, and whether what was saved fits a job that is to begin from
//! it. Only files are read; no running task is asked, and nothing is changed.

use std::path::PathBuf;

use dataflow::ids::JobId;

use super::submit::Prepared;
use super::{DispatchError, Dispatcher, Entry, new_job_id};
use crate::commands::origin::Origin;
use crate::savepoint::fit::Fit;
use crate::savepoint::saved_state::SavedState;
use crate::storage::current::CURRENT;
use crate::storage::location::Location;

impl Dispatcher {
    /// Looks at what a job keeps, as of its last completed checkpoint.
    ///
    /// # Errors
    /// There is no job of this id, it keeps no checkpoints, or one cannot be read.
    pub(crate) async fn saved_state<T: Send + 'static>(
        &self,
        id: JobId,
        look: impl FnOnce(&SavedState) -> Result<T, DispatchError> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let root = match self.job(id)? {
            Entry::Active(job) => self.root_of(&job.record),
            Entry::Ended(_) => self.store.as_ref().map(|store| store.checkpoints(id)),
        };
        let none = || DispatchError::NoState("the job keeps no checkpoints in files".to_owned());
        let place = root.map(|root| self.config.checkpoints_of(&root));
        let place = place.filter(|place| match place {
            Location::Local(dir) => dir.join(CURRENT).is_file(),
            // Whether there is one shows when it is opened.
            Location::S3 { .. } => true,
        });
        let place = place.ok_or_else(none)?.to_string();
        self.look_into(PathBuf::from(place), look).await
    }

    /// How saved state fits a prepared job; `None` if the job begins from nothing.
    ///
    /// # Errors
    /// There is nothing at the place it begins from, or it cannot be read.
    pub(crate) async fn fit(
        &self,
        restore: Option<&str>,
        prepared: &Prepared,
    ) -> Result<Option<Fit>, DispatchError> {
        let root = match self.origin_of(restore.map(str::to_owned)).await? {
            Origin::Savepoint(path) => Some(path),
            _ => {
                let root = self.checkpoints_of(restore, &prepared.job.graph.name)?;
                let place = root.map(|root| self.config.checkpoints_of(&root));
                place.map(|place| PathBuf::from(place.to_string()))
            }
        };
        let Some(root) = root else {
            return Ok(None);
        };
        let operators = prepared.job.operators();
        let max_parallelism = prepared.job.graph.max_parallelism;
        let fit = self.look_into(root, move |saved| {
            Ok(saved.fit(&operators, max_parallelism)?)
        });
        Ok(Some(fit.await?))
    }

    async fn look_into<T: Send + 'static>(
        &self,
        root: PathBuf,
        look: impl FnOnce(&SavedState) -> Result<T, DispatchError> + Send + 'static,
    ) -> Result<T, DispatchError> {
        let name = format!("wasmill-states-{}", new_job_id()?);
        let work_dir = self.config.tmp_dir.join(name);
        let (s3, runtime) = (self.config.s3.clone(), tokio::runtime::Handle::current());
        self.blocking(move || look(&SavedState::open(&root, work_dir, &s3, &runtime)?))
            .await
    }
}
