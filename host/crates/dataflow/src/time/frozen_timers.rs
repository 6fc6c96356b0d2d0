//! Timers as they were at a barrier, on their way into a snapshot.
//!
//! Invariant: whoever applies the changes after an epoch, in the order given, to what was saved up to that epoch, has
//! all timers and no others. May be read from another thread while the queue goes on.

use std::sync::Arc;

use super::timer::TimeDomain;
use super::timer_block::{Alive, Block};
use crate::key_group::key_group;

/// The timers of one domain at a barrier.
#[derive(Clone, Debug, Default)]
pub struct FrozenQueue {
    pub(super) blocks: Vec<(Arc<Block>, Alive)>,
    /// Timers that went after a snapshot had seen them, in the epoch in which they went.
    pub(super) removed: Vec<Arc<Block>>,
}

/// The timers of a task at a barrier.
#[derive(Clone, Debug, Default)]
pub struct FrozenTimers {
    /// The epoch that ended with the barrier; 0 for no timers at all.
    pub epoch: u32,
    pub(crate) event: FrozenQueue,
    pub(crate) processing: FrozenQueue,
}

/// A timer that was added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerOp<'a> {
    /// Group of the key.
    pub key_group: u32,
    /// Whether the timer is there.
    pub added: bool,
    /// When it is due (milliseconds).
    pub time: i64,
    /// Whose it is.
    pub key: &'a [u8],
    /// What it is for.
    pub namespace: &'a [u8],
}

impl FrozenTimers {
    /// The timers of a domain.
    pub fn queue(&self, domain: TimeDomain) -> &FrozenQueue {
        match domain {
            TimeDomain::Event => &self.event,
            TimeDomain::Processing => &self.processing,
        }
    }
}

impl FrozenQueue {
    /// What has changed after epoch `since`, or every timer if there is none: by key group, what was removed first.
    pub fn changes(&self, since: Option<u32>, max_parallelism: u32) -> Vec<TimerOp<'_>> {
        let after = since.unwrap_or(0);
        let mut changes = Vec::new();
        for block in self.removed.iter().filter(|_| since.is_some()) {
            let gone = (0..block.len()).filter(|index| block.entry(*index).epoch > after);
            changes.extend(gone.map(|index| op(block, index, false, max_parallelism)));
        }
        for (block, alive) in &self.blocks {
            let new = |index: &usize| since.is_none() || block.entry(*index).epoch > after;
            let there = (0..block.len()).filter(|index| alive.get(*index) && new(index));
            changes.extend(there.map(|index| op(block, index, true, max_parallelism)));
        }
        changes.sort_by_key(|op| (op.key_group, op.added));
        changes
    }
}

fn op(block: &Block, index: usize, added: bool, max_parallelism: u32) -> TimerOp<'_> {
    let (key, namespace) = block.bytes(index);
    TimerOp {
        key_group: key_group(key, max_parallelism),
        added,
        time: block.entry(index).time,
        key,
        namespace,
    }
}
