//! The part of the configuration that is about a process with many jobs: where it listens, whom it trusts, how many
//! slots it has. Keys are Flink's where Flink has them.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;
use super::raw::{positive_duration, size};

/// Slots of a core unless the configuration says otherwise: tasks that wait cost a thread and no time.
const SLOTS_PER_CORE: u32 = 8;

/// What the configuration of a session cluster means.
#[derive(Clone, Debug)]
pub(crate) struct ClusterConfig {
    /// Where the REST API listens.
    pub(crate) address: IpAddr,
    /// Its port; 0 takes a free one.
    pub(crate) port: u16,
    /// Bytes of one request body, at most.
    pub(crate) content_bytes_max: u64,
    /// Slots of this process.
    pub(crate) slots: u32,
    /// How long a job waits for its slots.
    pub(crate) slot_timeout: Duration,
    /// Where uploaded components are kept, if not below the data directory.
    pub(crate) upload_dir: Option<PathBuf>,
    /// Jobs that have ended and are remembered.
    pub(crate) history_max: usize,
    /// The file of tokens, if requests must carry one.
    pub(crate) tokens_file: Option<PathBuf>,
    /// Certificate chain and private key (PEM files), if the server speaks TLS.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Whether a public address without tokens and TLS is accepted.
    pub(crate) insecure: bool,
    /// Names by which the server may be called, beside loopback ones.
    pub(crate) hosts: Vec<String>,
    /// The token that the client verbs show.
    pub(crate) token: String,
    /// A certificate that the client verbs trust (PEM file).
    pub(crate) ca: Option<PathBuf>,
    /// Requests of one client in a second.
    pub(crate) requests_per_second: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRest {
    address: String,
    port: u16,
    max_content_length: String,
    max_requests_per_second: u32,
    hosts: Vec<String>,
    token: String,
    ca_certificate: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTaskManager {
    number_of_task_slots: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSlot {
    request_timeout: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawWeb {
    upload_dir: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawJobStore {
    max_capacity: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSecurity {
    tokens_file: String,
    tls_certificate: String,
    tls_key: String,
    insecure: bool,
}

pub(super) fn resolve(
    rest: &RawRest,
    task_manager: &RawTaskManager,
    slot: &RawSlot,
    web: &RawWeb,
    job_store: &RawJobStore,
    security: &RawSecurity,
) -> Result<ClusterConfig, ConfigError> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let address = IpAddr::from_str(&rest.address).map_err(|error| ConfigError::Value {
        key: "rest.address",
        value: rest.address.clone(),
        reason: format!("{error}; write an address of this machine such as 127.0.0.1 or 0.0.0.0"),
    })?;
    let path = |written: &str| (!written.is_empty()).then(|| PathBuf::from(written));
    let tls = match (path(&security.tls_certificate), path(&security.tls_key)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (certificate, _) => {
            let (key, other) = if certificate.is_some() {
                ("security.tls-key", "security.tls-certificate")
            } else {
                ("security.tls-certificate", "security.tls-key")
            };
            return Err(ConfigError::Value {
                key,
                value: String::new(),
                reason: format!("{other} is given, and TLS needs both"),
            });
        }
    };
    Ok(ClusterConfig {
        address,
        port: rest.port,
        content_bytes_max: size("rest.max-content-length", &rest.max_content_length)?,
        slots: match task_manager.number_of_task_slots {
            0 => (cores * SLOTS_PER_CORE).max(16),
            slots => slots,
        },
        slot_timeout: positive_duration("slot.request-timeout", &slot.request_timeout)?,
        upload_dir: path(&web.upload_dir),
        history_max: job_store.max_capacity.max(1),
        tokens_file: path(&security.tokens_file),
        tls,
        insecure: security.insecure,
        hosts: rest.hosts.clone(),
        token: rest.token.clone(),
        ca: path(&rest.ca_certificate),
        requests_per_second: rest.max_requests_per_second.max(1),
    })
}
