//! Lookups through a bounded cache: what was computed for a key lately is not computed again.
//!
//! The cache lives in the instance and may be gone between any two calls, so what it holds must follow from the key
//! alone: results never depend on what is cached. Where the answer comes from another stream it is keyed state, not
//! this: connect the streams, or join them.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::Outcome;
use crate::operator::{Process, ProcessContext};
use crate::row::Row;
use crate::task::Collector;

/// A map of at most `capacity` entries that drops the one that was not used for the longest time.
///
/// It is a cache and nothing else: an operator may lose its fields between two calls.
///
/// ```
/// use wasmill_sdk::LruCache;
///
/// let mut squares = LruCache::new(2);
/// for n in [1, 2, 1, 3] {
///     assert_eq!(*squares.get_or_insert_with(n, |n| n * n), n * n);
/// }
/// assert!(squares.contains(&1) && squares.contains(&3));
/// assert!(!squares.contains(&2));
/// ```
#[derive(Clone, Debug)]
pub struct LruCache<Q, V> {
    capacity: usize,
    /// Values, with the turn in which they were used last.
    entries: BTreeMap<Q, (u64, V)>,
    /// Keys by that turn.
    turns: BTreeMap<u64, Q>,
    turn: u64,
}

impl<Q: Ord + Clone, V> LruCache<Q, V> {
    /// An empty cache of at most `capacity` entries, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            entries: BTreeMap::new(),
            turns: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Whether the key is cached. Does not count as a use.
    pub fn contains(&self, key: &Q) -> bool {
        self.entries.contains_key(key)
    }

    /// The value of the key, which `load` gives if it is not cached.
    pub fn get_or_insert_with(&mut self, key: Q, load: impl FnOnce(&Q) -> V) -> &V {
        self.turn += 1;
        let turn = self.turn;
        if let Some((used, _)) = self.entries.get_mut(&key) {
            self.turns.remove(used);
            *used = turn;
        } else if self.entries.len() >= self.capacity
            && let Some((_, oldest)) = self.turns.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.turns.insert(turn, key.clone());
        let entry = self.entries.entry(key);
        let (_, value) = &*entry.or_insert_with_key(|key| (turn, load(key)));
        value
    }
}

/// Enriches records by what `load` says about their key.
pub(crate) struct Lookup<T, Q, V, U, K, L, J> {
    pub(crate) cache: LruCache<Q, V>,
    pub(crate) functions: Rc<(K, L, J)>,
    pub(crate) types: std::marker::PhantomData<fn(T) -> U>,
}

impl<T: Row, Q, V, U: Row, K, L, J> Process for Lookup<T, Q, V, U, K, L, J>
where
    Q: Ord + Clone + 'static,
    V: 'static,
    K: Fn(&T) -> Q + 'static,
    L: Fn(&Q) -> V + 'static,
    J: Fn(T, &V) -> U + 'static,
{
    type In = T;
    type Out = U;

    fn process(
        &mut self,
        record: T,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, U>,
    ) -> Outcome {
        let (key, load, join) = &*self.functions;
        let found = self.cache.get_or_insert_with(key(&record), load);
        out.emit(join(record, found));
        Ok(())
    }
}
