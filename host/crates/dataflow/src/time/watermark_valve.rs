//! Combines the watermarks of a task's input channels (Flink's `StatusWatermarkValve`): the minimum over the channels
//! that are neither idle nor ended, never backwards.

use crate::element::{WATERMARK_MAX, WATERMARK_MIN};

/// What a change on one channel means for the task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValveChange {
    /// The task's watermark advanced to this.
    pub watermark: Option<i64>,
    /// The task became idle (true) or active again (false).
    pub idle: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Active,
    Idle,
    Ended,
}

/// The valve of one task.
#[derive(Clone, Debug)]
pub struct WatermarkValve {
    channels: Vec<(i64, Status)>,
    watermark: i64,
    idle: bool,
}

impl WatermarkValve {
    /// A valve over so many channels, all active, that never lets out less than `floor` (a restored watermark).
    pub fn new(channels: usize, floor: i64) -> Self {
        Self {
            channels: vec![(WATERMARK_MIN, Status::Active); channels],
            watermark: floor,
            idle: false,
        }
    }

    /// The task's watermark.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// A watermark arrived; a channel that sends one is active.
    pub fn on_watermark(&mut self, channel: usize, watermark: i64) -> ValveChange {
        let (current, status) = &mut self.channels[channel];
        *current = (*current).max(watermark);
        *status = Status::Active;
        self.change()
    }

    /// A channel has nothing to say for a while.
    pub fn on_idle(&mut self, channel: usize) -> ValveChange {
        self.channels[channel].1 = Status::Idle;
        self.change()
    }

    /// A channel takes part again.
    pub fn on_active(&mut self, channel: usize) -> ValveChange {
        self.channels[channel].1 = Status::Active;
        self.change()
    }

    /// A channel has ended. When all have, the watermark is [`WATERMARK_MAX`].
    pub fn on_end(&mut self, channel: usize) -> ValveChange {
        self.channels[channel].1 = Status::Ended;
        self.change()
    }

    fn change(&mut self) -> ValveChange {
        let mut change = ValveChange::default();
        let all_ended = self
            .channels
            .iter()
            .all(|(_, status)| *status == Status::Ended);
        let active = self
            .channels
            .iter()
            .filter(|(_, status)| *status == Status::Active);
        let minimum = if all_ended {
            Some(WATERMARK_MAX)
        } else {
            active.map(|(w, _)| *w).min()
        };
        if let Some(minimum) = minimum.filter(|minimum| *minimum > self.watermark) {
            self.watermark = minimum;
            change.watermark = Some(minimum);
        }
        let idle = !all_ended && minimum.is_none();
        if idle != self.idle {
            self.idle = idle;
            change.idle = Some(idle);
        }
        change
    }
}

#[cfg(test)]
mod tests;
