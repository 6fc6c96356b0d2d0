//! The regular join: every pair of equal key, whenever its records came.
//!
//! Both sides are kept. With a time to live a record is forgotten when it is that old by the operator's clock: it joins
//! nothing from that moment on, and a timer removes it soon after. Timers stand on a grid, so that a busy key has few.

use std::rc::Rc;

use crate::column::TimeDomain;
use crate::context::OpenContext;
use crate::error::{Error, Outcome};
use crate::keyed::{KeyedCoProcess, KeyedContext};
use crate::row::Row;
use crate::state::{MapState, ValueState};
use crate::task::Collector;

/// When a record came (milliseconds), and a number that tells records of one time apart.
type Stamp = (i64, i64);

/// How many records of a key are kept on the left and on the right, and how many stamps were given out.
type Kept = (i64, i64, i64);

/// Timers of a key within the time to live of a record.
const TIMERS_PER_TTL: i64 = 4;

/// The join of `T` and `U` by key `K` to `O`.
pub(crate) struct RegularLogic<K, T: Row, U: Row, O, F> {
    left: MapState<Stamp, T>,
    right: MapState<Stamp, U>,
    kept: ValueState<Kept>,
    ttl_ms: Option<i64>,
    join: Rc<F>,
    types: std::marker::PhantomData<fn(K) -> O>,
}

impl<K, T: Row, U: Row, O, F> RegularLogic<K, T, U, O, F> {
    pub(crate) fn open(ctx: &mut OpenContext<'_>, ttl_ms: Option<i64>, join: Rc<F>) -> Self {
        Self {
            left: ctx.map_state("left"),
            right: ctx.map_state("right"),
            kept: ctx.value_state("kept"),
            ttl_ms,
            join,
            types: std::marker::PhantomData,
        }
    }

    /// The latest time of records that have been forgotten by now.
    fn forgotten(&self, now: i64) -> i64 {
        self.ttl_ms.map_or(i64::MIN, |ttl| now.saturating_sub(ttl))
    }

    /// Has a record that comes now removed when it is forgotten.
    fn remember<Q: Row>(&self, ctx: &mut KeyedContext<'_, Q>) {
        if let Some(ttl) = self.ttl_ms {
            let grid = (ttl / TIMERS_PER_TTL).max(1);
            let end = ctx.processing_time().saturating_add(ttl);
            let cell = end.saturating_add(grid - 1).div_euclid(grid);
            ctx.register_processing_timer(cell.saturating_mul(grid));
        }
    }
}

/// The records of a side that came after a time.
fn after<T: Row>(side: &MapState<Stamp, T>, time: i64) -> Result<Vec<(Stamp, T)>, Error> {
    side.range(&(time.saturating_add(1), i64::MIN), &(i64::MAX, i64::MAX))
}

/// Removes the records of a side that came up to a time; returns how many.
fn remove<T: Row>(side: &MapState<Stamp, T>, time: i64) -> Result<i64, Error> {
    let over = side.range(&(i64::MIN, i64::MIN), &(time, i64::MAX))?;
    for (stamp, _) in &over {
        side.remove(stamp);
    }
    Ok(over.len() as i64)
}

impl<K: Row, T: Row, U: Row, O: Row, F> KeyedCoProcess for RegularLogic<K, T, U, O, F>
where
    F: Fn(&T, &U, &mut Collector<'_, O>) + 'static,
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
        let (lefts, rights, stamp) = self.kept.get().unwrap_or_default();
        let now = ctx.processing_time();
        if rights > 0 {
            for (_, right) in after(&self.right, self.forgotten(now))? {
                (self.join)(&left, &right, out);
            }
        }
        self.left.put(&(now, stamp), &left);
        self.kept.set((lefts + 1, rights, stamp + 1));
        self.remember(ctx);
        Ok(())
    }

    fn process2(
        &mut self,
        right: U,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, O>,
    ) -> Outcome {
        let (lefts, rights, stamp) = self.kept.get().unwrap_or_default();
        let now = ctx.processing_time();
        if lefts > 0 {
            for (_, left) in after(&self.left, self.forgotten(now))? {
                (self.join)(&left, &right, out);
            }
        }
        self.right.put(&(now, stamp), &right);
        self.kept.set((lefts, rights + 1, stamp + 1));
        self.remember(ctx);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, K>,
        _out: &mut Collector<'_, O>,
    ) -> Outcome {
        let Some((mut lefts, mut rights, stamp)) = self.kept.get() else {
            return Ok(());
        };
        let forgotten = self.forgotten(ctx.processing_time());
        if lefts > 0 {
            lefts -= remove(&self.left, forgotten)?;
        }
        if rights > 0 {
            rights -= remove(&self.right, forgotten)?;
        }
        if lefts + rights > 0 {
            self.kept.set((lefts, rights, stamp));
        } else {
            self.kept.clear();
        }
        Ok(())
    }
}
