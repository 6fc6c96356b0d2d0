//! A checkpoint's metadata file: one self-describing JSON document that names every file, position and transaction of
//! the checkpoint by operator uid, so that it can be read without the job that wrote it. Version 2: version 1 has nothing in
//! flight, and is read as such.

use std::sync::Arc;

use dataflow::checkpoint::snapshot::{CompletedCheckpoint, SinkSnapshot, TaskSnapshot};
use dataflow::graph::execution::{ExecutionGraph, VertexEdge};
use dataflow::graph::logical::JobGraph;
use dataflow::ids::{OperatorId, SplitId};
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::segment::Segment;
use dataflow::port::sink::{Committable, ReportValue, SinkReport};
use dataflow::port::source::SourceSplit;
use dataflow::port::state::SnapshotHandle;
use serde::{Deserialize, Serialize};

use super::blob_store::{hex, unhex};

pub(crate) use operators::{
    OperatorEntry, OperatorWord, StateDeclaration, StateWord, describe_operators,
};

mod operators;

/// The version this build writes. It reads all up to it.
pub(crate) const VERSION: u32 = 2;

/// The document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Format version.
    pub(crate) version: u32,
    /// Name of the job.
    pub(crate) job: String,
    /// How many times the job was deployed before it was taken.
    #[serde(default)]
    pub(crate) attempt: u32,
    /// Number of the checkpoint.
    pub(crate) checkpoint: u64,
    /// When it was triggered (milliseconds since the Unix epoch).
    pub(crate) triggered_ms: i64,
    /// How long it took.
    pub(crate) duration_ms: i64,
    /// Number of key groups of the job.
    pub(crate) max_parallelism: u32,
    /// Blake3 of the components that ran.
    pub(crate) components: Vec<String>,
    /// Whether the job had come to its end.
    pub(crate) is_final: bool,
    /// The operators and what they keep; empty in checkpoints of early builds.
    #[serde(default)]
    pub(crate) operators: Vec<OperatorEntry>,
    /// The chains.
    pub(crate) vertices: Vec<VertexEntry>,
    /// The edges between them, if anything is in flight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) edges: Vec<EdgeEntry>,
}

impl Metadata {
    /// Whether some of its records were in flight.
    pub(crate) fn has_in_flight(&self) -> bool {
        let mut tasks = self.vertices.iter().flat_map(|vertex| &vertex.tasks);
        tasks.any(|task| task.in_flight.is_some())
    }
}

/// An edge between two chains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EdgeEntry {
    /// Chain it comes from, by place.
    pub(crate) from: u32,
    /// Chain it goes to, by place.
    pub(crate) to: u32,
    /// Which input of that.
    pub(crate) input: u32,
    /// How it distributes.
    pub(crate) partitioning: String,
}

impl EdgeEntry {
    /// As the document has it.
    pub(crate) fn of(edge: &VertexEdge) -> Self {
        Self {
            from: edge.from.0,
            to: edge.to.0,
            input: edge.input,
            partitioning: edge.partitioning.name().to_owned(),
        }
    }
}

/// One chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VertexEntry {
    /// Uids of its operators, upstream first.
    pub(crate) operators: Vec<String>,
    /// Its tasks, by subtask.
    pub(crate) tasks: Vec<TaskEntry>,
}

/// One task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskEntry {
    /// Keyed state.
    pub(crate) state: Option<StateEntry>,
    /// Operator state.
    #[serde(default)]
    pub(crate) operator_state: Option<FileEntry>,
    /// Splits with their positions (hexadecimal).
    pub(crate) splits: Vec<(u32, String)>,
    /// Largest timestamps: uid of the assigner, split, milliseconds.
    pub(crate) max_timestamps: Vec<(String, u32, i64)>,
    /// Watermark at the input.
    pub(crate) watermark: i64,
    /// Sinks.
    pub(crate) sinks: Vec<SinkEntry>,
    /// All input processed.
    pub(crate) finished: bool,
    /// What its barrier overtook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) in_flight: Option<FileEntry>,
}

/// Keyed state of one task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateEntry {
    /// Backend format.
    pub(crate) format: String,
    /// Key groups: start and end.
    pub(crate) key_groups: Option<(u32, u32)>,
    /// Files in reading order.
    pub(crate) files: Vec<FileEntry>,
}

/// A file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileEntry {
    /// Name in the store.
    pub(crate) name: String,
    /// Name the format gives it.
    pub(crate) role: String,
    /// Size.
    pub(crate) bytes: u64,
    /// Blake3, hexadecimal.
    pub(crate) blake3: String,
}

/// A sink of one task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SinkEntry {
    /// Uid of the sink.
    pub(crate) uid: String,
    /// Prepared transactions (hexadecimal).
    pub(crate) committables: Vec<String>,
    /// Files of their output, in order: index of the transaction, and file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) segments: Vec<(usize, FileEntry)>,
    /// State of the writer (hexadecimal).
    pub(crate) writer: String,
}

/// Writes the document of a completed checkpoint.
pub(crate) fn describe(
    checkpoint: &CompletedCheckpoint,
    graph: &JobGraph,
    execution: &ExecutionGraph,
    components: &[String],
    operators: Vec<OperatorEntry>,
    attempt: u32,
) -> Metadata {
    let uid = |id: OperatorId| {
        graph
            .operator(id)
            .map_or_else(String::new, |o| o.uid.clone())
    };
    let vertex = |vertex: &dataflow::graph::execution::Vertex| VertexEntry {
        operators: vertex.operators.iter().map(|id| uid(*id)).collect(),
        tasks: checkpoint
            .tasks
            .iter()
            .filter(|(task, ..)| task.vertex == vertex.id)
            .map(|(_, part, _)| TaskEntry::of(part, &uid))
            .collect(),
    };
    let vertices: Vec<VertexEntry> = execution.vertices.iter().map(vertex).collect();
    let mut metadata = Metadata {
        version: VERSION,
        job: graph.name.clone(),
        attempt,
        checkpoint: checkpoint.id.0,
        triggered_ms: checkpoint.triggered_ms,
        duration_ms: checkpoint.duration_ms,
        max_parallelism: graph.max_parallelism,
        components: components.to_vec(),
        is_final: checkpoint.is_final(),
        operators,
        vertices,
        edges: Vec::new(),
    };
    if metadata.has_in_flight() {
        metadata.edges = execution.edges.iter().map(EdgeEntry::of).collect();
    }
    metadata
}

