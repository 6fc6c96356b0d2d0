//! Heads: operators that are fed by the task's inputs, batch by batch.
//!
//! A head decodes records and drives its operator statically, so the first operator of a chain costs no dynamic call.

use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::receiver::Receiver;
use super::shared::Shared;
use crate::column::Batch;
use crate::row::Row;

/// An operator at an input of the task.
pub(crate) trait Head {
    /// Tells the operator which records come next, before any of them: a chance to load their state at once.
    fn prepare(&self, batch: &Batch);

    /// Processes the records of `range`, all of them if `to_the_end`, else until the call should stop. Returns the
    /// index after the last one it has begun.
    fn run(&self, batch: &Batch, range: Range<usize>, to_the_end: bool) -> usize;
}

/// A head without keyed state.
pub(crate) struct DecodingHead<R, T> {
    receiver: Rc<R>,
    shared: Rc<Shared>,
    record: PhantomData<fn(T)>,
}

impl<R, T> DecodingHead<R, T> {
    pub(crate) fn new(receiver: Rc<R>, shared: &Rc<Shared>) -> Self {
        Self {
            receiver,
            shared: Rc::clone(shared),
            record: PhantomData,
        }
    }
}

impl<T: Row, R: Receiver<T>> Head for DecodingHead<R, T> {
    fn prepare(&self, _batch: &Batch) {}

    fn run(&self, batch: &Batch, range: Range<usize>, to_the_end: bool) -> usize {
        let shared = &*self.shared;
        for_each_value(batch, range, |index, value| {
            match T::decode(value) {
                Ok(record) => self.receiver.receive(record, batch.timestamp(index)),
                Err(error) => shared.fail(error),
            }
            shared.stopping() && (!to_the_end || shared.failed())
        })
    }
}

/// Calls `each` with index and bytes of the values of `range` until it answers that it should stop. Returns the index
/// after the last call.
#[inline]
pub(crate) fn for_each_value(
    batch: &Batch,
    range: Range<usize>,
    each: impl FnMut(usize, &[u8]) -> bool,
) -> usize {
    let end = walk(batch, range, each);
    UNDER_WAY.store(u32::MAX, Ordering::Relaxed);
    end
}

#[inline]
fn walk(batch: &Batch, range: Range<usize>, mut each: impl FnMut(usize, &[u8]) -> bool) -> usize {
    let values = &batch.values;
    if values.ends.is_empty() {
        let width = values.data.len() / batch.len().max(1);
        for index in range.clone() {
            UNDER_WAY.store(index as u32, Ordering::Relaxed);
            if each(index, &values.data[index * width..(index + 1) * width]) {
                return index + 1;
            }
        }
    } else {
        let mut start = match range.start {
            0 => 0,
            first => values.ends[first - 1] as usize,
        };
        for index in range.clone() {
            let end = values.ends[index] as usize;
            UNDER_WAY.store(index as u32, Ordering::Relaxed);
            if each(index, &values.data[start..end]) {
                return index + 1;
            }
            start = end;
        }
    }
    range.end
}

/// The record being processed, for the text of a panic; a plain store in a guest, which has one thread.
static UNDER_WAY: AtomicU32 = AtomicU32::new(u32::MAX);

/// Index in its batch of the record being processed, if one is.
#[cfg(target_family = "wasm")]
pub(crate) fn record_under_way() -> Option<u32> {
    let index = UNDER_WAY.load(Ordering::Relaxed);
    (index != u32::MAX).then_some(index)
}
