//! The snapshot of a task: the synchronous part in the step, the rest on a storage thread.
//!
//! Step 1: the barrier goes out, so that downstream can align meanwhile. Step 2: sinks prepare what they wrote. Step 3:
//! the state backend freezes. Step 4: if barriers overtake, what is in flight is collected ([`super::overtaking`]). Step 5:
//! a storage thread writes what was frozen and acknowledges.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dataflow::checkpoint::in_flight::InFlight;
use dataflow::checkpoint::snapshot::{SinkSnapshot, SnapshotTimings, TaskSnapshot};
use dataflow::element::{Barrier, StreamElement};
use dataflow::ids::CheckpointId;
use dataflow::port::blob::BlobStore;
use dataflow::port::segment::Segment;
use dataflow::port::state::{PendingSnapshot, StateError};

use crate::task::error::TaskError;
use crate::task::event::TaskEvent;
use crate::task::step::Task;
use crate::task::thread::panic_text;

/// What a storage thread has to write of a task.
pub(super) struct Pending {
    keyed: Option<Box<dyn PendingSnapshot>>,
    operator: Option<Vec<u8>>,
    segments: Vec<Segment>,
    pub(super) in_flight: InFlight,
}

/// A snapshot that was taken.
pub(super) struct TakenSnapshot {
    pub(super) checkpoint: CheckpointId,
    snapshot: TaskSnapshot,
    pub(super) pending: Pending,
    pub(super) timings: SnapshotTimings,
    /// When the first barrier came, or else when it was taken (monotonic nanoseconds).
    pub(super) since_ns: u64,
}

impl Pending {
    /// Writes all files, names them in the snapshot, and notes how many bytes they are.
    fn write(
        self,
        store: &dyn BlobStore,
        snapshot: &mut TaskSnapshot,
        timings: &mut SnapshotTimings,
    ) -> Result<(), StateError> {
        let mut bytes = 0;
        if let Some(pending) = self.keyed {
            let handle = pending.write(store)?;
            bytes += handle.files.iter().map(|file| file.size_bytes).sum::<u64>();
            snapshot.state = Some(handle);
        }
        if let Some(encoded) = self.operator {
            let blob = store.put("operator-state", encoded)?;
            bytes += blob.size_bytes;
            snapshot.operator_state = Some(blob);
        }
        if !self.in_flight.is_empty() {
            let blob = store.put("in-flight", self.in_flight.encode())?;
            bytes += blob.size_bytes;
            timings.persisted_bytes = blob.size_bytes;
            snapshot.in_flight = Some(blob);
        }
        for segment in self.segments {
            bytes += segment.write()?.size_bytes;
        }
        timings.state_bytes = bytes;
        Ok(())
    }

    fn is_empty(&self) -> bool {
        let no_state = self.keyed.is_none() && self.operator.is_none();
        no_state && self.segments.is_empty() && self.in_flight.is_empty()
    }
}

impl Task {
    /// Takes the snapshot of a checkpoint.
    ///
    /// # Errors
    /// A sink cannot make its transaction durable, or the backend is poisoned.
    pub(super) fn snapshot(&mut self, checkpoint: CheckpointId) -> Result<(), TaskError> {
        if self.taken.take().is_some() {
            // One that still waits was given up.
            drop(self.head.take_recorded());
        }
        let taken = self.take_snapshot(checkpoint)?;
        self.complete_or_wait(taken);
        self.replace_logic(checkpoint)
    }

    /// The synchronous part.
    ///
    /// # Errors
    /// As [`Task::snapshot`].
    pub(super) fn take_snapshot(
        &mut self,
        checkpoint: CheckpointId,
    ) -> Result<TakenSnapshot, TaskError> {
        let start_ns = self.environment.clock.monotonic_ns();
        if !self.finished {
            self.outlets
                .broadcast(&StreamElement::Barrier(Barrier { checkpoint }));
        }
        self.last_snapshot = Some(checkpoint);
        let snapshot = TaskSnapshot {
            state: None,
            operator_state: None,
            splits: self.head.splits(),
            max_timestamps: self.max_timestamps(),
            watermark: self.watermark,
            sinks: self.snapshot_sinks(checkpoint)?,
            finished: self.finished,
            in_flight: None,
        };
        let pending = Pending {
            keyed: self.freeze_state(checkpoint)?,
            operator: self.freeze_operator_state(),
            segments: segments(&snapshot.sinks),
            in_flight: InFlight::default(),
        };
        self.publish_metrics();
        let end_ns = self.environment.clock.monotonic_ns();
        let since_ns = self.align_since_ns.take().unwrap_or(start_ns);
        let timings = SnapshotTimings {
            align_ns: start_ns.saturating_sub(since_ns),
            sync_ns: end_ns - start_ns,
            processed_bytes: std::mem::take(&mut self.aligning_bytes),
            ..SnapshotTimings::default()
        };
        Ok(TakenSnapshot {
            checkpoint,
            snapshot,
            pending,
            timings,
            since_ns,
        })
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

    fn freeze_operator_state(&mut self) -> Option<Vec<u8>> {
        let states = self.operator.as_mut()?.call().operator_states();
        (self.spec.persist && !states.is_empty()).then(|| states.encode())
    }

    /// Has the files written, then tells that the task's part is there.
    pub(super) fn acknowledge(&self, taken: TakenSnapshot) {
        let TakenSnapshot {
            checkpoint,
            mut snapshot,
            pending,
            mut timings,
            ..
        } = taken;
        let (id, events) = (self.spec.id, Arc::clone(&self.environment.events));
        if pending.is_empty() {
            events(TaskEvent::Acknowledged(
                id,
                checkpoint,
                Box::new(snapshot),
                timings,
            ));
            return;
        }
        let clock = Arc::clone(&self.environment.clock);
        self.environment.storage.submit(move |store| {
            let start_ns = clock.monotonic_ns();
            // The thread serves other tasks, too.
            let write = AssertUnwindSafe(|| pending.write(store, &mut snapshot, &mut timings));
            let written = catch_unwind(write)
                .map_err(|panic| panic_text("writing the snapshot", &*panic))
                .and_then(|written| written.map_err(|error| error.to_string()));
            match written {
                Ok(()) => {
                    timings.async_ns = clock.monotonic_ns() - start_ns;
                    events(TaskEvent::Acknowledged(
                        id,
                        checkpoint,
                        Box::new(snapshot),
                        timings,
                    ));
                }
                Err(reason) => events(TaskEvent::Declined(id, checkpoint, reason)),
            }
        });
    }
}

/// What the sinks have not published yet and their targets do not hold.
fn segments(sinks: &[SinkSnapshot]) -> Vec<Segment> {
    let committables = sinks.iter().flat_map(|sink| &sink.committables);
    committables
        .flat_map(|committable| committable.segments.iter().cloned())
        .collect()
}
