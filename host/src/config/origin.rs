//! Where each value of the configuration comes from: the embedded defaults, a file, the environment or a flag.

use figment::value::{Dict, Value};
use figment::{Figment, Source};

use super::{ConfigError, ConfigSources};

/// A value with its key and origin.
pub(crate) struct Entry {
    /// The key, with dots.
    pub(crate) key: String,
    /// The value as text.
    pub(crate) value: String,
    /// `default`, `file`, `environment` or `flag`.
    pub(crate) origin: &'static str,
}

/// Every value, by key.
///
/// # Errors
/// A source cannot be read any more.
pub(crate) fn entries(sources: &ConfigSources) -> Result<Vec<Entry>, ConfigError> {
    let layers = super::layers(sources.file.as_deref(), &sources.settings)?;
    let values: Dict = layers
        .extract()
        .map_err(|error| ConfigError::Parse(super::describe(&error)))?;
    let mut entries = Vec::new();
    for (key, value) in &values {
        flatten(&layers, key, value, &mut entries);
    }
    Ok(entries)
}

fn flatten(layers: &Figment, key: &str, value: &Value, entries: &mut Vec<Entry>) {
    if let Some(inner) = value.as_dict() {
        for (name, value) in inner {
            flatten(layers, &format!("{key}.{name}"), value, entries);
        }
        return;
    }
    entries.push(Entry {
        key: key.to_owned(),
        value: if is_secret(key) && !text(value).is_empty() {
            "******".to_owned()
        } else {
            text(value)
        },
        origin: origin(layers, key),
    });
}

/// Whether a value is shown to nobody.
fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    ["token", "password", "secret", "secret-key", "access-key"].contains(&last)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

fn origin(layers: &Figment, key: &str) -> &'static str {
    let Some(metadata) = layers.find_metadata(key) else {
        return "default";
    };
    match &metadata.source {
        Some(Source::File(_)) => "file",
        _ if metadata.name.contains("environment") => "environment",
        _ if metadata.name.contains("TOML") => "default",
        _ => "flag",
    }
}
