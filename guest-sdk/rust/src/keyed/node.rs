//! The keyed operator of a chain: user logic over keyed state and timers, with one input or two that share them.
//!
//! The user's function is called statically, with the key's slot set, its values loaded and its key decoded. A failure
//! of user code stops the loop at that record; the host then undoes the whole call.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;

use super::{KeySpace, TimerService};
use crate::column::{Batch, NO_TIMESTAMP, TimeDomain, TimerBatch};
use crate::context::Declared;
use crate::error::{Error, Outcome};
use crate::host::Level;
use crate::operator::BroadcastContext;
use crate::operator::metrics::Metrics;
use crate::row::Row;
use crate::state::Expire;
use crate::task::{Collector, Head, Operator, Out, Place, Shared, for_each_value};

/// User logic over the records of one keyed stream. All calls come from one thread, one at a time.
pub trait KeyedProcess: 'static {
    /// The key of the stream.
    type Key: Row;
    /// Its records; for an operator of several inputs, what they are turned into.
    type In: 'static;
    /// The records produced.
    type Out: Row;

    /// Processes a record. State handles refer to its key.
    ///
    /// # Errors
    /// The record cannot be processed: the call is undone and the error reported with the record.
    fn process(
        &mut self,
        record: Self::In,
        ctx: &mut KeyedContext<'_, Self::Key>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// A timer of the key has fired; `ctx.timestamp()` is its time. It is gone.
    ///
    /// # Errors
    /// As [`KeyedProcess::process`].
    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        _ctx: &mut KeyedContext<'_, Self::Key>,
        _out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        Ok(())
    }

    /// The subtask has come to its end, after everything else: the last chance to set a metric or write a log line. A
    /// job that is stopped or fails does not get here, and nothing may be emitted.
    fn close(&mut self) {}
}

/// User logic over two keyed streams with one key type, state and timers shared. Calls as in [`KeyedProcess`].
pub trait KeyedCoProcess: 'static {
    /// The key of both streams.
    type Key: Row;
    /// Records of the first stream.
    type In1: Row;
    /// Records of the second stream.
    type In2: Row;
    /// The records produced.
    type Out: Row;

    /// Processes a record of the first stream.
    ///
    /// # Errors
    /// As [`KeyedProcess::process`].
    fn process1(
        &mut self,
        record: Self::In1,
        ctx: &mut KeyedContext<'_, Self::Key>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// Processes a record of the second stream.
    ///
    /// # Errors
    /// As [`KeyedProcess::process`].
    fn process2(
        &mut self,
        record: Self::In2,
        ctx: &mut KeyedContext<'_, Self::Key>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;

    /// A timer of the key has fired; see [`KeyedProcess::on_timer`].
    ///
    /// # Errors
    /// As [`KeyedProcess::process`].
    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        _ctx: &mut KeyedContext<'_, Self::Key>,
        _out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        Ok(())
    }

    /// The subtask has come to its end, after everything else: the last chance to set a metric or write a log line. A
    /// job that is stopped or fails does not get here, and nothing may be emitted.
    fn close(&mut self) {}
}

/// Registers or deletes a timer of a key with a namespace.
type TimerChange = fn(&TimerService, TimeDomain, i64, (Option<usize>, &[u8]), &[u8]);

/// What keyed logic may ask and do besides its state.
pub struct KeyedContext<'a, K> {
    keys: &'a [K],
    slot: u32,
    timestamp: i64,
    timer: Option<i64>,
    space: &'a KeySpace,
    timers: &'a TimerService,
}

