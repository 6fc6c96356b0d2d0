//! Another component in the place of the one a task runs, between two calls: the instance is dropped, state, timers and
//! positions stay.
//!
//! Keeps: every task of the job changes at the same barrier, so what is before it was made by the old logic alone and
//! what is behind it by the new. The snapshot of that barrier is taken first.

use std::sync::Arc;

use dataflow::ids::CheckpointId;
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, OperatorFactory};

use crate::task::error::TaskError;
use crate::task::event::TaskEvent;
use crate::task::step::Task;

/// New logic for a running task.
pub struct Replacement {
    /// The barrier at which it takes over.
    pub at: CheckpointId,
    /// Makes it.
    pub operators: Arc<dyn OperatorFactory>,
    /// Its place, which differs from the old one's in nothing but the component.
    pub fragment: FragmentSpec,
}

impl std::fmt::Debug for Replacement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replacement")
            .field("at", &self.at)
            .field("name", &self.fragment.name)
            .finish_non_exhaustive()
    }
}

impl Task {
    /// Changes the logic if this is the barrier for it. Called when the snapshot is taken.
    ///
    /// # Errors
    /// The new logic does not open.
    pub(super) fn replace_logic(&mut self, checkpoint: CheckpointId) -> Result<(), TaskError> {
        let Some(next) = self.replacement.take_if(|next| next.at == checkpoint) else {
            return Ok(());
        };
        let start_ns = self.environment.clock.monotonic_ns();
        if let Some(operator) = self.operator.as_mut().filter(|_| !self.finished) {
            let call = std::mem::replace(operator.call(), Call::stateless());
            let mut fresh = next.operators.open(&next.fragment, call)?;
            // What `open` does is done once in the life of a task, and this one goes on.
            fresh.call().roll_back();
            self.operator = Some(fresh);
        }
        let pause_ns = self.environment.clock.monotonic_ns() - start_ns;
        (self.environment.events)(TaskEvent::Replaced(self.spec.id, pause_ns));
        Ok(())
    }
}
