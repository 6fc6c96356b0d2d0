//! Window assigners: what they are, and the arithmetic of regular windows and of the slices they are made of.
//!
//! Regular windows start at multiples of the slide, plus an offset. A slice is as long as the greatest common divisor of size and slide, so a
//! window is a whole number of slices, and a record is folded once, into its slice. Timestamps are limited to a range
//! in which no sum overflows.

use super::Window;
use crate::column::TimeDomain;

/// Windows that follow each other without gaps.
#[derive(Clone, Copy, Debug)]
pub struct Tumbling;

impl Tumbling {
    /// Windows of this many seconds.
    pub fn of_secs(size: i64) -> Assigner {
        Self::of_ms(size.saturating_mul(1000))
    }

    /// Windows of this many milliseconds.
    pub fn of_ms(size: i64) -> Assigner {
        Sliding::of_ms(size, size)
    }
}

/// Windows that overlap, or leave gaps if the slide is longer than the size.
#[derive(Clone, Copy, Debug)]
pub struct Sliding;

impl Sliding {
    /// Windows of `size` seconds, one every `slide` seconds.
    pub fn of_secs(size: i64, slide: i64) -> Assigner {
        Self::of_ms(size.saturating_mul(1000), slide.saturating_mul(1000))
    }

    /// Windows of `size` milliseconds, one every `slide` milliseconds.
    pub fn of_ms(size: i64, slide: i64) -> Assigner {
        Assigner {
            size,
            slide,
            offset: 0,
            slice: gcd(size, slide),
            domain: TimeDomain::Event,
        }
    }
}

/// Timestamps of windowed records are within this distance of the epoch: 9 million years.
pub(super) const TIMESTAMP_MAX: i64 = 1 << 58;

/// Tells which windows a record belongs to. Ships with the job, so users write their own.
pub trait WindowAssigner<T>: 'static {
    /// Appends the windows of a record to `windows`; none if it belongs to no window, which is counted. `time` is the
    /// record's event timestamp, or the operator's clock in processing time. Must be a function of its arguments alone.
    fn assign(&self, record: &T, time: i64, windows: &mut Vec<Window>);

    /// Which time the windows are of.
    fn domain(&self) -> TimeDomain {
        TimeDomain::Event
    }

    /// Whether windows of one key merge.
    fn is_merging(&self) -> bool {
        false
    }

    /// Whether two windows that touch become one that covers both, if windows merge at all.
    fn merges(&self, _a: Window, _b: Window) -> bool {
        true
    }

    /// What is wrong with the windows, told when the job is planned.
    fn defect(&self) -> Option<String> {
        None
    }

    /// The windows as regular ones, if they are: then the faster operator may be used.
    fn as_regular(&self) -> Option<Assigner> {
        None
    }
}

/// Regular windows: size, slide and offset (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigner {
    pub(crate) size: i64,
    pub(crate) slide: i64,
    pub(crate) offset: i64,
    pub(crate) slice: i64,
    pub(crate) domain: TimeDomain,
}

impl<T> WindowAssigner<T> for Assigner {
    fn assign(&self, _record: &T, time: i64, windows: &mut Vec<Window>) {
        let last = self.last_window(time);
        let mut start = last - (self.size - 1) / self.slide * self.slide;
        while start <= last {
            if start + self.size > time {
                windows.push(self.window(start));
            }
            start += self.slide;
        }
    }

    fn domain(&self) -> TimeDomain {
        self.domain
    }

    fn defect(&self) -> Option<String> {
        Self::defect(self)
    }

    fn as_regular(&self) -> Option<Assigner> {
        Some(*self)
    }
}

impl Assigner {
    /// Windows start this much after the multiples of their slide (milliseconds, less than a slide): days of a place
    /// whose clock is ahead of UTC have a negative offset.
    #[must_use]
    pub fn offset_ms(self, offset: i64) -> Self {
        Self { offset, ..self }
    }

    /// Windows of the operator's clock instead of event time.
    #[must_use]
    pub fn processing_time(self) -> Self {
        Self {
            domain: TimeDomain::Processing,
            ..self
        }
    }

    /// What is wrong with the windows, if anything.
    pub(crate) fn defect(&self) -> Option<String> {
        let Self {
            size,
            slide,
            offset,
            ..
        } = self;
        let good = 1..=TIMESTAMP_MAX;
        if !good.contains(size) || !good.contains(slide) {
            return Some(format!(
                "windows of {size} ms every {slide} ms are impossible, give positive numbers"
            ));
        }
        (offset.unsigned_abs() >= slide.unsigned_abs()).then(|| {
            format!("windows every {slide} ms cannot have an offset of {offset} ms, give less")
        })
    }

    /// Whether the arithmetic below holds for a timestamp.
    #[inline]
    pub(crate) fn accepts(timestamp: i64) -> bool {
        (-TIMESTAMP_MAX..=TIMESTAMP_MAX).contains(&timestamp)
    }

    /// Start of the slice of a timestamp.
    #[inline]
    pub(crate) fn slice_of(&self, timestamp: i64) -> i64 {
        timestamp - (timestamp - self.offset).rem_euclid(self.slice)
    }

    /// Start of the first window that contains a slice, if one does.
    #[inline]
    pub(crate) fn first_window(&self, slice: i64) -> i64 {
        let earliest = slice + self.slice - self.size;
        earliest + (self.offset - earliest).rem_euclid(self.slide)
    }

    /// Start of the last window that contains a slice, if one does.
    #[inline]
    pub(crate) fn last_window(&self, slice: i64) -> i64 {
        slice - (slice - self.offset).rem_euclid(self.slide)
    }

    /// Whether a slice is in no window, which happens if the slide is longer than the size.
    #[inline]
    pub(crate) fn in_gap(&self, slice: i64) -> bool {
        slice - self.last_window(slice) >= self.size
    }

    /// The time at which a window is complete: its last millisecond.
    #[inline]
    pub(crate) fn max_timestamp(&self, window: i64) -> i64 {
        window + self.size - 1
    }

    /// The window that starts here.
    pub(crate) fn window(&self, start: i64) -> Window {
        Window {
            start,
            end: start + self.size,
        }
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.max(1), b.max(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
