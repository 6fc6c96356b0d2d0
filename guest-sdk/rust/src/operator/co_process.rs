//! The unkeyed process operator with two inputs: one logic, fed from both.
//!
//! It has no state and no timers: those belong to a key. Its watermark is the lesser of both inputs'.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::process::ProcessContext;
use crate::column::NO_TIMESTAMP;
use crate::error::Outcome;
use crate::operator::metrics::Metrics;
use crate::row::Row;
use crate::task::{Collector, Operator, Out, Receiver, Shared};

/// User logic over the records of two streams. All calls come from one thread, one at a time.
pub trait CoProcess: 'static {
    /// Records of the first stream.
    type In1: Row;
    /// Records of the second stream.
    type In2: Row;
    /// The records produced.
    type Out: Row;

    /// Processes a record of the first stream.
    ///
    /// # Errors
    /// The record cannot be processed: the call is undone and the error reported with the record.
    fn process1(
        &mut self,
        record: Self::In1,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// Processes a record of the second stream.
    ///
    /// # Errors
    /// As [`CoProcess::process1`].
    fn process2(
        &mut self,
        record: Self::In2,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// Both inputs have ended; the last chance to emit.
    ///
    /// # Errors
    /// As [`CoProcess::process1`].
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

/// A process operator with two inputs in its place.
pub(crate) struct CoProcessNode<P: CoProcess> {
    pub(crate) logic: RefCell<P>,
    pub(crate) metrics: Metrics,
    pub(crate) timestamp: Rc<Cell<i64>>,
    pub(crate) watermark: Cell<i64>,
    pub(crate) out: Out<P::Out>,
    pub(crate) shared: Rc<Shared>,
}

impl<P: CoProcess> CoProcessNode<P> {
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

/// The first input of a node.
pub(crate) struct First<P: CoProcess>(pub(crate) Rc<CoProcessNode<P>>);

impl<P: CoProcess> Receiver<P::In1> for First<P> {
    #[inline]
    fn receive(&self, record: P::In1, timestamp: i64) {
        let step =
            |logic: &mut P, ctx: &mut ProcessContext<'_>, out: &mut Collector<'_, P::Out>| {
                logic.process1(record, ctx, out)
            };
        self.0.with(timestamp, step);
    }
}

/// The second input of a node.
pub(crate) struct Second<P: CoProcess>(pub(crate) Rc<CoProcessNode<P>>);

impl<P: CoProcess> Receiver<P::In2> for Second<P> {
    #[inline]
    fn receive(&self, record: P::In2, timestamp: i64) {
        let step =
            |logic: &mut P, ctx: &mut ProcessContext<'_>, out: &mut Collector<'_, P::Out>| {
                logic.process2(record, ctx, out)
            };
        self.0.with(timestamp, step);
    }
}

impl<P: CoProcess> Operator for CoProcessNode<P> {
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
