//! From a job file to one job graph: operators are placed upstream first, so that a component is planned when the schemas
//! of its inputs are known.
//!
//! Numbers: every component with its arguments has a range of operator numbers of its own, so that the component's number
//! of an operator is the job's less the first of the range. One operator of a component joins the others that were
//! planned with the same arguments, and so may share a guest instance with them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::graph::logical::{
    Connector, Edge, Input, JobGraph, Operator, OperatorKind, Output, Partitioning,
};
use dataflow::ids::{ComponentId, OperatorId};
use dataflow::limits::{MAX_PARALLELISM_DEFAULT, OPERATORS_MAX};
use dataflow::port::guest_settings::GuestSettings;
use serde_json::{Map, Value};
use wasm::Plan;

use super::document::{ComponentEntry, JobFile, OperatorEntry, PartitioningEntry, Scalar};
use super::error::{Defect, JobFileError, listed};
use super::guest;
use super::read::ReadJobFile;
use super::seam;
use super::shipped;
use crate::job_graph;

mod links;
mod single;

pub(super) use links::{Port, Resolved};

/// A job file as a graph, with the components it needs.
pub(crate) struct Assembled {
    /// The graph; not validated yet.
    pub(crate) graph: JobGraph,
    /// The components; a [`ComponentId`] is an index into it.
    pub(crate) components: Vec<AssembledComponent>,
}

/// A component with the arguments of its plan.
pub(crate) struct AssembledComponent {
    /// Its name in the job file.
    pub(crate) name: String,
    /// The component.
    pub(crate) component: wasm::Component,
    /// What it was planned with.
    pub(crate) arguments: Vec<(String, String)>,
    /// The job's number of its operator 0.
    pub(crate) first_operator: u32,
    /// Its plan, and which of its operators the job uses.
    pub(crate) plan: Arc<Plan>,
    pub(super) used: Vec<u32>,
}

/// An output that records leave a placed operator by.
#[derive(Clone, Debug)]
pub(super) struct Exit {
    pub(super) operator: OperatorId,
    pub(super) output: u32,
    pub(super) schema: String,
    pub(super) key_schema: Option<String>,
    /// What the operator before an open output asked for.
    pub(super) partitioning: Partitioning,
    /// Whether a connector of the host gives the records.
    pub(super) from_connector: bool,
}

/// The outputs of a placed operator by name, the main one first.
pub(super) type Exits = Vec<(String, Vec<Exit>)>;

