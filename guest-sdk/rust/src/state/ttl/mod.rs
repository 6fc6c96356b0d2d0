//! State that expires: handles that never show a value whose time is over, and the cleanup that removes it.
//!
//! Every value is stored behind the time of its last write (eight bytes, little endian). It has expired as soon as the
//! clock has advanced by the time to live. Space is given back by timers of the key under a namespace of their own, so
//! that user logic never sees them; they are due at multiples of half the time to live, so a key has at most three per
//! state, and what has expired is gone after half of that time again.

mod lifetime;
mod list;
mod map;
mod states;
mod timed;
mod value;

pub(crate) use lifetime::{Expire, Lifetime};
pub use list::TtlListState;
pub use map::TtlMapState;
pub use states::TtlStates;
pub(crate) use timed::Timed;
pub use value::TtlValueState;

use serde_json::{Value, json};

/// How long values of a state live after they were last written.
///
/// The clock is event time unless [`Ttl::processing_time`] says otherwise: the timestamp of the record or timer under
/// way, or the watermark if that is later. So a replay lets the same values expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl {
    pub(crate) ms: i64,
    pub(crate) processing: bool,
    pub(crate) refresh_on_read: bool,
}

impl Ttl {
    /// Values live this long (milliseconds, at least 1) in event time.
    pub fn of_ms(ms: i64) -> Self {
        Self {
            ms,
            processing: false,
            refresh_on_read: false,
        }
    }

    /// Lets values live by the operator's clock.
    #[must_use]
    pub fn processing_time(mut self) -> Self {
        self.processing = true;
        self
    }

    /// Lets a read count as a write, so that values live as long as they are used.
    #[must_use]
    pub fn refresh_on_read(mut self) -> Self {
        self.refresh_on_read = true;
        self
    }

    /// As the plan shows it.
    pub(crate) fn document(self) -> Value {
        json!({
            "ms": self.ms,
            "clock": if self.processing { "processing" } else { "event" },
            "refresh_on_read": self.refresh_on_read,
        })
    }
}

#[cfg(test)]
mod tests;
