//! A component with open ports in its place in a job: its operators become operators of the job, and the edges at its
//! open ports are joined with the job's.
//!
//! The component is told the schemas of what comes in as arguments that no job of its own would have
//! (`input.NAME.schema`, `input.NAME.key_schema`, without `NAME.` for the only one), so that it can compute what goes out.

use std::collections::BTreeMap;

use dataflow::graph::logical::{Edge, Operator, Partitioning};
use dataflow::ids::{ComponentId, OperatorId};
use wasm::{EdgeEntry, OperatorEntry as PlanOperator, OperatorKind, Plan};

use super::assemble::{Assembler, Exit, Exits, Port, Resolved, mismatch, place_of};
use super::document::OperatorEntry;
use super::error::{Defect, listed};
use super::guest;
use super::seam;
use crate::job_graph;

/// A component in its place, while it is being joined.
struct Place<'a> {
    name: String,
    entry: &'a OperatorEntry,
    plan: &'a Plan,
    component: ComponentId,
    first: u32,
    links: &'a [(String, Resolved)],
}

impl Assembler<'_> {
    /// Places a whole component.
    pub(super) fn splice(
        &mut self,
        index: usize,
        entry: &OperatorEntry,
        component: &str,
    ) -> Result<Exits, Defect> {
        let place = place_of(self.job, index);
        let resolved = self.resolve(index, entry)?;
        let mut arguments = self.arguments(entry, component);
        tell_schemas(&mut arguments, &resolved);
        let planned = self.plan(&place, component, arguments.clone())?;
        let plan = std::sync::Arc::clone(&planned.1);
        let links = named(&place, &plan, resolved)?;
        let id = self.add_component(&place, component, arguments, planned)?;
        let place = Place {
            name: place,
            entry,
            plan: &plan,
            component: id,
            first: self.components[id.0 as usize].first_operator,
            links: &links,
        };
        place.check_ports()?;
        for operator in place.operators() {
            let mut operator = place.seams(operator)?;
            if operator.is_guest() {
                guest::apply(&place.name, entry, &mut operator)?;
            }
            self.operators.push((index, operator));
        }
        for edge in &plan.edges {
            place.add_edge(self, edge);
        }
        place.exits(self)
    }
}

/// Adds the arguments that tell a component about its inputs. The only input of a component is not named.
fn tell_schemas(arguments: &mut Vec<(String, String)>, links: &[Resolved]) {
    for link in links {
        let input = match &link.port {
            Port::Named(name) => format!("input.{name}"),
            Port::Only | Port::Number(_) => "input".to_owned(),
        };
        let schema = format!("{input}.schema");
        if arguments.iter().any(|(name, _)| *name == schema) {
            continue;
        }
        arguments.push((schema, link.exit.schema.clone()));
        if let Some(key_schema) = &link.exit.key_schema {
            arguments.push((format!("{input}.key_schema"), key_schema.clone()));
        }
    }
}

fn ports(plan: &Plan, kind: OperatorKind) -> impl Iterator<Item = &PlanOperator> {
    plan.operators.iter().filter(move |it| it.kind == kind)
}

/// The links by the names of the ports they lead to.
fn named(
    place: &str,
    plan: &Plan,
    links: Vec<Resolved>,
) -> Result<Vec<(String, Resolved)>, Defect> {
    let known: Vec<&str> = ports(plan, OperatorKind::Input)
        .map(|it| it.name.as_str())
        .collect();
    let name_of = |link: &Resolved| match (&link.port, known.as_slice()) {
        (Port::Named(name), _) if known.contains(&name.as_str()) => Ok(name.clone()),
        (Port::Named(name), _) => {
            let reason = format!(
                "the component has no input \"{name}\"; it has: {}",
                listed(known.iter().copied())
            );
            Err(Defect::new(format!("{place}.inputs"), reason))
        }
        (_, [only]) => Ok((*only).to_owned()),
        (_, several) => {
            let reason = format!(
                "the component has {} inputs: write inputs with a uid for each of: {}",
                several.len(),
                listed(several.iter().copied())
            );
            Err(Defect::new(format!("{place}.input"), reason))
        }
    };
    links
        .into_iter()
        .map(|link| Ok((name_of(&link)?, link)))
        .collect()
}