impl<K: Row> KeyedContext<'_, K> {
    /// The key under way.
    #[inline]
    pub fn key(&self) -> &K {
        &self.keys[self.slot as usize]
    }

    /// Event timestamp of the record, or the time of the event-time timer (milliseconds).
    #[inline]
    pub fn timestamp(&self) -> Option<i64> {
        (self.timestamp != NO_TIMESTAMP).then_some(self.timestamp)
    }

    /// The time for which the timer under way was registered, in its own domain (milliseconds).
    #[inline]
    pub fn timer_time(&self) -> Option<i64> {
        self.timer
    }

    /// The watermark (milliseconds); the least number before there is one.
    #[inline]
    pub fn watermark(&self) -> i64 {
        self.space.shared.now().watermark
    }

    /// The place of this instance in the job, and the job's parameters.
    pub fn place(&self) -> &Place {
        &self.space.shared.place
    }

    /// Writes a line to the operator's log.
    pub fn log(&self, level: Level, message: &str) {
        self.space.shared.log(level, message);
    }

    /// The operator's clock (milliseconds), the same during one call.
    pub fn processing_time(&self) -> i64 {
        self.space.shared.now().processing_time
    }

    /// Registers a timer of the key that fires when the watermark reaches `time`. Doing it twice changes nothing.
    pub fn register_event_timer(&mut self, time: i64) {
        self.change(TimeDomain::Event, time, TimerService::register);
    }

    /// Registers a timer of the key that fires when the operator's clock reaches `time`.
    pub fn register_processing_timer(&mut self, time: i64) {
        self.change(TimeDomain::Processing, time, TimerService::register);
    }

    /// Deletes an event-time timer of the key; it need not exist.
    pub fn delete_event_timer(&mut self, time: i64) {
        self.change(TimeDomain::Event, time, TimerService::delete);
    }

    /// Deletes a processing-time timer of the key; it need not exist.
    pub fn delete_processing_timer(&mut self, time: i64) {
        self.change(TimeDomain::Processing, time, TimerService::delete);
    }

    fn change(&self, domain: TimeDomain, time: i64, change: TimerChange) {
        let table = self.space.table.borrow();
        let key = (table.width(), table.key(self.slot));
        change(self.timers, domain, time, key, &[]);
    }
}

/// One input or two: what the node needs of either.
pub(crate) trait KeyedLogic: 'static {
    type Key: Row;
    type Out: Row;
    fn on_timer(
        &mut self,
        domain: TimeDomain,
        ctx: &mut KeyedContext<'_, Self::Key>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome;
    fn close(&mut self);
}

/// Logic of one input.
pub(crate) struct Single<P>(pub(crate) P);

impl<P: KeyedProcess> KeyedLogic for Single<P> {
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

/// Logic of two inputs.
pub(crate) struct Twin<P>(pub(crate) P);

impl<P: KeyedCoProcess> KeyedLogic for Twin<P> {
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

/// Stands for timers where inputs are counted from 1.
const TIMERS: usize = 0;

/// A keyed operator in its place.
pub(crate) struct KeyedNode<L: KeyedLogic> {
    logic: RefCell<L>,
    keys: RefCell<Vec<L::Key>>,
    slots: RefCell<Vec<u32>>,
    /// How many inputs there are.
    inputs: Cell<usize>,
    space: Rc<KeySpace>,
    timers: TimerService,
    /// States that expire.
    expiring: Vec<Rc<dyn Expire>>,
    metrics: Metrics,
    timestamp: Rc<Cell<i64>>,
    out: Out<L::Out>,
    shared: Rc<Shared>,
}

impl<L: KeyedLogic> KeyedNode<L> {
    pub(crate) fn new(
        logic: L,
        space: Rc<KeySpace>,
        declared: Declared,
        out: Out<L::Out>,
    ) -> Rc<Self> {
        let shared = Rc::clone(&space.shared);
        Rc::new(Self {
            logic: RefCell::new(logic),
            keys: RefCell::new(Vec::new()),
            slots: RefCell::new(Vec::new()),
            inputs: Cell::new(0),
            timers: TimerService::new(&shared, 0),
            space,
            expiring: declared.expiring,
            metrics: declared.metrics,
            timestamp: declared.timestamp,
            out,
            shared,
        })
    }

    /// The head of an input whose records go to `step`.
    pub(crate) fn head<I: Row, F>(self: &Rc<Self>, step: F) -> Rc<dyn Head>
    where
        F: Fn(&mut L, I, &mut KeyedContext<'_, L::Key>, &mut Collector<'_, L::Out>) -> Outcome
            + 'static,
    {
        self.inputs.set(self.inputs.get() + 1);
        Rc::new(KeyedHead {
            node: Rc::clone(self),
            input: self.inputs.get(),
            step,
            record: PhantomData,
        })
    }

    /// Runs logic for a record that has no key.
    pub(super) fn without_key(
        &self,
        timestamp: i64,
        call: impl FnOnce(&mut L, &mut BroadcastContext<'_>, &mut Collector<'_, L::Out>) -> Outcome,
    ) {
        self.space.current.set(u32::MAX);
        self.timestamp.set(timestamp);
        let mut ctx = BroadcastContext::new(timestamp, self.shared.now().watermark, &self.shared);
        let mut out = Collector::new(&self.out, timestamp);
        if let Err(error) = call(&mut self.logic.borrow_mut(), &mut ctx, &mut out) {
            self.shared.fail(error);
        }
    }

