//! `/jobs/:jid/events` and `/events`: server-sent events, one a second while something changes. A stream ends with its
//! job, and there are so many streams at once.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use dataflow::limits::EVENT_STREAMS_MAX;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::Api;
use super::documents::{JobPath, job_id};
use super::error::ApiError;
use super::job::JobDetails;
use super::jobs::JobsOverview;
use super::overview::Overview;
use crate::dispatcher::Entry;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// Events that wait for a slow client; the stream waits when they are full.
const EVENTS_WAITING_MAX: usize = 4;

static STREAMS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(EVENT_STREAMS_MAX)));

/// The right to stream.
pub(super) fn stream_permit() -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(&STREAMS).try_acquire_owned().map_err(|_| {
        let reason = format!("{EVENT_STREAMS_MAX} streams of events are open already");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, reason)
    })
}

/// A stream of what is sent, and its sender.
pub(super) fn stream() -> (mpsc::Sender<Result<Event, Infallible>>, impl IntoResponse) {
    let (sender, receiver) = mpsc::channel(EVENTS_WAITING_MAX);
    let stream = Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::default());
    (sender, stream)
}

/// A look at something: what it is but for the time, what is sent, and whether it is the last.
struct Look {
    unchanging: Value,
    document: Value,
    last: bool,
}

async fn watch(
    name: &'static str,
    sender: mpsc::Sender<Result<Event, Infallible>>,
    permit: OwnedSemaphorePermit,
    look: impl Fn() -> Option<Look>,
) {
    let _permit = permit;
    let mut before = Value::Null;
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = sender.closed() => return,
        }
        let Some(now) = look() else { return };
        if now.unchanging != before {
            let Ok(event) = Event::default().event(name).json_data(&now.document) else {
                return;
            };
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
            before = now.unchanging;
        }
        if now.last {
            return;
        }
    }
}

fn value(document: impl serde::Serialize) -> Value {
    // Our own shapes have texts as keys, and so always become JSON.
    serde_json::to_value(document).unwrap_or(Value::Null)
}

/// A job, every second while something changes: events `job` with the body of `/jobs/:jid`.
#[utoipa::path(get, path = "/jobs/{jid}/events", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, description = "text/event-stream"), (status = 404, body = super::error::Errors)))]
pub(super) async fn job_events(
    State(api): State<Api>,
    Path(job): JobPath,
) -> Result<impl IntoResponse, ApiError> {
    let id = job_id(&job)?;
    api.dispatcher.job(id)?;
    let (permit, (sender, stream)) = (stream_permit()?, stream());
    let look = move || match api.dispatcher.job(id).ok()? {
        Entry::Active(active) => Some(Look {
            // Nothing but the time differs between two looks at the same moment.
            unchanging: value(JobDetails::of(&active, 0)),
            document: value(JobDetails::of(&active, api.dispatcher.clock.now_ms())),
            last: false,
        }),
        Entry::Ended(archive) => Some(Look {
            unchanging: json!(archive.ended_ms),
            document: archive.documents.get("").cloned().unwrap_or(Value::Null),
            last: true,
        }),
    };
    tokio::spawn(watch("job", sender, permit, look));
    Ok(stream)
}

/// The cluster, every second while something changes: events `overview` with the bodies of `/overview` and
/// `/jobs/overview` in one.
#[utoipa::path(get, path = "/events", tag = "cluster", responses((status = 200, description = "text/event-stream")))]
pub(super) async fn cluster_events(State(api): State<Api>) -> Result<impl IntoResponse, ApiError> {
    let (permit, (sender, stream)) = (stream_permit()?, stream());
    let look = move || {
        let jobs = value(JobsOverview::of(&api));
        let mut document = value(Overview::of(&api));
        document["jobs"] = jobs["jobs"].clone();
        let mut unchanging = document.clone();
        unchanging["uptime"] = Value::Null;
        for job in unchanging["jobs"].as_array_mut().into_iter().flatten() {
            job["duration"] = Value::Null;
            job["watermark-lag-ms"] = Value::Null;
        }
        Some(Look {
            unchanging,
            document,
            last: false,
        })
    };
    tokio::spawn(watch("overview", sender, permit, look));
    Ok(stream)
}
