//! [`TtlValueState`]: one value per key that expires.

use std::rc::Rc;

use super::{Expire, Lifetime, Timed};
use crate::error::Error;
use crate::row::Row;
use crate::state::ValueState;

/// One value per key that expires; see [`Ttl`](crate::Ttl).
#[derive(Clone)]
pub struct TtlValueState<T: Row> {
    cell: Rc<Cell<T>>,
}

struct Cell<T: Row> {
    state: ValueState<Timed<T>>,
    lifetime: Rc<Lifetime>,
}

impl<T: Row> TtlValueState<T> {
    pub(super) fn open(
        state: ValueState<Timed<T>>,
        lifetime: Rc<Lifetime>,
    ) -> (Self, Rc<dyn Expire>) {
        let cell = Rc::new(Cell { state, lifetime });
        let kept: Rc<Cell<T>> = Rc::clone(&cell);
        (Self { cell }, kept)
    }

    /// The value of the key, if it has one that lives.
    pub fn get(&self) -> Option<T> {
        self.with(|value| value.cloned())
    }

    /// Looks at the value of the key without cloning it.
    pub fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        let Cell { state, lifetime } = &*self.cell;
        let Some(now) = lifetime.now() else {
            return look(None);
        };
        let lives = |held: &Timed<T>| !lifetime.is_over(held.at, now);
        if lifetime.refreshes() && state.with(|held| held.is_some_and(lives)) {
            state.update(|held| {
                if let Some(held) = held {
                    held.at = now;
                }
            });
            lifetime.begin(now);
        }
        state.with(|held| look(held.filter(|held| lives(held)).map(|held| &held.value)))
    }

    /// Sets the value of the key.
    pub fn set(&self, value: T) {
        self.update(|held| *held = Some(value));
    }

    /// Changes the value of the key in place, starting from `default` if there is none that lives.
    pub fn modify<R: Default>(&self, default: T, change: impl FnOnce(&mut T) -> R) -> R {
        self.update(|held| change(held.get_or_insert(default)))
    }

    /// Changes the value of the key in place; leaving `None` removes it.
    pub fn update<R: Default>(&self, change: impl FnOnce(&mut Option<T>) -> R) -> R {
        let Cell { state, lifetime } = &*self.cell;
        let Some(now) = lifetime.now() else {
            return R::default();
        };
        let mut lives = false;
        let result = state.update(|held| {
            let living = held.take().filter(|held| !lifetime.is_over(held.at, now));
            let mut value = living.map(|held| held.value);
            let result = change(&mut value);
            lives = value.is_some();
            *held = value.map(|value| Timed { at: now, value });
            result
        });
        if lives {
            lifetime.begin(now);
        }
        result
    }

    /// Removes the value of the key.
    pub fn clear(&self) {
        self.cell.state.clear();
    }
}

impl<T: Row> Expire for Cell<T> {
    fn lifetime(&self) -> &Lifetime {
        &self.lifetime
    }

    fn expire(&self, time: i64) -> Result<(), Error> {
        let is_over = |held: &Timed<T>| self.lifetime.is_over(held.at, time);
        if self.state.with(|held| held.is_some_and(is_over)) {
            self.state.clear();
        }
        Ok(())
    }
}
