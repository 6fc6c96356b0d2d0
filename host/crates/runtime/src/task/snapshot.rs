//! The snapshot of a task: the synchronous part in the step, the rest on a storage thread.
//!
//! Step 1: the barrier goes out, so that downstream can align meanwhile. Step 2: sinks prepare what they wrote. Step 3:
//! the state backend freezes. Step 4: a storage thread writes what was frozen and acknowledges.

use std::sync::Arc;

use dataflow::checkpoint::snapshot::{SinkSnapshot, SnapshotTimings, TaskSnapshot};
use dataflow::element::{Barrier, StreamElement};
use dataflow::ids::CheckpointId;
use dataflow::port::state::PendingSnapshot;

use crate::task::error::TaskError;
use crate::task::event::TaskEvent;
use crate::task::step::Task;

impl Task {
    /// Takes the snapshot of a checkpoint.
    ///
    /// # Errors
    /// A sink cannot make its transaction durable, or the backend is poisoned.
    pub(super) fn snapshot(&mut self, checkpoint: CheckpointId) -> Result<(), TaskError> {
        let start_ns = self.environment.clock.monotonic_ns();
        if !self.finished {
            self.outlets
                .broadcast(&StreamElement::Barrier(Barrier { checkpoint }));
        }
        self.last_snapshot = Some(checkpoint);
        let snapshot = TaskSnapshot {
            state: None,
            splits: self.head.splits(),
            max_timestamps: self.max_timestamps(),
            watermark: self.watermark,
            sinks: self.snapshot_sinks(checkpoint)?,
            finished: self.finished,
        };
        let pending = self.freeze_state(checkpoint)?;
        self.publish_counters();
        let end_ns = self.environment.clock.monotonic_ns();
        let timings = SnapshotTimings {
            align_ns: self
                .align_since_ns
                .take()
                .map_or(0, |since| start_ns.saturating_sub(since)),
            sync_ns: end_ns - start_ns,
            ..SnapshotTimings::default()
        };
        self.acknowledge(checkpoint, snapshot, pending, timings);
        Ok(())
    }

    fn snapshot_sinks(&mut self, checkpoint: CheckpointId) -> Result<Vec<SinkSnapshot>, TaskError> {
        let finished = self.finished;
        let mut snapshots = Vec::new();
        for sink in self.outlets.sinks() {
            let prepared = sink.writer.pre_commit(checkpoint)?;
            // A checkpoint that was given up leaves its transactions to the next one.
            sink.uncommitted.extend(
                prepared
                    .into_iter()
                    .map(|committable| (checkpoint, committable)),
            );
            snapshots.push(SinkSnapshot {
                operator: sink.operator,
                committables: sink
                    .uncommitted
                    .iter()
                    .map(|(_, committable)| committable.clone())
                    .collect(),
                writer: sink.writer.snapshot(),
                report: if finished {
                    sink.writer.report()
                } else {
                    Vec::new()
                },
            });
        }
        Ok(snapshots)
    }

    fn max_timestamps(&self) -> Vec<(dataflow::ids::OperatorId, dataflow::ids::SplitId, i64)> {
        let of = |(operator, generator): &(
            _,
            dataflow::time::watermark_generator::WatermarkGenerator,
        )| {
            let operator = *operator;
            generator
                .marks()
                .into_iter()
                .map(move |(split, time)| (operator, split, time))
        };
        self.generators.iter().flat_map(of).collect()
    }

    fn freeze_state(
        &mut self,
        checkpoint: CheckpointId,
    ) -> Result<Option<Box<dyn PendingSnapshot>>, TaskError> {
        if !self.spec.persist {
            return Ok(None);
        }
        match &mut self.operator {
            Some(operator) => Ok(operator.call().snapshot(checkpoint)?),
            None => Ok(None),
        }
    }

    fn acknowledge(
        &self,
        checkpoint: CheckpointId,
        mut snapshot: TaskSnapshot,
        pending: Option<Box<dyn PendingSnapshot>>,
        mut timings: SnapshotTimings,
    ) {
        let (id, events) = (self.spec.id, Arc::clone(&self.environment.events));
        let Some(pending) = pending else {
            events(TaskEvent::Acknowledged(
                id,
                checkpoint,
                Box::new(snapshot),
                timings,
            ));
            return;
        };
        let clock = Arc::clone(&self.environment.clock);
        self.environment.storage.submit(move |store| {
            let start_ns = clock.monotonic_ns();
            match pending.write(store) {
                Ok(handle) => {
                    timings.async_ns = clock.monotonic_ns() - start_ns;
                    timings.state_bytes = handle.files.iter().map(|file| file.size_bytes).sum();
                    snapshot.state = Some(handle);
                    events(TaskEvent::Acknowledged(
                        id,
                        checkpoint,
                        Box::new(snapshot),
                        timings,
                    ));
                }
                Err(error) => events(TaskEvent::Declined(id, checkpoint, error.to_string())),
            }
        });
    }
}
