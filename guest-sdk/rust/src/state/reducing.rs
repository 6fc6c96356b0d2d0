//! [`ReducingState`]: a value per key into which everything that is added is reduced at once.

use super::value_cell::ValueCell;
use crate::row::Row;

/// A value per key into which everything that is added is reduced; stored as a value state.
pub struct ReducingState<T: Row> {
    value: ValueCell<T>,
    reduce: Box<dyn Fn(T, T) -> T>,
}

impl<T: Row> ReducingState<T> {
    pub(crate) fn new(value: ValueCell<T>, reduce: impl Fn(T, T) -> T + 'static) -> Self {
        Self {
            value,
            reduce: Box::new(reduce),
        }
    }

    /// Reduces an element into the value of the key; the first one is the value.
    #[inline]
    pub fn add(&self, element: T) {
        self.value.update(|held| {
            *held = Some(match held.take() {
                Some(value) => (self.reduce)(value, element),
                None => element,
            });
        });
    }

    /// The value of the key, if anything was added.
    #[inline]
    pub fn get(&self) -> Option<T> {
        self.value.with(|value| value.cloned())
    }

    /// Forgets what was added for the key.
    pub fn clear(&self) {
        self.value.clear();
    }
}
