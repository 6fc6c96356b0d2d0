//! The split operator: sends a record to every output that selects one of its tags.
//!
//! The tags of a record are gathered in one vector that is reused, so tags that need no memory cost none.

use std::cell::RefCell;

use crate::row::Row;
use crate::task::{Out, Receiver};

/// Splits by tags.
pub(crate) struct Split<F, T, G> {
    tags: F,
    selections: Vec<(Vec<G>, Out<T>)>,
    scratch: RefCell<Vec<G>>,
}

impl<F, T, G> Split<F, T, G> {
    /// Splits by what `tags` says; each output is given with the tags it selects.
    pub(crate) fn new(tags: F, selections: impl IntoIterator<Item = (Vec<G>, Out<T>)>) -> Self {
        Self {
            tags,
            selections: selections.into_iter().collect(),
            scratch: RefCell::new(Vec::new()),
        }
    }
}

impl<T: Row, G: PartialEq, I: IntoIterator<Item = G>, F: Fn(&T) -> I> Receiver<T>
    for Split<F, T, G>
{
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        let mut tags = self.scratch.borrow_mut();
        tags.clear();
        tags.extend((self.tags)(&record));
        let selects = |wanted: &[G]| wanted.iter().any(|tag| tags.contains(tag));
        let mut chosen = self
            .selections
            .iter()
            .filter(|(wanted, _)| selects(wanted))
            .peekable();
        while let Some((_, out)) = chosen.next() {
            if chosen.peek().is_none() {
                out.send(record, timestamp);
                return;
            }
            out.send(record.clone(), timestamp);
        }
    }
}
