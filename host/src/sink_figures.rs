//! What the sinks of a job have to say when all of its output is published, as JSON: for the summary of a run and for the
//! accumulators of the REST API, which say the same.

use std::collections::BTreeMap;

use dataflow::ids::OperatorId;
use dataflow::port::sink::{ReportValue, SinkReport};
use serde_json::{Map, Value, json};

use crate::scheduler::job::Job;

/// A result as one value of JSON; none if it is more than one.
pub(crate) fn top_level(value: &ReportValue) -> Option<Value> {
    match value {
        ReportValue::Sum(sum) => Some(json!(sum)),
        ReportValue::Checksum(sum) => Some(json!(format!("{sum:016x}"))),
        // How many there are; the lines themselves have been printed.
        ReportValue::Lines(lines) => Some(json!(lines.split(|byte| *byte == b'\n').count() - 1)),
        ReportValue::Histogram(_) => None,
    }
}

/// What each sink has to say, by its uid.
pub(crate) fn sinks_json(reports: &[(OperatorId, Vec<SinkReport>)], job: &Job) -> Value {
    let sink = |reports: &[SinkReport]| {
        let mut figures = Map::new();
        for report in reports {
            match &report.value {
                ReportValue::Histogram(buckets) => {
                    for (name, ns) in percentiles(buckets) {
                        figures
                            .insert(format!("{} {name} us", report.name), json!(ns as f64 / 1e3));
                    }
                }
                other => {
                    figures.insert(report.name.clone(), top_level(other).unwrap_or(Value::Null));
                }
            }
        }
        Value::Object(figures)
    };
    reports
        .iter()
        .map(|(id, reports)| (job.uid(*id), sink(reports)))
        .collect::<Map<_, _>>()
        .into()
}

/// The latencies below which so many of the records lie (name, nanoseconds).
pub(crate) fn percentiles(buckets: &[(u64, u64)]) -> Vec<(&'static str, u64)> {
    let mut sorted: BTreeMap<u64, u64> = BTreeMap::new();
    for (bound, count) in buckets {
        *sorted.entry(*bound).or_default() += count;
    }
    let total: u64 = sorted.values().sum();
    let at = |share: f64| {
        let wanted = (share * total as f64).ceil() as u64;
        let mut seen = 0;
        let found = sorted.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted.max(1)
        });
        found.map_or(0, |(bound, _)| *bound)
    };
    vec![
        ("p50", at(0.5)),
        ("p90", at(0.9)),
        ("p99", at(0.99)),
        ("p99.9", at(0.999)),
        ("max", at(1.0)),
    ]
}
