//! The component under examination as a job between sources and sinks in memory.
//!
//! Keeps: operators, states and edges are those of the component's own plan. Only its ends are others: sources and open
//! inputs give samples, sinks and open outputs take records for nobody.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dataflow::clock::Clock;
use serde_json::{Map, Value, json};
use wasm::{GuestLimits, OperatorEntry, OperatorKind, Plan};

use super::{DoctorError, samples};
use crate::job_graph;
use crate::resources::{self, Given};
use crate::scheduler::job::{Job, JobComponent};

/// Where samples come from.
pub(super) struct SampleFiles<'a> {
    /// A file for the only source, or one for each by uid.
    pub(super) files: &'a [(Option<String>, PathBuf)],
    /// How many records are made up where there is no file.
    pub(super) made_up: u64,
}

/// A component with the arguments of its plan.
pub(super) struct Subject {
    component: wasm::Component,
    limits: GuestLimits,
    arguments: Vec<(String, String)>,
    cached_files: Vec<(String, String)>,
    plan: Plan,
    samples: BTreeMap<String, Vec<Value>>,
    clock: Arc<dyn Clock>,
}

/// Whether records enter the job here.
fn is_entry(operator: &OperatorEntry) -> bool {
    matches!(operator.kind, OperatorKind::Source | OperatorKind::Input)
}

impl Subject {
    /// Has the component plan, twice.
    ///
    /// # Errors
    /// It refuses, gives two different plans, or can only be planned as a part of a job.
    pub(super) fn of(
        component: wasm::Component,
        arguments: &[(String, String)],
        cached_files: &[(String, String)],
        limits: GuestLimits,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, DoctorError> {
        component.describe()?;
        let plan = component.plan(arguments)?;
        if component.plan(arguments)? != plan {
            let reason = "it gave another graph when it was planned again with the same parameters";
            return Err(DoctorError::Unfit(reason.to_owned()));
        }
        let keyed = |it: &&OperatorEntry| {
            it.kind == OperatorKind::Input && it.outputs.iter().any(|out| out.key_schema.is_some())
        };
        if let Some(input) = plan.operators.iter().find(keyed) {
            return Err(DoctorError::Unfit(format!(
                "the open input \"{}\" takes records with keys, which only another component of a job file gives",
                input.name
            )));
        }
        Ok(Self {
            component,
            limits,
            arguments: arguments.to_vec(),
            cached_files: cached_files.to_vec(),
            plan,
            samples: BTreeMap::new(),
            clock: Arc::clone(clock),
        })
    }

    /// Takes samples from their files, and makes the others up. Tells whether all were read.
    ///
    /// # Errors
    /// A file cannot be read, or there is no source for it.
    pub(super) fn take_samples(&mut self, from: &SampleFiles<'_>) -> Result<bool, DoctorError> {
        let entries: Vec<&OperatorEntry> = self
            .plan
            .operators
            .iter()
            .filter(|it| is_entry(it))
            .collect();
        let uids = || {
            entries
                .iter()
                .map(|it| it.uid.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (uid, path) in from.files {
            let reason = match uid {
                Some(uid) if !entries.iter().any(|it| it.uid == *uid) => "there is no such source",
                None if entries.len() != 1 => "say for which source, as UID=FILE",
                _ => continue,
            };
            let path = path.display();
            let reason = format!("--sample {path}: {reason}; sources: {}", uids());
            return Err(DoctorError::Unfit(reason));
        }
        let mut all_read = true;
        for entry in &entries {
            let schema = entry
                .outputs
                .first()
                .map_or(&Value::Null, |out| &out.schema);
            let mut files = from.files.iter();
            let file = files.find(|(uid, _)| uid.as_ref().is_none_or(|uid| *uid == entry.uid));
            all_read &= file.is_some();
            let values = match file {
                Some((_, path)) => samples::read(path, schema)?,
                None => samples::make(schema, from.made_up),
            };
            self.samples.insert(entry.uid.clone(), values);
        }
        Ok(all_read)
    }

    /// The job at a parallelism, with its samples so many times.
    ///
    /// # Errors
    /// The graph makes no sense, or a sample does not fit its schema.
    pub(super) fn job(&self, parallelism: u32, rounds: usize) -> Result<Job, DoctorError> {
        let mut plan = self.plan.clone();
        for operator in &mut plan.operators {
            self.put_ends(operator, rounds);
        }
        let mut graph = job_graph::of_plan(&plan).map_err(DoctorError::Unfit)?;
        for operator in &mut graph.operators {
            operator.grants.clear();
        }
        let given = Given {
            grants: Vec::new(),
            cached_files: self.cached_files.clone(),
        };
        let unfit = |error: resources::ResourceError| DoctorError::Unfit(error.to_string());
        let resources = resources::of_job(&graph, &given).map_err(unfit)?;
        resources::check(&graph, &resources).map_err(unfit)?;
        let component = JobComponent {
            name: self.component.name().to_owned(),
            digest: self.component.digest().to_string(),
            file: None,
            first_operator: 0,
            operators: self.component.operators(self.limits),
            parameters: self.arguments.clone(),
            // For restoring from a checkpoint of a job, which is not done here.
            planned: Vec::new(),
        };
        let resources = Arc::new(resources);
        let job = Job::new(graph, parallelism, vec![component], resources, &self.clock)?;
        Ok(job)
    }

    /// Puts a source or sink in memory into the place of an end.
    fn put_ends(&self, operator: &mut OperatorEntry, rounds: usize) {
        operator.parallelism = None;
        let mut connector = Map::new();
        match operator.kind {
            OperatorKind::Source | OperatorKind::Input => {
                let schema = operator.outputs.first().map(|out| out.schema.clone());
                let samples = self.samples.get(&operator.uid).into_iter().flatten();
                let values: Vec<Value> = samples.cloned().collect();
                let values: Vec<&Value> = (0..rounds).flat_map(|_| &values).collect();
                connector.insert("type".to_owned(), json!("collection"));
                connector.insert("schema".to_owned(), schema.unwrap_or_default());
                connector.insert("values".to_owned(), json!(values));
                operator.kind = OperatorKind::Source;
            }
            OperatorKind::Sink | OperatorKind::Output => {
                connector.insert("type".to_owned(), json!("blackhole"));
                operator.kind = OperatorKind::Sink;
            }
            OperatorKind::Operator => return,
        }
        operator.connector = Some(connector);
        operator.grants.clear();
    }

    /// Makes the guests.
    pub(super) fn guests(&self) -> wasm::GuestOperatorFactory {
        self.component.guests(self.limits)
    }

    /// Whether records come from an open input: other components gave them their event time.
    pub(super) fn is_open_input(&self, uid: &str) -> bool {
        let mut operators = self.plan.operators.iter();
        operators.any(|it| it.kind == OperatorKind::Input && it.uid == uid)
    }

    /// Records that its sources give in one round.
    pub(super) fn sample_count(&self) -> usize {
        self.samples.values().map(Vec::len).sum()
    }

    /// Ports and states in a few words.
    pub(super) fn shape(&self) -> String {
        let count = |kinds: &[OperatorKind]| {
            let operators = self.plan.operators.iter();
            operators.filter(|it| kinds.contains(&it.kind)).count()
        };
        let states: usize = self.plan.operators.iter().map(|it| it.states.len()).sum();
        let entries = count(&[OperatorKind::Source, OperatorKind::Input]);
        let exits = count(&[OperatorKind::Sink, OperatorKind::Output]);
        let operators = count(&[OperatorKind::Operator]);
        format!("{operators} operators, {states} states, {entries} ways in, {exits} ways out")
    }
}
