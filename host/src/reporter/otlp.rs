//! Figures and checkpoints in the messages of OpenTelemetry's protocol (OTLP 1.x). Pure.

use dataflow::ids::{CheckpointId, JobId};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode,
};

use super::samples::Samples;

const NS_PER_MS: u64 = 1_000_000;

/// A checkpoint that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CheckpointSpan {
    /// Whose it is.
    pub(super) job: JobId,
    /// The job's name.
    pub(super) job_name: String,
    /// Its number.
    pub(super) checkpoint: CheckpointId,
    /// When it was triggered (milliseconds since the Unix epoch).
    pub(super) triggered_ms: i64,
    /// When it was completed or given up.
    pub(super) ended_ms: i64,
    /// Bytes of state.
    pub(super) state_bytes: u64,
    /// Why it was given up.
    pub(super) failure: Option<String>,
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// The process, by OpenTelemetry's semantic conventions.
fn resource() -> Resource {
    Resource {
        attributes: vec![
            text("service.name", "wasmill"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            attribute("process.pid", Value::IntValue(std::process::id().into())),
        ],
        ..Resource::default()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "wasmill".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// Milliseconds since the Unix epoch in nanoseconds.
fn ns(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0) * NS_PER_MS
}

/// Figures of a moment.
pub(super) fn metrics(
    samples: &Samples,
    started_ms: i64,
    now_ms: i64,
) -> ExportMetricsServiceRequest {
    let metric = |(name, samples): (&String, &Vec<(super::samples::Labels, f64)>)| {
        let point = |(labels, value): &(super::samples::Labels, f64)| NumberDataPoint {
            attributes: labels
                .iter()
                .map(|(key, value)| text(key, value.as_str()))
                .collect(),
            start_time_unix_nano: ns(started_ms),
            time_unix_nano: ns(now_ms),
            value: Some(number_data_point::Value::AsDouble(*value)),
            ..NumberDataPoint::default()
        };
        Metric {
            // Flink's reporter joins the parts of a name with points.
            name: format!("wasmill.{}", name.replace('_', ".")),
            data: Some(metric::Data::Gauge(Gauge {
                data_points: samples.iter().map(point).collect(),
            })),
            ..Metric::default()
        }
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics: samples.0.iter().map(metric).collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

/// Checkpoints, each a trace of its own with one span, as Flink's reporter sends them.
pub(super) fn traces(checkpoints: &[CheckpointSpan]) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope()),
                spans: checkpoints.iter().map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn span(checkpoint: &CheckpointSpan) -> Span {
    // The same checkpoint always has the same name in the collector.
    let mut hasher = blake3::Hasher::new();
    hasher.update(&checkpoint.job.0);
    hasher.update(&checkpoint.checkpoint.0.to_le_bytes());
    hasher.update(&checkpoint.triggered_ms.to_le_bytes());
    let id = hasher.finalize();
    let status = match &checkpoint.failure {
        None => "COMPLETED",
        Some(_) => "FAILED",
    };
    let number = |value: u64| Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX));
    Span {
        trace_id: id.as_bytes()[..16].to_vec(),
        span_id: id.as_bytes()[16..24].to_vec(),
        name: "Checkpoint".to_owned(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: ns(checkpoint.triggered_ms),
        end_time_unix_nano: ns(checkpoint.ended_ms),
        attributes: vec![
            text("jobId", checkpoint.job.to_string()),
            text("jobName", checkpoint.job_name.as_str()),
            attribute("checkpointId", number(checkpoint.checkpoint.0)),
            attribute("fullSize", number(checkpoint.state_bytes)),
            text("checkpointStatus", status),
        ],
        status: Some(Status {
            code: match checkpoint.failure {
                None => StatusCode::Ok,
                Some(_) => StatusCode::Error,
            }
            .into(),
            message: checkpoint.failure.clone().unwrap_or_default(),
        }),
        ..Span::default()
    }
}
