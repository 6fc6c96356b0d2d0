//! What each task of a job inherits from a checkpoint, at any parallelism: keyed state by key group, splits and writer
//! states spread evenly, event time by its minimum. Operators are found by uid, so chains may have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::element::WATERMARK_MAX;
use dataflow::graph::execution::Vertex;
use dataflow::ids::{CheckpointId, OperatorId};
use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::sink::Committable;
use dataflow::port::source::SourceSplit;
use dataflow::port::state::SnapshotHandle;
use runtime::task::spec::Restored;
use thiserror::Error;

use super::failure::DeployError;
use super::in_flight::InFlightWishes;
use super::job::Job;
use crate::storage::checkpoint_store::Restorable;
use crate::storage::metadata::{Metadata, TaskEntry, VertexEntry};

/// A checkpoint does not fit the job.
#[derive(Debug, Error)]
pub(crate) enum RestoreError {
    /// Key groups would mean something else.
    #[error(
        "the checkpoint was taken with max parallelism {saved}, the job has {now}: key groups cannot be changed"
    )]
    MaxParallelism {
        /// Of the checkpoint.
        saved: u32,
        /// Of the job.
        now: u32,
    },
    /// An operator with state is gone.
    #[error(
        "the checkpoint has state of operator \"{0}\", which the job does not have: its state would be lost"
    )]
    MissingOperator(String),
    /// Records were in flight that this job cannot take up.
    #[error(
        "checkpoint {checkpoint} is unaligned, and this job cannot take up what it has in flight: {reason}; restore it as it was, \
then take a savepoint, or rescale or swap the running job"
    )]
    InFlight {
        /// Which one.
        checkpoint: u64,
        /// Why not.
        reason: String,
    },
    /// The metadata contradicts itself.
    #[error("the checkpoint's metadata is not readable: {0}")]
    Unreadable(String),
}

/// Files of operator state, and whether the task of each had finished while others go on.
pub(crate) type SavedStates = Vec<(BlobRef, bool)>;

/// The largest timestamp of an assigner (by uid) and split.
type Mark = (String, u32, i64);

/// Of the marks that all tasks which go on have, the least: event time may be late, never early.
fn least_marks<'a>(tasks: &[&'a TaskEntry]) -> Vec<&'a Mark> {
    let going_on = || tasks.iter().filter(|task| !task.finished);
    let mut marks: BTreeMap<(&str, u32), (usize, &Mark)> = BTreeMap::new();
    for mark in going_on().flat_map(|task| &task.max_timestamps) {
        let entry = marks.entry((&mark.0, mark.1)).or_insert((0, mark));
        entry.0 += 1;
        if mark.2 < entry.1.2 {
            entry.1 = mark;
        }
    }
    let all = going_on().count();
    let of_all = marks.into_values().filter(|(count, _)| *count == all);
    of_all.map(|(_, mark)| mark).collect()
}

/// Splits by subtask, in turn.
pub(crate) fn deal(splits: Vec<SourceSplit>, parallelism: u32) -> Vec<Vec<SourceSplit>> {
    let mut dealt = vec![Vec::new(); parallelism as usize];
    for (index, split) in splits.into_iter().enumerate() {
        dealt[index % parallelism as usize].push(split);
    }
    dealt
}

/// A checkpoint seen as the inheritance of a job.
pub(crate) struct Inheritance<'a> {
    job: &'a Job,
    metadata: Option<&'a Metadata>,
    damaged_runs: &'a [String],
}

impl<'a> Inheritance<'a> {
    /// Checks that a checkpoint fits the job. With none there is nothing to inherit.
    ///
    /// # Errors
    /// It does not fit.
    pub(crate) fn new(
        job: &'a Job,
        restorable: Option<&'a Restorable>,
    ) -> Result<Self, RestoreError> {
        let metadata = restorable.map(|from| &from.metadata);
        if let Some(metadata) = metadata {
            let (saved, now) = (metadata.max_parallelism, job.graph.max_parallelism);
            if saved != now {
                return Err(RestoreError::MaxParallelism { saved, now });
            }
            for vertex in &metadata.vertices {
                let known = |uid: &String| job.graph.operators.iter().any(|o| o.uid == *uid);
                let has_state = vertex.tasks.iter().any(|task| {
                    task.state.is_some() || task.operator_state.is_some() || !task.splits.is_empty()
                });
                if let Some(gone) = vertex
                    .operators
                    .iter()
                    .find(|uid| !known(uid))
                    .filter(|_| has_state)
                {
                    return Err(RestoreError::MissingOperator(gone.clone()));
                }
            }
            if metadata.has_in_flight()
                && let Some(reason) = super::in_flight::difference(job, metadata)
            {
                let checkpoint = metadata.checkpoint;
                return Err(RestoreError::InFlight { checkpoint, reason });
            }
        }
        let damaged_runs = restorable.map_or(&[][..], |from| &from.damaged_runs);
        Ok(Self {
            job,
            metadata,
            damaged_runs,
        })
    }

