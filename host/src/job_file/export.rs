//! A component's plan as a job file: every operator by itself, with the edges written out. Run, it gives the same graph
//! with the same uids, so that a checkpoint of the one is a checkpoint of the other.

use std::collections::BTreeMap;

use serde_json::Value;
use wasm::{EdgeEntry as PlanEdge, OperatorEntry as PlanOperator, OperatorKind, Plan};

use super::document::{
    ComponentEntry, EdgeEntry, FullComponent, Inputs, JobFile, OperatorEntry, PartitioningEntry,
    Scalar,
};
use super::parameters::literal;

/// What the component is called in the file.
const COMPONENT: &str = "job";

/// Writes the plan that a component made of these arguments as a job file. `path` is where the file will find the
/// component.
///
/// # Errors
/// The plan has open ports, or something that a job file cannot say; a text for the user.
pub(crate) fn of_plan(
    plan: &Plan,
    path: &str,
    digest: &str,
    arguments: &[(String, String)],
) -> Result<JobFile, String> {
    let mut job = JobFile::new(&literal(&plan.name));
    job.max_parallelism = plan.max_parallelism;
    let text = |text: &String| Scalar::Text(literal(text));
    let component = FullComponent {
        path: literal(path),
        digest: Some(digest.to_owned()),
        parameters: arguments
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    };
    job.components
        .insert(COMPONENT.to_owned(), ComponentEntry::Full(component));
    let uids: BTreeMap<u32, &PlanOperator> = plan.operators.iter().map(|it| (it.id, it)).collect();
    for file in &plan.cached_files {
        let path = Value::from(literal(&file.path));
        job.cached_files.insert(literal(&file.name), path);
    }
    let restart = plan.restart_strategy.iter();
    for (key, value) in restart.flat_map(|it| it.settings()) {
        job.settings.insert(key.to_owned(), Scalar::Text(value));
    }
    for operator in &plan.operators {
        let edges = plan.edges.iter().filter(|edge| edge.to == operator.id);
        let edges: Vec<EdgeEntry> = edges
            .filter_map(|edge| entry_of_edge(edge, &uids))
            .collect();
        job.operators.push(entry(operator, edges)?);
    }
    Ok(job)
}

fn entry_of_edge(edge: &PlanEdge, operators: &BTreeMap<u32, &PlanOperator>) -> Option<EdgeEntry> {
    let from = operators.get(&edge.from)?;
    let output = from.outputs.get(edge.output as usize)?;
    Some(EdgeEntry {
        from: from.uid.clone(),
        output: (edge.output > 0).then(|| output.name.clone()),
        input: edge.input,
        partitioning: Some(match edge.partitioning {
            wasm::Partitioning::Forward => PartitioningEntry::Forward,
            wasm::Partitioning::Hash => PartitioningEntry::Hash,
            wasm::Partitioning::Rebalance => PartitioningEntry::Rebalance,
            wasm::Partitioning::Broadcast => PartitioningEntry::Broadcast,
        }),
    })
}

fn entry(operator: &PlanOperator, edges: Vec<EdgeEntry>) -> Result<OperatorEntry, String> {
    let entry = OperatorEntry {
        uid: operator.uid.clone(),
        inputs: (!edges.is_empty()).then_some(Inputs::Edges(edges)),
        ..OperatorEntry::default()
    };
    let built_in = || OperatorEntry {
        name: Some(literal(&operator.name)),
        parallelism: operator.parallelism,
        chain: (!operator.chain).then_some(false),
        ..entry.clone()
    };
    let connector = || {
        let connector = operator.connector.clone().unwrap_or_default();
        let escaped = connector
            .into_iter()
            .map(|(key, value)| (key, literal_value(value)));
        Some(escaped.collect())
    };
    if operator.runs_in_component() {
        return Ok(OperatorEntry {
            component: Some(COMPONENT.to_owned()),
            operator: Some(operator.uid.clone()),
            ..entry
        });
    }
    Ok(match operator.kind {
        OperatorKind::Source => OperatorEntry {
            source: connector(),
            schema: operator.outputs.first().map(|output| output.schema.clone()),
            ..built_in()
        },
        OperatorKind::Sink => OperatorEntry {
            sink: connector(),
            ..built_in()
        },
        OperatorKind::Operator | OperatorKind::Input | OperatorKind::Output => {
            return Err(format!(
                "operator \"{}\" is an open port: the component is a part of a job, name it in a job file",
                operator.uid
            ));
        }
    })
}

fn literal_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(literal(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(literal_value).collect()),
        Value::Object(map) => {
            let pairs = map.into_iter();
            Value::Object(
                pairs
                    .map(|(key, value)| (key, literal_value(value)))
                    .collect(),
            )
        }
        other => other,
    }
}
