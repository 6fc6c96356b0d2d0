//! Records that no window takes: late ones, and those in the gaps between windows. Both are counted.

use crate::error::Error;
use crate::operator::Counter;
use crate::operator::metrics::Metrics;
use crate::row::Row;
use crate::task::{Out, Shared};

/// The counter of records that came after their windows were over and were dropped.
pub(crate) const LATE_RECORDS_DROPPED: &str = "numLateRecordsDropped";
/// The counter of records that came after their windows were over and went to the side output.
pub(crate) const LATE_RECORDS_OUT: &str = "numLateRecordsOut";
/// The counter of records that the assigner put into no window.
pub(crate) const RECORDS_IN_NO_WINDOW: &str = "numRecordsInNoWindow";

/// What becomes of records without a window.
pub(crate) struct LateRecords<T> {
    dropped: Counter,
    sent: Counter,
    nowhere: Counter,
    /// The side output of late records.
    out: Option<Out<T>>,
    metrics: Metrics,
}

impl<T: Row> LateRecords<T> {
    /// For an operator; late records go to `out` if there is one.
    pub(crate) fn new(metrics: Metrics, out: Option<Out<T>>) -> Self {
        Self {
            dropped: metrics.counter(LATE_RECORDS_DROPPED),
            sent: metrics.counter(LATE_RECORDS_OUT),
            nowhere: metrics.counter(RECORDS_IN_NO_WINDOW),
            out,
            metrics,
        }
    }

    /// Whether late records have to be decoded.
    pub(crate) fn has_output(&self) -> bool {
        self.out.is_some()
    }

    /// Takes a late record.
    #[cold]
    pub(crate) fn late(&self, record: T, timestamp: i64) {
        match &self.out {
            Some(out) => {
                self.sent.add(1);
                out.send(record, timestamp);
            }
            None => self.dropped.add(1),
        }
    }

    /// Counts a late record that nobody wants to see.
    pub(crate) fn drop_late(&self) {
        self.dropped.add(1);
    }

    /// Counts a record that the assigner put into no window.
    pub(crate) fn in_no_window(&self) {
        self.nowhere.add(1);
    }

    /// The error for a record that cannot be put into a window of event time.
    #[cold]
    pub(crate) fn no_timestamp() -> Error {
        Error::from("record has no usable timestamp for its window, call assign_timestamps")
    }

    /// Tells what was counted in this call.
    pub(crate) fn flush(&self, shared: &Shared) {
        self.metrics.flush(shared);
    }
}