    /// Old chains that share an operator with this one.
    fn ancestors(&self, vertex: &Vertex) -> Vec<&'a VertexEntry> {
        let uids: Vec<String> = vertex
            .operators
            .iter()
            .map(|id| self.job.uid(*id))
            .collect();
        let shares = |entry: &&VertexEntry| entry.operators.iter().any(|uid| uids.contains(uid));
        self.metadata
            .map_or_else(Vec::new, |m| m.vertices.iter().filter(shares).collect())
    }

    fn tasks(&self, vertex: &Vertex) -> Vec<&'a TaskEntry> {
        self.ancestors(vertex)
            .into_iter()
            .flat_map(|entry| &entry.tasks)
            .collect()
    }

    /// State files that may hold key groups of this chain.
    pub(crate) fn snapshots(&self, vertex: &Vertex) -> Result<Vec<SnapshotHandle>, RestoreError> {
        let states = self
            .tasks(vertex)
            .into_iter()
            .filter_map(|task| task.state.as_ref());
        states
            .map(|state| state.handle().map_err(RestoreError::Unreadable))
            .collect()
    }

    /// Operator state of the former tasks of this chain, by subtask, and the share of it that one subtask inherits:
    /// which, of how many.
    ///
    /// Only those that go on share. With each file comes whether its task had finished while others go on: of what that kept
    /// only union lists are passed on.
    pub(crate) fn operator_states(
        &self,
        vertex: &Vertex,
        subtask: u32,
    ) -> Result<(SavedStates, (u32, u32)), RestoreError> {
        let goes_on = |subtask: &u32| !self.is_finished(vertex, *subtask);
        let count = |subtasks: u32| (0..subtasks).filter(goes_on).count() as u32;
        let of = count(vertex.parallelism);
        let share = (count(subtask), of.max(1));
        let tasks = self.tasks(vertex).into_iter();
        let files = tasks.filter_map(|task| Some((task.operator_state.as_ref()?, task.finished)));
        if of > 0 && !goes_on(&subtask) {
            return Ok((Vec::new(), share));
        }
        let files: Result<_, _> = files
            .map(|(file, finished)| {
                let blob = file.blob().map_err(RestoreError::Unreadable)?;
                Ok((blob, finished && of > 0))
            })
            .collect();
        Ok((files?, share))
    }

    /// What each task takes up of what was in flight. May block on the store.
    ///
    /// # Errors
    /// It cannot be read, or not be dealt out to the subtasks there are.
    pub(crate) fn in_flight(
        &self,
        store: &Arc<dyn BlobStore>,
    ) -> Result<InFlightWishes, DeployError> {
        match self.metadata {
            Some(saved) => super::in_flight::taken_up(self.job, saved, self, store),
            None => Ok(InFlightWishes::new()),
        }
    }

    /// Whether a subtask of this chain has nothing more to do.
    fn is_finished(&self, vertex: &Vertex, subtask: u32) -> bool {
        let ancestors = self.ancestors(vertex);
        if let [entry] = &ancestors[..]
            && entry.tasks.len() == vertex.parallelism as usize
        {
            let task = entry.tasks.get(subtask as usize);
            return task.is_some_and(|task| task.finished);
        }
        let mut tasks = ancestors.iter().flat_map(|entry| &entry.tasks);
        !ancestors.is_empty() && tasks.all(|task| task.finished)
    }

    /// All splits of a source with their positions; `None` if the source is new.
    pub(crate) fn splits(
        &self,
        vertex: &Vertex,
        source: OperatorId,
    ) -> Result<Option<Vec<SourceSplit>>, RestoreError> {
        let uid = self.job.uid(source);
        let of_source = |entry: &&VertexEntry| entry.operators.first() == Some(&uid);
        let Some(entry) = self.ancestors(vertex).into_iter().find(of_source) else {
            return Ok(None);
        };
        let mut splits = Vec::new();
        for task in &entry.tasks {
            splits.extend(task.source_splits().map_err(RestoreError::Unreadable)?);
        }
        splits.sort_by_key(|split| split.id);
        Ok(Some(splits))
    }

    /// All splits of a source, dealt out in turn; `None` if the source is new.
    pub(crate) fn dealt_splits(
        &self,
        vertex: &Vertex,
        source: OperatorId,
    ) -> Result<Option<Vec<Vec<SourceSplit>>>, RestoreError> {
        let splits = self.splits(vertex, source)?;
        Ok(splits.map(|splits| deal(splits, vertex.parallelism)))
    }

    /// Event time and completion of one task.
    pub(crate) fn restored(&self, vertex: &Vertex, subtask: u32) -> Restored {
        let ancestors = self.ancestors(vertex);
        if ancestors.is_empty() {
            return Restored::default();
        }
        let tasks = self.tasks(vertex);
        let by_uid: BTreeMap<String, OperatorId> = vertex
            .operators
            .iter()
            .map(|id| (self.job.uid(*id), *id))
            .collect();
        let finished = self.is_finished(vertex, subtask);
        // At the same parallelism event time is the subtask's own.
        let same = ancestors.len() == 1 && tasks.len() == vertex.parallelism as usize;
        let own = tasks.get(subtask as usize).filter(|_| same);
        let marks: Vec<&Mark> = match own {
            // Splits move between subtasks, and each split has one mark.
            _ if vertex.source.is_some() => {
                tasks.iter().flat_map(|it| &it.max_timestamps).collect()
            }
            Some(task) => task.max_timestamps.iter().collect(),
            None => least_marks(&tasks),
        };
        let max_timestamps = marks
            .into_iter()
            .filter_map(|(uid, split, time)| {
                Some((*by_uid.get(uid)?, dataflow::ids::SplitId(*split), *time))
            })
            .collect();
        // A task that is to run again must not start behind the end of time.
        let least = tasks.iter().map(|task| task.watermark).min();
        let watermark = own.map(|task| task.watermark).or(least);
        let watermark = watermark.unwrap_or(WATERMARK_MAX);
        let watermark = if finished {
            watermark
        } else {
            watermark.min(WATERMARK_MAX - 1)
        };
        Restored {
            watermark,
            max_timestamps,
            finished,
        }
    }

    /// Writer states of a sink that one subtask inherits.
    pub(crate) fn writers(
        &self,
        sink: OperatorId,
        subtask: u32,
        parallelism: u32,
    ) -> Result<Vec<Vec<u8>>, RestoreError> {
        let mut states = Vec::new();
        for (index, entry) in self.sink_entries(sink).enumerate() {
            if index as u32 % parallelism == subtask {
                states.push(entry.writer_state().map_err(RestoreError::Unreadable)?);
            }
        }
        Ok(states)
    }

    /// Transactions of a sink that the checkpoint prepared; their segments are in `store`.
    pub(crate) fn committables(
        &self,
        sink: OperatorId,
        store: &Arc<dyn BlobStore>,
    ) -> Result<Vec<Committable>, RestoreError> {
        let mut all = Vec::new();
        for entry in self.sink_entries(sink) {
            let transactions = entry.transactions(store);
            all.extend(transactions.map_err(RestoreError::Unreadable)?);
        }
        Ok(all)
    }

    fn sink_entries(
        &self,
        sink: OperatorId,
    ) -> impl Iterator<Item = &'a crate::storage::metadata::SinkEntry> {
        let uid = self.job.uid(sink);
        let vertices = self.metadata.map_or(&[][..], |m| &m.vertices);
        let entries = vertices
            .iter()
            .flat_map(|v| &v.tasks)
            .flat_map(|t| &t.sinks);
        entries.filter(move |entry| entry.uid == uid)
    }

    /// The restored checkpoint and the runs whose newer, damaged ones were passed over; `None` if there was none.
    pub(crate) fn passed_over(&self) -> Option<(CheckpointId, &'a [String])> {
        let restored = CheckpointId(self.metadata?.checkpoint);
        (!self.damaged_runs.is_empty()).then_some((restored, self.damaged_runs))
    }

    /// How many times the job was deployed before.
    pub(crate) fn attempt(&self) -> u32 {
        self.metadata
            .map_or(0, |metadata| metadata.attempt.saturating_add(1))
    }

    /// The number the next checkpoint gets.
    pub(crate) fn next_checkpoint(&self) -> u64 {
        self.metadata.map_or(1, |metadata| metadata.checkpoint + 1)
    }
}
