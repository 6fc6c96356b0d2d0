//! Every route of the REST API, once: below `/v1` and without it, with the document that describes them.

use axum::Json;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    Api, accumulators, checkpoints, components, config, console, dead_letters, events, exceptions,
    job, job_files, jobs, limits, logs, metrics, operations, overview, preview,
    resource_requirements, states, tap, taskmanagers, vertices, why,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wasmill",
        description = "The REST API of a Wasmill cluster. Every path also exists below /v1."
    ),
    components(schemas(super::error::Errors))
)]
struct Described;

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "cluster", responses((status = 200, description = "It does")))]
async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

fn described() -> (Router<Api>, Document) {
    OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(healthz))
        .routes(routes!(overview::overview))
        .routes(routes!(events::cluster_events))
        .routes(routes!(metrics::metrics))
        .routes(routes!(logs::process_logs))
        .routes(routes!(logs::process_log))
        .routes(routes!(config::console_config))
        .routes(routes!(config::process_config))
        .routes(routes!(taskmanagers::taskmanagers))
        .routes(routes!(taskmanagers::task_manager))
        .routes(routes!(jobs::jobs))
        .routes(routes!(jobs::jobs_overview))
        .routes(routes!(job::details, jobs::cancel, jobs::forget))
        .routes(routes!(job::job_plan))
        .routes(routes!(why::why))
        .routes(routes!(accumulators::accumulators))
        .routes(routes!(limits::job_limits))
        .routes(routes!(dead_letters::dead_letters, dead_letters::discard))
        .routes(routes!(dead_letters::download))
        .routes(routes!(dead_letters::replay))
        .routes(routes!(events::job_events))
        .routes(routes!(logs::job_logs))
        .routes(routes!(job::job_config))
        .routes(routes!(exceptions::exceptions))
        .routes(routes!(vertices::details))
        .routes(routes!(vertices::watermarks))
        .routes(routes!(tap::tap))
        .routes(routes!(vertices::back_pressure))
        .routes(routes!(vertices::metrics))
        .routes(routes!(vertices::subtask_metrics))
        .routes(routes!(checkpoints::checkpoints, checkpoints::trigger))
        .routes(routes!(checkpoints::config))
        .routes(routes!(checkpoints::details))
        .routes(routes!(checkpoints::subtasks))
        .routes(routes!(operations::savepoint))
        .routes(routes!(operations::stop))
        .routes(routes!(operations::rescale))
        .routes(routes!(
            resource_requirements::requirements,
            resource_requirements::require
        ))
        .routes(routes!(operations::swap))
        .routes(routes!(operations::outcome))
        .routes(routes!(states::states))
        .routes(routes!(states::entries))
        .routes(routes!(components::list))
        .routes(routes!(components::upload))
        .routes(routes!(components::inspect, components::delete))
        .routes(routes!(components::plan_component))
        .routes(routes!(components::validate))
        .routes(routes!(components::run))
        .routes(routes!(preview::preview))
        .routes(routes!(job_files::run))
        .routes(routes!(job_files::validate))
        .split_for_parts()
}

/// Flink's names for the same things.
fn aliases() -> Router<Api> {
    Router::new()
        .route("/jars", get(components::list))
        .route("/jars/upload", post(components::upload))
        .route("/jars/{id}", delete(components::delete))
        .route(
            "/jars/{id}/plan",
            get(components::plan_component).post(components::plan_component),
        )
        .route("/jars/{id}/run", post(components::run))
        .route("/components/{id}/plan", get(components::plan_component))
        .route("/jobs/{jid}/rescaling/{request}", get(operations::outcome))
        .route("/jobs/{jid}/swap/{request}", get(operations::outcome))
        .route(
            "/jobs/{jid}/dead-letters/replay/{request}",
            get(operations::outcome),
        )
}

/// The document that describes the routes.
async fn openapi(State(document): State<Document>) -> Json<Document> {
    Json(document)
}

/// Everything that is served.
pub(super) fn routes(api: Api) -> Router {
    let content_bytes_max = api.dispatcher.config.cluster.content_bytes_max;
    let limit = DefaultBodyLimit::max(usize::try_from(content_bytes_max).unwrap_or(usize::MAX));
    let (described, document) = described();
    let described = described.merge(aliases());
    Router::new()
        .nest("/v1", described.clone())
        .merge(described)
        .with_state(api)
        .merge(
            Router::new()
                .route("/openapi.json", get(openapi))
                .route("/v1/openapi.json", get(openapi))
                .with_state(document),
        )
        .fallback(console::file)
        .layer(limit)
}
