//! `/taskmanagers`: the processes that run tasks; there is one, this one. Its memory in three regions: segments between
//! tasks (network), caches of state backends (managed), linear memory of guests (guest).

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;

/// The name of this process.
pub(super) const ID: &str = "local";

fn row(api: &Api) -> Value {
    let dispatcher = &api.dispatcher;
    let config = &dispatcher.config;
    let (total, free) = dispatcher.slots();
    let mut tasks = 0;
    let (mut state_bytes, mut network_bytes, mut guest_bytes) = (0, 0, 0);
    let mut guests = 0;
    for job in dispatcher.active_jobs() {
        let view = job.handle.view.lock().clone();
        for task in &view.tasks {
            if task.ended_ms.is_some() {
                continue;
            }
            tasks += 1;
            let reading = task.figures.read();
            state_bytes += reading.state_bytes;
            guest_bytes += reading.guest_memory_bytes;
            network_bytes += reading.buffers_queued * dataflow::limits::SEGMENT_BYTES as u64;
            let vertex = &view.job.execution.vertices[task.id.vertex.0 as usize];
            guests += u64::from(vertex.component.is_some());
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    json!({
        "id": ID,
        "path": ID,
        "dataPort": -1,
        "timeSinceLastHeartbeat": dispatcher.clock.now_ms(),
        "slotsNumber": total,
        "freeSlots": free,
        "hardware": { "cpuCores": cores },
        "tasks": tasks,
        "threads": tasks,
        "memory": {
            "network": { "configured": config.network_memory_bytes, "used": network_bytes, "per": "job" },
            "managed": { "configured": config.managed_memory_bytes, "used": state_bytes, "per": "job" },
            "guest": { "configured": config.guest.memory_bytes, "used": guest_bytes, "instances": guests, "per": "instance" },
        },
    })
}

/// The processes that run tasks.
#[utoipa::path(get, path = "/taskmanagers", tag = "cluster", responses((status = 200, description = "The processes")))]
pub(super) async fn taskmanagers(State(api): State<Api>) -> Json<Value> {
    Json(json!({ "taskmanagers": [row(&api)] }))
}

/// A process that runs tasks.
#[utoipa::path(get, path = "/taskmanagers/{id}", tag = "cluster", params(("id" = String, Path)),
    responses((status = 200, description = "The process"), (status = 404, body = super::error::Errors)))]
pub(super) async fn task_manager(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    if id == ID {
        Ok(Json(row(&api)))
    } else {
        let what = format!("there is no task manager \"{id}\"; this process is \"{ID}\"");
        Err(ApiError::missing(what))
    }
}
