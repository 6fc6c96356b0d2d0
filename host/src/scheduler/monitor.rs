//! The monitor of a source: discovers splits while the job runs and deals them out to the source's tasks.
//!
//! One for a source, whatever its parallelism. Keeps: a split goes to one task. It has no state in a checkpoint: a
//! split is in the snapshot of the task that took it, and one that no snapshot has is discovered again after a restore.

use std::collections::VecDeque;

use dataflow::graph::execution::Vertex;
use dataflow::ids::{TaskId, VertexId};
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{SourceSplit, SplitEnumerator};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::deploy::RunningTask;

/// What a look at the outside gave: the monitor's index, and new splits.
pub(crate) type Discovered = (usize, Result<Vec<SourceSplit>, ConnectorError>);

/// The monitor of one source.
pub(crate) struct Monitor {
    /// Uid of the source.
    pub(crate) uid: String,
    vertex: VertexId,
    parallelism: u32,
    enumerator: Option<Box<dyn SplitEnumerator>>,
    /// Splits that no mailbox had room for.
    waiting: VecDeque<SourceSplit>,
    dealt: u32,
}

impl Monitor {
    /// A monitor of the source at the head of a chain.
    pub(crate) fn new(uid: String, vertex: &Vertex, enumerator: Box<dyn SplitEnumerator>) -> Self {
        Self {
            uid,
            vertex: vertex.id,
            parallelism: vertex.parallelism,
            enumerator: Some(enumerator),
            waiting: VecDeque::new(),
            dealt: 0,
        }
    }

    /// Starts looking: at once, and then after every interval, until the task is aborted or nobody listens. Looks
    /// block, so they run on a thread that may.
    pub(crate) fn start(
        &mut self,
        index: usize,
        found: mpsc::Sender<Discovered>,
    ) -> Option<JoinHandle<()>> {
        let mut enumerator = self.enumerator.take()?;
        let interval = enumerator.interval();
        Some(tokio::spawn(async move {
            loop {
                let look = tokio::task::spawn_blocking(move || {
                    let splits = enumerator.discover();
                    (enumerator, splits)
                });
                let Ok((back, splits)) = look.await else {
                    return;
                };
                enumerator = back;
                let failed = splits.is_err();
                if found.send((index, splits)).await.is_err() || failed {
                    return;
                }
                tokio::time::sleep(interval).await;
            }
        }))
    }

    /// Deals splits out in turn, those that waited first.
    pub(crate) fn deal(&mut self, splits: Vec<SourceSplit>, tasks: &[RunningTask]) {
        self.waiting.extend(splits);
        while let Some(split) = self.waiting.pop_front() {
            let id = TaskId {
                vertex: self.vertex,
                subtask: self.dealt % self.parallelism,
            };
            let Some(task) = tasks.iter().find(|task| task.id == id) else {
                return;
            };
            let mail = runtime::task::mailbox::Mail::Splits(vec![split.clone()]);
            if !task.mailbox.post(mail) {
                self.waiting.push_front(split);
                return;
            }
            self.dealt = self.dealt.wrapping_add(1);
        }
    }
}
