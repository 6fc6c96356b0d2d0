//! The schema that a sink was asked to accept, kept for its writers.
//!
//! Keeps: a sink has one input schema; writers exist only after it is known.

use std::sync::OnceLock;

use dataflow::port::sink::ConnectorError;

use crate::config;
use crate::schema::Schema;

/// What a sink made of its schema, once it is known.
pub(crate) struct Accepted<T> {
    connector: &'static str,
    known: OnceLock<(String, T)>,
}

impl<T> Accepted<T> {
    pub(crate) fn new(connector: &'static str) -> Self {
        Self {
            connector,
            known: OnceLock::new(),
        }
    }

    /// Takes a schema. A second one must be the same.
    pub(crate) fn accept(
        &self,
        text: &str,
        prepare: impl FnOnce(Schema) -> Result<T, ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let schema = Schema::parse(text)
            .map_err(|error| config::wrong(self.connector, format!("input {error}")))?;
        let prepared = prepare(schema)?;
        let (known, _) = self.known.get_or_init(|| (text.to_owned(), prepared));
        if known == text {
            Ok(())
        } else {
            Err(config::wrong(
                self.connector,
                format!("inputs of two schemas, {known} and {text}; a sink takes one"),
            ))
        }
    }

    /// What was prepared from the schema.
    pub(crate) fn get(&self) -> Result<&T, ConnectorError> {
        self.known
            .get()
            .map(|(_, prepared)| prepared)
            .ok_or_else(|| {
                config::wrong(
                    self.connector,
                    "the schema of the input is not known before a writer is opened",
                )
            })
    }
}
