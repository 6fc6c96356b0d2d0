//! Window functions over all records of a window.

use super::{Timestamped, Window};
use crate::column::NO_TIMESTAMP;
use crate::error::Outcome;
use crate::row::Row;
use crate::task::Collector;

/// The circumstances in which a window gives a result.
#[derive(Clone, Copy, Debug)]
pub struct WindowContext {
    pub(crate) window: Window,
    pub(crate) watermark: i64,
    pub(crate) processing_time: i64,
    pub(crate) timestamp: i64,
}

impl WindowContext {
    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The watermark (milliseconds); the least number before there is one.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The operator's clock (milliseconds), the same during one call.
    pub fn processing_time(&self) -> i64 {
        self.processing_time
    }

    /// The timestamp of the results: the last millisecond of the window; for a window without end, the time of the
    /// record or event-time timer that made it fire.
    pub fn timestamp(&self) -> Option<i64> {
        (self.timestamp != NO_TIMESTAMP).then_some(self.timestamp)
    }
}

/// User logic over all records of a window. All calls come from one thread, one at a time.
pub trait ProcessWindow: 'static {
    /// The key of the stream.
    type Key: Row;
    /// Its records.
    type In: Row;
    /// The records produced.
    type Out: Row;

    /// Processes the records of a window that gives a result, in the order in which they came.
    ///
    /// # Errors
    /// The window cannot be processed: the call is undone and the error reported.
    fn process(
        &mut self,
        key: &Self::Key,
        ctx: &WindowContext,
        elements: &[Timestamped<Self::In>],
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;
}
