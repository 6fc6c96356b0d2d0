//! [`AggregatingState`]: an accumulator per key, fed with elements and read as a result.

use std::marker::PhantomData;

use super::value_cell::ValueCell;
use crate::window::Aggregate;

/// An accumulator per key into which elements of type `T` are aggregated; stored as a value state.
pub struct AggregatingState<T, A: Aggregate<T>> {
    accumulator: ValueCell<A::Acc>,
    aggregate: A,
    element: PhantomData<fn(T)>,
}

impl<T, A: Aggregate<T>> AggregatingState<T, A> {
    pub(crate) fn new(accumulator: ValueCell<A::Acc>, aggregate: A) -> Self {
        Self {
            accumulator,
            aggregate,
            element: PhantomData,
        }
    }

    /// Adds an element to the accumulator of the key.
    #[inline]
    pub fn add(&self, element: &T) {
        self.accumulator.update(|held| {
            let accumulator = held.get_or_insert_with(|| self.aggregate.create());
            self.aggregate.add(accumulator, element);
        });
    }

    /// The result for the key, if anything was added.
    #[inline]
    pub fn get(&self) -> Option<A::Out> {
        self.accumulator
            .with(|held| held.map(|accumulator| self.aggregate.result(accumulator)))
    }

    /// Forgets what was added for the key.
    pub fn clear(&self) {
        self.accumulator.clear();
    }
}