impl TaskEntry {
    fn of(part: &TaskSnapshot, uid: &impl Fn(OperatorId) -> String) -> Self {
        Self {
            state: part.state.as_ref().map(StateEntry::of),
            operator_state: part.operator_state.as_ref().map(FileEntry::of),
            splits: part
                .splits
                .iter()
                .map(|split| (split.id.0, hex(&split.state)))
                .collect(),
            max_timestamps: part
                .max_timestamps
                .iter()
                .map(|(o, s, t)| (uid(*o), s.0, *t))
                .collect(),
            watermark: part.watermark,
            sinks: part
                .sinks
                .iter()
                .map(|sink| SinkEntry {
                    uid: uid(sink.operator),
                    committables: sink.committables.iter().map(|c| hex(&c.bytes)).collect(),
                    segments: segments(&sink.committables),
                    writer: hex(&sink.writer),
                })
                .collect(),
            finished: part.finished,
            in_flight: part.in_flight.as_ref().map(FileEntry::of),
        }
    }

    /// The splits with their positions.
    pub(crate) fn source_splits(&self) -> Result<Vec<SourceSplit>, String> {
        let split = |(id, state): &(u32, String)| {
            Ok(SourceSplit {
                id: SplitId(*id),
                state: unhex(state)?,
            })
        };
        self.splits.iter().map(split).collect()
    }
}

/// The files of transactions. All are stored: a snapshot is acknowledged afterwards.
fn segments(committables: &[Committable]) -> Vec<(usize, FileEntry)> {
    let of = |(index, committable): (usize, &Committable)| {
        let blobs: Vec<_> = committable
            .segments
            .iter()
            .filter_map(Segment::blob)
            .collect();
        let entries = blobs.iter().map(FileEntry::of);
        entries.map(|entry| (index, entry)).collect::<Vec<_>>()
    };
    committables.iter().enumerate().flat_map(of).collect()
}

impl SinkEntry {
    /// The prepared transactions, their segments in `store`.
    pub(crate) fn transactions(
        &self,
        store: &Arc<dyn BlobStore>,
    ) -> Result<Vec<Committable>, String> {
        let bytes = self.committables.iter().map(|text| unhex(text));
        let mut transactions: Vec<Committable> = bytes
            .map(|bytes| bytes.map(Committable::new))
            .collect::<Result<_, _>>()?;
        for (index, file) in &self.segments {
            let transaction = transactions.get_mut(*index);
            let transaction = transaction
                .ok_or_else(|| format!("segment {} belongs to no transaction", file.name))?;
            let segment = Segment::stored(file.blob()?, Arc::clone(store));
            transaction.segments.push(segment);
        }
        Ok(transactions)
    }

    /// The writer's state.
    pub(crate) fn writer_state(&self) -> Result<Vec<u8>, String> {
        unhex(&self.writer)
    }
}

impl StateEntry {
    pub(crate) fn of(handle: &SnapshotHandle) -> Self {
        Self {
            format: handle.format.clone(),
            key_groups: handle.key_groups.map(|range| (range.start, range.end)),
            files: handle.files.iter().map(FileEntry::of).collect(),
        }
    }

    /// The handle the backend understands.
    pub(crate) fn handle(&self) -> Result<SnapshotHandle, String> {
        Ok(SnapshotHandle {
            format: self.format.clone(),
            key_groups: self
                .key_groups
                .map(|(start, end)| KeyGroupRange { start, end }),
            files: self
                .files
                .iter()
                .map(FileEntry::blob)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl FileEntry {
    pub(crate) fn of(blob: &BlobRef) -> Self {
        Self {
            name: blob.name.clone(),
            role: blob.role.clone(),
            bytes: blob.size_bytes,
            blake3: hex(&blob.hash),
        }
    }

    /// The file it names.
    pub(crate) fn blob(&self) -> Result<BlobRef, String> {
        let hash: [u8; 32] = unhex(&self.blake3)?
            .try_into()
            .map_err(|_| format!("the hash of file {} has not 32 bytes", self.name))?;
        Ok(BlobRef {
            name: self.name.clone(),
            role: self.role.clone(),
            size_bytes: self.bytes,
            hash,
        })
    }
}

/// Merges the reports of all writers of a sink.
pub(crate) fn merge_reports(sinks: &[SinkSnapshot]) -> Vec<SinkReport> {
    let mut merged: Vec<SinkReport> = Vec::new();
    for report in sinks.iter().flat_map(|sink| &sink.report) {
        let Some(into) = merged.iter_mut().find(|other| other.name == report.name) else {
            merged.push(report.clone());
            continue;
        };
        match (&mut into.value, &report.value) {
            (ReportValue::Sum(a), ReportValue::Sum(b))
            | (ReportValue::Checksum(a), ReportValue::Checksum(b)) => *a = a.wrapping_add(*b),
            (ReportValue::Histogram(a), ReportValue::Histogram(b)) => a.extend_from_slice(b),
            (ReportValue::Lines(a), ReportValue::Lines(b)) => a.extend_from_slice(b),
            _ => {}
        }
    }
    merged
}
