//! A preview: a bounded job runs in memory, its sinks hand their records over instead of writing them, and nothing of it
//! is left.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dataflow::port::sink::ReportValue;
use serde_json::Value;
use tokio::time::timeout;

use super::job_spec::JobSpec;
use super::{DispatchError, Dispatcher, new_job_id};
use crate::scheduler::command::JobHandle;
use crate::scheduler::job_master::{JobMaster, Outcome};
use crate::scheduler::job_view::JobView;

/// A preview that takes longer has input that does not end.
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(20);

impl Dispatcher {
    /// Runs a job to its end and returns the first records of every sink, by uid.
    ///
    /// # Errors
    /// The job is refused or fails, there are no slots, or its input does not end in time.
    pub(crate) async fn preview(
        self: &Arc<Self>,
        spec: JobSpec,
        records: usize,
    ) -> Result<BTreeMap<String, Vec<Value>>, DispatchError> {
        let prepared = self.prepare(spec, true).await?;
        let (job, config) = (Arc::new(prepared.job), prepared.config);
        let refused = |reason: String| DispatchError::Refused(reason);
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
        let ended = match timeout(PREVIEW_TIMEOUT, &mut running).await {
            Ok(ended) => ended,
            Err(_) => {
                // One that ends just now needs no command.
                let _ = handle.send(crate::scheduler::command::JobCommand::Cancel);
                let _ = running.await;
                return Err(refused(format!(
                    "the job did not end within {PREVIEW_TIMEOUT:?}: give it input that ends, for instance by its parameters"
                )));
            }
        };
        let ended = ended.map_err(|panic| DispatchError::Internal(panic.to_string()))?;
        let outcome = ended.map_err(|failure| refused(crate::one_line(&failure.into())))?;
        let Outcome::Finished(reports) = outcome else {
            return Err(refused("the preview was stopped".to_owned()));
        };
        let collected = reports.iter().map(|(sink, reports)| {
            let lines = reports.iter().find_map(|report| match &report.value {
                ReportValue::Lines(lines) => Some(first(lines, records)),
                _ => None,
            });
            (job.uid(*sink), lines.unwrap_or_default())
        });
        Ok(collected.collect())
    }
}

fn first(lines: &[u8], records: usize) -> Vec<Value> {
    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .take(records)
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}
