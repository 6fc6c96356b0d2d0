//! The rolling ranking of a key: its best records so far, emitted whenever it changes.
//!
//! The ranking is one value of at most `n` records; a record that does not enter it costs no write.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::error::Outcome;
use crate::keyed::{KeyedContext, KeyedProcess};
use crate::row::Row;
use crate::state::ValueState;
use crate::task::Collector;

/// Keeps the `n` records of a key with the greatest ranks, best first; among equals the earlier one is better.
pub(crate) struct TopN<K, T: Row, F> {
    pub(crate) best: ValueState<Vec<T>>,
    pub(crate) n: usize,
    pub(crate) rank: Rc<F>,
    pub(crate) key: PhantomData<fn() -> K>,
}

impl<K: Row, T: Row, R: PartialOrd, F: Fn(&T) -> R + 'static> KeyedProcess for TopN<K, T, F> {
    type Key = K;
    type In = T;
    type Out = (K, Vec<T>);

    fn process(
        &mut self,
        record: T,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, (K, Vec<T>)>,
    ) -> Outcome {
        let rank = (self.rank)(&record);
        let place = self.best.with(|best| {
            let best = best.map_or(&[][..], Vec::as_slice);
            best.partition_point(|other| (self.rank)(other) >= rank)
        });
        if place >= self.n {
            return Ok(());
        }
        let n = self.n;
        let ranking = self.best.modify(Vec::new(), |best| {
            best.insert(place, record);
            best.truncate(n);
            best.clone()
        });
        out.emit((ctx.key().clone(), ranking));
        Ok(())
    }
}
