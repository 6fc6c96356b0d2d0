//! Rolling aggregation: something is kept per key, every record changes it and gives one record out.
//!
//! All rolling operators are this one with another step. What is kept is read once a batch and written once a call,
//! however many records of a key there are.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::error::Outcome;
use crate::keyed::{KeyedContext, KeyedProcess};
use crate::row::Row;
use crate::state::ValueState;
use crate::task::Collector;

/// Keeps an `A` per key of type `K`; `step` takes the key, what is kept and a record `T`, and says what goes out.
pub(crate) struct Rolling<K, T, A: Row, O, F> {
    pub(crate) kept: ValueState<A>,
    pub(crate) step: Rc<F>,
    pub(crate) types: PhantomData<fn(K, T) -> O>,
}

impl<K: Row, T: Row, A: Row, O: Row, F> KeyedProcess for Rolling<K, T, A, O, F>
where
    F: Fn(&K, &mut Option<A>, T) -> O + 'static,
{
    type Key = K;
    type In = T;
    type Out = O;

    #[inline]
    fn process(
        &mut self,
        record: T,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, O>,
    ) -> Outcome {
        let key = ctx.key();
        let updated = self
            .kept
            .update(|kept| Some((self.step)(key, kept, record)));
        if let Some(updated) = updated {
            out.emit(updated);
        }
        Ok(())
    }
}
