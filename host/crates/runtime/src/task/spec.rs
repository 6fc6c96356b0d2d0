//! What a task is asked to be: plain data and handles, made by the job master, turned into a running task by
//! [`super::step::Task::open`] on the task's own thread.

use std::sync::Arc;

use dataflow::checkpoint::barrier_aligner::CheckpointMode;
use dataflow::checkpoint::in_flight::InFlight;
use dataflow::clock::Clock;
use dataflow::ids::{OperatorId, SplitId, TaskId};
use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, OperatorError, OperatorFactory};
use dataflow::port::operator_state::OperatorStateSpec;
use dataflow::port::sink::{Sink, SinkContext};
use dataflow::port::source::{Source, SourceSplit};
use dataflow::port::state::{BackendSpec, SnapshotHandle, StateBackendFactory};
use dataflow::time::watermark_alignment::AlignmentMember;
use dataflow::time::watermark_generator::WatermarkStrategy;

use crate::network::input_gate::InputChannel;
use crate::network::record_writer::RecordWriter;
use crate::task::event::EventSink;
use crate::task::figures::TaskFigures;
use crate::task::mailbox::{Mailbox, Waker};
use crate::task::poison::PoisonWish;
use crate::task::storage_pool::StoragePool;

/// A task to be.
pub struct TaskSpec {
    /// Which task.
    pub id: TaskId,
    /// Name of the chain.
    pub name: String,
    /// The source at the head; otherwise the gate is the head.
    pub source: Option<SourceWish>,
    /// The guest logic.
    pub fragment: Option<(Arc<dyn OperatorFactory>, FragmentSpec)>,
    /// Operators of the fragment that see the input watermark.
    pub heads: Vec<OperatorId>,
    /// Timestamp assigners of the fragment.
    pub assigners: Vec<(OperatorId, WatermarkStrategy)>,
    /// The places of these assigners in their alignment groups.
    pub alignments: Vec<(OperatorId, AlignmentMember)>,
    /// Keyed state.
    pub state: Option<StateWish>,
    /// Operator state.
    pub operator_states: OperatorStateWish,
    /// Sinks of the chain.
    pub sinks: Vec<SinkWish>,
    /// Where the fragment's ports lead.
    pub ports: Vec<PortWish>,
    /// Where records of the head lead that pass by the fragment.
    pub head_outlets: Vec<Outlet>,
    /// What the task was when the restored checkpoint was taken.
    pub restored: Restored,
    /// What becomes of records that the fragment cannot process.
    pub poison: PoisonWish,
    /// What the fragment may keep.
    pub limits: TaskLimits,
    /// Whether snapshots write keyed state.
    pub persist: bool,
    /// What a checkpoint promises about each record.
    pub mode: CheckpointMode,
    /// Whether barriers may overtake what is queued.
    pub may_overtake: bool,
    /// What the restored checkpoint has in flight of this task.
    pub in_flight: Option<InFlightWish>,
    /// Age at which a segment is sent though it is not full (nanoseconds).
    pub buffer_timeout_ns: u64,
}

/// What the fragment of one task may keep between its calls. What one call may use is its guest's own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimits {
    /// Bytes of keyed state in memory.
    pub state_bytes: u64,
    /// Timers that wait.
    pub timers: u64,
}

impl Default for TaskLimits {
    fn default() -> Self {
        Self {
            state_bytes: u64::MAX,
            timers: u64::MAX,
        }
    }
}

impl TaskLimits {
    /// Holds a chain to its limits after a call.
    ///
    /// # Errors
    /// It keeps too much.
    pub(super) fn check(&self, chain: &str, call: &mut Call) -> Result<(), OperatorError> {
        let over = |limit, used, allowed| OperatorError::Limit {
            operator: chain.to_owned(),
            limit,
            used,
            allowed,
        };
        let timers = call.timers();
        let waiting = (timers.event.len() + timers.processing.len()) as u64;
        if waiting > self.timers {
            return Err(over("timers", waiting, self.timers));
        }
        let Some(backend) = call.backend() else {
            return Ok(());
        };
        let usage = backend.usage();
        let kept = usage.memory_bytes + usage.disk_bytes;
        if kept > self.state_bytes {
            return Err(over("keyed state (bytes)", kept, self.state_bytes));
        }
        Ok(())
    }
}

/// A source to open.
pub struct SourceWish {
    /// The connector.
    pub source: Arc<dyn Source>,
    /// The splits for this task.
    pub splits: Vec<SourceSplit>,
    /// How many subtasks share the source.
    pub parallelism: u32,
}

/// Keyed state to open.
pub struct StateWish {
    /// Who opens it.
    pub factory: Arc<dyn StateBackendFactory>,
    /// What to open.
    pub spec: BackendSpec,
    /// What to restore.
    pub snapshots: Vec<SnapshotHandle>,
    /// Where from.
    pub store: Arc<dyn BlobStore>,
}

/// Operator state to open: none if nothing is declared.
#[derive(Default)]
pub struct OperatorStateWish {
    /// What to open.
    pub specs: Vec<OperatorStateSpec>,
    /// What the former tasks of this vertex saved, by subtask, and whether each had finished while others go on.
    pub saved: Vec<(BlobRef, bool)>,
    /// The part of it that this task inherits: which, of how many.
    pub share: (u32, u32),
    /// Where from; needed only if something was saved.
    pub store: Option<Arc<dyn BlobStore>>,
}

/// Data in flight to restore.
pub enum InFlightWish {
    /// Of the same task: the file and where from.
    Saved(BlobRef, Arc<dyn BlobStore>),
    /// This task's part of what tasks at another parallelism had. Every task of such a job has one, if only an empty one.
    Dealt(InFlight),
}

/// A sink to open.
pub struct SinkWish {
    /// Which operator.
    pub operator: OperatorId,
    /// The connector.
    pub sink: Arc<dyn Sink>,
    /// Its place.
    pub context: SinkContext,
    /// Writer states it inherits.
    pub restored: Vec<Vec<u8>>,
}

/// A port's outlets and whose watermarks it carries.
#[derive(Clone, Debug)]
pub struct PortWish {
    /// The assigner whose watermarks the port carries; `None` for the input's.
    pub event_time_from: Option<OperatorId>,
    /// Where its records go.
    pub outlets: Vec<Outlet>,
}

/// Where records can leave a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlet {
    /// An edge: index into the wiring's writers.
    Writer(usize),
    /// A sink: index into the spec's sinks.
    Sink(usize),
}

/// What is left of an earlier run.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The watermark at the input.
    pub watermark: i64,
    /// Largest timestamps (watermarks, if the assigner names them) by assigner and split.
    pub max_timestamps: Vec<(OperatorId, SplitId, i64)>,
    /// All input had been processed, `finish` included.
    pub finished: bool,
}

impl Default for Restored {
    fn default() -> Self {
        let watermark = dataflow::element::WATERMARK_MIN;
        Self {
            watermark,
            max_timestamps: Vec::new(),
            finished: false,
        }
    }
}

/// The connections of a task.
pub struct TaskWiring {
    /// Its channels, if it has a gate.
    pub channels: Vec<InputChannel>,
    /// Its edges.
    pub writers: Vec<RecordWriter>,
    /// Its mailbox.
    pub mailbox: Mailbox,
    /// Wakes it.
    pub waker: Waker,
}

/// What all tasks of a process share.
#[derive(Clone)]
pub struct TaskEnvironment {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Takes the events.
    pub events: EventSink,
    /// Writes snapshots.
    pub storage: Arc<StoragePool>,
    /// The task's figures.
    pub figures: Arc<TaskFigures>,
}
