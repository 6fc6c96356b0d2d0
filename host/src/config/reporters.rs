//! The part of the configuration that is about reporters: what a process sends of its figures, where and how often.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;
use super::raw::positive_duration;

/// What is sent to OpenTelemetry collectors.
#[derive(Clone, Debug)]
pub(crate) struct ReportersConfig {
    /// The collector of figures: the address below which `/v1/metrics` is.
    pub(crate) metrics: Option<String>,
    /// The collector of spans: the address below which `/v1/traces` is.
    pub(crate) traces: Option<String>,
    /// How often.
    pub(crate) interval: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawMetrics {
    reporter: RawReporters,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawReporters {
    otel: RawOtel,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawOtel {
    exporter: RawExporter,
    interval: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawExporter {
    endpoint: String,
}

pub(super) fn resolve(
    metrics: &RawMetrics,
    traces: &RawMetrics,
) -> Result<ReportersConfig, ConfigError> {
    let (metrics, traces) = (&metrics.reporter.otel, &traces.reporter.otel);
    let interval = metrics.interval.as_deref().unwrap_or_default();
    Ok(ReportersConfig {
        metrics: endpoint(
            "metrics.reporter.otel.exporter.endpoint",
            &metrics.exporter.endpoint,
        )?,
        traces: endpoint(
            "traces.reporter.otel.exporter.endpoint",
            &traces.exporter.endpoint,
        )?,
        interval: positive_duration("metrics.reporter.otel.interval", interval)?,
    })
}

fn endpoint(key: &'static str, written: &str) -> Result<Option<String>, ConfigError> {
    if written.is_empty() {
        return Ok(None);
    }
    let url = reqwest::Url::parse(written).ok();
    if !url.is_some_and(|url| ["http", "https"].contains(&url.scheme())) {
        return Err(ConfigError::Value {
            key,
            value: written.to_owned(),
            reason: "write the address of a collector such as http://localhost:4318".to_owned(),
        });
    }
    Ok(Some(written.trim_end_matches('/').to_owned()))
}
