//! [`Window`]: the bounds of a window, and the bytes under which its state and timers are kept.
//!
//! The bytes sort as the windows do: by start, then by end.

use crate::error::Error;
use crate::state::{SubKey, ordered};

/// Bytes of a window's address.
pub(crate) const WINDOW_WIDTH: usize = 16;

/// A stretch of time (milliseconds), `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// First millisecond of the window.
    pub start: i64,
    /// First millisecond after the window.
    pub end: i64,
}

impl Window {
    /// The one window that holds everything and never ends.
    pub const GLOBAL: Self = Self {
        start: i64::MIN,
        end: i64::MAX,
    };

    /// The last millisecond of the window: the timestamp of its results.
    #[inline]
    pub fn max_timestamp(self) -> i64 {
        self.end.saturating_sub(1)
    }

    /// Whether two windows have a millisecond in common or follow each other without a gap.
    #[inline]
    pub fn touches(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// The smallest window that contains both.
    #[inline]
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The sub-key of the window's state and the namespace of its timers.
    #[inline]
    pub(crate) fn address(self) -> [u8; WINDOW_WIDTH] {
        let mut address = [0; WINDOW_WIDTH];
        address[..8].copy_from_slice(&ordered(self.start));
        address[8..].copy_from_slice(&ordered(self.end));
        address
    }

    /// The window of an address.
    ///
    /// # Errors
    /// The bytes are not those of any window.
    pub(crate) fn of_address(address: &[u8]) -> Result<Self, Error> {
        let wrong = || Error::Task("timer of no window".to_owned());
        let (start, end) = address.split_at_checked(8).ok_or_else(wrong)?;
        Ok(Self {
            start: i64::decode_sub_key(start)?,
            end: i64::decode_sub_key(end)?,
        })
    }
}
