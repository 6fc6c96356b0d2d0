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

/// A section with one reporter, which is OpenTelemetry's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawReporting<R> {
    reporter: RawReporters<R>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawReporters<R> {
    otel: R,
}

/// The reporter of figures, which are sent again and again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawMetrics {
    exporter: RawExporter,
    interval: String,
}

/// The reporter of spans, which are sent as they end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTraces {
    exporter: RawExporter,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawExporter {
    endpoint: String,
}

pub(super) fn resolve(
    metrics: &RawReporting<RawMetrics>,
    traces: &RawReporting<RawTraces>,
) -> Result<ReportersConfig, ConfigError> {
    let (metrics, traces) = (&metrics.reporter.otel, &traces.reporter.otel);
    Ok(ReportersConfig {
        metrics: endpoint(
            "metrics.reporter.otel.exporter.endpoint",
            &metrics.exporter.endpoint,
        )?,
        traces: endpoint(
            "traces.reporter.otel.exporter.endpoint",
            &traces.exporter.endpoint,
        )?,
        interval: positive_duration("metrics.reporter.otel.interval", &metrics.interval)?,
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
