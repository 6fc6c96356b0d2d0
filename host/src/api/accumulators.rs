//! `/jobs/:jid/accumulators`: the results of a job that has ended, as far as its sinks keep any: counts, checksums,
//! latencies. The same figures as `sinks` in the summary of `wasmill run --json`.
//!
//! Empty until all output is published, so what is said here never changes again. Collected lines are not here: they go to
//! whoever ran the job.

use axum::extract::{Path, State};
use axum::response::Response;
use dataflow::port::sink::{ReportValue, SinkReport};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::documents::{JobPath, document};
use super::error::ApiError;
use crate::dispatcher::active_job::ActiveJob;
use crate::sink_figures::{percentiles, top_level};

/// One result. The words are Flink's, so a number is a text.
#[derive(Debug, Serialize, ToSchema)]
struct Accumulator {
    /// The uid of the sink and the name of the figure.
    name: String,
    /// `LongCounter`, `Checksum` or `Histogram`.
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

/// The results of a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Accumulators {
    #[schema(value_type = Vec<Object>)]
    job_accumulators: Vec<Value>,
    user_task_accumulators: Vec<Accumulator>,
    #[schema(value_type = Object)]
    serialized_user_task_accumulators: Value,
}

fn figures(uid: &str, report: &SinkReport) -> Vec<Accumulator> {
    let kind = match &report.value {
        ReportValue::Histogram(buckets) => {
            let figure = |(name, ns): (&str, u64)| Accumulator {
                name: format!("{uid}.{}.{name}-us", report.name),
                kind: "Histogram",
                value: (ns as f64 / 1e3).to_string(),
            };
            return percentiles(buckets).into_iter().map(figure).collect();
        }
        ReportValue::Checksum(_) => "Checksum",
        ReportValue::Sum(_) | ReportValue::Lines(_) => "LongCounter",
    };
    let value = match top_level(&report.value) {
        Some(Value::String(text)) => text,
        other => other.unwrap_or(Value::Null).to_string(),
    };
    let name = format!("{uid}.{}", report.name);
    vec![Accumulator { name, kind, value }]
}

impl Accumulators {
    pub(super) fn of(active: &ActiveJob) -> Self {
        let view = active.handle.view.lock();
        let sinks = view.reports.iter();
        let results = sinks.flat_map(|(id, reports)| {
            let uid = view.job.uid(*id);
            let of_sink = reports.iter().flat_map(|report| figures(&uid, report));
            of_sink.collect::<Vec<_>>()
        });
        Self {
            job_accumulators: Vec::new(),
            user_task_accumulators: results.collect(),
            serialized_user_task_accumulators: Value::Object(serde_json::Map::new()),
        }
    }
}

/// The results of a job, once it has ended.
#[utoipa::path(get, path = "/jobs/{jid}/accumulators", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = Accumulators), (status = 404, body = super::error::Errors)))]
pub(super) async fn accumulators(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<Response, ApiError> {
    document(&api, &job, "accumulators", |active, _| {
        Ok(Accumulators::of(active))
    })
    .await
}
