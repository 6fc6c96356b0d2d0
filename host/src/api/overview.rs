//! `/overview`: the cluster in a few numbers.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, jobs};

/// The cluster in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Overview {
    /// Processes that run tasks.
    taskmanagers: u32,
    /// Slots of all of them.
    slots_total: u32,
    /// Slots that no job has.
    slots_available: u32,
    /// Jobs that have not ended.
    jobs_running: usize,
    /// Jobs that came to the end of their input.
    jobs_finished: usize,
    /// Jobs that were cancelled.
    jobs_cancelled: usize,
    /// Jobs that failed.
    jobs_failed: usize,
    /// Version of this program.
    wasmill_version: &'static str,
    /// Milliseconds since the process began.
    uptime: i64,
    /// Whether jobs may be submitted.
    submit_enabled: bool,
}

impl Overview {
    /// As of now.
    pub(super) fn of(api: &Api) -> Self {
        let dispatcher = &api.dispatcher;
        let states = jobs::states(dispatcher);
        let count = |wanted: fn(&str) -> bool| states.iter().filter(|state| wanted(state)).count();
        let (slots_total, slots_available) = dispatcher.slots();
        Self {
            taskmanagers: 1,
            slots_total,
            slots_available,
            jobs_running: count(|it| !matches!(it, "FINISHED" | "CANCELED" | "FAILED")),
            jobs_finished: count(|it| it == "FINISHED"),
            jobs_cancelled: count(|it| it == "CANCELED"),
            jobs_failed: count(|it| it == "FAILED"),
            wasmill_version: env!("CARGO_PKG_VERSION"),
            uptime: dispatcher.clock.now_ms() - dispatcher.started_ms,
            submit_enabled: dispatcher.components.is_some(),
        }
    }
}

/// The cluster in a few numbers.
#[utoipa::path(get, path = "/overview", tag = "cluster", responses((status = 200, body = Overview)))]
pub(super) async fn overview(State(api): State<Api>) -> Json<Overview> {
    Json(Overview::of(&api))
}
