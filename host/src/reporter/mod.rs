//! Sends the figures of a process, and its checkpoints as spans, to OpenTelemetry collectors.
//!
//! A collector that does not answer costs nobody anything but a line in the log: what could not be sent is dropped, the
//! next report has the newest figures anyway. Flink's reporter of the same name works alike.

mod otlp;
pub(crate) mod samples;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dataflow::ids::{CheckpointId, JobId};
use prost::Message;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::time::{MissedTickBehavior, interval};

use self::otlp::CheckpointSpan;
use self::samples::Samples;
use crate::config::reporters::ReportersConfig;
use crate::dispatcher::Dispatcher;
use crate::scheduler::checkpoint_history::Progress;

/// How long a collector has for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reports for as long as the process lives; returns at once if nothing is to be sent anywhere.
pub(crate) async fn report(dispatcher: Arc<Dispatcher>) {
    let config = dispatcher.config.reporters.clone();
    if config.metrics.is_none() && config.traces.is_none() {
        return;
    }
    // Fails only if there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = match Client::builder().timeout(TIMEOUT).build() {
        Ok(http) => http,
        Err(error) => {
            tracing::error!(%error, "nothing is sent to OpenTelemetry collectors");
            return;
        }
    };
    let mut reporter = Reporter {
        http,
        config,
        started_ms: dispatcher.clock.now_ms(),
        reported: BTreeMap::new(),
    };
    let mut ticks = interval(reporter.config.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        reporter.report(&dispatcher).await;
    }
}

struct Reporter {
    http: Client,
    config: ReportersConfig,
    started_ms: i64,
    /// The newest checkpoint of every job that was sent.
    reported: BTreeMap<JobId, CheckpointId>,
}

impl Reporter {
    async fn report(&mut self, dispatcher: &Dispatcher) {
        if let Some(endpoint) = &self.config.metrics {
            let samples = Samples::of(dispatcher);
            let request = otlp::metrics(&samples, self.started_ms, dispatcher.clock.now_ms());
            self.send(format!("{endpoint}/v1/metrics"), request.encode_to_vec())
                .await;
        }
        if let Some(endpoint) = self.config.traces.clone() {
            let spans = self.new_checkpoints(dispatcher);
            if !spans.is_empty() {
                let request = otlp::traces(&spans);
                self.send(format!("{endpoint}/v1/traces"), request.encode_to_vec())
                    .await;
            }
        }
    }

    /// Checkpoints that have ended since the last report, as far as their jobs remember them.
    fn new_checkpoints(&mut self, dispatcher: &Dispatcher) -> Vec<CheckpointSpan> {
        let jobs = dispatcher.active_jobs();
        self.reported
            .retain(|id, _| jobs.iter().any(|job| job.record.id == *id));
        let mut spans = Vec::new();
        for job in jobs {
            let view = job.handle.view.lock();
            let after = self.reported.get(&job.record.id).copied();
            let ended = view.checkpoints.records().filter_map(|record| {
                let ended_ms = record.ended_ms?;
                (Some(record.id) > after).then_some((record, ended_ms))
            });
            let mut newest = after;
            let mut ended: Vec<_> = ended.collect();
            ended.sort_unstable_by_key(|(record, _)| record.id);
            for (record, ended_ms) in ended {
                newest = newest.max(Some(record.id));
                spans.push(CheckpointSpan {
                    job: job.record.id,
                    job_name: job.record.name.clone(),
                    checkpoint: record.id,
                    triggered_ms: record.triggered_ms,
                    ended_ms,
                    state_bytes: record.state_bytes(),
                    failure: match &record.progress {
                        Progress::Failed(reason) => Some(reason.clone()),
                        Progress::UnderWay | Progress::Completed => None,
                    },
                });
            }
            drop(view);
            if let Some(newest) = newest {
                self.reported.insert(job.record.id, newest);
            }
        }
        spans
    }

    async fn send(&self, url: String, body: Vec<u8>) {
        let request = self
            .http
            .post(&url)
            .header(CONTENT_TYPE, "application/x-protobuf");
        let sent = request.body(body).send().await;
        if let Err(error) = sent.and_then(reqwest::Response::error_for_status) {
            tracing::warn!(url, error = %crate::one_line(&error.into()), "a report is lost");
        }
    }
}
