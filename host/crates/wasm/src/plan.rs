//! The job graph as a component builds it: the JSON document of `plan.plan`, and asking for it.
//!
//! Only the shape of the document is checked here (see `wit/MANIFEST.md`); whether it is a graph that can run (edges
//! that end somewhere, unique uids, schemas that fit) is decided where job graphs are made.

mod restart;

use serde::{Deserialize, Serialize};

pub use restart::RestartEntry;

use dataflow::limits::{OPERATORS_MAX, PARALLELISM_MAX};

use crate::component::Component;
use crate::error::WasmError;
use crate::manifest::{Defect, OperatorEntry, check_operators, check_version, parse};

/// A job graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of the document; 1.
    pub version: u32,
    /// Name of the job.
    pub name: String,
    /// Number of key groups; the host's default if absent.
    #[serde(default)]
    pub max_parallelism: Option<u32>,
    /// Operators, sources and sinks.
    pub operators: Vec<OperatorEntry>,
    /// What flows where.
    pub edges: Vec<EdgeEntry>,
    /// Files that the job registers; the user may register others under their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cached_files: Vec<CachedFileEntry>,
    /// What the job wants to happen after a failure; what the host is configured to do if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_strategy: Option<RestartEntry>,
}

/// A file that the job registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CachedFileEntry {
    /// The name by which operators read it.
    pub name: String,
    /// Where it is.
    pub path: String,
}

/// An edge of the job graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeEntry {
    /// Number of the upstream operator.
    pub from: u32,
    /// Which of its outputs.
    #[serde(default)]
    pub output: u32,
    /// Number of the downstream operator.
    pub to: u32,
    /// Which of its inputs.
    #[serde(default)]
    pub input: u32,
    /// How records are distributed.
    pub partitioning: Partitioning,
}

/// How an edge distributes records over subtasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioning {
    /// To the same subtask, in order.
    Forward,
    /// By the key column.
    Hash,
    /// Round robin, by batch.
    Rebalance,
    /// To every subtask.
    Broadcast,
}

impl Plan {
    fn check(&self) -> Result<(), Defect> {
        check_version(self.version)?;
        if let Some(max) = self.max_parallelism
            && !(1..=PARALLELISM_MAX).contains(&max)
        {
            return Err(Defect::new(
                "max_parallelism",
                format!("{max} is not between 1 and {PARALLELISM_MAX}"),
            ));
        }
        if self.operators.is_empty() || self.operators.len() > OPERATORS_MAX {
            return Err(Defect::new(
                "operators",
                format!(
                    "{} operators; a job has between 1 and {OPERATORS_MAX}",
                    self.operators.len()
                ),
            ));
        }
        if let Some(restart) = &self.restart_strategy {
            restart.check()?;
        }
        check_operators(&self.operators)
    }
}

pub(crate) fn check_plan(plan: &Plan) -> Result<(), Defect> {
    plan.check()
}

impl Component {
    /// Has the component build the job graph for these arguments (name and value), in a fresh instance.
    ///
    /// # Errors
    /// The component has no job graph, refuses the arguments, traps, goes over a limit, or answers with something that
    /// is not a plan.
    pub fn plan(&self, arguments: &[(String, String)]) -> Result<Plan, WasmError> {
        if !self.exports().has_plan() {
            return Err(WasmError::NoPlan {
                name: self.name().to_owned(),
            });
        }
        let mut instance = self.inquiry()?;
        let arguments: Vec<(&str, &str)> = arguments
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = instance.run(|guest, store| {
            let plan = guest.plan()?;
            plan.call_plan(store, &arguments).map(Ok)
        })?;
        match answer {
            Ok(document) => parse(self.name(), "plan", &document, check_plan),
            Err(message) => Err(WasmError::PlanRefused {
                name: self.name().to_owned(),
                message,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