impl Assembled {
    /// Loads the components of a job file, plans them and puts everything together.
    ///
    /// # Errors
    /// The file contradicts itself or a component, said with the place in the file.
    pub(crate) fn of(
        file: &ReadJobFile,
        plugin_dir: Option<&Path>,
        sandbox: &wasm::Runtime,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, JobFileError> {
        let assemble = || {
            let job = &file.job;
            let order = links::order(job)?;
            let mut assembler = Assembler {
                job,
                loaded: load(file, plugin_dir, sandbox)?,
                plugin_dir,
                clock,
                planned: BTreeMap::new(),
                components: Vec::new(),
                operators: Vec::new(),
                edges: Vec::new(),
                exits: BTreeMap::new(),
                next: 0,
            };
            for index in order {
                assembler.place(index)?;
            }
            Ok(assembler.finish())
        };
        assemble().map_err(|defect: Defect| defect.of(&file.name))
    }
}

/// Loads the components of a job file, by name.
///
/// # Errors
/// A component cannot be loaded, or is another than the file says.
pub(crate) fn components(
    file: &ReadJobFile,
    plugin_dir: Option<&Path>,
    sandbox: &wasm::Runtime,
) -> Result<BTreeMap<String, wasm::Component>, JobFileError> {
    load(file, plugin_dir, sandbox).map_err(|defect| defect.of(&file.name))
}

/// The components of a job file, loaded.
pub(super) fn load(
    file: &ReadJobFile,
    plugin_dir: Option<&Path>,
    sandbox: &wasm::Runtime,
) -> Result<BTreeMap<String, wasm::Component>, Defect> {
    let mut loaded = BTreeMap::new();
    for (name, entry) in &file.job.components {
        let field = format!("components.{name}");
        let (path, digest) = match entry {
            ComponentEntry::Path(path) => (path, None),
            ComponentEntry::Full(full) => (&full.path, full.digest.as_ref()),
        };
        let component = sandbox
            .load(&file.folder.join(path))
            .map_err(|error| Defect::Component(field.clone(), Box::new(error)))?;
        let found = component.digest().to_string();
        if let Some(digest) = digest.filter(|digest| **digest != found) {
            let reason = format!(
                "the file {path} has the digest {found}, not {digest}: it is another component"
            );
            return Err(Defect::new(format!("{field}.digest"), reason));
        }
        loaded.insert(name.clone(), component);
    }
    for entry in &file.job.operators {
        let undeclared = entry.component.as_ref();
        let Some(name) = undeclared.filter(|name| !loaded.contains_key(*name)) else {
            continue;
        };
        if let Some(path) = shipped::path(name, plugin_dir) {
            let field = format!("operator \"{}\", component", entry.uid);
            let component = sandbox
                .load(&path)
                .map_err(|error| Defect::Component(field, Box::new(error)))?;
            loaded.insert(name.clone(), component);
        }
    }
    Ok(loaded)
}

/// A component's name and the arguments of its plan.
type PlanKey = (String, Vec<(String, String)>);

/// The job as far as it is put together.
pub(super) struct Assembler<'a> {
    pub(super) job: &'a JobFile,
    loaded: BTreeMap<String, wasm::Component>,
    /// Where shipped components are looked for first.
    plugin_dir: Option<&'a Path>,
    clock: &'a Arc<dyn Clock>,
    planned: BTreeMap<PlanKey, Arc<Plan>>,
    pub(super) components: Vec<AssembledComponent>,
    /// Each with the index of its entry in the file.
    pub(super) operators: Vec<(usize, Operator)>,
    pub(super) edges: Vec<Edge>,
    pub(super) exits: BTreeMap<String, Exits>,
    next: u32,
}

/// How messages write the place of an operator.
pub(super) fn place_of(job: &JobFile, index: usize) -> String {
    format!("operators[{index}] \"{}\"", job.operators[index].uid)
}

