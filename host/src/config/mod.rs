//! Configuration in two stages: what was written ([`raw`]) and what it means ([`Config`]). Read once by `main`, handed
//! down by value; there is no global.

pub(crate) mod cluster;
mod guest;
pub(crate) mod origin;
mod raw;
mod raw_restart;
mod raw_storage;
pub(crate) mod reporters;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dataflow::checkpoint::barrier_aligner::CheckpointMode;
use dataflow::job::restart::RestartStrategy;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use thiserror::Error;

use cluster::ClusterConfig;
pub(crate) use guest::GuestConfig;
pub(crate) use raw::DEFAULTS;
use raw::RawConfig;
use reporters::ReportersConfig;

use crate::storage::location::Location;
use crate::storage::s3::S3Config;

/// What the configuration means.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Subtasks of an operator that does not say otherwise.
    pub(crate) parallelism: u32,
    /// Age at which a segment is sent.
    pub(crate) buffer_timeout: Duration,
    /// Time between checkpoints.
    pub(crate) checkpoint_interval: Option<Duration>,
    /// Longest time a checkpoint may take.
    pub(crate) checkpoint_timeout: Duration,
    /// Least time between two checkpoints.
    pub(crate) checkpoint_min_pause: Duration,
    /// What a checkpoint promises about each record.
    pub(crate) checkpoint_mode: CheckpointMode,
    /// So long after its trigger a checkpoint goes on unaligned; `None`: never.
    pub(crate) unaligned_after: Option<Duration>,
    /// Checkpoints that may be under way at once.
    pub(crate) max_concurrent_checkpoints: usize,
    /// Whether the checkpoints of a canceled job are deleted.
    pub(crate) delete_checkpoints_on_cancellation: bool,
    /// Failures in a row that are tolerated.
    pub(crate) tolerated_checkpoint_failures: u32,
    /// Completed checkpoints that are kept.
    pub(crate) retained_checkpoints: usize,
    /// Whether a checkpoint builds on the files of the one before.
    pub(crate) incremental_checkpoints: bool,
    /// What happens after a failure.
    pub(crate) restart_strategy: RestartStrategy,
    /// Whether a failure that the same input would bring about again is followed by a restart, too.
    pub(crate) restart_after_user_errors: bool,
    /// Who keeps keyed state.
    pub(crate) backend: Backend,
    /// Memory for state caches.
    pub(crate) managed_memory_bytes: u64,
    /// Threads that write snapshots.
    pub(crate) storage_threads: usize,
    /// Where savepoints go if nothing else is said; empty for nowhere.
    pub(crate) savepoints_dir: PathBuf,
    /// Whether savepoints contain the components.
    pub(crate) savepoint_components: bool,
    /// Memory for segments.
    pub(crate) network_memory_bytes: u64,
    /// What guests may use.
    pub(crate) guest: GuestConfig,
    /// Where checkpoints are kept, if not in the data directory.
    pub(crate) checkpoints_dir: Option<Location>,
    /// How buckets are reached.
    pub(crate) s3: S3Config,
    /// Where jobs are kept: their dead letters, and their checkpoints unless they go elsewhere.
    pub(crate) data_dir: PathBuf,
    /// Where compiled components are kept.
    pub(crate) cache_dir: PathBuf,
    /// Where working files go.
    pub(crate) tmp_dir: PathBuf,
    /// Where shipped components are looked for first.
    pub(crate) plugin_dir: Option<PathBuf>,
    /// Log filter.
    pub(crate) log_level: String,
    /// Whether the log is JSON.
    pub(crate) log_json: bool,
    /// What concerns a process with many jobs.
    pub(crate) cluster: ClusterConfig,
    /// What is sent to OpenTelemetry collectors.
    pub(crate) reporters: ReportersConfig,
}

impl Config {
    /// Where the checkpoints of a job are kept: in its own directory, or under the same path below the directory of
    /// checkpoints. A directory that is none of this process's jobs is itself such a place, and may be a bucket.
    pub(crate) fn checkpoints_of(&self, root: &Path) -> Location {
        if let Some(remote) = root.to_str().filter(|_| Location::is_remote_name(root))
            && let Ok(location) = Location::parse(remote)
        {
            return location;
        }
        match (&self.checkpoints_dir, root.strip_prefix(&self.data_dir)) {
            (Some(dir), Ok(below)) => dir.join(below),
            _ => Location::Local(root.to_owned()),
        }
    }
}

/// A state backend by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// State in memory, and checkpoints in memory: nothing outlives the process.
    Memory,
    /// State in memory, checkpoints in files.
    Filesystem,
    /// State on disk, checkpoints in files.
    Rocksdb,
}

/// The configuration cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// It does not parse, or a key is unknown.
    #[error("configuration: {0}")]
    Parse(String),
    /// A value does not mean anything.
    #[error("configuration: {key} = \"{value}\": {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was written.
        value: String,
        /// What would be right.
        reason: String,
    },
}

/// What a configuration is read from, beside the defaults and the environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigSources {
    /// A file.
    pub(crate) file: Option<PathBuf>,
    /// Keys and values of the command line.
    pub(crate) settings: Vec<(String, String)>,
}

/// Layers the defaults, a file, the environment and `key=value` settings, in this order.
pub(crate) fn load(
    file: Option<&Path>,
    settings: &[(String, String)],
) -> Result<Config, ConfigError> {
    let raw: RawConfig = layers(file, settings)?
        .extract()
        .map_err(|error| ConfigError::Parse(describe(&error)))?;
    raw.resolve()
}

/// As [`load`], with a job's own settings on top.
pub(crate) fn load_with(
    sources: &ConfigSources,
    settings: &[(String, String)],
) -> Result<Config, ConfigError> {
    let settings = [&sources.settings, settings].concat();
    load(sources.file.as_deref(), &settings)
}

fn layers(file: Option<&Path>, settings: &[(String, String)]) -> Result<Figment, ConfigError> {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::Parse(format!(
                "there is no file {}",
                file.display()
            )));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    let from_env = Env::prefixed("WASMILL_").filter(is_setting).map(|key| {
        key.as_str()
            .to_ascii_lowercase()
            .replace("__", ".")
            .replace('_', "-")
            .into()
    });
    figment = figment.merge(from_env);
    for (key, value) in settings {
        // A number, `true` or a list such as `["a"]` is one; anything else is text. (The parser of figment itself panics
        // on some quoted texts, and settings come with requests.)
        let value: figment::value::Value = serde_json::from_str(value)
            .unwrap_or_else(|_| figment::value::Value::from(value.clone()));
        figment = figment.merge(Serialized::default(key, value));
    }
    Ok(figment)
}

/// Every key has a section, so a variable without `__` is somebody else's.
fn is_setting(key: &figment::value::UncasedStr) -> bool {
    key.as_str().contains("__")
}

/// One line for the first finding, with the key in front.
fn describe(error: &figment::Error) -> String {
    let path = error.path.join(".");
    match &error.kind {
        figment::error::Kind::UnknownField(field, known) => {
            let key = if path.is_empty() {
                field.clone()
            } else {
                format!("{path}.{field}")
            };
            let key = key.replace(&format!("{field}.{field}"), field);
            format!("there is no key {key}; known here: {}", known.join(", "))
        }
        kind if path.is_empty() => kind.to_string(),
        kind => format!("{path}: {kind}"),
    }
}

#[cfg(test)]
mod tests;
