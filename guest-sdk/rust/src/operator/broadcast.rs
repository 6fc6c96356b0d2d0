//! The unkeyed operator with a broadcast input: records of one stream, and records that reach every subtask and may
//! change its broadcast state.
//!
//! Only the function for broadcast records is given a [`BroadcastContext`], and only with one can broadcast state be
//! written. So all subtasks see the same changes; that the function makes the same ones everywhere is the user's duty.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::process::ProcessContext;
use crate::column::NO_TIMESTAMP;
use crate::error::Outcome;
use crate::host::Level;
use crate::operator::metrics::Metrics;
use crate::row::Row;
use crate::task::{Collector, Operator, Out, Receiver, Shared};

/// User logic over a stream and a broadcast stream. All calls come from one thread, one at a time.
pub trait BroadcastProcess: 'static {
    /// Records of the stream.
    type In: Row;
    /// Records of the broadcast stream.
    type Broadcast: Row;
    /// The records produced.
    type Out: Row;

    /// Processes a record of the stream. Broadcast state can be read.
    ///
    /// # Errors
    /// The record cannot be processed: the call is undone and the error reported with the record.
    fn process(
        &mut self,
        record: Self::In,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// Processes a broadcast record, which reaches every subtask. What it changes in broadcast state must follow from
    /// the record and that state alone, since all copies have to stay equal.
    ///
    /// # Errors
    /// As [`BroadcastProcess::process`].
    fn process_broadcast(
        &mut self,
        record: Self::Broadcast,
        ctx: &mut BroadcastContext<'_>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// Both inputs have ended; the last chance to emit.
    ///
    /// # Errors
    /// As [`BroadcastProcess::process`].
    fn finish(
        &mut self,
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        Ok(())
    }

    /// The subtask has come to its end; see [`Process::close`](crate::Process::close).
    fn close(&mut self) {}
}

/// What logic may ask while it processes a broadcast record, and the right to write broadcast state.
pub struct BroadcastContext<'a> {
    timestamp: i64,
    watermark: i64,
    shared: &'a Shared,
}

impl<'a> BroadcastContext<'a> {
    pub(crate) fn new(timestamp: i64, watermark: i64, shared: &'a Shared) -> Self {
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

    /// The operator's clock (milliseconds), the same during one call.
    pub fn processing_time(&self) -> i64 {
        self.shared.now().processing_time
    }

    /// Writes a line to the operator's log.
    pub fn log(&self, level: Level, message: &str) {
        self.shared.log(level, message);
    }
}

/// An unkeyed operator with a broadcast input in its place.
pub(crate) struct BroadcastNode<P: BroadcastProcess> {
    pub(crate) logic: RefCell<P>,
    pub(crate) metrics: Metrics,
    pub(crate) timestamp: Rc<Cell<i64>>,
    pub(crate) watermark: Cell<i64>,
    pub(crate) out: Out<P::Out>,
    pub(crate) shared: Rc<Shared>,
}

impl<P: BroadcastProcess> BroadcastNode<P> {
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

impl<P: BroadcastProcess> Receiver<P::In> for BroadcastNode<P> {
    #[inline]
    fn receive(&self, record: P::In, timestamp: i64) {
        self.with(timestamp, |logic, ctx, out| logic.process(record, ctx, out));
    }
}

/// The broadcast input of a node.
pub(crate) struct Control<P: BroadcastProcess>(pub(crate) Rc<BroadcastNode<P>>);

impl<P: BroadcastProcess> Receiver<P::Broadcast> for Control<P> {
    fn receive(&self, record: P::Broadcast, timestamp: i64) {
        let node = &*self.0;
        node.timestamp.set(timestamp);
        let mut ctx = BroadcastContext::new(timestamp, node.watermark.get(), &node.shared);
        let mut out = Collector::new(&node.out, timestamp);
        let mut logic = node.logic.borrow_mut();
        if let Err(error) = logic.process_broadcast(record, &mut ctx, &mut out) {
            node.shared.fail(error);
        }
    }
}

impl<P: BroadcastProcess> Operator for BroadcastNode<P> {
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
