//! Evictors: they remove records from a window before or after its function has seen them.
//!
//! A removed record is gone for good. An evictor needs the records themselves, so it goes with a function over all
//! records of a window and not with an incremental one.

use std::marker::PhantomData;

use super::WindowContext;
use super::elements::Timestamped;
use crate::column::NO_TIMESTAMP;

/// Removes records of a window. Must be a function of its arguments alone.
pub trait Evictor<T>: 'static {
    /// Removes records that the window function is not to see.
    fn evict_before(&self, _elements: &mut Vec<Timestamped<T>>, _ctx: &WindowContext) {}

    /// Removes records that the window function has seen.
    fn evict_after(&self, _elements: &mut Vec<Timestamped<T>>, _ctx: &WindowContext) {}

    /// What is wrong with the evictor's settings, told when the job is planned.
    fn defect(&self) -> Option<String> {
        None
    }
}

/// When a standard evictor works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

macro_rules! on_its_side {
    ($type:ty) => {
        fn evict_before(&self, elements: &mut Vec<Timestamped<$type>>, _ctx: &WindowContext) {
            if self.side == Side::Before {
                self.evict(elements);
            }
        }

        fn evict_after(&self, elements: &mut Vec<Timestamped<$type>>, _ctx: &WindowContext) {
            if self.side == Side::After {
                self.evict(elements);
            }
        }
    };
}

/// Keeps the last records of a window.
#[derive(Clone, Copy, Debug)]
pub struct CountEvictor {
    keep: i64,
    side: Side,
}

impl CountEvictor {
    /// Keeps the last `keep` records; works before the window function.
    pub fn of(keep: i64) -> Self {
        Self {
            keep,
            side: Side::Before,
        }
    }

    /// Lets it work after the window function.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            side: Side::After,
            ..self
        }
    }

    fn evict<T>(self, elements: &mut Vec<Timestamped<T>>) {
        let keep = usize::try_from(self.keep).unwrap_or(0);
        elements.drain(..elements.len().saturating_sub(keep));
    }
}

impl<T: 'static> Evictor<T> for CountEvictor {
    on_its_side!(T);

    fn defect(&self) -> Option<String> {
        (self.keep < 1).then(|| {
            format!(
                "an evictor that keeps {} records is impossible, give at least 1",
                self.keep
            )
        })
    }
}

/// Keeps the records of the last stretch of time before the latest record. Records without timestamp are kept.
#[derive(Clone, Copy, Debug)]
pub struct TimeEvictor {
    span: i64,
    side: Side,
}

impl TimeEvictor {
    /// Keeps records less than `span` milliseconds older than the latest one; works before the window function.
    pub fn of_ms(span: i64) -> Self {
        Self {
            span,
            side: Side::Before,
        }
    }

    /// Keeps records less than `span` seconds older than the latest one; works before the window function.
    pub fn of_secs(span: i64) -> Self {
        Self::of_ms(span.saturating_mul(1000))
    }

    /// Lets it work after the window function.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            side: Side::After,
            ..self
        }
    }

    fn evict<T>(self, elements: &mut Vec<Timestamped<T>>) {
        let latest = elements.iter().map(|element| element.timestamp).max();
        let cut = latest.unwrap_or(NO_TIMESTAMP).saturating_sub(self.span);
        elements.retain(|element| element.timestamp == NO_TIMESTAMP || element.timestamp > cut);
    }
}

impl<T: 'static> Evictor<T> for TimeEvictor {
    on_its_side!(T);

    fn defect(&self) -> Option<String> {
        (self.span < 1).then(|| {
            format!(
                "an evictor that keeps {} ms is impossible, give at least 1",
                self.span
            )
        })
    }
}

/// Removes records that differ from the last one by a threshold or more.
pub struct DeltaEvictor<T, F> {
    threshold: f64,
    delta: F,
    side: Side,
    record: PhantomData<fn(T)>,
}

impl<T, F: Fn(&T, &T) -> f64> DeltaEvictor<T, F> {
    /// Removes records for which `delta(record, last)` is at least `threshold`; works before the window function.
    pub fn of(threshold: f64, delta: F) -> Self {
        Self {
            threshold,
            delta,
            side: Side::Before,
            record: PhantomData,
        }
    }

    /// Lets it work after the window function.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            side: Side::After,
            ..self
        }
    }

    fn evict(&self, elements: &mut Vec<Timestamped<T>>) {
        let Some(last) = elements.pop() else { return };
        elements.retain(|element| (self.delta)(&element.record, &last.record) < self.threshold);
        if (self.delta)(&last.record, &last.record) < self.threshold {
            elements.push(last);
        }
    }
}

impl<T: 'static, F: Fn(&T, &T) -> f64 + 'static> Evictor<T> for DeltaEvictor<T, F> {
    on_its_side!(T);
}
