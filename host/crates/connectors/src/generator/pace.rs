//! When the records of a split are due, so that all splits together make a given number a second.
//!
//! Keeps: record k of a split is due at a fixed time after the start, so that a delay is caught up and the rate holds
//! over any longer time. Splits are staggered, so that their records do not come at the same moment. Not a limit on
//! bursts, and not part of a snapshot: after a restore the time starts anew.

/// Pause between the records before the rate applies and the first paced one: what waits in queues drains meanwhile.
const DRAIN_NS: u64 = 1_000_000_000;

/// The least pause: what is due within it is made together. A timer of the system is hardly finer.
const PAUSE_NS: u64 = 100_000;

/// The schedule of one split.
pub(super) struct Pace {
    /// Nanoseconds between two records of all splits together.
    interval_ns: f64,
    /// Number of splits.
    stride: u64,
    start_ns: Option<u64>,
    made: u64,
}

impl Pace {
    /// `rate` records a second over `stride` splits.
    pub(super) fn new(rate: f64, stride: u64) -> Self {
        Self {
            interval_ns: 1e9 / rate,
            stride,
            start_ns: None,
            made: 0,
        }
    }

    /// How many records are due now (at least one), or the nanoseconds until one is. `next` is the event to be made.
    pub(super) fn due(&mut self, next: u64, drains: bool, now_ns: u64) -> Result<u64, u64> {
        let stagger = (next % self.stride) as f64 * self.interval_ns;
        let start = *self.start_ns.get_or_insert_with(|| {
            let drain = if drains { DRAIN_NS } else { 0 };
            now_ns + drain + stagger as u64
        });
        let step = self.stride as f64 * self.interval_ns;
        if let Some(since) = now_ns.checked_sub(start) {
            let due = (since as f64 / step) as u64 + 1;
            if due > self.made {
                return Ok(due - self.made);
            }
        }
        let next_ns = start + (self.made as f64 * step).ceil() as u64;
        Err(next_ns.saturating_sub(now_ns).max(PAUSE_NS))
    }

    /// So many were made.
    pub(super) fn made(&mut self, count: u64) {
        self.made += count;
    }
}
