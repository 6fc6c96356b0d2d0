//! Makes watermarks of observed timestamps, one clock per source split, and combines them by their minimum.
//!
//! A split that has seen nothing holds the watermark back; one that has ended, or that has been silent for the idle time,
//! does not. The combined watermark never goes back. Time is an argument: the clock for ingestion time, and a clock of
//! the time in which the task could read for idleness, so that back-pressure is not taken for silence.

use std::collections::BTreeMap;

use crate::element::{WATERMARK_MAX, WATERMARK_MIN};
use crate::ids::SplitId;

/// How an assigner's watermarks come about, as it declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatermarkStrategy {
    /// What they follow from.
    pub rule: WatermarkRule,
    /// A split that is silent for so long no longer holds the watermark back.
    pub idle_after_ms: Option<i64>,
    /// Which sources it must not run away from.
    pub alignment: Option<WatermarkAlignment>,
}

/// What watermarks follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatermarkRule {
    /// The largest timestamp so far: a record may be this much older than the newest before it. Zero: timestamps only
    /// grow.
    Bounded {
        /// The bound (milliseconds).
        max_out_of_orderness_ms: i64,
    },
    /// What the operator says of some records.
    Punctuated,
    /// Nothing: event time stands still until the input ends.
    None,
    /// The clock, which also gives the timestamps.
    Ingestion,
}

/// Membership in an alignment group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatermarkAlignment {
    /// Name of the group.
    pub group: String,
    /// How far a split may be ahead of the group's least watermark (milliseconds).
    pub max_drift_ms: i64,
}

/// The times a generator goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GeneratorTime {
    /// The task's clock (milliseconds since the Unix epoch). Never goes back.
    pub now_ms: i64,
    /// Milliseconds in which the task could read; idleness is measured by it. Any origin.
    pub active_ms: i64,
}

/// What an assigner saw in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The largest timestamp it gave out.
    pub max_timestamp: i64,
    /// The largest watermark it named; [`WATERMARK_MIN`] for none. Counts for [`WatermarkRule::Punctuated`].
    pub watermark: i64,
}

impl Seen {
    /// A timestamp, and no watermark.
    pub fn timestamp(max_timestamp: i64) -> Self {
        Self {
            max_timestamp,
            watermark: WATERMARK_MIN,
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            max_timestamp: self.max_timestamp.max(other.max_timestamp),
            watermark: self.watermark.max(other.watermark),
        }
    }
}

/// Watermarks of one assigner.
#[derive(Clone, Debug)]
pub struct WatermarkGenerator {
    rule: WatermarkRule,
    idle_after_ms: Option<i64>,
    splits: BTreeMap<SplitId, SplitClock>,
    watermark: i64,
}

#[derive(Clone, Copy, Debug)]
struct SplitClock {
    /// The largest timestamp; the largest watermark if the rule is punctuated.
    mark: i64,
    last_seen_ms: i64,
}

impl WatermarkGenerator {
    /// A generator over splits that are open now; `time` starts their idle time. `marks` are those of a restored
    /// snapshot.
    pub fn new(
        strategy: &WatermarkStrategy,
        splits: &[SplitId],
        marks: &[(SplitId, i64)],
        time: GeneratorTime,
    ) -> Self {
        let clock = |split: &SplitId| SplitClock {
            mark: marks
                .iter()
                .find(|(id, _)| id == split)
                .map_or(WATERMARK_MIN, |(_, mark)| *mark),
            last_seen_ms: time.active_ms,
        };
        let splits = splits.iter().map(|split| (*split, clock(split))).collect();
        let mut generator = Self {
            rule: strategy.rule,
            idle_after_ms: strategy.idle_after_ms,
            splits,
            watermark: WATERMARK_MIN,
        };
        generator.advance(time);
        generator
    }

    /// Records of a split were given timestamps. Returns the watermark if it advanced.
    pub fn observe(&mut self, split: SplitId, seen: Seen, time: GeneratorTime) -> Option<i64> {
        let clock = self.splits.get_mut(&split)?;
        let mark = match self.rule {
            WatermarkRule::Punctuated => seen.watermark,
            WatermarkRule::Bounded { .. } | WatermarkRule::None | WatermarkRule::Ingestion => {
                seen.max_timestamp
            }
        };
        clock.mark = clock.mark.max(mark);
        clock.last_seen_ms = time.active_ms;
        self.advance(time)
    }

    /// A split is not read on purpose: its silence does not count.
    pub fn keep_active(&mut self, split: SplitId, time: GeneratorTime) {
        if let Some(clock) = self.splits.get_mut(&split) {
            clock.last_seen_ms = time.active_ms;
        }
    }

    /// A split was added while the job runs. It holds the watermark until it has shown a timestamp or is idle.
    pub fn split_added(&mut self, split: SplitId, time: GeneratorTime) {
        let clock = SplitClock {
            mark: WATERMARK_MIN,
            last_seen_ms: time.active_ms,
        };
        self.splits.insert(split, clock);
    }

    /// A split has no more records. Returns the watermark if it advanced.
    pub fn split_ended(&mut self, split: SplitId, time: GeneratorTime) -> Option<i64> {
        self.splits.remove(&split);
        self.advance(time)
    }

    /// Time has passed. Returns the watermark if it advanced because a split is idle, or because it follows the clock.
    pub fn on_time(&mut self, time: GeneratorTime) -> Option<i64> {
        self.advance(time)
    }

    /// Whether every open split is idle or there is none, so that this subtask should not hold back the others.
    pub fn is_idle(&self, time: GeneratorTime) -> bool {
        self.splits.values().all(|clock| self.idle(clock, time))
    }

    /// The current watermark.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The largest timestamp of each open split (the largest watermark if the rule is punctuated), for a snapshot.
    pub fn marks(&self) -> Vec<(SplitId, i64)> {
        let splits = self.splits.iter();
        splits.map(|(split, clock)| (*split, clock.mark)).collect()
    }

    /// The watermark of each split that is open and not idle; [`WATERMARK_MIN`] before it has one.
    pub fn split_watermarks(&self, time: GeneratorTime) -> impl Iterator<Item = (SplitId, i64)> {
        self.splits
            .iter()
            .filter(move |(_, clock)| !self.idle(clock, time))
            .map(|(split, clock)| (*split, self.watermark_of(clock.mark)))
    }

    fn idle(&self, clock: &SplitClock, time: GeneratorTime) -> bool {
        self.idle_after_ms
            .is_some_and(|after| time.active_ms - clock.last_seen_ms >= after)
    }

    fn watermark_of(&self, mark: i64) -> i64 {
        match self.rule {
            // A watermark says that nothing at or below it follows, hence one less than the oldest that still may.
            WatermarkRule::Bounded {
                max_out_of_orderness_ms,
            } => mark
                .saturating_sub(max_out_of_orderness_ms)
                .saturating_sub(1),
            WatermarkRule::Punctuated => mark,
            WatermarkRule::None | WatermarkRule::Ingestion => WATERMARK_MIN,
        }
    }

    fn advance(&mut self, time: GeneratorTime) -> Option<i64> {
        let watermark = match self.rule {
            WatermarkRule::None => return None,
            WatermarkRule::Ingestion if self.splits.is_empty() => return None,
            WatermarkRule::Ingestion => time.now_ms.saturating_sub(1),
            WatermarkRule::Bounded { .. } | WatermarkRule::Punctuated => self
                .split_watermarks(time)
                .map(|(_, watermark)| watermark)
                .min()?,
        };
        // The largest of all says that the input has ended, which is not for an assigner to say.
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
