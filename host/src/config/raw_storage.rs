//! Where checkpoints are kept and how a bucket is reached, as it is written. Keys are Flink's.

use serde::Deserialize;

use super::ConfigError;
use crate::storage::location::Location;
use crate::storage::s3::S3Config;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCheckpoints {
    dir: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawS3 {
    endpoint: String,
    region: String,
    access_key: String,
    secret_key: String,
    path: RawS3Path,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawS3Path {
    style: RawS3PathStyle,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawS3PathStyle {
    access: bool,
}

impl RawCheckpoints {
    /// The place, if it is not the data directory.
    pub(super) fn resolve(&self) -> Result<Option<Location>, ConfigError> {
        if self.dir.is_empty() {
            return Ok(None);
        }
        let location = Location::parse(&self.dir);
        location.map(Some).map_err(|reason| ConfigError::Value {
            key: "state.checkpoints.dir",
            value: self.dir.clone(),
            reason,
        })
    }
}

impl RawS3 {
    /// What is given; the rest is left to the environment.
    pub(super) fn resolve(&self) -> Result<S3Config, ConfigError> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let known = ["http://", "https://"];
        if !self.endpoint.is_empty() && !known.iter().any(|it| self.endpoint.starts_with(it)) {
            return Err(ConfigError::Value {
                key: "s3.endpoint",
                value: self.endpoint.clone(),
                reason: "write it with its scheme, such as https://s3.example.org".to_owned(),
            });
        }
        if self.access_key.is_empty() != self.secret_key.is_empty() {
            return Err(ConfigError::Value {
                key: "s3.access-key",
                value: "******".to_owned(),
                reason: "s3.access-key and s3.secret-key go together; give both or none".to_owned(),
            });
        }
        Ok(S3Config {
            endpoint: given(self.endpoint.trim_end_matches('/')),
            region: given(&self.region),
            access_key: given(&self.access_key),
            secret_key: given(&self.secret_key),
            path_style: self.path.style.access,
        })
    }
}
