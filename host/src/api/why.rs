//! `/jobs/:jid/why`: plain answers to four questions about a job.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::documents::{JobPath, document};
use super::error::ApiError;
use crate::diagnosis::{self, Case, Severity};
use crate::dispatcher::active_job::ActiveJob;

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
struct WhyAnswer {
    /// `no-output`, `slow`, `checkpoint-late` or `restarted`.
    question: &'static str,
    sentence: String,
    /// `error`, `warning` or `info`.
    severity: &'static str,
    operator: Option<String>,
    #[schema(value_type = Object)]
    evidence: Value,
}

/// Answers, the worst first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Why {
    answers: Vec<WhyAnswer>,
}

impl Why {
    pub(super) fn of(active: &ActiveJob, slots: (u32, u32), now_ms: i64) -> Self {
        let view = active.handle.view.lock().clone();
        let case = Case {
            view: &view,
            rates: &active.rates(),
            config: &active.config,
            slots,
            now_ms,
        };
        let answers = diagnosis::why(&case).into_iter();
        let answer = |it: diagnosis::Answer| WhyAnswer {
            question: it.question,
            sentence: it.sentence,
            severity: match it.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            operator: it.operator,
            evidence: it.evidence,
        };
        Self {
            answers: answers.map(answer).collect(),
        }
    }
}

/// Why nothing comes out, it is slow, checkpoints are late, or it was restarted.
#[utoipa::path(get, path = "/jobs/{jid}/why", tag = "jobs", params(("jid" = String, Path)),
    responses((status = 200, body = Why), (status = 404, body = super::error::Errors)))]
pub(super) async fn why(State(api): State<Api>, Path(job): JobPath) -> Result<Response, ApiError> {
    let slots = api.dispatcher.slots();
    document(&api, &job, "why", |active, now_ms| {
        Ok(Why::of(active, slots, now_ms))
    })
    .await
}
