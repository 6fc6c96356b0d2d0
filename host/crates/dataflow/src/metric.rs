//! The value of a metric that user code keeps. The four kinds are Flink's.
//!
//! Values of several subtasks are merged where they are shown, never here.

use hdrhistogram::Histogram;

/// Significant decimal digits of a histogram: its quantiles are within one percent.
const DIGITS: u8 = 2;

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// A number that only grows.
    Counter(u64),
    /// Events, of which a rate is made.
    Meter(u64),
    /// The last value that was told.
    Gauge(f64),
    /// How values are distributed.
    Histogram(Box<Histogram<u64>>),
}

/// What a call adds to a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricChange {
    /// So much more of a counter.
    Count(u64),
    /// So many events of a meter.
    Mark(u64),
    /// The new value of a gauge.
    Set(f64),
    /// Values for a histogram.
    Sample(Vec<u64>),
}

impl MetricChange {
    /// The metric that this change makes of nothing.
    pub fn nothing(&self) -> MetricValue {
        match self {
            Self::Count(_) => MetricValue::Counter(0),
            Self::Mark(_) => MetricValue::Meter(0),
            Self::Set(_) => MetricValue::Gauge(0.0),
            // Two digits are always possible; a histogram of one digit would be as good.
            Self::Sample(_) => Histogram::new(DIGITS)
                .map_or(MetricValue::Counter(0), |histogram| {
                    MetricValue::Histogram(Box::new(histogram))
                }),
        }
    }
}

impl MetricValue {
    /// Whether a change is of this kind.
    pub fn takes(&self, change: &MetricChange) -> bool {
        matches!(
            (self, change),
            (Self::Counter(_), MetricChange::Count(_))
                | (Self::Meter(_), MetricChange::Mark(_))
                | (Self::Gauge(_), MetricChange::Set(_))
                | (Self::Histogram(_), MetricChange::Sample(_))
        )
    }

    /// Makes a change; one of another kind changes nothing.
    pub fn change(&mut self, change: MetricChange) {
        match (self, change) {
            (Self::Counter(total), MetricChange::Count(more))
            | (Self::Meter(total), MetricChange::Mark(more)) => *total = total.saturating_add(more),
            (Self::Gauge(value), MetricChange::Set(new)) => *value = new,
            (Self::Histogram(histogram), MetricChange::Sample(values)) => {
                for value in values {
                    // It grows by itself; only a value that no memory suffices for would be refused.
                    let _ = histogram.record(value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