    fn enter(
        &self,
        keys: &crate::column::Column,
        count: usize,
        caller: usize,
    ) -> Result<(), Error> {
        let mut slots = self.slots.borrow_mut();
        self.space.enter(keys, count, &mut slots, caller)?;
        let table = self.space.table.borrow();
        let mut keys = self.keys.borrow_mut();
        for slot in keys.len() as u32..table.len() {
            keys.push(L::Key::decode(table.key(slot))?);
        }
        Ok(())
    }

    /// Fires a cleanup timer of a state. One of a state that is not declared any more has nothing to do.
    fn expire(&self, namespace: &[u8], slot: u32, time: i64) {
        self.space.current.set(slot);
        let mut states = self.expiring.iter();
        let Some(state) = states.find(|state| state.lifetime().namespace() == namespace) else {
            return;
        };
        state.lifetime().fired();
        if let Err(error) = state.expire(time) {
            self.shared.fail(error);
        }
    }

    #[inline]
    fn at<'a>(&'a self, keys: &'a [L::Key], slot: u32, timestamp: i64) -> KeyedContext<'a, L::Key> {
        self.space.current.set(slot);
        self.timestamp.set(timestamp);
        KeyedContext {
            keys,
            slot,
            timestamp,
            timer: None,
            space: &self.space,
            timers: &self.timers,
        }
    }
}

impl<L: KeyedLogic> Operator for KeyedNode<L> {
    fn on_timers(&self, domain: TimeDomain, timers: &TimerBatch) -> usize {
        if let Err(error) = self.enter(&timers.keys, timers.len(), TIMERS) {
            self.shared.fail(error);
            return 0;
        }
        let (keys, slots) = (self.keys.borrow(), self.slots.borrow());
        let mut logic = self.logic.borrow_mut();
        let namespaces = timers.namespaces.entries(timers.len());
        let all = timers.times.iter().zip(slots.iter()).zip(namespaces);
        for (index, ((&time, &slot), namespace)) in all.enumerate() {
            if !namespace.is_empty() {
                self.expire(namespace, slot, time);
                if self.shared.stopping() {
                    return index + 1;
                }
                continue;
            }
            let timestamp = match domain {
                TimeDomain::Event => time,
                TimeDomain::Processing => NO_TIMESTAMP,
            };
            let mut ctx = self.at(&keys, slot, timestamp);
            ctx.timer = Some(time);
            let mut out = Collector::new(&self.out, timestamp);
            self.space.is_firing.set(domain == TimeDomain::Event);
            let outcome = logic.on_timer(domain, &mut ctx, &mut out);
            self.space.is_firing.set(false);
            if let Err(error) = outcome {
                self.shared.fail(error);
            }
            if self.shared.stopping() {
                return index + 1;
            }
        }
        timers.len()
    }

    fn close(&self) {
        self.space.current.set(u32::MAX);
        self.logic.borrow_mut().close();
    }

    fn end_call(&self) {
        if self.space.end_call() {
            self.keys.borrow_mut().clear();
        }
        self.timers.flush();
        self.metrics.flush(&self.shared);
    }
}

/// An input of a keyed operator.
struct KeyedHead<L: KeyedLogic, I, F> {
    node: Rc<KeyedNode<L>>,
    /// Its number among the inputs, from 1.
    input: usize,
    step: F,
    record: PhantomData<fn(I)>,
}

impl<L: KeyedLogic, I: Row, F> Head for KeyedHead<L, I, F>
where
    F: Fn(&mut L, I, &mut KeyedContext<'_, L::Key>, &mut Collector<'_, L::Out>) -> Outcome,
{
    fn prepare(&self, batch: &Batch) {
        if let Err(error) = self.node.enter(&batch.keys, batch.len(), self.input) {
            self.node.shared.fail(error);
        }
    }

    fn run(&self, batch: &Batch, range: Range<usize>, to_the_end: bool) -> usize {
        let node = &*self.node;
        let shared = &*node.shared;
        let (keys, slots) = (node.keys.borrow(), node.slots.borrow());
        let mut logic = node.logic.borrow_mut();
        for_each_value(batch, range, |index, value| {
            let timestamp = batch.timestamp(index);
            let mut ctx = node.at(&keys, slots[index], timestamp);
            let mut out = Collector::new(&node.out, timestamp);
            let outcome = match I::decode(value) {
                Ok(record) => (self.step)(&mut logic, record, &mut ctx, &mut out),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                shared.fail(error);
            }
            shared.stopping() && (!to_the_end || shared.failed())
        })
    }
}
