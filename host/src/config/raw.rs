//! The configuration as it is written: texts and numbers, nothing decided yet. Unknown keys are errors.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use dataflow::checkpoint::barrier_aligner::CheckpointMode;
use serde::Deserialize;

use super::cluster::{
    self, ClusterConfig, RawJobStore, RawRest, RawSecurity, RawSlot, RawTaskManager, RawWeb,
};
use super::guest::RawGuest;
use super::raw_restart::{RawExecutionRetries, RawRestartStrategy};
use super::raw_storage::{RawCheckpoints, RawS3};
use super::reporters::{self, RawMetrics, RawReporting, RawTraces};
use super::{Backend, Config, ConfigError};
use crate::storage::location::Location;

/// The file of all defaults.
pub(crate) const DEFAULTS: &str = include_str!("default.toml");

/// The variable that stands for `plugin.dir` where that is not set.
const PLUGIN_DIR: &str = "WASMILL_PLUGIN_DIR";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawConfig {
    parallelism: RawParallelism,
    execution: RawExecution,
    execution_retries: Option<RawExecutionRetries>,
    restart_strategy: RawRestartStrategy,
    state: RawState,
    network: RawNetwork,
    guest: RawGuest,
    data: RawData,
    plugin: RawPlugin,
    log: RawLog,
    rest: RawRest,
    metrics: RawReporting<RawMetrics>,
    traces: RawReporting<RawTraces>,
    taskmanager: RawTaskManager,
    slot: RawSlot,
    web: RawWeb,
    jobstore: RawJobStore,
    security: RawSecurity,
    s3: RawS3,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawParallelism {
    default: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawExecution {
    buffer_timeout: String,
    checkpointing: RawCheckpointing,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCheckpointing {
    interval: String,
    timeout: String,
    min_pause: String,
    mode: String,
    max_concurrent_checkpoints: usize,
    externalized_checkpoint_retention: String,
    tolerable_failed_checkpoints: u32,
    num_retained: usize,
    incremental: bool,
    unaligned: RawUnaligned,
    aligned_checkpoint_timeout: String,
}

/// `unaligned.enabled`, or `unaligned` itself, as older configurations have it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write execution.checkpointing.unaligned.enabled = true or false"
)]
enum RawUnaligned {
    Old(bool),
    Section(RawUnalignedSection),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUnalignedSection {
    enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawState {
    backend: String,
    managed_memory: String,
    storage_threads: usize,
    checkpoints: RawCheckpoints,
    savepoints: RawSavepoints,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawSavepoints {
    dir: String,
    include_components: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawNetwork {
    memory: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawData {
    dir: String,
    cache_dir: String,
    tmp_dir: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPlugin {
    dir: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLog {
    level: String,
    format: String,
}

/// What the keys of checkpointing mean.
struct Checkpointing {
    interval: Duration,
    timeout: Duration,
    min_pause: Duration,
    mode: CheckpointMode,
    unaligned_after: Option<Duration>,
    delete_on_cancellation: bool,
}

impl RawCheckpointing {
    /// When a checkpoint goes on unaligned, if any does.
    fn unaligned_after(&self, mode: CheckpointMode) -> Result<Option<Duration>, ConfigError> {
        let after = duration(
            "execution.checkpointing.aligned-checkpoint-timeout",
            &self.aligned_checkpoint_timeout,
        )?;
        let (RawUnaligned::Old(enabled) | RawUnaligned::Section(RawUnalignedSection { enabled })) =
            self.unaligned;
        let refuse = |reason: &str| {
            Err(ConfigError::Value {
                key: "execution.checkpointing.unaligned.enabled",
                value: "true".to_owned(),
                reason: reason.to_owned(),
            })
        };
        if !enabled {
            return Ok(None);
        }
        if mode == CheckpointMode::AtLeastOnce {
            return refuse(
                "execution.checkpointing.mode must be EXACTLY_ONCE; at least once nothing is aligned",
            );
        }
        if self.max_concurrent_checkpoints > 1 {
            return refuse("execution.checkpointing.max-concurrent-checkpoints must be 1");
        }
        Ok(Some(after))
    }

    fn resolve(&self) -> Result<Checkpointing, ConfigError> {
        const MODES: [(&str, CheckpointMode); 2] = [
            ("EXACTLY_ONCE", CheckpointMode::ExactlyOnce),
            ("AT_LEAST_ONCE", CheckpointMode::AtLeastOnce),
        ];
        const RETENTIONS: [(&str, bool); 2] = [
            ("RETAIN_ON_CANCELLATION", false),
            ("DELETE_ON_CANCELLATION", true),
        ];
        let mode = one_of("execution.checkpointing.mode", &self.mode, &MODES)?;
        Ok(Checkpointing {
            interval: duration("execution.checkpointing.interval", &self.interval)?,
            timeout: positive_duration("execution.checkpointing.timeout", &self.timeout)?,
            min_pause: duration("execution.checkpointing.min-pause", &self.min_pause)?,
            mode,
            unaligned_after: self.unaligned_after(mode)?,
            delete_on_cancellation: one_of(
                "execution.checkpointing.externalized-checkpoint-retention",
                &self.externalized_checkpoint_retention,
                &RETENTIONS,
            )?,
        })
    }
}

pub(super) fn duration(key: &'static str, value: &str) -> Result<Duration, ConfigError> {
    humantime::parse_duration(value).map_err(|error| ConfigError::Value {
        key,
        value: value.to_owned(),
        reason: format!("{error}; write it as 500ms, 1s or 2m"),
    })
}

pub(super) fn positive_duration(key: &'static str, value: &str) -> Result<Duration, ConfigError> {
    let parsed = duration(key, value)?;
    if parsed.is_zero() {
        let reason = "it must be longer than zero".to_owned();
        return Err(ConfigError::Value {
            key,
            value: value.to_owned(),
            reason,
        });
    }
    Ok(parsed)
}

pub(super) fn size(key: &'static str, value: &str) -> Result<u64, ConfigError> {
    let refuse = |reason: String| ConfigError::Value {
        key,
        value: value.to_owned(),
        reason,
    };
    let parsed = ByteSize::from_str(value)
        .map_err(|error| refuse(format!("{error}; write it as 64MiB or 1GiB")))?;
    if parsed.0 < 1 << 20 {
        Err(refuse("it must be at least 1MiB".to_owned()))
    } else {
        Ok(parsed.0)
    }
}

pub(super) fn one_of<T>(
    key: &'static str,
    value: &str,
    known: &[(&str, T)],
) -> Result<T, ConfigError>
where
    T: Copy,
{
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    known
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let reason = format!("it must be one of {}", names.join(", "));
            ConfigError::Value {
                key,
                value: value.to_owned(),
                reason,
            }
        })
}

/// A folder as written, or the user's own of this kind.
fn folder(written: &str, variable: &str, in_home: &str, leaf: &str) -> PathBuf {
    if !written.is_empty() {
        return PathBuf::from(written);
    }
    let base = std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(in_home));
    base.or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("wasmill")
        .join(leaf)
}

/// The directory of jobs, which is this machine's.
fn data_dir(written: &str) -> Result<PathBuf, ConfigError> {
    if Location::is_remote_name(written.as_ref()) {
        return Err(ConfigError::Value {
            key: "data.dir",
            value: written.to_owned(),
            reason: "it is a directory of this machine; give the bucket as state.checkpoints.dir"
                .to_owned(),
        });
    }
    Ok(folder(written, "XDG_STATE_HOME", ".local/state", "jobs"))
}

impl RawConfig {
    fn cluster(&self) -> Result<ClusterConfig, ConfigError> {
        cluster::resolve(
            &self.rest,
            &self.taskmanager,
            &self.slot,
            &self.web,
            &self.jobstore,
            &self.security,
        )
    }

    pub(super) fn resolve(self) -> Result<Config, ConfigError> {
        let cluster = self.cluster()?;
        let checkpointing = self.execution.checkpointing;
        let checkpoints = checkpointing.resolve()?;
        let interval = checkpoints.interval;
        let (restart_strategy, restart_after_user_errors) = self
            .restart_strategy
            .resolve(!interval.is_zero(), self.execution_retries.as_ref())?;
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
        let tmp_dir = if self.data.tmp_dir.is_empty() {
            std::env::temp_dir()
        } else {
            PathBuf::from(&self.data.tmp_dir)
        };
        Ok(Config {
            parallelism: if self.parallelism.default == 0 {
                cores
            } else {
                self.parallelism.default
            },
            buffer_timeout: duration("execution.buffer-timeout", &self.execution.buffer_timeout)?,
            checkpoint_interval: (!interval.is_zero()).then_some(interval),
            checkpoint_timeout: checkpoints.timeout,
            checkpoint_min_pause: checkpoints.min_pause,
            checkpoint_mode: checkpoints.mode,
            unaligned_after: checkpoints.unaligned_after,
            max_concurrent_checkpoints: checkpointing.max_concurrent_checkpoints.max(1),
            delete_checkpoints_on_cancellation: checkpoints.delete_on_cancellation,
            tolerated_checkpoint_failures: checkpointing.tolerable_failed_checkpoints,
            retained_checkpoints: checkpointing.num_retained.max(1),
            incremental_checkpoints: checkpointing.incremental,
            restart_strategy,
            restart_after_user_errors,
            backend: backend(&self.state.backend)?,
            managed_memory_bytes: size("state.managed-memory", &self.state.managed_memory)?,
            storage_threads: self.state.storage_threads.clamp(1, 64),
            savepoints_dir: match self.state.savepoints.dir.as_str() {
                "" => data_dir(&self.data.dir)?.join("savepoints"),
                dir => PathBuf::from(dir),
            },
            savepoint_components: self.state.savepoints.include_components,
            network_memory_bytes: size("network.memory", &self.network.memory)?,
            guest: self.guest.resolve()?,
            checkpoints_dir: self.state.checkpoints.resolve()?,
            s3: self.s3.resolve()?,
            data_dir: data_dir(&self.data.dir)?,
            cache_dir: folder(
                &self.data.cache_dir,
                "XDG_CACHE_HOME",
                ".cache",
                "components",
            ),
            tmp_dir,
            plugin_dir: match self.plugin.dir.as_str() {
                "" => std::env::var_os(PLUGIN_DIR).map(PathBuf::from),
                dir => Some(PathBuf::from(dir)),
            },
            log_level: self.log.level,
            log_json: one_of(
                "log.format",
                &self.log.format,
                &[("text", false), ("json", true)],
            )?,
            cluster,
            reporters: reporters::resolve(&self.metrics, &self.traces)?,
        })
    }
}

/// A state configuration by Flink's names and by ours.
fn backend(name: &str) -> Result<Backend, ConfigError> {
    one_of(
        "state.backend",
        name,
        &[
            ("memory", Backend::Memory),
            ("filesystem", Backend::Filesystem),
            ("rocksdb", Backend::Rocksdb),
            ("jobmanager", Backend::Memory),
            ("hashmap", Backend::Filesystem),
            ("heap", Backend::Filesystem),
        ],
    )
}
