//! What is left of a job that has ended: its documents as they were at the end. An ended job answers every question
//! about the past, in this process and in later ones, from here.

use std::collections::BTreeMap;

use dataflow::ids::JobId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The documents of a job by their path below it; the empty path is the job itself.
pub(crate) type Documents = BTreeMap<String, Value>;

/// The document that is the job's line in the overview.
pub(crate) const OVERVIEW: &str = "#overview";

/// A job that has ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Archive {
    /// Its id.
    #[serde(skip, default = "nobody")]
    pub(crate) id: JobId,
    /// When it was submitted (milliseconds since the Unix epoch).
    pub(crate) submitted_ms: i64,
    /// When it ended (milliseconds since the Unix epoch).
    pub(crate) ended_ms: i64,
    /// What it said.
    pub(crate) documents: Documents,
}

fn nobody() -> JobId {
    JobId([0; 16])
}

impl Archive {
    /// The state it ended in.
    pub(crate) fn state(&self) -> &str {
        let state = self
            .documents
            .get(OVERVIEW)
            .and_then(|row| row.get("state"));
        state.and_then(Value::as_str).unwrap_or("FAILED")
    }

    /// The name of the job.
    pub(crate) fn name(&self) -> &str {
        let name = self.documents.get(OVERVIEW).and_then(|row| row.get("name"));
        name.and_then(Value::as_str).unwrap_or_default()
    }
}
