//! The timers of a task and a guest's changes to them, which become real when the call is committed.

use crate::time::frozen_timers::FrozenTimers;
use crate::time::timer::{TimeDomain, TimerBatch};
use crate::time::timer_queue::TimerQueue;

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

    /// The timers as they are, for a snapshot; see [`TimerQueue::freeze`].
    pub(super) fn freeze(&mut self, settled: u32) -> FrozenTimers {
        FrozenTimers {
            epoch: self.event.epoch(),
            event: self.event.freeze(settled),
            processing: self.processing.freeze(settled),
        }
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

impl TimerChange {
    /// Makes the change real.
    pub(super) fn apply(&self, timers: &mut Timers) {
        if self.register && timers.closed && self.domain == TimeDomain::Processing {
            return;
        }
        let queue = timers.queue(self.domain);
        for index in 0..self.timers.len() {
            let (time, key, namespace) = self.timers.get(index);
            if self.register {
                queue.register(time, key, namespace);
            } else {
                queue.delete(time, key, namespace);
            }
        }
    }
}
