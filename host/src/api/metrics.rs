//! `/metrics`: the figures of all jobs as Prometheus reads them. The last part of a name is Flink's.

use std::fmt;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Api;
use super::error::ApiError;
use crate::reporter::samples::Samples;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Samples as Prometheus reads them.
#[derive(Debug)]
struct Scraped(Samples);

impl Collector for Scraped {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, samples) in &self.0.0 {
            let last = name.rsplit('_').next().unwrap_or(name);
            let full = format!("wasmill_{name}");
            let mut metric = encoder.encode_descriptor(&full, last, None, MetricType::Gauge)?;
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
    let samples = Samples::of(&api.dispatcher);
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scraped(samples)));
    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
