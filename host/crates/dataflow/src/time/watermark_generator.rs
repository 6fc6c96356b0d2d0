//! Makes watermarks of observed timestamps, one clock per source split, and combines them by their minimum.
//!
//! A split that has seen nothing holds the watermark back; one that has ended, or that has been silent for the idle time,
//! does not. The combined watermark never goes back.

use std::collections::BTreeMap;

use crate::element::{WATERMARK_MAX, WATERMARK_MIN};
use crate::ids::SplitId;

/// How far timestamps may be out of order, as declared by an assigner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatermarkStrategy {
    /// A record may be this much older than the newest before it. Zero: timestamps only grow.
    pub max_out_of_orderness_ms: i64,
    /// A split that is silent for so long no longer holds the watermark back.
    pub idle_after_ms: Option<i64>,
}

/// Watermarks of one assigner.
#[derive(Clone, Debug)]
pub struct WatermarkGenerator {
    strategy: WatermarkStrategy,
    splits: BTreeMap<SplitId, SplitClock>,
    watermark: i64,
}

#[derive(Clone, Copy, Debug)]
struct SplitClock {
    max_timestamp: i64,
    last_seen_ms: i64,
}

impl WatermarkGenerator {
    /// A generator over splits that are open now; `now_ms` starts their idle time. `max_timestamps` are those of a
    /// restored snapshot.
    pub fn new(
        strategy: WatermarkStrategy,
        splits: &[SplitId],
        max_timestamps: &[(SplitId, i64)],
        now_ms: i64,
    ) -> Self {
        let clock = |split: &SplitId| SplitClock {
            max_timestamp: max_timestamps
                .iter()
                .find(|(id, _)| id == split)
                .map_or(WATERMARK_MIN, |(_, timestamp)| *timestamp),
            last_seen_ms: now_ms,
        };
        let splits = splits.iter().map(|split| (*split, clock(split))).collect();
        let mut generator = Self {
            strategy,
            splits,
            watermark: WATERMARK_MIN,
        };
        generator.advance(now_ms);
        generator
    }

    /// A timestamp was given out for a record of a split. Returns the watermark if it advanced.
    pub fn observe(&mut self, split: SplitId, timestamp: i64, now_ms: i64) -> Option<i64> {
        let clock = self.splits.get_mut(&split)?;
        clock.max_timestamp = clock.max_timestamp.max(timestamp);
        clock.last_seen_ms = now_ms;
        self.advance(now_ms)
    }

    /// A split was added while the job runs. It holds the watermark until it has shown a timestamp or is idle.
    pub fn split_added(&mut self, split: SplitId, now_ms: i64) {
        let clock = SplitClock {
            max_timestamp: WATERMARK_MIN,
            last_seen_ms: now_ms,
        };
        self.splits.insert(split, clock);
    }

    /// A split has no more records. Returns the watermark if it advanced.
    pub fn split_ended(&mut self, split: SplitId, now_ms: i64) -> Option<i64> {
        self.splits.remove(&split);
        self.advance(now_ms)
    }

    /// Time has passed. Returns the watermark if it advanced because a split is idle.
    pub fn on_time(&mut self, now_ms: i64) -> Option<i64> {
        self.strategy.idle_after_ms?;
        self.advance(now_ms)
    }

    /// Whether every open split is idle or there is none, so that this subtask should not hold back the others.
    pub fn is_idle(&self, now_ms: i64) -> bool {
        self.splits.values().all(|clock| self.idle(clock, now_ms))
    }

    /// The current watermark.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The largest timestamp of each open split, for a snapshot.
    pub fn max_timestamps(&self) -> Vec<(SplitId, i64)> {
        self.splits
            .iter()
            .map(|(split, clock)| (*split, clock.max_timestamp))
            .collect()
    }

    fn idle(&self, clock: &SplitClock, now_ms: i64) -> bool {
        self.strategy
            .idle_after_ms
            .is_some_and(|after| now_ms - clock.last_seen_ms >= after)
    }

    fn advance(&mut self, now_ms: i64) -> Option<i64> {
        let held_by = self
            .splits
            .values()
            .filter(|clock| !self.idle(clock, now_ms))
            .map(|clock| clock.max_timestamp)
            .min()?;
        if held_by == WATERMARK_MIN {
            return None;
        }
        // The watermark says that nothing at or below it follows, hence one less than the oldest that still may.
        let watermark = held_by
            .saturating_sub(self.strategy.max_out_of_orderness_ms)
            .saturating_sub(1);
        let watermark = watermark.min(WATERMARK_MAX - 1);
        if watermark <= self.watermark {
            return None;
        }
        self.watermark = watermark;
        Some(watermark)
    }
}

#[cfg(test)]
mod tests;
