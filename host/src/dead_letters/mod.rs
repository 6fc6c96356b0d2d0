//! Dead letters: records that a chain could not process, kept with the error, below the job's data directory.
//!
//! They are the output of a sink that no one planned: [`keep`] gives one to every chain whose operators ask for it, so
//! they are prepared with a checkpoint, published when it is complete and taken back with the rest. [`letter`] writes
//! one, [`sink`] keeps them and counts, [`folder`] is where they are, [`read`] gives them back, [`inbox`] takes them up again.
//!
//! Invariant: a job without this policy has no such sink, and no folder.

pub(crate) mod folder;
pub(crate) mod inbox;
mod letter;
pub(crate) mod read;
mod sink;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use dataflow::clock::Clock;
use dataflow::graph::execution::Vertex;
use dataflow::graph::logical::{Connector, JobGraph, Operator, OperatorKind};
use dataflow::ids::OperatorId;
use dataflow::port::guest_settings::{GuestSettings, OnFailure};
use runtime::task::poison::PoisonWish;

use crate::config::GuestConfig;
use crate::scheduler::job::Job;
use inbox::Inbox;
use letter::Letters;
use sink::DeadLetterSink;

/// The folder of a job's dead letters in its data directory.
pub(crate) const FOLDER: &str = "dead-letters";

/// Behind the uid of the first operator of a chain, the uid of the sink of its dead letters.
const SUFFIX: &str = ":dead-letters";

/// Settles what happens to bad records in every chain of a job: as its operators say, otherwise as configured. `root` is
/// the job's data directory; nothing is written there before there is a dead letter.
///
/// # Errors
/// A sink has the uid that the dead letters would have.
pub(crate) fn keep(
    job: &mut Job,
    config: &GuestConfig,
    root: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<()> {
    let vertices = job.execution.vertices.clone();
    for vertex in vertices.iter().filter(|vertex| vertex.component.is_some()) {
        let policy = vertex.guest.on_failure.unwrap_or(config.on_failure);
        let wish = match policy {
            OnFailure::Fail => PoisonWish::Fail,
            OnFailure::Skip => PoisonWish::Skip,
            OnFailure::DeadLetter => dead_letters(job, vertex, config, root, clock)?,
        };
        job.poison.insert(vertex.id, wish);
    }
    Ok(())
}

/// The graph of a job without the sinks that [`keep`] gave it.
pub(crate) fn graph_without(graph: &JobGraph) -> JobGraph {
    let mut own = graph.clone();
    let is_kept = |it: &Operator| {
        it.uid.ends_with(SUFFIX) && matches!(it.kind, OperatorKind::Sink(_)) && it.inputs.is_empty()
    };
    own.operators.retain(|it| !is_kept(it));
    own
}

/// Gives a chain a sink for its dead letters.
fn dead_letters(
    job: &mut Job,
    vertex: &Vertex,
    config: &GuestConfig,
    root: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<PoisonWish> {
    let head = vertex.fragment.first().copied().unwrap_or(OperatorId(0));
    let of = job.uid(head);
    let uid = format!("{of}{SUFFIX}");
    if job.graph.operators.iter().any(|it| it.uid == uid) {
        bail!("operator \"{uid}\" has the uid that the dead letters of \"{of}\" have: rename it");
    }
    let letters = Letters::of(job, vertex);
    let next = job.graph.operators.iter().map(|it| it.id.0).max();
    let id = OperatorId(next.map_or(0, |last| last.saturating_add(1)));
    let folder = root
        .join(FOLDER)
        .join(crate::commands::run::file_name_of(&of));
    let inbox = Inbox::of(job, vertex, folder.clone());
    let sink = DeadLetterSink::new(&of, folder, config.dead_letters_max, clock)?;
    job.graph.operators.push(Operator {
        id,
        name: uid.clone(),
        uid,
        parallelism: None,
        chain: true,
        kind: OperatorKind::Sink(Connector("{}".to_owned())),
        inputs: Vec::new(),
        outputs: Vec::new(),
        component: None,
        grants: Vec::new(),
        cached_files: Vec::new(),
        guest: GuestSettings::default(),
    });
    job.sinks.insert(id, Arc::new(sink));
    job.inboxes.insert(vertex.id, inbox);
    Ok(PoisonWish::DeadLetter(
        id,
        Arc::new(move |letter| letters.write(letter)),
    ))
}

#[cfg(test)]
mod tests;
