//! What a window gathers: one accumulator, or its records (`elements.rs`).
//!
//! Contents live in the cache of the operator while a call lasts; what changed is written at its end, deletions before
//! puts before appends.

use serde_json::Value;

use super::{Fold, WindowContext};
use crate::column::Column;
use crate::error::{Error, Outcome};
use crate::host::{Addresses, Host};
use crate::row::{Row, decode_array, encode_array, schema_of};

/// A key and its width, or a sub-key and its width.
pub(crate) type Part<'a> = (Option<usize>, &'a [u8]);

/// How the records of a window are kept. `Held` is what one window has in the cache.
pub(crate) trait Contents<T: Row>: 'static {
    /// The contents of one window.
    type Held: Default;
    /// What the window function is shown.
    type View: ?Sized;

    /// Kind of the state; see `wit/MANIFEST.md`.
    const KIND: &'static str;
    /// Whether a record can only be added to what was read.
    const READS: bool;

    /// Schema of the state's values.
    fn schema() -> Value;
    /// Tells that the host has nothing of the window.
    fn begin(held: &mut Self::Held);
    /// Whether the stored contents are known.
    fn is_read(held: &Self::Held) -> bool;
    /// Tells the stored contents.
    ///
    /// # Errors
    /// They are malformed.
    fn read(&self, held: &mut Self::Held, stored: Option<&[u8]>) -> Result<(), Error>;
    /// Adds a record.
    fn add(&self, held: &mut Self::Held, record: T, timestamp: i64);
    /// Adds the contents of a window that was merged into this one. Both are known.
    fn merge(&self, held: &mut Self::Held, other: Self::Held);
    /// Drops everything.
    fn purge(&self, held: &mut Self::Held);
    /// Shows the contents to the window function unless there are none. They are known.
    ///
    /// # Errors
    /// What the function returns.
    fn show(
        &self,
        held: &mut Self::Held,
        ctx: &WindowContext,
        function: impl FnOnce(&Self::View) -> Outcome,
    ) -> Outcome;
    /// Schema of a set of merging windows with their contents, if the contents can be part of it.
    fn set_schema() -> Option<Value> {
        None
    }
    /// Writes a set of merging windows with their contents.
    fn write_set<'a>(
        _count: usize,
        _members: impl Iterator<Item = (Member, &'a Self::Held)>,
        _out: &mut Vec<u8>,
    ) {
    }
    /// Reads a set of merging windows with their contents.
    ///
    /// # Errors
    /// It is malformed.
    fn read_set(_stored: &[u8], _each: impl FnMut(Member, Self::Held)) -> Result<(), Error> {
        Ok(())
    }

    /// Writes what has changed.
    fn write(&self, held: &mut Self::Held, key: Part<'_>, address: Part<'_>, writes: &mut Writes);
}

/// A live window in the merging window set: its bounds and its address.
pub(crate) type Member = (i64, i64, i64, i64);

/// The writes of a call to one state.
#[derive(Default)]
pub(crate) struct Writes {
    pub(crate) deletes: Addresses,
    pub(crate) puts: Addresses,
    pub(crate) put_values: Column,
    pub(crate) appends: Addresses,
    pub(crate) append_values: Column,
}

impl Writes {
    /// Sends everything.
    pub(crate) fn send(&mut self, host: &dyn Host, state: u32) {
        if self.deletes.count > 0 {
            host.delete_many(state, &mut self.deletes);
            self.deletes.clear();
        }
        if self.puts.count > 0 {
            host.put_many(state, &mut self.puts, &mut self.put_values);
            self.puts.clear();
            self.put_values.clear();
        }
        if self.appends.count > 0 {
            host.append_many(state, &mut self.appends, &mut self.append_values);
            self.appends.clear();
            self.append_values.clear();
        }
    }
}

/// One accumulator per window.
pub(crate) struct Incremental<F> {
    pub(crate) fold: F,
}

/// A live window and its accumulator, which is there from the first record on.
type FoldedMember<A> = (i64, i64, i64, i64, A);

/// The accumulator of a window.
pub(crate) struct Folded<A> {
    acc: Option<A>,
    read: bool,
}

impl<A> Default for Folded<A> {
    fn default() -> Self {
        Self {
            acc: None,
            read: false,
        }
    }
}

impl<T: Row, F: Fold<T>> Contents<T> for Incremental<F> {
    type Held = Folded<F::Acc>;
    type View = F::Acc;

    const KIND: &'static str = "value";
    const READS: bool = true;

    fn schema() -> Value {
        schema_of::<F::Acc>()
    }

    fn begin(held: &mut Self::Held) {
        held.read = true;
    }

    #[inline]
    fn is_read(held: &Self::Held) -> bool {
        held.read
    }

    fn read(&self, held: &mut Self::Held, stored: Option<&[u8]>) -> Result<(), Error> {
        held.read = true;
        held.acc = stored.map(F::Acc::decode).transpose()?;
        Ok(())
    }

    #[inline]
    fn add(&self, held: &mut Self::Held, record: T, _timestamp: i64) {
        self.fold.add(&mut held.acc, record);
    }

    fn merge(&self, held: &mut Self::Held, other: Self::Held) {
        match &other.acc {
            Some(later) if held.acc.is_some() => self.fold.merge(&mut held.acc, later),
            _ => held.acc = held.acc.take().or(other.acc),
        }
    }

    fn purge(&self, held: &mut Self::Held) {
        held.acc = None;
        held.read = true;
    }

    fn show(
        &self,
        held: &mut Self::Held,
        _ctx: &WindowContext,
        function: impl FnOnce(&F::Acc) -> Outcome,
    ) -> Outcome {
        held.acc.as_ref().map_or(Ok(()), function)
    }

    fn set_schema() -> Option<Value> {
        Some(schema_of::<Vec<FoldedMember<F::Acc>>>())
    }

    fn write_set<'a>(
        count: usize,
        members: impl Iterator<Item = (Member, &'a Self::Held)>,
        out: &mut Vec<u8>,
    ) {
        let with_acc = |((start, end, from, until), held): (Member, &Self::Held)| {
            held.acc.clone().map(|acc| (start, end, from, until, acc))
        };
        encode_array::<FoldedMember<F::Acc>>(count, members.filter_map(with_acc), out);
    }

    fn read_set(stored: &[u8], mut each: impl FnMut(Member, Self::Held)) -> Result<(), Error> {
        type Set<A> = Vec<FoldedMember<A>>;
        decode_array::<Set<F::Acc>, FoldedMember<F::Acc>>(
            stored,
            |(start, end, from, until, acc)| {
                let held = Folded {
                    acc: Some(acc),
                    read: true,
                };
                each((start, end, from, until), held);
            },
        )
    }

    fn write(&self, held: &mut Self::Held, key: Part<'_>, address: Part<'_>, writes: &mut Writes) {
        if let Some(acc) = &held.acc {
            writes.puts.push(key, address);
            acc.encode(&mut writes.put_values.data);
            writes.put_values.close(F::Acc::WIDTH);
        } else if held.read {
            writes.deletes.push(key, address);
        }
    }
}

/// A fold over the records of a window that keeps them, for evictors of the SDK's own.
pub(crate) fn fold_all<T: Row, F: Fold<T>>(
    fold: &F,
    elements: &[super::Timestamped<T>],
) -> Option<F::Acc> {
    let mut acc = None;
    for element in elements {
        fold.add(&mut acc, element.record.clone());
    }
    acc
}
