//! Session windows, which grow and merge while records come close enough, and the one window of everything.
//!
//! A record begins a window of its gap; windows that touch merge. So two records are in one session if they are at most
//! a gap apart, or others bridge them.

use std::marker::PhantomData;

use super::assigner::TIMESTAMP_MAX;
use super::{Window, WindowAssigner};
use crate::column::TimeDomain;

/// Sessions with a fixed gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    gap: i64,
    domain: TimeDomain,
}

impl Session {
    /// Sessions that end after so many milliseconds without a record.
    pub fn with_gap_ms(gap: i64) -> Self {
        Self {
            gap,
            domain: TimeDomain::Event,
        }
    }

    /// Sessions that end after so many seconds without a record.
    pub fn with_gap_secs(gap: i64) -> Self {
        Self::with_gap_ms(gap.saturating_mul(1000))
    }

    /// Sessions whose gap (milliseconds, positive) each record decides.
    pub fn with_dynamic_gap<T, F: Fn(&T) -> i64>(gap: F) -> DynamicSession<T, F> {
        DynamicSession {
            gap,
            domain: TimeDomain::Event,
            record: PhantomData,
        }
    }

    /// Sessions of the operator's clock instead of event time.
    #[must_use]
    pub fn processing_time(self) -> Self {
        Self {
            domain: TimeDomain::Processing,
            ..self
        }
    }
}

impl<T> WindowAssigner<T> for Session {
    fn assign(&self, _record: &T, time: i64, windows: &mut Vec<Window>) {
        windows.push(Window {
            start: time,
            end: time + self.gap,
        });
    }

    fn domain(&self) -> TimeDomain {
        self.domain
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn defect(&self) -> Option<String> {
        let good = (1..=TIMESTAMP_MAX).contains(&self.gap);
        (!good).then(|| {
            format!(
                "sessions with a gap of {} ms are impossible, give a positive number",
                self.gap
            )
        })
    }
}

/// Sessions whose gap each record decides.
pub struct DynamicSession<T, F> {
    gap: F,
    domain: TimeDomain,
    record: PhantomData<fn(T)>,
}

impl<T, F> DynamicSession<T, F> {
    /// Sessions of the operator's clock instead of event time.
    #[must_use]
    pub fn processing_time(self) -> Self {
        Self {
            domain: TimeDomain::Processing,
            ..self
        }
    }
}

impl<T: 'static, F: Fn(&T) -> i64 + 'static> WindowAssigner<T> for DynamicSession<T, F> {
    fn assign(&self, record: &T, time: i64, windows: &mut Vec<Window>) {
        let end = time.saturating_add((self.gap)(record));
        windows.push(Window { start: time, end });
    }

    fn domain(&self) -> TimeDomain {
        self.domain
    }

    fn is_merging(&self) -> bool {
        true
    }
}

/// One window per key that holds everything and never ends: it gives results only by a trigger of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobalWindows;

impl<T> WindowAssigner<T> for GlobalWindows {
    fn assign(&self, _record: &T, _time: i64, windows: &mut Vec<Window>) {
        windows.push(Window::GLOBAL);
    }

    /// Nothing is late for a window that never ends.
    fn domain(&self) -> TimeDomain {
        TimeDomain::Processing
    }
}
