//! The dead letters of one chain as its tasks take them up again: which letter goes to which subtask, and which cannot be
//! replayed.
//!
//! Keeps: a record reaches its input as it was, or not at all: only if the input feeds the same operators with the same
//! schemas. Keyed ones go to the subtask that owns their key, at any parallelism. What the files hold is anybody's: what is
//! not a letter is an error that names the line. Not the promise that a letter is taken once: that is
//! [`crate::scheduler::replay`]'s.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use dataflow::element::Batch;
use dataflow::graph::execution::Vertex;
use dataflow::graph::logical::Partitioning;
use dataflow::ids::TaskId;
use dataflow::key_group::{key_group, subtask_of_key_group};
use dataflow::limits::{REPLAY_BYTES_MAX, REPLAY_LETTERS_MAX};
use runtime::task::replay::ReplayedLetter;
use serde::Deserialize;

use super::folder::{Parts, Place, Places, name_of};
use super::letter::identity;
use crate::scheduler::job::Job;
use crate::storage::blob_store::unhex;

/// Reasons that are told, at most.
const REASONS_MAX: usize = 3;

/// Which subtask a record of an input belongs to.
#[derive(Clone, Copy, Debug)]
enum Owner {
    /// The one that owns its key.
    OfKey,
    /// Each has its own copy.
    Itself,
    /// Any; the one it was, as far as that is there.
    Any,
}

/// Where the letters of a chain are, and where they go.
pub(crate) struct Inbox {
    vertex: Vertex,
    max_parallelism: u32,
    folder: PathBuf,
    uids: Vec<String>,
    inputs: BTreeMap<String, (u32, Owner)>,
}

/// Letters that are replayed together.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// For which task, from where, and the letter.
    pub(crate) letters: Vec<(TaskId, Place, ReplayedLetter)>,
    /// Bytes of their records.
    pub(crate) bytes: usize,
    /// How many cannot be replayed.
    pub(crate) refused: u64,
    /// Why, for some of them.
    pub(crate) reasons: Vec<String>,
}

