//! The keyed operator with a broadcast input: keyed records with state and timers, and records without a key that
//! reach every subtask and may change its broadcast state.
//!
//! While a broadcast record is processed there is no key: handles of keyed state read as empty and ignore writes.

use std::rc::Rc;

use super::KeyedContext;
use super::node::{KeyedLogic, KeyedNode};
use crate::column::TimeDomain;
use crate::error::Outcome;
use crate::operator::BroadcastContext;
use crate::row::Row;
use crate::task::{Collector, Receiver};

/// User logic over a keyed stream and a broadcast stream. Calls as in [`KeyedProcess`](crate::KeyedProcess).
pub trait KeyedBroadcastProcess: 'static {
    /// The key of the stream.
    type Key: Row;
    /// Its records.
    type In: Row;
    /// Records of the broadcast stream.
    type Broadcast: Row;
    /// The records produced.
    type Out: Row;

    /// Processes a record of the keyed stream. Keyed state is that of its key; broadcast state can be read.
    ///
    /// # Errors
    /// The record cannot be processed: the call is undone and the error reported with the record.
    fn process(
        &mut self,
        record: Self::In,
        ctx: &mut KeyedContext<'_, Self::Key>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// Processes a broadcast record, which reaches every subtask. What it changes in broadcast state must follow from
    /// the record and that state alone, since all copies have to stay equal. There is no key.
    ///
    /// # Errors
    /// As [`KeyedBroadcastProcess::process`].
    fn process_broadcast(
        &mut self,
        record: Self::Broadcast,
        ctx: &mut BroadcastContext<'_>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// A timer of a key has fired; `ctx.timestamp()` is its time. Broadcast state can be read.
    ///
    /// # Errors
    /// As [`KeyedBroadcastProcess::process`].
    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        _ctx: &mut KeyedContext<'_, Self::Key>,
        _out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        Ok(())
    }

    /// The subtask has come to its end; see [`Process::close`](crate::Process::close).
    fn close(&mut self) {}
}

/// Logic of a keyed and a broadcast input.
pub(crate) struct Controlled<P>(pub(crate) P);

impl<P: KeyedBroadcastProcess> KeyedLogic for Controlled<P> {
    type Key = P::Key;
    type Out = P::Out;
    fn on_timer(
        &mut self,
        domain: TimeDomain,
        ctx: &mut KeyedContext<'_, Self::Key>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        self.0.on_timer(domain, ctx, out)
    }

    fn close(&mut self) {
        self.0.close();
    }
}

/// The broadcast input of a keyed node.
pub(crate) struct KeyedControl<P: KeyedBroadcastProcess>(pub(crate) Rc<KeyedNode<Controlled<P>>>);

impl<P: KeyedBroadcastProcess> Receiver<P::Broadcast> for KeyedControl<P> {
    fn receive(&self, record: P::Broadcast, timestamp: i64) {
        self.0.without_key(timestamp, |logic, ctx, out| {
            logic.0.process_broadcast(record, ctx, out)
        });
    }
}
