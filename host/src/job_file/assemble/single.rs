//! One operator of a component by itself: what `export` writes.

use dataflow::graph::logical::Partitioning;
use dataflow::ids::{ComponentId, OperatorId};
use wasm::{OperatorKind, Plan};

use super::links::Port;
use super::{Assembler, Exit, Exits, Resolved, mismatch, partitioning_of, place_of};
use crate::job_file::document::OperatorEntry;
use crate::job_file::error::{Defect, listed};
use crate::job_file::guest;
use crate::job_file::seam;
use crate::job_graph;

impl Assembler<'_> {
    /// Places the operator `uid_in_plan` of a component.
    pub(super) fn single(
        &mut self,
        index: usize,
        entry: &OperatorEntry,
        component: &str,
        uid_in_plan: &str,
    ) -> Result<Exits, Defect> {
        let place = place_of(self.job, index);
        let arguments = self.arguments(entry, component);
        let planned = self.plan(&place, component, arguments.clone())?;
        let of_plan = planned.1.operators.iter().find(|it| it.uid == uid_in_plan);
        let Some(of_plan) = of_plan.filter(|it| it.runs_in_component()).cloned() else {
            let operators = planned
                .1
                .operators
                .iter()
                .filter(|it| it.runs_in_component());
            let known = listed(operators.map(|it| it.uid.as_str()));
            let reason = format!(
                "component \"{component}\" has no operator \"{uid_in_plan}\"; it has: {known}"
            );
            return Err(Defect::new(format!("{place}.operator"), reason));
        };
        let links = self.resolve(index, entry)?;
        check_inputs(&place, of_plan.inputs.len(), &links)?;
        let id = self.group(&place, component, arguments, planned, of_plan.id)?;
        let group = &self.components[id.0 as usize];
        let as_planned = inputs_as_planned(self, id, of_plan.id, &links);
        let mut operator = job_graph::operator(&of_plan, id, group.first_operator);
        operator.uid.clone_from(&entry.uid);
        if let Some(name) = &entry.name {
            operator.name.clone_from(name);
        }
        operator.parallelism = entry.parallelism.or(operator.parallelism);
        // Inside an instance records run along the edges of the plan; elsewhere they have to come from outside.
        operator.chain = entry.chain.unwrap_or(operator.chain) && as_planned;
        guest::apply(&place, entry, &mut operator)?;
        for link in &links {
            let input = &mut operator.inputs[number(&link.port) as usize];
            let gives = &link.exit.schema;
            if !seam::fits(gives, &input.schema, link.exit.from_connector) {
                return Err(mismatch(&place, link, &input.schema));
            }
            input.schema.clone_from(gives);
        }
        let exits = operator.outputs.iter().zip(0..).map(|(output, number)| {
            let exit = Exit {
                operator: operator.id,
                output: number,
                schema: output.schema.clone(),
                key_schema: output.key_schema.clone(),
                partitioning: Partitioning::Forward,
                from_connector: false,
            };
            (output.name.clone(), vec![exit])
        });
        let exits = exits.collect();
        let to = operator.id;
        self.operators.push((index, operator));
        let wished = if of_plan.keyed {
            Partitioning::Hash
        } else {
            Partitioning::Forward
        };
        for link in &links {
            self.connect(link, to, number(&link.port), wished);
        }
        Ok(exits)
    }

    /// The component that was planned with the same arguments and whose operator is not in use, or a new one.
    fn group(
        &mut self,
        place: &str,
        name: &str,
        arguments: Vec<(String, String)>,
        planned: (wasm::Component, std::sync::Arc<Plan>),
        operator: u32,
    ) -> Result<ComponentId, Defect> {
        let free = self.components.iter().position(|it| {
            it.name == name && it.arguments == arguments && !it.used.contains(&operator)
        });
        let id = match free {
            Some(index) => ComponentId(index as u32),
            None => self.add_component(place, name, arguments, planned)?,
        };
        self.components[id.0 as usize].used.push(operator);
        Ok(id)
    }
}

fn number(port: &Port) -> u32 {
    match port {
        Port::Number(number) => *number,
        Port::Only | Port::Named(_) => 0,
    }
}

fn check_inputs(place: &str, inputs: usize, links: &[Resolved]) -> Result<(), Defect> {
    let field = format!("{place}.inputs");
    if let Some(named) = links
        .iter()
        .find(|link| matches!(link.port, Port::Named(_)))
    {
        let reason = format!(
            "\"{}\" is led to a port, but one operator of a component has numbered inputs: write a list of edges",
            named.from
        );
        return Err(Defect::new(field, reason));
    }
    if let Some(beyond) = links
        .iter()
        .find(|link| number(&link.port) as usize >= inputs)
    {
        let reason = format!(
            "there is no input {}; it has {inputs}",
            number(&beyond.port)
        );
        return Err(Defect::new(field, reason));
    }
    let missing = (0..inputs).find(|input| {
        links
            .iter()
            .all(|link| number(&link.port) as usize != *input)
    });
    match missing {
        Some(input) => Err(Defect::new(field, format!("its input {input} has no edge"))),
        None => Ok(()),
    }
}

/// Whether an operator is fed as its component's plan has it: only then may it share an instance with what feeds it.
fn inputs_as_planned(
    assembler: &Assembler<'_>,
    component: ComponentId,
    operator: u32,
    links: &[Resolved],
) -> bool {
    let group = &assembler.components[component.0 as usize];
    let plan = &group.plan;
    let kind_in_plan = |id: u32| {
        plan.operators
            .iter()
            .find(|it| it.id == id)
            .map(|it| it.kind)
    };
    let is_own = |from: u32, exit: &Exit| {
        let own = OperatorId(group.first_operator + from);
        group.used.contains(&from) && exit.operator == own
    };
    let same_origin = |from: u32, exit: &Exit| match kind_in_plan(from) {
        Some(OperatorKind::Operator) => is_own(from, exit),
        Some(OperatorKind::Source) => exit.from_connector || is_own(from, exit),
        _ => false,
    };
    let planned: Vec<_> = plan
        .edges
        .iter()
        .filter(|edge| edge.to == operator)
        .collect();
    planned.len() == links.len()
        && planned.iter().all(|edge| {
            links.iter().any(|link| {
                let stated = link.partitioning.map(partitioning_of);
                let same_way =
                    stated.is_none_or(|it| it == job_graph::partitioning(edge.partitioning));
                edge.input == number(&link.port)
                    && edge.output == link.exit.output
                    && same_way
                    && same_origin(edge.from, &link.exit)
            })
        })
}
