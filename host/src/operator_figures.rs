//! The figures of each operator for the summary: records in and out where they cross the border of a task, and the
//! operator's own counters, by uid. Names are Flink's.
//!
//! Between two operators of one chain nothing is counted: records pass by value inside the guest.

use std::collections::BTreeMap;

use dataflow::graph::execution::Vertex;
use dataflow::ids::OperatorId;
use runtime::task::figures::{Counters, TaskReading};
use serde_json::{Map, Value, json};

use crate::scheduler::job::Job;

/// Sums the tasks' figures up by operator.
pub(crate) fn json<'a>(
    job: &Job,
    tasks: impl Iterator<Item = (&'a Vertex, &'a TaskReading, Counters)>,
) -> Value {
    let mut sums: BTreeMap<OperatorId, BTreeMap<String, u64>> = BTreeMap::new();
    let mut add = |operator: OperatorId, name: &str, amount: u64| {
        let figures = sums.entry(operator).or_default();
        *figures.entry(name.to_owned()).or_default() += amount;
    };
    for (vertex, reading, counters) in tasks {
        if let Some(head) = vertex.operators.first() {
            add(*head, "numRecordsIn", reading.records_in);
        }
        if let Some(tail) = tail(vertex) {
            add(tail, "numRecordsOut", reading.records_out);
        }
        for (operator, name, total) in counters {
            add(operator, &name, total);
        }
    }
    let operator = |(id, figures): (OperatorId, BTreeMap<String, u64>)| {
        let figures: Map<String, Value> = figures
            .into_iter()
            .map(|(name, sum)| (name, json!(sum)))
            .collect();
        (job.uid(id), Value::Object(figures))
    };
    sums.into_iter().map(operator).collect::<Map<_, _>>().into()
}

/// The operator whose output all records are that leave the chain, if there is one.
fn tail(vertex: &Vertex) -> Option<OperatorId> {
    match &vertex.ports[..] {
        [] => vertex.source,
        [port] if vertex.head_targets.is_empty() => Some(port.operator),
        _ => None,
    }
}
