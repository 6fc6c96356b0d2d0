//! `/config` and `/jobmanager/config`: how this process is configured, and where each value comes from.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use super::error::ApiError;
use crate::config;

/// A configuration value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfigEntry {
    key: String,
    value: String,
    /// `default`, `file`, `environment` or `flag`.
    origin: &'static str,
}

/// What the console needs to know.
#[utoipa::path(get, path = "/config", tag = "cluster", responses((status = 200, description = "Settings of the console")))]
pub(super) async fn console_config(State(api): State<Api>) -> Json<Value> {
    Json(json!({
        "refresh-interval": 1000,
        "timezone-name": "UTC",
        "timezone-offset": 0,
        "wasmill-version": env!("CARGO_PKG_VERSION"),
        "features": {
            "web-submit": api.dispatcher.components.is_some(),
            "web-cancel": true,
            "web-rescale": true,
            "web-history": true,
        },
    }))
}

/// How this process is configured.
#[utoipa::path(get, path = "/jobmanager/config", tag = "cluster", responses((status = 200, body = Vec<ConfigEntry>)))]
pub(super) async fn process_config(
    State(api): State<Api>,
) -> Result<Json<Vec<ConfigEntry>>, ApiError> {
    let entries = config::origin::entries(&api.dispatcher.sources)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let entry = |entry: config::origin::Entry| ConfigEntry {
        key: entry.key,
        value: entry.value,
        origin: entry.origin,
    };
    Ok(Json(entries.into_iter().map(entry).collect()))
}
