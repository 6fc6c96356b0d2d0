//! `/jobs/:jid/vertices/:vid/tap`: samples of the records that leave a chain, as server-sent events. The tasks sample only
//! while somebody looks, and never wait for who does.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::Event;
use connectors::row::append_json;
use connectors::schema::Schema;
use dataflow::element::NO_TIMESTAMP;
use dataflow::graph::execution::Vertex;
use dataflow::ids::TaskId;
use runtime::task::tap::{Sample, TapListener};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;
use utoipa::IntoParams;

use super::Api;
use super::documents::job_id;
use super::error::ApiError;
use super::events::{stream, stream_permit};
use super::json::Query;
use super::vertices::find;
use crate::scheduler::job::Job;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 10_000;
const RATE_DEFAULT: usize = 50;
const RATE_MAX: usize = 1_000;

/// What is wanted of a tap.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(super) struct Wanted {
    /// Name of an output; all of them if it is absent.
    output: Option<String>,
    /// The stream ends after so many records.
    limit: Option<usize>,
    /// Records in a second, at most.
    rate: Option<usize>,
}

/// An output of a chain, with what its records are read by.
struct Output {
    port: Option<u32>,
    name: String,
    value: Schema,
    key: Option<Schema>,
}

fn outputs(job: &Job, vertex: &Vertex) -> Vec<Output> {
    let output = |port: Option<u32>, operator, index: u32| {
        let operator = job.graph.operator(operator)?;
        let output = operator.outputs.get(index as usize)?;
        Some(Output {
            port,
            name: output.name.clone(),
            value: Schema::parse(&output.schema).ok()?,
            key: output
                .key_schema
                .as_deref()
                .and_then(|it| Schema::parse(it).ok()),
        })
    };
    let ports = vertex.ports.iter().zip(0_u32..);
    let ports = ports.map(|(port, number)| output(Some(number), port.operator, port.output));
    let head = vertex.source.map(|source| output(None, source, 0));
    ports.chain(head).flatten().collect()
}

fn text_of(schema: &Schema, bytes: &[u8]) -> Value {
    let mut text = Vec::new();
    let read = append_json(schema, bytes, &mut text);
    let value = read.ok().and_then(|()| serde_json::from_slice(&text).ok());
    value.unwrap_or_else(|| json!({ "unreadable-bytes": bytes.len() }))
}

fn record(task: TaskId, output: &Output, sample: &Sample) -> Value {
    let timestamp = (sample.timestamp != NO_TIMESTAMP).then_some(sample.timestamp);
    let key = output.key.as_ref().filter(|_| !sample.key.is_empty());
    json!({
        "subtask": task.subtask,
        "output": output.name,
        "timestamp": timestamp,
        "key": key.map(|schema| text_of(schema, &sample.key)),
        "value": text_of(&output.value, &sample.value),
    })
}

/// Samples of the records that leave a chain.
#[utoipa::path(get, path = "/jobs/{jid}/vertices/{vid}/tap", tag = "vertices", params(("jid" = String, Path), ("vid" = String, Path), Wanted),
    responses((status = 200, description = "text/event-stream"), (status = 404, body = super::error::Errors), (status = 409, body = super::error::Errors)))]
pub(super) async fn tap(
    State(api): State<Api>,
    Path((job, vertex)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<impl IntoResponse, ApiError> {
    let active = api.dispatcher.active(job_id(&job)?)?;
    let view = active.handle.view.lock().clone();
    let vertex = find(&view, &vertex)?;
    let mut outputs = outputs(&view.job, vertex);
    if let Some(name) = &wanted.output {
        outputs.retain(|output| output.name == *name);
    }
    if outputs.is_empty() {
        let reason = format!(
            "no records leave \"{}\" by such an output: tap the chain before it",
            vertex.name
        );
        return Err(ApiError::missing(reason));
    }
    let tasks = view.tasks.iter().filter(|task| task.id.vertex == vertex.id);
    let listeners = tasks.map(|task| Some((task.id, TapListener::open(&task.figures)?)));
    let listeners: Option<Vec<_>> = listeners.collect();
    let listeners = listeners.ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "somebody looks at these records already",
        )
    })?;
    let (permit, (sender, stream)) = (stream_permit()?, stream());
    let limit = wanted.limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let rate = wanted.rate.unwrap_or(RATE_DEFAULT).clamp(1, RATE_MAX);
    tokio::spawn(async move {
        let pour = pour(&listeners, &outputs, &sender, limit, rate);
        tokio::select! {
            () = pour => {}
            // After a restart the job has other tasks.
            () = async {
                while !active.handle.view.status().is_terminal()
                    && active.handle.view.lock().attempt == view.attempt
                {
                    tokio::time::sleep(INTERVAL).await;
                }
            } => {}
        }
        drop(permit);
    });
    Ok(stream)
}

async fn pour(
    listeners: &[(TaskId, TapListener)],
    outputs: &[Output],
    sender: &Sender<Result<Event, Infallible>>,
    limit: usize,
    rate: usize,
) {
    let (mut left, mut interval) = (limit, tokio::time::interval(INTERVAL));
    let each_time = (rate / 10).max(1);
    while left > 0 {
        tokio::select! {
            _ = interval.tick() => {}
            () = sender.closed() => return,
        }
        let mut room = each_time.min(left);
        for (task, listener) in listeners {
            for sample in listener.take() {
                let output = outputs.iter().find(|output| output.port == sample.port);
                let Some(output) = output.filter(|_| room > 0) else {
                    continue;
                };
                let Ok(event) = Event::default().json_data(record(*task, output, &sample)) else {
                    continue;
                };
                if sender.send(Ok(event)).await.is_err() {
                    return;
                }
                (room, left) = (room - 1, left - 1);
            }
        }
    }
}
