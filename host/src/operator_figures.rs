//! The figures of each operator for the summary: records in and out where they cross the border of a task, and the
//! operator's own metrics, by uid. Names are Flink's.
//!
//! Between two operators of one chain nothing is counted: records pass by value inside the guest. Over the subtasks
//! counters and meters are added up, histograms are merged, and of a gauge every subtask's value is shown.

use std::collections::BTreeMap;

use dataflow::graph::execution::Vertex;
use dataflow::ids::OperatorId;
use dataflow::metric::MetricValue;
use runtime::task::figures::{Metrics, TaskReading};
use serde_json::{Map, Value, json};

use crate::scheduler::job::Job;

/// A metric over all subtasks.
enum Merged {
    /// Everything but a gauge.
    One(MetricValue),
    /// The values of a gauge, by subtask.
    Gauges(Vec<f64>),
}

/// Merges the tasks' figures by operator. The rates of meters are over `seconds`, the time the job ran.
pub(crate) fn json<'a>(
    job: &Job,
    tasks: impl Iterator<Item = (&'a Vertex, &'a TaskReading, Metrics)>,
    seconds: f64,
) -> Value {
    let mut merged: BTreeMap<OperatorId, BTreeMap<String, Merged>> = BTreeMap::new();
    let mut add = |operator: OperatorId, name: &str, value: MetricValue| {
        let figures = merged.entry(operator).or_default();
        match figures.get_mut(name) {
            Some(so_far) => so_far.merge(value),
            None => drop(figures.insert(name.to_owned(), Merged::of(value))),
        }
    };
    for (vertex, reading, metrics) in tasks {
        if let Some(head) = vertex.operators.first() {
            add(
                *head,
                "numRecordsIn",
                MetricValue::Counter(reading.records_in),
            );
        }
        if let Some(tail) = tail(vertex) {
            add(
                tail,
                "numRecordsOut",
                MetricValue::Counter(reading.records_out),
            );
        }
        let head = vertex.fragment.first();
        for (name, count) in [
            ("numRecordsSkipped", reading.records_skipped),
            ("numDeadLetters", reading.dead_letters),
        ] {
            if let Some(head) = head.filter(|_| count > 0) {
                add(*head, name, MetricValue::Counter(count));
            }
        }
        for (operator, name, value) in metrics {
            add(operator, &name, value);
        }
    }
    let operator = |(id, figures): (OperatorId, BTreeMap<String, Merged>)| {
        let figures: Map<String, Value> = figures
            .into_iter()
            .map(|(name, figure)| (name, figure.json(seconds)))
            .collect();
        (job.uid(id), Value::Object(figures))
    };
    merged
        .into_iter()
        .map(operator)
        .collect::<Map<_, _>>()
        .into()
}

impl Merged {
    fn of(value: MetricValue) -> Self {
        match value {
            MetricValue::Gauge(value) => Self::Gauges(vec![value]),
            other => Self::One(other),
        }
    }

    /// Adds another subtask's. One of another kind, which only another version of the operator could have, is left out.
    fn merge(&mut self, value: MetricValue) {
        match (self, value) {
            (Self::Gauges(values), MetricValue::Gauge(value)) => values.push(value),
            (Self::One(MetricValue::Counter(sum)), MetricValue::Counter(more))
            | (Self::One(MetricValue::Meter(sum)), MetricValue::Meter(more)) => *sum += more,
            (Self::One(MetricValue::Histogram(all)), MetricValue::Histogram(more)) => {
                // Histograms that grow by themselves take every value.
                let _ = all.add(&*more);
            }
            _ => {}
        }
    }

    fn json(&self, seconds: f64) -> Value {
        match self {
            Self::Gauges(values) => json!(values),
            Self::One(MetricValue::Gauge(value)) => json!([value]),
            Self::One(MetricValue::Counter(sum)) => json!(sum),
            Self::One(MetricValue::Meter(count)) => {
                json!({ "count": count, "rate": *count as f64 / seconds.max(1e-9) })
            }
            Self::One(MetricValue::Histogram(all)) => json!({
                "count": all.len(),
                "min": all.min(),
                "mean": all.mean(),
                "p50": all.value_at_quantile(0.5),
                "p95": all.value_at_quantile(0.95),
                "p99": all.value_at_quantile(0.99),
                "max": all.max(),
            }),
        }
    }
}

/// The operator whose output all records are that leave the chain, if there is one.
fn tail(vertex: &Vertex) -> Option<OperatorId> {
    match &vertex.ports[..] {
        [] => vertex.source,
        [port] if vertex.head_targets.is_empty() => Some(port.operator),
        _ => None,
    }
}
