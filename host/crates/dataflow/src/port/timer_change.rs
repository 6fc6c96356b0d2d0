//! The timers of a task and a guest's changes to them, which become real when the call is committed. Timers are state:
//! every change of the queue is a write to the reserved state of its domain.

use crate::element::Column;
use crate::port::state::{Addresses, StateBackend, StateError};
use crate::time::timer::{TimeDomain, TimerBatch, TimerQueue, timer_sub_key};

/// The timers of a task, in both domains.
#[derive(Debug, Default)]
pub struct Timers {
    /// Waiting for the watermark.
    pub event: TimerQueue,
    /// Waiting for the clock.
    pub processing: TimerQueue,
    closed: bool,
}

impl Timers {
    /// The input has ended: processing-time timers that are registered from now on are ignored.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The queue of a domain.
    pub fn queue(&mut self, domain: TimeDomain) -> &mut TimerQueue {
        match domain {
            TimeDomain::Event => &mut self.event,
            TimeDomain::Processing => &mut self.processing,
        }
    }
}

/// Registering or deleting timers, in order.
#[derive(Debug)]
pub(super) struct TimerChange {
    pub(super) domain: TimeDomain,
    pub(super) timers: TimerBatch,
    pub(super) register: bool,
}

/// The sub-keys under which timers are stored.
pub(super) fn stored_sub_keys(timers: &TimerBatch) -> Column {
    let mut column = Column::default();
    let mut sub_key = Vec::new();
    for index in 0..timers.len() {
        let (time, _, namespace) = timers.get(index);
        timer_sub_key(time, namespace, &mut sub_key);
        column.push(index, &sub_key);
    }
    column
}

impl TimerChange {
    /// Makes the change real.
    pub(super) fn apply(
        self,
        backend: &mut dyn StateBackend,
        timers: &mut Timers,
    ) -> Result<(), StateError> {
        if self.register && timers.closed && self.domain == TimeDomain::Processing {
            return Ok(());
        }
        let queue = timers.queue(self.domain);
        let mut changed = TimerBatch::default();
        for index in 0..self.timers.len() {
            let (time, key, namespace) = self.timers.get(index);
            let effective = if self.register {
                queue.register(time, key, namespace)
            } else {
                queue.delete(time, key, namespace)
            };
            if effective {
                changed.push(time, key, namespace);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let sub_keys = stored_sub_keys(&changed);
        let addresses = Addresses {
            count: changed.len(),
            keys: &changed.keys,
            sub_keys: &sub_keys,
        };
        if self.register {
            backend.put_many(self.domain.state(), addresses, &Column::default())
        } else {
            backend.delete_many(self.domain.state(), addresses)
        }
    }
}
