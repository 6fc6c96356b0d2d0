//! The interval join: pairs of equal key whose timestamps lie within bounds of each other.
//!
//! A record waits in its side's buffer until no partner can come any more: when the watermark has reached the end of
//! its interval, a timer removes it. A record whose timestamp the watermark has passed already is late: it joins nothing,
//! so that results do not depend on what was cleaned up when, and goes to a side output or is dropped and counted.
//!
//! In an outer join a record that no partner has come for leaves alone when its interval has ended, with that time: no
//! partner can come any more, so nothing is ever taken back. Which records of an outer side are still alone is kept
//! beside them.
//!
//! How many records wait is kept beside them: where the other side has none, nothing is read.

use std::rc::Rc;

use crate::column::TimeDomain;
use crate::context::{OpenContext, OutputTag, SideOutput};
use crate::error::{Error, Outcome};
use crate::keyed::{KeyedCoProcess, KeyedContext};
use crate::operator::Counter;
use crate::row::Row;
use crate::state::{MapState, ValueState};
use crate::task::Collector;
use crate::window::LATE_RECORDS_DROPPED;

use super::JoinType;

/// How far behind its left partner a right record may be: from `lower` to `upper`, both inclusive (milliseconds).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) lower: i64,
    pub(crate) upper: i64,
}

/// When a record was, and a number that tells records of one time apart.
type Stamp = (i64, i64);

/// How many records of a key wait on the left and on the right, and how many stamps were given out.
type Waiting = (i64, i64, i64);

/// Where late records go; those of a side without output are dropped and counted.
pub(crate) struct LateOutputs<T, U> {
    pub(crate) left: Option<OutputTag<T>>,
    pub(crate) right: Option<OutputTag<U>>,
}

/// One side of the join.
struct Side<T: Row> {
    buffer: MapState<Stamp, T>,
    late: Option<SideOutput<T>>,
    /// The records that no partner has come for, if they are to come out.
    alone: Option<MapState<Stamp, bool>>,
}

/// The join of `T` and `U` by key `K` to `O`.
pub(crate) struct IntervalLogic<K, T: Row, U: Row, O, F> {
    left: Side<T>,
    right: Side<U>,
    waiting: ValueState<Waiting>,
    bounds: Bounds,
    late: Counter,
    join: Rc<F>,
    types: std::marker::PhantomData<fn(K) -> O>,
}

impl<K, T: Row, U: Row, O, F> IntervalLogic<K, T, U, O, F> {
    pub(crate) fn open(
        ctx: &mut OpenContext<'_>,
        bounds: Bounds,
        join_type: JoinType,
        late: &LateOutputs<T, U>,
        join: Rc<F>,
    ) -> Self {
        Self {
            left: Side {
                buffer: ctx.map_state("left"),
                late: late.left.as_ref().map(|tag| ctx.side_output(tag)),
                alone: join_type.keeps_left().then(|| ctx.map_state("left-alone")),
            },
            right: Side {
                buffer: ctx.map_state("right"),
                late: late.right.as_ref().map(|tag| ctx.side_output(tag)),
                alone: join_type
                    .keeps_right()
                    .then(|| ctx.map_state("right-alone")),
            },
            waiting: ctx.value_state("waiting"),
            bounds,
            late: ctx.counter(LATE_RECORDS_DROPPED),
            join,
            types: std::marker::PhantomData,
        }
    }
}

impl<T: Row> Side<T> {
    /// The time of a record that is not late; a late one is dealt with.
    fn admit<K: Row>(
        &self,
        record: &T,
        ctx: &KeyedContext<'_, K>,
        late: &Counter,
    ) -> Result<Option<i64>, Error> {
        let Some(time) = ctx.timestamp() else {
            let text = "an interval join needs event timestamps, call assign_timestamps before";
            return Err(Error::from(text));
        };
        if time > ctx.watermark() {
            return Ok(Some(time));
        }
        match &self.late {
            Some(late) => late.emit(record.clone()),
            None => late.add(1),
        }
        Ok(None)
    }

    /// The records that wait with times of a range, with these times.
    fn between(&self, first: i64, last: i64) -> Result<Vec<(Stamp, T)>, Error> {
        self.buffer.range(&(first, i64::MIN), &(last, i64::MAX))
    }

