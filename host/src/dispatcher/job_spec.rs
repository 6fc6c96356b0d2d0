//! What was submitted, as it is kept on disk until the job is forgotten: enough to build the same job again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dataflow::ids::JobId;
use serde::{Deserialize, Serialize};

use crate::scheduler::job::Job;
use crate::scheduler::parallelism::Chosen;

/// Version of the record.
pub(super) const VERSION: u32 = 1;

/// A wish for a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobSpec {
    /// What builds the graph.
    pub(crate) source: JobSource,
    /// Parameters of the job.
    pub(crate) parameters: Vec<(String, String)>,
    /// Configuration that goes before the process's.
    pub(crate) settings: Vec<(String, String)>,
    /// Directories for operators that ask for one.
    pub(crate) grants: Vec<(String, String)>,
    /// Files that operators read by name.
    pub(crate) cached_files: Vec<(String, String)>,
    /// Subtasks of operators that do not say otherwise.
    pub(crate) parallelism: Option<u32>,
    /// Subtasks that were chosen for single operators while it ran.
    #[serde(default, skip_serializing_if = "Chosen::is_empty")]
    pub(crate) chosen: Chosen,
    /// What it begins from, if not from its beginning: `latest`, the folder of a job's checkpoints, or a savepoint.
    pub(crate) restore: Option<String>,
    /// Whether state of operators that the job does not have is left out when it begins.
    #[serde(default)]
    pub(crate) allow_non_restored: bool,
    /// Components that others have taken the place of while it ran: the digest it was submitted with, and the digest now.
    #[serde(default)]
    pub(crate) swapped: BTreeMap<String, String>,
}

impl JobSpec {
    /// The digest of what runs in the place of a component.
    pub(crate) fn current<'a>(&'a self, submitted: &'a str) -> &'a str {
        self.swapped
            .get(submitted)
            .map_or(submitted, String::as_str)
    }

    /// A component has taken the place of another.
    pub(crate) fn swapped(&mut self, old: &str, new: &str) {
        let mut known = false;
        for now in self.swapped.values_mut().filter(|now| *now == old) {
            known = true;
            new.clone_into(now);
        }
        if !known {
            self.swapped.insert(old.to_owned(), new.to_owned());
        }
        self.swapped.retain(|submitted, now| submitted != now);
    }
}

/// What builds the graph of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) enum JobSource {
    /// An uploaded component.
    Component {
        /// Its digest.
        digest: String,
    },
    /// A job file that names uploaded components.
    JobFile {
        /// The text.
        yaml: String,
    },
    /// Another process's business: nothing is kept.
    Elsewhere,
}

/// A submitted job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRecord {
    /// Version of the record.
    pub(super) version: u32,
    /// Its id.
    #[serde(with = "id_as_text")]
    pub(crate) id: JobId,
    /// Its name.
    pub(crate) name: String,
    /// What was wished for.
    pub(crate) spec: JobSpec,
    /// Digests of its components.
    pub(crate) components: Vec<String>,
    /// When (milliseconds since the Unix epoch).
    pub(crate) submitted_ms: i64,
    /// Where its checkpoints are, if not in its own folder.
    pub(crate) checkpoints: Option<PathBuf>,
    /// The savepoint it begins from, if it does.
    #[serde(default)]
    pub(crate) savepoint: Option<PathBuf>,
}

impl JobRecord {
    /// A job that keeps its checkpoints where its process has them.
    pub(crate) fn new(id: JobId, job: &Job, spec: JobSpec, submitted_ms: i64) -> Self {
        Self {
            version: VERSION,
            id,
            name: job.graph.name.clone(),
            spec,
            components: job.digests(),
            submitted_ms,
            checkpoints: None,
            savepoint: None,
        }
    }

    /// The folder of another job that this one goes on with.
    pub(crate) fn checkpoints(&self) -> Option<PathBuf> {
        self.checkpoints.clone()
    }
}

mod id_as_text {
    use dataflow::ids::JobId;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(id: &JobId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<JobId, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
