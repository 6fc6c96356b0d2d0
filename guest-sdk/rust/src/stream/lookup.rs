//! Enrichment by a lookup whose answers are cached in the operator.

use std::marker::PhantomData;
use std::rc::Rc;

use super::Stream;
use crate::row::Row;
use crate::transform::{Lookup, LruCache};

impl<T: Row> Stream<T> {
    /// Enriches each record by what `load` says about its key, keeping the answers for the `entries_max` keys used last.
    ///
    /// `load` must be a function of the key alone, and one that is worth caching: a search in a table, a computation.
    /// The cache may be gone between two calls, so results cannot depend on it. What another stream says about a key is
    /// keyed state instead: use [`connect`](crate::KeyedStream::connect) or [`join`](crate::KeyedStream::join).
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     env.source::<i64>(Connector::new("numbers"))
    ///         .lookup(1000, |n| n % 100, |n| format!("({n})"), |n, text| format!("{n} {text}"))
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[107i64, 207]).unwrap();
    /// assert_eq!(harness.records::<String>(0).unwrap(), ["107 (7)", "207 (7)"]);
    /// ```
    pub fn lookup<Q: Ord + Clone + 'static, V: 'static, U: Row>(
        self,
        entries_max: usize,
        key: impl Fn(&T) -> Q + 'static,
        load: impl Fn(&Q) -> V + 'static,
        join: impl Fn(T, &V) -> U + 'static,
    ) -> Stream<U> {
        let functions = Rc::new((key, load, join));
        let stream = self.process(move |_| Lookup {
            cache: LruCache::new(entries_max),
            functions: Rc::clone(&functions),
            types: PhantomData::<fn(T) -> U>,
        });
        stream.type_name("lookup")
    }
}
