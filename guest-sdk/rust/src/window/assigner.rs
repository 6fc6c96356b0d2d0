//! Window assigners: arithmetic of windows and of the slices they are made of.
//!
//! Windows start at multiples of the slide. A slice is as long as the greatest common divisor of size and slide, so a
//! window is a whole number of slices, and a record is folded once, into its slice. Timestamps are limited to a range
//! in which no sum overflows.

/// A stretch of event time (milliseconds), `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// First millisecond of the window.
    pub start: i64,
    /// First millisecond after the window.
    pub end: i64,
}

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
            slice: gcd(size, slide),
        }
    }
}

/// Timestamps of windowed records are within this distance of the epoch: 9 million years.
const TIMESTAMP_MAX: i64 = 1 << 58;

/// Size and slide of windows (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigner {
    pub(crate) size: i64,
    pub(crate) slide: i64,
    pub(crate) slice: i64,
}

impl Assigner {
    /// What is wrong with the windows, if anything.
    pub(crate) fn defect(&self) -> Option<String> {
        let good = 1..=TIMESTAMP_MAX;
        if good.contains(&self.size) && good.contains(&self.slide) {
            return None;
        }
        let Self { size, slide, .. } = self;
        Some(format!(
            "windows of {size} ms every {slide} ms are impossible, give positive numbers"
        ))
    }

    /// Whether the arithmetic below holds for a timestamp.
    #[inline]
    pub(crate) fn accepts(timestamp: i64) -> bool {
        (-TIMESTAMP_MAX..=TIMESTAMP_MAX).contains(&timestamp)
    }

    /// Start of the slice of a timestamp.
    #[inline]
    pub(crate) fn slice_of(&self, timestamp: i64) -> i64 {
        timestamp - timestamp.rem_euclid(self.slice)
    }

    /// Start of the first window that contains a slice, if one does.
    #[inline]
    pub(crate) fn first_window(&self, slice: i64) -> i64 {
        let earliest = slice + self.slice - self.size;
        earliest + (-earliest).rem_euclid(self.slide)
    }

    /// Start of the last window that contains a slice, if one does.
    #[inline]
    pub(crate) fn last_window(&self, slice: i64) -> i64 {
        slice - slice.rem_euclid(self.slide)
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
