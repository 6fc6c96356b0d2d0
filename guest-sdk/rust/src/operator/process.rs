//! The unkeyed process operator: any number of records out, side outputs, the watermark, a word at the end.
//!
//! It has no state and no timers: those belong to a key. Fields of the user's struct are a cache at best.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::column::NO_TIMESTAMP;
use crate::error::Outcome;
use crate::host::Level;
use crate::operator::metrics::Metrics;
use crate::row::Row;
use crate::task::{Collector, Operator, Out, Place, Receiver, Shared};

/// User logic over the records of a stream. All calls come from one thread, one at a time.
pub trait Process: 'static {
    /// The records of the stream.
    type In: Row;
    /// The records produced.
    type Out: Row;

    /// Processes a record.
    ///
    /// # Errors
    /// The record cannot be processed: the call is undone and the error reported with the record.
    fn process(
        &mut self,
        record: Self::In,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// All input has ended; the last chance to emit.
    ///
    /// # Errors
    /// As [`Process::process`].
    fn finish(
        &mut self,
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        Ok(())
    }

    /// The subtask has come to its end, after everything else: the last chance to set a metric or write a log line. A
    /// job that is stopped or fails does not get here, and nothing may be emitted.
    fn close(&mut self) {}
}

/// What unkeyed logic may ask.
pub struct ProcessContext<'a> {
    timestamp: i64,
    watermark: i64,
    shared: &'a Shared,
}

impl<'a> ProcessContext<'a> {
    pub(super) fn new(timestamp: i64, watermark: i64, shared: &'a Shared) -> Self {
        Self {
            timestamp,
            watermark,
            shared,
        }
    }

    /// Event timestamp of the record (milliseconds).
    pub fn timestamp(&self) -> Option<i64> {
        (self.timestamp != NO_TIMESTAMP).then_some(self.timestamp)
    }

    /// The watermark at this operator (milliseconds); the least number before there is one.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The place of this instance in the job, and the job's parameters.
    pub fn place(&self) -> &Place {
        &self.shared.place
    }

    /// Writes a line to the operator's log.
    pub fn log(&self, level: Level, message: &str) {
        self.shared.log(level, message);
    }

    /// The operator's clock (milliseconds), the same during one call.
    pub fn processing_time(&self) -> i64 {
        self.shared.now().processing_time
    }
}

/// An unkeyed process operator in its place.
pub(crate) struct ProcessNode<P: Process> {
    pub(crate) logic: RefCell<P>,
    pub(crate) metrics: Metrics,
    pub(crate) timestamp: Rc<Cell<i64>>,
    pub(crate) watermark: Cell<i64>,
    pub(crate) out: Out<P::Out>,
    pub(crate) shared: Rc<Shared>,
}

impl<P: Process> ProcessNode<P> {
    #[inline]
    fn with(
        &self,
        timestamp: i64,
        call: impl FnOnce(&mut P, &mut ProcessContext<'_>, &mut Collector<'_, P::Out>) -> Outcome,
    ) {
        self.timestamp.set(timestamp);
        let mut ctx = ProcessContext::new(timestamp, self.watermark.get(), &self.shared);
        let mut out = Collector::new(&self.out, timestamp);
        if let Err(error) = call(&mut self.logic.borrow_mut(), &mut ctx, &mut out) {
            self.shared.fail(error);
        }
    }
}

impl<P: Process> Receiver<P::In> for ProcessNode<P> {
    #[inline]
    fn receive(&self, record: P::In, timestamp: i64) {
        self.with(timestamp, |logic, ctx, out| logic.process(record, ctx, out));
    }
}

impl<P: Process> Operator for ProcessNode<P> {
    fn on_watermark(&self, watermark: i64) {
        self.watermark.set(watermark);
    }

    fn finish(&self) {
        self.with(NO_TIMESTAMP, P::finish);
    }

    fn close(&self) {
        self.logic.borrow_mut().close();
    }

    fn end_call(&self) {
        self.metrics.flush(&self.shared);
    }
}
