//! The end of a stream: a sink, which can still be named.

use crate::graph::SharedGraph;

/// A sink that was added to the job.
pub struct Sink {
    pub(super) graph: SharedGraph,
    pub(super) number: u32,
}

impl Sink {
    /// Names the sink for people.
    pub fn name(self, name: &str) -> Self {
        self.graph.borrow_mut().node(self.number).name = Some(name.to_owned());
        self
    }

    /// Names the sink for good: its state is found by it in the next version of the job.
    pub fn uid(self, uid: &str) -> Self {
        self.graph.borrow_mut().node(self.number).uid = Some(uid.to_owned());
        self
    }

    /// Sets how many subtasks the sink has. Otherwise it is the job's.
    pub fn parallelism(self, subtasks: u32) -> Self {
        self.graph.borrow_mut().node(self.number).parallelism = Some(subtasks);
        self
    }
}
