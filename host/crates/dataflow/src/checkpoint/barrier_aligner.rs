//! Barrier alignment of one task: after the barrier of a checkpoint arrived on one channel, that channel is held back
//! until the barrier has arrived on all channels that have not ended (Flink's `SingleCheckpointBarrierHandler`).
//!
//! A channel that ended counts as having delivered: all it ever sent lies before the barrier. At least once, nothing is
//! held back: records behind a barrier may get into its snapshot, and after a restore they come again.
//!
//! A task that does not wait takes its snapshot before the last barrier came ([`BarrierAligner::overtake`]). Then what a
//! channel still brings before that barrier is in flight, and part of the snapshot.

use crate::ids::CheckpointId;

/// What the task has to do after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Nothing.
    None,
    /// Take the snapshot of this checkpoint now, then read all channels again.
    Aligned(CheckpointId),
}

/// What a checkpoint promises about each record (Flink's `CheckpointingMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointMode {
    /// Its effect on state is there once.
    #[default]
    ExactlyOnce,
    /// Its effect on state is there, after a failure perhaps more than once; no channel ever waits for another.
    AtLeastOnce,
}

/// Alignment state of one task.
#[derive(Clone, Debug)]
pub struct BarrierAligner {
    mode: CheckpointMode,
    channels: Vec<Channel>,
    current: Option<CheckpointId>,
    last: Option<CheckpointId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Open,
    /// Has delivered the barrier.
    Delivered,
    Ended,
}

impl BarrierAligner {
    /// An aligner over so many open channels.
    pub fn new(channels: usize, mode: CheckpointMode) -> Self {
        Self {
            mode,
            channels: vec![Channel::Open; channels],
            current: None,
            last: None,
        }
    }

    /// Whether the channel must not be read now.
    #[inline]
    pub fn is_blocked(&self, channel: usize) -> bool {
        self.mode == CheckpointMode::ExactlyOnce && self.channels[channel] == Channel::Delivered
    }

    /// The checkpoint that is being aligned.
    pub fn aligning(&self) -> Option<CheckpointId> {
        self.current
    }

    /// The latest checkpoint that was aligned.
    pub fn last_aligned(&self) -> Option<CheckpointId> {
        self.last
    }

    /// A barrier arrived. A newer one than the one being aligned abandons that one; an older one is ignored.
    pub fn on_barrier(&mut self, channel: usize, checkpoint: CheckpointId) -> Alignment {
        if self.last.is_some_and(|last| checkpoint <= last) {
            return Alignment::None;
        }
        match self.current {
            Some(current) if checkpoint < current => return Alignment::None,
            Some(current) if checkpoint > current => self.release(),
            _ => {}
        }
        self.current = Some(checkpoint);
        self.channels[channel] = Channel::Delivered;
        self.check()
    }

    /// The snapshot of a checkpoint is taken now, whatever has come of its barriers. Gives the channels on which the
    /// barrier is still to come: what they bring before it is in flight. `None` if it is too late for this checkpoint.
    pub fn overtake(&mut self, checkpoint: CheckpointId) -> Option<Vec<usize>> {
        match (self.last, self.current) {
            // Everything was read up to the barrier; the snapshot is about to be taken.
            (Some(last), _) if last == checkpoint => return Some(Vec::new()),
            (Some(last), _) if last > checkpoint => return None,
            (_, Some(current)) if current > checkpoint => return None,
            (_, Some(current)) if current < checkpoint => self.release(),
            _ => {}
        }
        let channels = self.channels.iter().enumerate();
        let open = channels.filter(|(_, channel)| **channel == Channel::Open);
        let open = open.map(|(index, _)| index).collect();
        self.release();
        self.last = Some(checkpoint);
        Some(open)
    }

    /// A channel ended.
    pub fn on_end(&mut self, channel: usize) -> Alignment {
        self.channels[channel] = Channel::Ended;
        self.check()
    }

    /// Whether every channel has ended.
    pub fn all_ended(&self) -> bool {
        self.channels
            .iter()
            .all(|channel| *channel == Channel::Ended)
    }

    fn check(&mut self) -> Alignment {
        let Some(current) = self.current else {
            return Alignment::None;
        };
        if self.channels.contains(&Channel::Open) {
            return Alignment::None;
        }
        self.release();
        self.last = Some(current);
        Alignment::Aligned(current)
    }

    fn release(&mut self) {
        self.current = None;
        for channel in &mut self.channels {
            if *channel == Channel::Delivered {
                *channel = Channel::Open;
            }
        }
    }
}

#[cfg(test)]
mod tests;
