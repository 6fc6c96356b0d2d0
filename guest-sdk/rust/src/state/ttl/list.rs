//! [`TtlListState`]: a list per key whose elements expire one by one.

use std::rc::Rc;

use super::{Expire, Lifetime, Timed};
use crate::error::Error;
use crate::row::Row;
use crate::state::ListState;

/// A list per key whose elements expire one by one; see [`Ttl`](crate::Ttl).
pub struct TtlListState<T: Row> {
    elements: Rc<Elements<T>>,
}

struct Elements<T: Row> {
    state: ListState<Timed<T>>,
    lifetime: Rc<Lifetime>,
}

impl<T: Row> TtlListState<T> {
    pub(super) fn open(
        state: ListState<Timed<T>>,
        lifetime: Rc<Lifetime>,
    ) -> (Self, Rc<dyn Expire>) {
        let elements = Rc::new(Elements { state, lifetime });
        let kept: Rc<Elements<T>> = Rc::clone(&elements);
        (Self { elements }, kept)
    }

    /// Appends an element to the list of the key.
    pub fn add(&self, element: T) {
        let Elements { state, lifetime } = &*self.elements;
        if let Some(now) = lifetime.now() {
            let value = element;
            state.add(Timed { at: now, value });
            lifetime.begin(now);
        }
    }

    /// The elements of the key's list that live, oldest first.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn get(&self) -> Result<Vec<T>, Error> {
        let Elements { state, lifetime } = &*self.elements;
        let Some(now) = lifetime.now() else {
            return Ok(Vec::new());
        };
        let mut living = state.get()?;
        living.retain(|held| !lifetime.is_over(held.at, now));
        if lifetime.refreshes() && !living.is_empty() {
            living.iter_mut().for_each(|held| held.at = now);
            self.elements.replace(living.clone());
            lifetime.begin(now);
        }
        Ok(living.into_iter().map(|held| held.value).collect())
    }

    /// Removes the list of the key.
    pub fn clear(&self) {
        self.elements.state.clear();
    }
}

impl<T: Row> Elements<T> {
    fn replace(&self, elements: Vec<Timed<T>>) {
        self.state.clear();
        elements
            .into_iter()
            .for_each(|element| self.state.add(element));
    }
}

impl<T: Row> Expire for Elements<T> {
    fn lifetime(&self) -> &Lifetime {
        &self.lifetime
    }

    fn expire(&self, time: i64) -> Result<(), Error> {
        let mut held = self.state.get()?;
        let before = held.len();
        held.retain(|element| !self.lifetime.is_over(element.at, time));
        if held.len() < before {
            self.replace(held);
        }
        Ok(())
    }
}
