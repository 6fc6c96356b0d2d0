//! Reads the `connector` object of a plan: its `type`, then its own keys into a typed structure.
//!
//! Keeps: an unknown type or key is an error that lists what exists. Does not know any connector.

use dataflow::port::sink::ConnectorError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Splits the object into its `type` and the other keys.
pub(crate) fn split_type(
    config: &Value,
    direction: &str,
    existing: &[&str],
) -> Result<(String, Value), ConnectorError> {
    let missing = |reason: String| ConnectorError::Config {
        connector: direction.to_owned(),
        reason,
    };
    let Value::Object(keys) = config else {
        return Err(missing(format!(
            "the connector must be an object with the key `type`, one of {}",
            existing.join(", ")
        )));
    };
    let Some(kind) = keys.get("type").and_then(Value::as_str) else {
        return Err(missing(format!(
            "the key `type` is missing or no text; it is one of {}",
            existing.join(", ")
        )));
    };
    let others = keys
        .iter()
        .filter(|(key, _)| key.as_str() != "type")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok((kind.to_owned(), Value::Object(others)))
}

/// The error for a type that does not exist.
pub(crate) fn unknown_type(kind: &str, direction: &str, existing: &[&str]) -> ConnectorError {
    ConnectorError::Config {
        connector: kind.to_owned(),
        reason: format!("there is no such {direction}; use {}", existing.join(", ")),
    }
}

/// Reads the keys of one connector. The structure denies unknown fields, which names the known ones.
pub(crate) fn parse<T: DeserializeOwned>(
    connector: &str,
    keys: Value,
) -> Result<T, ConnectorError> {
    serde_json::from_value(keys).map_err(|error| wrong(connector, error.to_string()))
}

/// The error for a key whose value does not fit.
pub(crate) fn wrong(connector: &str, reason: impl Into<String>) -> ConnectorError {
    ConnectorError::Config {
        connector: connector.to_owned(),
        reason: reason.into(),
    }
}