    /// Keeps a record until its interval ends.
    fn keep(&self, stamp: Stamp, record: &T, paired: bool) {
        self.buffer.put(&stamp, record);
        if let Some(alone) = self.alone.as_ref().filter(|_| !paired) {
            alone.put(&stamp, &true);
        }
    }

    /// A partner has come for a record.
    fn pair(&self, stamp: &Stamp) {
        if let Some(alone) = &self.alone {
            alone.remove(stamp);
        }
    }

    /// Removes the records of one time; returns how many. Those that are still alone are given to `leave`.
    fn remove(&self, time: i64, mut leave: impl FnMut(&T)) -> Result<i64, Error> {
        let over = self.between(time, time)?;
        for (stamp, record) in &over {
            self.buffer.remove(stamp);
            if let Some(alone) = &self.alone
                && alone.get(stamp)?.is_some()
            {
                alone.remove(stamp);
                leave(record);
            }
        }
        Ok(over.len() as i64)
    }
}

impl<K: Row, T: Row, U: Row, O: Row, F> KeyedCoProcess for IntervalLogic<K, T, U, O, F>
where
    F: Fn(Option<&T>, Option<&U>, &mut Collector<'_, O>) + 'static,
{
    type Key = K;
    type In1 = T;
    type In2 = U;
    type Out = O;

    fn process1(
        &mut self,
        left: T,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, O>,
    ) -> Outcome {
        let Some(time) = self.left.admit(&left, ctx, &self.late)? else {
            return Ok(());
        };
        let (lefts, rights, stamp) = self.waiting.get().unwrap_or_default();
        let first = time.saturating_add(self.bounds.lower);
        let last = time.saturating_add(self.bounds.upper);
        let mut paired = false;
        if rights > 0 {
            for (other, right) in self.right.between(first, last)? {
                paired = true;
                self.right.pair(&other);
                (self.join)(Some(&left), Some(&right), &mut out.at(time.max(other.0)));
            }
        }
        if last > ctx.watermark() {
            self.left.keep((time, stamp), &left, paired);
            self.waiting.set((lefts + 1, rights, stamp + 1));
            ctx.register_event_timer(last);
        } else if self.left.alone.is_some() && !paired {
            (self.join)(Some(&left), None, &mut out.at(time));
        }
        Ok(())
    }

    fn process2(
        &mut self,
        right: U,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, O>,
    ) -> Outcome {
        let Some(time) = self.right.admit(&right, ctx, &self.late)? else {
            return Ok(());
        };
        let (lefts, rights, stamp) = self.waiting.get().unwrap_or_default();
        let first = time.saturating_sub(self.bounds.upper);
        let last = time.saturating_sub(self.bounds.lower);
        let mut paired = false;
        if lefts > 0 {
            for (other, left) in self.left.between(first, last)? {
                paired = true;
                self.left.pair(&other);
                (self.join)(Some(&left), Some(&right), &mut out.at(time.max(other.0)));
            }
        }
        if last > ctx.watermark() {
            self.right.keep((time, stamp), &right, paired);
            self.waiting.set((lefts, rights + 1, stamp + 1));
            ctx.register_event_timer(last);
        } else if self.right.alone.is_some() && !paired {
            (self.join)(None, Some(&right), &mut out.at(time));
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, O>,
    ) -> Outcome {
        let Some((mut lefts, mut rights, stamp)) = self.waiting.get() else {
            return Ok(());
        };
        let end = ctx.timestamp().unwrap_or(i64::MAX);
        if lefts > 0 {
            let time = end.saturating_sub(self.bounds.upper);
            let leave = |left: &T| (self.join)(Some(left), None, out);
            lefts -= self.left.remove(time, leave)?;
        }
        if rights > 0 {
            let time = end.saturating_add(self.bounds.lower);
            let leave = |right: &U| (self.join)(None, Some(right), out);
            rights -= self.right.remove(time, leave)?;
        }
        if lefts + rights > 0 {
            self.waiting.set((lefts, rights, stamp));
        } else {
            self.waiting.clear();
        }
        Ok(())
    }
}