impl Round {
    /// Whether no more are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.letters.len() >= REPLAY_LETTERS_MAX || self.bytes >= REPLAY_BYTES_MAX
    }

    fn refuse(&mut self, reason: String) {
        self.refused += 1;
        if self.reasons.len() < REASONS_MAX && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// What is read of a letter; the rest is for people.
#[derive(Deserialize)]
struct Saved {
    timestamp: i64,
    #[serde(default)]
    subtask: u32,
    replay: Option<SavedRecord>,
}

#[derive(Deserialize)]
struct SavedRecord {
    input: String,
    parallelism: u32,
    key: String,
    value: String,
}

/// A record as a letter has it.
struct Kept {
    /// Which input, by its identity.
    input: String,
    subtask: u32,
    parallelism: u32,
    record: Batch,
}

/// Reads a letter; none if it does not have its record.
///
/// # Errors
/// It is no letter.
fn saved(line: &[u8]) -> Result<Option<Kept>> {
    let saved: Saved = serde_json::from_slice(line)?;
    let Some(kept) = saved.replay else {
        return Ok(None);
    };
    let bytes = |name: &str, text: &str| unhex(text).map_err(|why| anyhow!("{name}: {why}"));
    let (key, value) = (bytes("key", &kept.key)?, bytes("value", &kept.value)?);
    let mut record = Batch::default();
    record.push(saved.timestamp, &key, &value);
    Ok(Some(Kept {
        input: kept.input,
        subtask: saved.subtask,
        parallelism: kept.parallelism,
        record,
    }))
}

/// For the list of readers: a letter, and where one is.
#[cfg(any(test, fuzzing))]
pub(crate) fn decode(line: &[u8]) {
    let _ = saved(line);
    let _ = serde_json::from_slice::<Place>(line);
}

impl Inbox {
    /// The inbox of a chain of a job, whose letters are in `folder`.
    pub(super) fn of(job: &Job, vertex: &Vertex, folder: PathBuf) -> Self {
        let inputs = (0..).zip(&vertex.fragment_inputs);
        Self {
            vertex: vertex.clone(),
            max_parallelism: job.graph.max_parallelism,
            folder,
            uids: vertex.fragment.iter().map(|id| job.uid(*id)).collect(),
            inputs: inputs
                .map(|(input, fed)| (identity(job, fed), (input, owner(job, vertex, input))))
                .collect(),
        }
    }

    /// Whether an operator of this uid runs in the chain.
    pub(crate) fn has(&self, uid: &str) -> bool {
        self.uids.iter().any(|own| own == uid)
    }

    /// Name of the folder.
    pub(crate) fn name(&self) -> String {
        name_of(&self.folder)
    }

    /// Adds letters of the files of `scope` to a round until it is full, but for those that were `sent`.
    ///
    /// # Errors
    /// A file cannot be read, or has what is no letter.
    pub(crate) fn read(&self, scope: &[String], sent: &Places, round: &mut Round) -> Result<()> {
        let _ = Parts::of(&self.folder)?.each(|file, place, line| {
            let is_sent = sent
                .get(&place.file)
                .is_some_and(|it| it.contains(&place.line));
            if is_sent || !scope.contains(&place.file) {
                return Ok(ControlFlow::Continue(()));
            }
            if round.is_full() {
                return Ok(ControlFlow::Break(()));
            }
            let number = place.line + 1;
            let damaged = || format!("line {number} of {}: no dead letter", file.display());
            self.add(place, line, round).with_context(damaged)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    fn add(&self, place: Place, line: &[u8], round: &mut Round) -> Result<()> {
        let Some(record) = saved(line)? else {
            round.refuse("its record was too long to be kept, or another version wrote it".into());
            return Ok(());
        };
        let Some((input, owner)) = self.inputs.get(&record.input) else {
            round.refuse("its input has another schema now, or is gone".into());
            return Ok(());
        };
        let parallelism = self.vertex.parallelism;
        let subtask = match owner {
            Owner::OfKey => {
                let group = key_group(record.record.key(0), self.max_parallelism);
                subtask_of_key_group(group, self.max_parallelism, parallelism)
            }
            Owner::Itself if record.parallelism != parallelism => {
                let was = record.parallelism;
                round.refuse(format!(
                    "it was broadcast at parallelism {was}, now it is {parallelism}"
                ));
                return Ok(());
            }
            Owner::Itself | Owner::Any => record.subtask % parallelism,
        };
        let vertex = self.vertex.id;
        round.bytes += line.len();
        let letter = ReplayedLetter {
            input: *input,
            record: record.record,
            taken: serde_json::to_vec(&place)?,
        };
        let task = TaskId { vertex, subtask };
        round.letters.push((task, place, letter));
        Ok(())
    }
}

fn owner(job: &Job, vertex: &Vertex, input: u32) -> Owner {
    let edges = || {
        let edges = job.execution.edges_into(vertex.id).map(|(_, edge)| edge);
        edges.filter(move |edge| edge.input == input)
    };
    let is = |wanted: Partitioning| edges().any(|edge| edge.partitioning == wanted);
    if is(Partitioning::Broadcast) {
        Owner::Itself
    } else if vertex.keyed || is(Partitioning::Hash) {
        Owner::OfKey
    } else {
        Owner::Any
    }
}

/// The published files of dead letters below a job's data directory, by folder: what there is to be replayed now.
///
/// # Errors
/// A folder cannot be listed.
pub(crate) fn scope(root: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut scope = BTreeMap::new();
    for folder in super::folder::entries(&root.join(super::FOLDER))? {
        let letters = Parts::of(&folder)?.letters;
        let names = letters.iter().map(|file| name_of(file)).collect();
        scope.insert(name_of(&folder), names);
    }
    Ok(scope)
}

/// How many of these letters were replayed and are so in a completed checkpoint.
///
/// # Errors
/// What says so cannot be read.
pub(crate) fn taken(root: &Path, sent: &BTreeMap<String, Places>) -> Result<u64> {
    let mut count = 0;
    for (folder, places) in sent {
        let folder = root.join(super::FOLDER).join(folder);
        let taken = Parts::of(&folder)?.places_taken()?;
        for (file, lines) in places {
            let known = taken.get(file);
            let lines = lines
                .iter()
                .filter(|line| known.is_some_and(|it| it.contains(line)));
            count += lines.count() as u64;
        }
    }
    Ok(count)
}
