//! The records of a window, kept as a list that is appended to without being read.
//!
//! A list is read when its window gives a result, and forgotten at the end of the call: what a window gathers may be
//! larger than what an instance should keep.

use std::rc::Rc;

use serde_json::Value;
use wasmill_sdk_macros::Record;

use super::contents::{Contents, Part, Writes};
use super::{Evictor, WindowContext};
use crate::error::{Error, Outcome};
use crate::row::{Row, schema_of};
use crate::state::decode_list;

/// A record of a window and its event time.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct Timestamped<T> {
    /// Event timestamp (milliseconds); the least number if the record has none.
    pub timestamp: i64,
    /// The record.
    pub record: T,
}

/// All records of a window.
pub(crate) struct Elements<T> {
    pub(crate) evictor: Option<Rc<dyn Evictor<T>>>,
}

/// The records of one window, as far as they are known.
pub(crate) struct List<T> {
    /// What was stored, if it was read, and what came in this call.
    elements: Vec<Timestamped<T>>,
    read: bool,
    /// How many of the elements the host has.
    stored: usize,
    /// Whether what the host has is to go first.
    replace: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            elements: Vec::new(),
            read: false,
            stored: 0,
            replace: false,
        }
    }
}

impl<T> List<T> {
    /// Tells that the elements are no longer those of the host with others behind.
    fn changed(&mut self) {
        self.stored = 0;
        self.replace = true;
    }
}

impl<T: Row> Contents<T> for Elements<T> {
    type Held = List<T>;
    type View = [Timestamped<T>];

    const KIND: &'static str = "list";
    const READS: bool = false;

    fn schema() -> Value {
        schema_of::<Timestamped<T>>()
    }

    fn begin(held: &mut List<T>) {
        held.read = true;
    }

    fn is_read(held: &List<T>) -> bool {
        held.read
    }

    fn read(&self, held: &mut List<T>, stored: Option<&[u8]>) -> Result<(), Error> {
        held.read = true;
        let Some(stored) = stored else { return Ok(()) };
        let mut elements = Vec::new();
        decode_list(stored, &mut elements)?;
        held.stored = elements.len();
        elements.append(&mut held.elements);
        held.elements = elements;
        Ok(())
    }

    #[inline]
    fn add(&self, held: &mut List<T>, record: T, timestamp: i64) {
        held.elements.push(Timestamped { timestamp, record });
    }

    fn merge(&self, held: &mut List<T>, other: List<T>) {
        held.elements.extend(other.elements);
    }

    fn purge(&self, held: &mut List<T>) {
        held.elements.clear();
        held.read = true;
        held.changed();
    }

    fn show(
        &self,
        held: &mut List<T>,
        ctx: &WindowContext,
        function: impl FnOnce(&[Timestamped<T>]) -> Outcome,
    ) -> Outcome {
        if held.elements.is_empty() {
            return Ok(());
        }
        let Some(evictor) = &self.evictor else {
            return function(&held.elements);
        };
        let count = held.elements.len();
        evictor.evict_before(&mut held.elements, ctx);
        let outcome = if held.elements.is_empty() {
            Ok(())
        } else {
            function(&held.elements)
        };
        evictor.evict_after(&mut held.elements, ctx);
        if held.elements.len() != count {
            held.changed();
        }
        outcome
    }

    fn write(&self, held: &mut List<T>, key: Part<'_>, address: Part<'_>, writes: &mut Writes) {
        if held.replace {
            writes.deletes.push(key, address);
        }
        for element in &held.elements[held.stored..] {
            writes.appends.push(key, address);
            element.encode(&mut writes.append_values.data);
            writes.append_values.close(Timestamped::<T>::WIDTH);
        }
        *held = List::default();
    }
}
