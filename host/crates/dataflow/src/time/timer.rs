//! Timers: callbacks of a key at a time, in event or processing time, one per (time, key, namespace).
//!
//! Here is what they are and how a snapshot spells them: as entries of a reserved state, so that they move with their
//! key group. While a task runs they are in the queue only (`timer_queue`), never in the state backend.

use crate::element::Column;
use crate::ids::StateNumber;

/// Which time a timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeDomain {
    /// The watermark.
    Event,
    /// The operator's clock.
    Processing,
}

impl TimeDomain {
    /// The reserved state that stores the timers of this domain.
    pub fn state(self) -> StateNumber {
        match self {
            Self::Event => StateNumber(u32::MAX - 1),
            Self::Processing => StateNumber(u32::MAX),
        }
    }

    /// The domain whose timers this state stores, if it does.
    pub fn of_state(state: StateNumber) -> Option<Self> {
        [Self::Event, Self::Processing]
            .into_iter()
            .find(|domain| domain.state() == state)
    }

    /// The name of that state in snapshots.
    pub fn state_name(self) -> &'static str {
        match self {
            Self::Event => "_timers/event",
            Self::Processing => "_timers/processing",
        }
    }
}

/// Timers in columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimerBatch {
    /// How many.
    pub count: u32,
    /// When they are due (milliseconds).
    pub times: Vec<i64>,
    /// Whose they are.
    pub keys: Column,
    /// What they are for; a window, say.
    pub namespaces: Column,
}

impl TimerBatch {
    /// The number of timers as a length.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a timer.
    pub fn push(&mut self, time: i64, key: &[u8], namespace: &[u8]) {
        let count = self.len();
        self.times.push(time);
        self.keys.push(count, key);
        self.namespaces.push(count, namespace);
        self.count += 1;
    }

    /// Timer `index` as (time, key, namespace).
    pub fn get(&self, index: usize) -> (i64, &[u8], &[u8]) {
        let count = self.len();
        (
            self.times[index],
            self.keys.get(index, count),
            self.namespaces.get(index, count),
        )
    }

    /// Checks that every column has one entry per timer.
    ///
    /// # Errors
    /// The first column that does not fit.
    pub fn validate(&self) -> Result<(), crate::element::MalformedBatch> {
        if self.times.len() != self.len() {
            return Err(crate::element::MalformedBatch::TimestampCount {
                timestamps: self.times.len(),
                count: self.len(),
            });
        }
        self.keys.validate("keys", self.len())?;
        self.namespaces.validate("namespaces", self.len())
    }

    /// Splits off the timers from `at` on; `self` keeps the ones before.
    pub fn split_off(&mut self, at: usize) -> Self {
        let count = self.len();
        let times = self.times.split_off(at);
        let keys = self.keys.split_off(at, count);
        let namespaces = self.namespaces.split_off(at, count);
        self.count = at as u32;
        Self {
            count: (count - at) as u32,
            times,
            keys,
            namespaces,
        }
    }
}

/// The sub-key under which a timer is stored: its time so that order is kept, then its namespace.
pub fn timer_sub_key(time: i64, namespace: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&((time as u64) ^ (1 << 63)).to_be_bytes());
    out.extend_from_slice(namespace);
}

/// Reads what [`timer_sub_key`] wrote.
pub fn parse_timer_sub_key(sub_key: &[u8]) -> Option<(i64, &[u8])> {
    let (time, namespace) = sub_key.split_first_chunk::<8>()?;
    Some(((u64::from_be_bytes(*time) ^ (1 << 63)) as i64, namespace))
}

#[cfg(test)]
mod tests;