impl Place<'_> {
    fn entry_of(&self, number: u32) -> Option<&PlanOperator> {
        self.plan.operators.iter().find(|it| it.id == number)
    }

    fn is(&self, number: u32, kind: OperatorKind) -> bool {
        self.entry_of(number).is_some_and(|it| it.kind == kind)
    }

    fn id(&self, number: u32) -> OperatorId {
        OperatorId(self.first.saturating_add(number))
    }

    fn links_to<'b>(&'b self, port: &'b str) -> impl Iterator<Item = &'b Resolved> {
        let links = self.links.iter();
        links
            .filter(move |(name, _)| name == port)
            .map(|(_, link)| link)
    }

    /// Every open input must be fed, by a stream with keys if it wants some.
    fn check_ports(&self) -> Result<(), Defect> {
        for input in ports(self.plan, OperatorKind::Input) {
            let field = format!("{}.inputs", self.name);
            let wants = input.outputs[0]
                .key_schema
                .as_ref()
                .map(ToString::to_string);
            if self.links_to(&input.name).next().is_none() {
                let reason = format!(
                    "the input \"{}\" of the component is not connected",
                    input.name
                );
                return Err(Defect::new(field, reason));
            }
            for link in self.links_to(&input.name) {
                let fits = match (&wants, &link.exit.key_schema) {
                    (None, _) => true,
                    (Some(wants), Some(has)) => seam::fits(has, wants, false),
                    (Some(_), None) => false,
                };
                if !fits {
                    let has = link.exit.key_schema.as_deref().unwrap_or("nothing");
                    let wants = wants.as_deref().unwrap_or_default();
                    let reason = format!(
                        "the input \"{}\" takes a stream keyed by {wants}, but \"{}\" is keyed by {has}",
                        input.name, link.from
                    );
                    return Err(Defect::new(field, reason));
                }
            }
        }
        Ok(())
    }

    /// The operators of the component as operators of the job.
    fn operators(&self) -> Vec<Operator> {
        let is_open =
            |it: &&PlanOperator| matches!(it.kind, OperatorKind::Input | OperatorKind::Output);
        let inner: Vec<&PlanOperator> = self
            .plan
            .operators
            .iter()
            .filter(|it| !is_open(it))
            .collect();
        let own_operator = |of_plan: &&PlanOperator| {
            let mut operator = job_graph::operator(of_plan, self.component, self.first);
            operator.uid = format!("{}/{}", self.entry.uid, operator.uid);
            // Without a name it is shown, and named in errors, by the uid that the job file gives it.
            let name = self.entry.name.as_ref().unwrap_or(&self.entry.uid);
            operator.name = match inner.len() {
                1 => name.clone(),
                _ => format!("{name}: {}", operator.name),
            };
            operator.parallelism = operator.parallelism.or(self.entry.parallelism);
            if self.entry.chain == Some(false) && self.fed_from_outside(of_plan.id) {
                operator.chain = false;
            }
            operator
        };
        inner.iter().map(own_operator).collect()
    }

    fn fed_from_outside(&self, number: u32) -> bool {
        let mut edges = self.plan.edges.iter();
        edges.any(|edge| edge.to == number && self.is(edge.from, OperatorKind::Input))
    }

    /// Checks the schemas at the inputs of an operator that are fed by open inputs, and takes over the other side's words.
    fn seams(&self, mut operator: Operator) -> Result<Operator, Defect> {
        let number = operator.id.0 - self.first;
        for edge in self.plan.edges.iter().filter(|edge| edge.to == number) {
            let open = self
                .entry_of(edge.from)
                .filter(|it| it.kind == OperatorKind::Input);
            let (Some(open), Some(input)) = (open, operator.inputs.get_mut(edge.input as usize))
            else {
                continue;
            };
            for link in self.links_to(&open.name) {
                if !seam::fits(&link.exit.schema, &input.schema, link.exit.from_connector) {
                    let place = format!("{}.inputs.{}", self.name, open.name);
                    return Err(mismatch(&place, link, &input.schema));
                }
            }
            if let Some(link) = self.links_to(&open.name).next() {
                input.schema.clone_from(&link.exit.schema);
            }
        }
        Ok(operator)
    }

    fn add_edge(&self, assembler: &mut Assembler<'_>, edge: &EdgeEntry) {
        if self.is(edge.to, OperatorKind::Output) {
            return;
        }
        let wished = job_graph::partitioning(edge.partitioning);
        let to = self.id(edge.to);
        match self.entry_of(edge.from) {
            Some(open) if open.kind == OperatorKind::Input => {
                for link in self.links_to(&open.name) {
                    assembler.connect(link, to, edge.input, wished);
                }
            }
            _ => assembler.edges.push(Edge {
                from: self.id(edge.from),
                output: edge.output,
                to,
                input: edge.input,
                partitioning: self.inner(assembler, edge, wished),
            }),
        }
    }

    /// An edge inside forwards only as long as both ends still have one parallelism.
    fn inner(
        &self,
        assembler: &Assembler<'_>,
        edge: &EdgeEntry,
        wished: Partitioning,
    ) -> Partitioning {
        let parallelism = |number: u32| {
            let mut operators = assembler.operators.iter();
            let found = operators.find(|(_, operator)| operator.id == self.id(number));
            found.and_then(|(_, operator)| operator.parallelism)
        };
        if wished == Partitioning::Forward && parallelism(edge.from) != parallelism(edge.to) {
            Partitioning::Rebalance
        } else {
            wished
        }
    }

    /// The open outputs, each with the outputs behind it.
    fn exits(&self, assembler: &Assembler<'_>) -> Result<Exits, Defect> {
        let outputs_of: BTreeMap<OperatorId, &Operator> = assembler
            .operators
            .iter()
            .map(|(_, operator)| (operator.id, operator))
            .collect();
        let mut exits = Exits::new();
        for open in ports(self.plan, OperatorKind::Output) {
            let mut behind = Vec::new();
            for edge in self.plan.edges.iter().filter(|edge| edge.to == open.id) {
                let from = outputs_of.get(&self.id(edge.from));
                let output = from.and_then(|it| it.outputs.get(edge.output as usize));
                let Some(output) = output else {
                    let reason = format!(
                        "output \"{}\" of the component is not behind an operator of it: put one before it",
                        open.name
                    );
                    return Err(Defect::new(self.name.clone(), reason));
                };
                behind.push(Exit {
                    operator: self.id(edge.from),
                    output: edge.output,
                    schema: output.schema.clone(),
                    key_schema: output.key_schema.clone(),
                    partitioning: job_graph::partitioning(edge.partitioning),
                    from_connector: false,
                });
            }
            if behind.is_empty() {
                let reason = format!("output \"{}\" of the component has no edge", open.name);
                return Err(Defect::new(self.name.clone(), reason));
            }
            exits.push((open.name.clone(), behind));
        }
        Ok(exits)
    }
}
