//! A preview: a job runs in memory until every sink has its first records, its input ends or the time is over; its sinks
//! hand their records over instead of writing them, and nothing of it is left.

mod first_records;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dataflow::job::restart::RestartStrategy;
use dataflow::port::sink::{ConnectorError, Sink};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::first_records::FirstRecords;
use super::job_spec::JobSpec;
use super::{DispatchError, Dispatcher, new_job_id};
use crate::scheduler::command::{JobCommand, JobHandle};
use crate::scheduler::job::Job;
use crate::scheduler::job_master::{JobMaster, Outcome};
use crate::scheduler::job_view::JobView;

/// How long somebody waits for a preview, and for the slots that it needs.
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(10);

/// What a job would give.
pub(crate) struct Previewed {
    /// The first records of every sink, by uid.
    pub(crate) sinks: BTreeMap<String, Vec<Value>>,
    /// Whether the input came to its end; otherwise there may be more.
    pub(crate) is_complete: bool,
}

impl Dispatcher {
    /// Runs a job and returns the first records of every sink.
    ///
    /// # Errors
    /// The job is refused or fails, or there are no slots.
    pub(crate) async fn preview(
        self: &Arc<Self>,
        spec: JobSpec,
        records: usize,
    ) -> Result<Previewed, DispatchError> {
        let prepared = self.prepare(spec, true).await?;
        let (mut job, config) = (prepared.job, prepared.config);
        let refused = |reason: String| DispatchError::Refused(reason);
        let filled = Arc::new(Notify::new());
        let sinks = lead_to(&mut job, || FirstRecords::new(records, Arc::clone(&filled)))
            .map_err(|error| refused(error.to_string()))?;
        // What is begun again would show its records twice.
        job.restart_strategy = Some(RestartStrategy::None);
        let job = Arc::new(job);
        let over = Instant::now() + PREVIEW_TIMEOUT;
        let vertices = job.execution.vertices.iter();
        let wanted = vertices.map(|vertex| vertex.parallelism).max().unwrap_or(1);
        let slots = self.slots.take(wanted, PREVIEW_TIMEOUT).await;
        let _slots = slots.map_err(|error| refused(error.to_string()))?;
        let id = new_job_id()?;
        let view = Arc::new(JobView::new(id, Arc::clone(&job), self.clock.now_ms()));
        let (handle, commands) = JobHandle::new(Arc::clone(&view));
        let run = format!("preview-{id}");
        let master = JobMaster {
            job: Arc::clone(&job),
            config: Arc::clone(&config),
            clock: Arc::clone(&self.clock),
            store: None,
            restorable: None,
            allow_non_restored: false,
            view,
            commands,
            work_dir: config.tmp_dir.join(format!("wasmill-{run}")),
            run,
        };
        let mut running = tokio::spawn(master.run());
        let all_full = async {
            while !sinks.values().all(|sink| sink.is_full()) {
                filled.notified().await;
            }
        };
        let ended = tokio::select! {
            ended = &mut running => ended,
            // Full or not: what there is by then is shown.
            _ = timeout_at(over, all_full) => {
                // One that ends just now needs no command.
                let _ = handle.send(JobCommand::Cancel);
                running.await
            }
        };
        let ended = ended.map_err(|panic| DispatchError::Internal(panic.to_string()))?;
        let outcome = ended.map_err(|failure| refused(crate::one_line(&failure.into())))?;
        Ok(Previewed {
            sinks: sinks
                .into_iter()
                .map(|(uid, sink)| (uid, sink.records()))
                .collect(),
            is_complete: matches!(outcome, Outcome::Finished(_)),
        })
    }
}

/// Leads every sink of a job to one that is made for it; gives them by uid.
fn lead_to(
    job: &mut Job,
    make: impl Fn() -> FirstRecords,
) -> Result<BTreeMap<String, Arc<FirstRecords>>, ConnectorError> {
    let mut sinks = BTreeMap::new();
    for operator in &job.graph.operators {
        let Some(led) = job.sinks.get_mut(&operator.id) else {
            continue;
        };
        let sink = Arc::new(make());
        let schema = operator.inputs.first().map_or("", |input| &input.schema);
        sink.accepts(schema)?;
        *led = Arc::<FirstRecords>::clone(&sink);
        sinks.insert(operator.uid.clone(), sink);
    }
    Ok(sinks)
}
