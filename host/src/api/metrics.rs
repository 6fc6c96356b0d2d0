//! `/metrics`: the figures of all jobs as Prometheus reads them. The last part of a name is Flink's.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use dataflow::metric::MetricValue;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::error::ApiError;
use super::vertices::metrics_of;
use super::{Api, jobs};
use crate::dispatcher::active_job::ActiveJob;
use crate::scheduler::job_view::ViewState;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(String, String)>;

/// Samples by the name of their metric.
#[derive(Debug, Default)]
struct Samples(BTreeMap<String, Vec<(Labels, f64)>>);

impl Samples {
    fn add(&mut self, name: impl Into<String>, labels: &[(&str, String)], value: f64) {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let samples = self.0.entry(name.into()).or_default();
        samples.push((labels.collect(), value));
    }

    fn add_job(&mut self, active: &ActiveJob, now_ms: i64) {
        let record = &active.record;
        let view = active.handle.view.lock().clone();
        let job = [
            ("job_id", record.id.to_string()),
            ("job_name", record.name.clone()),
        ];
        let mut of_job = |name: &str, value: f64| {
            self.add(format!("wasmill_jobmanager_job_{name}"), &job, value);
        };
        let checkpoints = &view.checkpoints;
        of_job("uptime", (now_ms - record.submitted_ms) as f64);
        of_job("numRestarts", view.restarts as f64);
        of_job("numberOfCompletedCheckpoints", checkpoints.completed as f64);
        of_job("numberOfFailedCheckpoints", checkpoints.failed as f64);
        if let Some(last) = checkpoints.last_completed() {
            of_job(
                "lastCheckpointDuration",
                last.duration_ms().unwrap_or(0) as f64,
            );
            of_job("lastCheckpointSize", last.state_bytes() as f64);
        }
        self.add_tasks(active, &view, &job);
    }

    fn add_tasks(&mut self, active: &ActiveJob, view: &ViewState, job: &[(&str, String); 2]) {
        let rates = active.rates();
        for task in &view.tasks {
            let of_task = [
                job[0].clone(),
                job[1].clone(),
                ("task_id", task.id.vertex.0.to_string()),
                ("task_name", task.chain.clone()),
                ("subtask_index", task.id.subtask.to_string()),
            ];
            for (name, value) in metrics_of(task, &rates) {
                let name = plain(name);
                self.add(
                    format!("wasmill_taskmanager_job_task_{name}"),
                    &of_task,
                    value,
                );
            }
            for (operator, name, value) in task.figures.metrics() {
                let value = match value {
                    MetricValue::Counter(count) | MetricValue::Meter(count) => count as f64,
                    MetricValue::Gauge(value) => value,
                    MetricValue::Histogram(values) => values.mean(),
                };
                let mut labels = of_task.to_vec();
                labels.push(("operator_name", view.job.uid(operator)));
                let name = format!("wasmill_taskmanager_job_task_operator_{}", plain(&name));
                self.add(name, &labels, value);
            }
        }
    }
}

/// A name as Prometheus allows it.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).collect()
}

impl Collector for Samples {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, samples) in &self.0 {
            let last = name.rsplit('_').next().unwrap_or(name);
            let mut metric = encoder.encode_descriptor(name, last, None, MetricType::Gauge)?;
            for (labels, value) in samples {
                let one = metric.encode_family(labels)?;
                ConstGauge::new(*value).encode(one)?;
            }
        }
        Ok(())
    }
}

/// The figures of all jobs as text.
#[utoipa::path(get, path = "/metrics", tag = "cluster", responses((status = 200, description = "OpenMetrics text")))]
pub(super) async fn metrics(State(api): State<Api>) -> Result<Response, ApiError> {
    let dispatcher = &api.dispatcher;
    let mut samples = Samples::default();
    let (total, free) = dispatcher.slots();
    let states = jobs::states(dispatcher);
    let running = states.iter().filter(|state| *state == "RUNNING").count();
    samples.add("wasmill_jobmanager_taskSlotsTotal", &[], f64::from(total));
    samples.add(
        "wasmill_jobmanager_taskSlotsAvailable",
        &[],
        f64::from(free),
    );
    samples.add("wasmill_jobmanager_numRunningJobs", &[], running as f64);
    samples.add("wasmill_jobmanager_numRegisteredTaskManagers", &[], 1.0);
    for job in dispatcher.active_jobs() {
        samples.add_job(&job, dispatcher.clock.now_ms());
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(samples));
    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
