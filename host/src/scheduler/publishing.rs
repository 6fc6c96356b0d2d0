//! The output of a completed checkpoint: publishing what the sinks prepared for it, and what they report in the end. Called
//! when the checkpoint is real, never before; publishing may be repeated.

use dataflow::checkpoint::snapshot::{CompletedCheckpoint, SinkSnapshot};
use dataflow::ids::OperatorId;
use dataflow::port::sink::SinkReport;

use super::job::Job;
use crate::storage::metadata::merge_reports;

/// What the sinks have to say, when all their output is published.
pub(crate) type Reports = Vec<(OperatorId, Vec<SinkReport>)>;

fn sink_parts(checkpoint: &CompletedCheckpoint, sink: OperatorId) -> Vec<SinkSnapshot> {
    let parts = checkpoint.tasks.iter().flat_map(|(_, part, _)| &part.sinks);
    parts
        .filter(|part| part.operator == sink)
        .cloned()
        .collect()
}

/// Publishes what a completed checkpoint prepared.
pub(crate) fn commit_sinks(job: &Job, checkpoint: &CompletedCheckpoint) -> Result<(), String> {
    for (operator, sink) in &job.sinks {
        let parts = sink_parts(checkpoint, *operator);
        let committables: Vec<_> = parts
            .into_iter()
            .flat_map(|part| part.committables)
            .collect();
        sink.commit(&committables)
            .map_err(|error| format!("\"{}\": {error}", job.uid(*operator)))?;
    }
    Ok(())
}

pub(super) fn reports(job: &Job, checkpoint: &CompletedCheckpoint) -> Reports {
    job.sinks
        .keys()
        .map(|sink| (*sink, merge_reports(&sink_parts(checkpoint, *sink))))
        .collect()
}
