//! The `properties.*` keys: settings of the client under the names that Kafka's own clients have for them.
//!
//! Keeps: a name that the client does not know, and one that the connector sets itself, is an error before any broker is
//! asked. Values are never shown: some are passwords.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use dataflow::port::sink::ConnectorError;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use serde_json::{Map, Value};

use crate::config;
use crate::kafka::NAME;

const PREFIX: &str = "properties.";

/// Other names of properties that have one.
const ALIASES: [(&str, &str); 2] = [
    ("bootstrap-servers", "bootstrap.servers"),
    ("group-id", "group.id"),
];

/// What follows from other keys.
const RESERVED: [&str; 6] = [
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "transactional.id",
    "enable.idempotence",
    "delivery.report.only.error",
];

/// Settings of the client.
#[derive(Clone)]
pub(super) struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Takes them out of the keys of a connector; the other keys are left.
    pub(super) fn split(keys: Value) -> Result<(Self, Value), ConnectorError> {
        let Value::Object(keys) = keys else {
            return Err(config::wrong(NAME, "the keys must be an object"));
        };
        let (mut own, mut others) = (BTreeMap::new(), Map::new());
        for (key, value) in keys {
            let alias = ALIASES.iter().find(|(alias, _)| *alias == key);
            if let Some(name) = key.strip_prefix(PREFIX) {
                add(&mut own, name, &value)?;
            } else if let Some((_, name)) = alias {
                add(&mut own, name, &value)?;
            } else if let ("properties", Value::Object(inner)) = (key.as_str(), &value) {
                for (name, value) in inner {
                    add(&mut own, name, value)?;
                }
            } else {
                others.insert(key, value);
            }
        }
        Ok((Self(own), Value::Object(others)))
    }

    /// Without a broker nothing can be asked. Apart from [`Properties::split`], so that an unknown key is said first.
    pub(super) fn must_name_brokers(&self) -> Result<(), ConnectorError> {
        if self.servers().is_empty() {
            let reason = "`properties.bootstrap.servers` is missing: host:port of a broker, or several with commas";
            return Err(config::wrong(NAME, reason));
        }
        Ok(())
    }

    /// The addresses to begin with.
    pub(super) fn servers(&self) -> &str {
        self.get("bootstrap.servers").unwrap_or_default()
    }

    /// A setting.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A setting that is not for the client.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The configuration of a client: `defaults`, then these, then what is `fixed`.
    pub(super) fn client(
        &self,
        defaults: &[(&str, &str)],
        fixed: &[(&str, &str)],
    ) -> Result<ClientConfig, ConnectorError> {
        let mut client = empty();
        client
            .set_log_level(RDKafkaLogLevel::Warning)
            .set("client.id", "wasmill")
            // A broker that was away is found again soon.
            .set("reconnect.backoff.max.ms", "1000");
        for (name, value) in defaults {
            client.set(*name, *value);
        }
        for (name, value) in &self.0 {
            client.set(name, value);
        }
        for (name, value) in fixed {
            client.set(*name, *value);
        }
        client
            .create_native_config()
            .map_err(|error| refused(&error))?;
        Ok(client)
    }
}

/// A configuration without settings. Making the first one asks the log whether it takes lines of a level and then writes
/// none, after which the log drops the next line of the same thread; so that is done on a thread that writes no lines.
fn empty() -> ClientConfig {
    static EMPTY: OnceLock<ClientConfig> = OnceLock::new();
    let made = || {
        let thread = std::thread::Builder::new().name("kafka configuration".to_owned());
        let made = thread.spawn(ClientConfig::new).ok();
        made.and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    };
    EMPTY.get_or_init(made).clone()
}

fn add(
    own: &mut BTreeMap<String, String>,
    name: &str,
    value: &Value,
) -> Result<(), ConnectorError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let reason = format!("`{PREFIX}{name}` must be a text, a number, true or false");
            return Err(config::wrong(NAME, reason));
        }
    };
    if RESERVED.contains(&name) {
        let reason = format!("`{PREFIX}{name}` cannot be set: it follows from the other keys");
        return Err(config::wrong(NAME, reason));
    }
    own.insert(name.to_owned(), text);
    Ok(())
}

/// The client's words on a setting, without its value.
pub(super) fn refused(error: &KafkaError) -> ConnectorError {
    let reason = match error {
        KafkaError::ClientConfig(_, description, name, _) => format!(
            "`{PREFIX}{name}` is refused by the client (librdkafka): {}",
            description.trim_end_matches('.')
        ),
        KafkaError::ClientCreation(description) => {
            format!("the client (librdkafka) refuses its settings: {description}")
        }
        other => other.to_string(),
    };
    config::wrong(NAME, reason)
}

#[cfg(test)]
mod tests;
