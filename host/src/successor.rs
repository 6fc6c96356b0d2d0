//! The job that is to take the place of a running one: the same at another parallelism, or with another version of one of
//! its components. It is made and checked before the running job hears of it.

use std::path::Path;
use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::graph::logical::{JobGraph, Operator, OperatorKind};
use dataflow::ids::ComponentId;
use serde_json::Value;
use thiserror::Error;
use wasm::OperatorEntry;

use crate::commands::submission::guest_limits;
use crate::config::Config;
use crate::dead_letters;
use crate::job_graph;
use crate::savepoint::avro_type::Type;
use crate::savepoint::fit::{Fit, Verdict};
use crate::scheduler::job::{Job, JobComponent, JobError};
use crate::scheduler::parallelism::Chosen;

/// A job cannot take the place of another.
#[derive(Debug, Error)]
pub(crate) enum SuccessorError {
    /// It is refused as any job would be.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Its component cannot be used.
    #[error(transparent)]
    Component(#[from] wasm::WasmError),
    /// There is no such operator.
    #[error("there is no operator \"{uid}\"; there are: {known}")]
    NoOperator {
        /// What was asked for.
        uid: String,
        /// What there is.
        known: String,
    },
    /// The operator is the host's.
    #[error("operator \"{0}\" is a connector of the host and runs in no component")]
    NoComponent(String),
    /// The component is not the same job with other logic.
    #[error(
        "{component}: operator \"{uid}\": {reason}: stop the job with a savepoint and start the new one from it"
    )]
    Differs {
        /// The new component.
        component: String,
        /// Which operator.
        uid: String,
        /// What differs.
        reason: String,
    },
    /// The state would not fit.
    #[error("{component}: {}", reasons.join("; "))]
    State {
        /// The new component.
        component: String,
        /// Every state that does not fit, with why.
        reasons: Vec<String>,
    },
    /// Where its dead letters go cannot be settled.
    #[error("{0}")]
    DeadLetters(String),
}

/// What a successor is made from.
pub(crate) struct Predecessor<'a> {
    /// The running job.
    pub(crate) job: &'a Arc<Job>,
    /// Its settings.
    pub(crate) config: &'a Config,
    /// Its data directory.
    pub(crate) root: &'a Path,
    /// Time.
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl Predecessor<'_> {
    /// The same job at another parallelism, but for operators for which one is chosen. Operators that say their own keep it.
    ///
    /// # Errors
    /// The job does not go with this parallelism.
    pub(crate) fn rescaled(
        &self,
        parallelism: u32,
        chosen: &Chosen,
    ) -> Result<Job, SuccessorError> {
        let graph = self.job.graph_with(chosen);
        let mut next = self.make(graph, parallelism, self.job.components.clone())?;
        next.chosen.clone_from(chosen);
        Ok(next)
    }

    /// The same job with another version of the component that an operator runs in. Blocks while the component plans.
    ///
    /// # Errors
    /// The component has other operators or ports, or states that cannot be migrated.
    pub(crate) fn swapped(
        &self,
        uid: &str,
        component: &wasm::Component,
    ) -> Result<Job, SuccessorError> {
        let id = self.component_of(uid)?;
        let mut components = self.job.components.clone();
        let Some(old) = components.get_mut(id.0 as usize) else {
            return Err(SuccessorError::NoComponent(uid.to_owned()));
        };
        let plan = component.plan(&old.parameters)?;
        let mut graph = dead_letters::graph_without(&self.job.graph);
        for operator in &mut graph.operators {
            let own = operator.id.0.checked_sub(old.first_operator);
            let Some((number, planned)) =
                own.and_then(|own| old.planned.iter().find(|(number, _)| *number == own))
            else {
                continue;
            };
            let entry = plan.operators.iter().find(|it| it.uid == *planned);
            let changed = entry
                .ok_or_else(|| "the component has lost it".to_owned())
                .and_then(|entry| renewed(operator, entry, *number, id, old.first_operator));
            *operator = changed.map_err(|reason| SuccessorError::Differs {
                component: component.name().to_owned(),
                uid: operator.uid.clone(),
                reason,
            })?;
        }
        component.name().clone_into(&mut old.name);
        old.digest = component.digest().to_string();
        old.file = component.file().map(Path::to_owned);
        old.operators = component.operators(guest_limits(&self.config.guest));
        let next = self.make(graph, self.job.parallelism, components)?;
        self.check_states(&next, component.name())?;
        Ok(next)
    }

    fn component_of(&self, uid: &str) -> Result<ComponentId, SuccessorError> {
        let operators = &self.job.graph.operators;
        let Some(operator) = operators.iter().find(|it| it.uid == uid) else {
            let known: Vec<&str> = operators.iter().map(|it| it.uid.as_str()).collect();
            return Err(SuccessorError::NoOperator {
                uid: uid.to_owned(),
                known: known.join(", "),
            });
        };
        let id = match operator.kind {
            OperatorKind::Logic { component, .. } => Some(component),
            OperatorKind::Source(_) | OperatorKind::Sink(_) => operator.component,
        };
        id.ok_or_else(|| SuccessorError::NoComponent(uid.to_owned()))
    }

    fn check_states(&self, next: &Job, component: &str) -> Result<(), SuccessorError> {
        let fit = Fit::between(&self.job.operators(), &next.operators());
        let mut reasons = fit.reasons(false);
        let dropped = fit
            .states
            .iter()
            .filter(|it| matches!(it.verdict, Verdict::Dropped));
        reasons.extend(dropped.map(|it| {
            format!(
                "state \"{}\" of operator \"{}\" would be lost",
                it.state, it.operator
            )
        }));
        if reasons.is_empty() {
            return Ok(());
        }
        Err(SuccessorError::State {
            component: component.to_owned(),
            reasons,
        })
    }

    fn make(
        &self,
        graph: JobGraph,
        parallelism: u32,
        components: Vec<JobComponent>,
    ) -> Result<Job, SuccessorError> {
        let resources = Arc::clone(&self.job.resources);
        let mut next = Job::new(graph, parallelism, components, resources, self.clock)?;
        next.restart_strategy = self.job.restart_strategy;
        next.chosen.clone_from(&self.job.chosen);
        dead_letters::keep(&mut next, &self.config.guest, self.root, self.clock)
            .map_err(|error| SuccessorError::DeadLetters(format!("{error:#}")))?;
        Ok(next)
    }
}