impl Assembler<'_> {
    fn place(&mut self, index: usize) -> Result<(), Defect> {
        let entry = &self.job.operators[index];
        let exits = match (
            &entry.source,
            &entry.sink,
            &entry.component,
            &entry.operator,
        ) {
            (Some(source), ..) => self.source(index, entry, source)?,
            (None, Some(sink), ..) => self.sink(index, entry, sink)?,
            (None, None, Some(component), Some(operator)) => {
                self.single(index, entry, component, operator)?
            }
            (None, None, Some(component), None) => self.splice(index, entry, component)?,
            // `links::order` has refused it.
            (None, None, None, _) => Vec::new(),
        };
        self.exits.insert(entry.uid.clone(), exits);
        Ok(())
    }

    /// Takes `count` operator numbers and returns the first.
    fn reserve(&mut self, place: &str, count: u32) -> Result<u32, Defect> {
        let first = self.next;
        let after = first
            .checked_add(count)
            .filter(|_| count as usize <= OPERATORS_MAX);
        self.next = after.ok_or_else(|| {
            let reason = format!("its plan numbers operators beyond {OPERATORS_MAX}");
            Defect::new(place, reason)
        })?;
        Ok(first)
    }

    fn source(
        &mut self,
        index: usize,
        entry: &OperatorEntry,
        connector: &Map<String, Value>,
    ) -> Result<Exits, Defect> {
        let place = place_of(self.job, index);
        let schema = match &entry.schema {
            Some(schema) => schema.to_string(),
            None => {
                let config = Value::Object(connector.clone());
                let source = connectors::source(&config, Arc::clone(self.clock));
                let refused = |error: connectors::ConnectorError| {
                    Defect::new(format!("{place}.source"), error.to_string())
                };
                source.map_err(refused)?.schema()
            }
        };
        let operator = OperatorId(self.reserve(&place, 1)?);
        let output = Output {
            name: "out".to_owned(),
            schema: schema.clone(),
            key_schema: None,
        };
        let kind = OperatorKind::Source(connector_of(connector));
        self.built_in(index, operator, kind, Vec::new(), vec![output])?;
        let exit = Exit {
            operator,
            output: 0,
            schema,
            key_schema: None,
            partitioning: Partitioning::Forward,
            from_connector: true,
        };
        Ok(vec![("out".to_owned(), vec![exit])])
    }

    fn sink(
        &mut self,
        index: usize,
        entry: &OperatorEntry,
        connector: &Map<String, Value>,
    ) -> Result<Exits, Defect> {
        let place = place_of(self.job, index);
        let resolved = self.only_input(index, entry)?;
        let operator = OperatorId(self.reserve(&place, 1)?);
        let schema = resolved[0].exit.schema.clone();
        for link in &resolved {
            if !seam::fits(&link.exit.schema, &schema, link.exit.from_connector) {
                return Err(mismatch(&place, link, &schema));
            }
        }
        let input = Input {
            schema,
            complete_first: false,
        };
        let kind = OperatorKind::Sink(connector_of(connector));
        self.built_in(index, operator, kind, vec![input], Vec::new())?;
        for link in resolved {
            self.connect(&link, operator, 0, Partitioning::Forward);
        }
        Ok(Vec::new())
    }

    fn built_in(
        &mut self,
        index: usize,
        id: OperatorId,
        kind: OperatorKind,
        inputs: Vec<Input>,
        outputs: Vec<Output>,
    ) -> Result<(), Defect> {
        let entry = &self.job.operators[index];
        let type_name = match &kind {
            OperatorKind::Source(_) => entry.source.as_ref(),
            _ => entry.sink.as_ref(),
        };
        let type_name = type_name.and_then(|connector| connector.get("type"));
        let type_name = type_name.and_then(Value::as_str).unwrap_or_default();
        let mut operator = Operator {
            id,
            uid: entry.uid.clone(),
            name: entry
                .name
                .clone()
                .unwrap_or_else(|| type_name.replace('-', " ")),
            parallelism: entry.parallelism,
            chain: entry.chain.unwrap_or(true),
            kind,
            inputs,
            outputs,
            component: None,
            grants: Vec::new(),
            cached_files: Vec::new(),
            guest: GuestSettings::default(),
        };
        guest::apply(&place_of(self.job, index), entry, &mut operator)?;
        self.operators.push((index, operator));
        Ok(())
    }

    /// Adds the edge of a link into an operator that would have it as `wished`.
    pub(super) fn connect(
        &mut self,
        link: &Resolved,
        to: OperatorId,
        input: u32,
        wished: Partitioning,
    ) {
        let parallelism = |id: OperatorId| {
            let mut operators = self.operators.iter();
            operators
                .find(|(_, operator)| operator.id == id)
                .and_then(|(_, operator)| operator.parallelism)
        };
        let partitioning = link.partitioning.map_or_else(
            || match (wished, link.exit.partitioning) {
                (Partitioning::Forward, Partitioning::Forward)
                    if parallelism(link.exit.operator) != parallelism(to) =>
                {
                    Partitioning::Rebalance
                }
                (Partitioning::Forward, asked) => asked,
                (wished, _) => wished,
            },
            partitioning_of,
        );
        self.edges.push(Edge {
            from: link.exit.operator,
            output: link.exit.output,
            to,
            input,
            partitioning,
        });
    }

    /// The plan of a component with these arguments.
    pub(super) fn plan(
        &mut self,
        place: &str,
        name: &str,
        arguments: Vec<(String, String)>,
    ) -> Result<(wasm::Component, Arc<Plan>), Defect> {
        let Some(component) = self.loaded.get(name) else {
            let known = listed(self.loaded.keys().map(String::as_str));
            let places = shipped::candidates(name, self.plugin_dir);
            let places = places.iter().map(|place| place.display().to_string());
            let places: Vec<String> = places.collect();
            let places = listed(places.iter().map(String::as_str));
            let reason = format!(
                "there is no component \"{name}\"; declared are: {known}; looked for in: {places}; declare it below components, or set plugin.dir"
            );
            return Err(Defect::new(format!("{place}.component"), reason));
        };
        let component = component.clone();
        let key = (name.to_owned(), arguments);
        if let Some(plan) = self.planned.get(&key) {
            return Ok((component, Arc::clone(plan)));
        }
        let plan = component.plan(&key.1);
        let plan = plan.map_err(|error| Defect::Component(place.to_owned(), Box::new(error)))?;
        let plan = Arc::new(plan);
        self.planned.insert(key, Arc::clone(&plan));
        Ok((component, plan))
    }

    /// The arguments an operator's component is planned with.
    pub(super) fn arguments(&self, entry: &OperatorEntry, name: &str) -> Vec<(String, String)> {
        let mut arguments: BTreeMap<&str, &Scalar> = BTreeMap::new();
        let of_component = match self.job.components.get(name) {
            Some(ComponentEntry::Full(full)) => Some(&full.parameters),
            _ => None,
        };
        for parameters in of_component.into_iter().chain([&entry.parameters]) {
            arguments.extend(
                parameters
                    .iter()
                    .map(|(name, value)| (name.as_str(), value)),
            );
        }
        let pairs = arguments.into_iter();
        pairs
            .map(|(name, value)| (name.to_owned(), value.text()))
            .collect()
    }

    /// Adds a component with a range of numbers of its own.
    pub(super) fn add_component(
        &mut self,
        place: &str,
        name: &str,
        arguments: Vec<(String, String)>,
        planned: (wasm::Component, Arc<Plan>),
    ) -> Result<ComponentId, Defect> {
        let (component, plan) = planned;
        let highest = plan.operators.iter().map(|operator| operator.id).max();
        let count = highest.unwrap_or(0).saturating_add(1);
        let first_operator = self.reserve(place, count)?;
        let id = ComponentId(self.components.len() as u32);
        self.components.push(AssembledComponent {
            name: name.to_owned(),
            component,
            arguments,
            first_operator,
            plan,
            used: Vec::new(),
        });
        Ok(id)
    }

    fn finish(mut self) -> Assembled {
        // In the order of the file, which is the one that people know.
        self.operators
            .sort_by_key(|(index, operator)| (*index, operator.id));
        let max_parallelism = self.job.max_parallelism.unwrap_or(MAX_PARALLELISM_DEFAULT);
        Assembled {
            graph: JobGraph {
                name: self.job.name.clone(),
                max_parallelism,
                operators: self
                    .operators
                    .into_iter()
                    .map(|(_, operator)| operator)
                    .collect(),
                edges: self.edges,
                cached_files: self
                    .components
                    .iter()
                    .flat_map(|it| &it.plan.cached_files)
                    .map(|file| (file.name.clone(), file.path.clone()))
                    .collect(),
            },
            components: self.components,
        }
    }
}

fn connector_of(connector: &Map<String, Value>) -> Connector {
    job_graph::connector(Some(connector))
}

pub(super) fn partitioning_of(entry: PartitioningEntry) -> Partitioning {
    match entry {
        PartitioningEntry::Forward => Partitioning::Forward,
        PartitioningEntry::Hash => Partitioning::Hash,
        PartitioningEntry::Rebalance => Partitioning::Rebalance,
        PartitioningEntry::Broadcast => Partitioning::Broadcast,
    }
}

/// The two sides of an edge differ.
pub(super) fn mismatch(place: &str, link: &Resolved, takes: &str) -> Defect {
    let (from, gives) = (&link.from, &link.exit.schema);
    let reason =
        format!("edge \"{from}\" -> {place}: the output gives {gives} but the input takes {takes}");
    Defect::new(place, reason)
}