/// The operator as a new plan has it, in the place of the old one.
fn renewed(
    old: &Operator,
    entry: &OperatorEntry,
    number: u32,
    component: ComponentId,
    first: u32,
) -> Result<Operator, String> {
    // Connectors of the host stay as they are: where a job reads and writes is no matter of its logic.
    if !entry.runs_in_component() {
        return Ok(old.clone());
    }
    if entry.id != number {
        return Err("the component numbers its operators in another way".to_owned());
    }
    let mut new = job_graph::operator(entry, component, first);
    let same = |was: &str, is: &str| {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let (was, is) = (parse(was), parse(is));
        match (Type::of(&was), Type::of(&is)) {
            (Ok(was), Ok(is)) => was.is_same(&is),
            _ => was == is,
        }
    };
    let inputs = old.inputs.iter().zip(&new.inputs);
    if old.inputs.len() != new.inputs.len()
        || !inputs.clone().all(|(a, b)| same(&a.schema, &b.schema))
    {
        return Err("its inputs have changed".to_owned());
    }
    let outputs = old.outputs.iter().zip(&new.outputs);
    let same_output = |(a, b): (
        &dataflow::graph::logical::Output,
        &dataflow::graph::logical::Output,
    )| {
        let keys = match (&a.key_schema, &b.key_schema) {
            (Some(a), Some(b)) => same(a, b),
            (a, b) => a == b,
        };
        a.name == b.name && keys && same(&a.schema, &b.schema)
    };
    if old.outputs.len() != new.outputs.len() || !outputs.clone().all(same_output) {
        return Err("its outputs have changed".to_owned());
    }
    if std::mem::discriminant(&old.kind) != std::mem::discriminant(&new.kind) {
        return Err("it was no source, operator or sink before".to_owned());
    }
    // What the job says of it holds, whatever the component would have.
    new.uid.clone_from(&old.uid);
    new.name.clone_from(&old.name);
    new.inputs.clone_from(&old.inputs);
    new.outputs.clone_from(&old.outputs);
    new.parallelism = old.parallelism;
    new.chain = old.chain;
    new.grants.clone_from(&old.grants);
    new.cached_files.clone_from(&old.cached_files);
    new.guest = old.guest;
    Ok(new)
}
