//! What a keyed stream keeps per key and emits with every record: reductions, folds, sums, extremes, averages,
//! rankings, and the records that are new.
//!
//! Each is one value of keyed state, so it survives failures and rescaling. Nothing is ever removed but by
//! [`KeyedStream::dedup_within_ms`]: state grows with the number of keys. What should end with time belongs into a
//! window.

use std::marker::PhantomData;
use std::rc::Rc;

use super::{KeyedStream, Stream};
use crate::number::Number;
use crate::row::Row;
use crate::transform::{Dedup, Rolling, TopN};

impl<K: Row, T: Row> KeyedStream<K, T> {
    fn rolling<A: Row, O: Row>(
        self,
        type_name: &'static str,
        state: &'static str,
        step: impl Fn(&K, &mut Option<A>, T) -> O + 'static,
    ) -> Stream<O> {
        let step = Rc::new(step);
        let stream = self.process(move |ctx| Rolling {
            kept: ctx.value_state(state),
            step: Rc::clone(&step),
            types: PhantomData::<fn(K, T) -> O>,
        });
        stream.type_name(type_name)
    }

    /// Keeps one record per key, merged with every new one, and emits it each time.
    pub fn reduce(self, reduce: impl Fn(T, T) -> T + 'static) -> Stream<T> {
        self.rolling("reduce", "reduced", move |_key, kept, record| {
            let reduced = match kept.take() {
                Some(before) => reduce(before, record),
                None => record,
            };
            *kept = Some(reduced.clone());
            reduced
        })
    }

    /// Keeps an accumulator per key, which starts as `init`, and emits it with every record that was added.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     env.source::<i64>(Connector::new("numbers"))
    ///         .key_by(|n| n % 2)
    ///         .fold("=".to_owned(), |text, n| format!("{text}{n}"))
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[1i64, 2, 3]).unwrap();
    /// assert_eq!(harness.records::<String>(0).unwrap(), ["=1", "=2", "=13"]);
    /// ```
    pub fn fold<A: Row>(self, init: A, fold: impl Fn(A, T) -> A + 'static) -> Stream<A> {
        self.rolling("fold", "folded", move |_key, kept, record| {
            let folded = fold(kept.take().unwrap_or_else(|| init.clone()), record);
            *kept = Some(folded.clone());
            folded
        })
    }

    /// Counts the records of each key and emits key and count with every record.
    pub fn count(self) -> Stream<(K, i64)> {
        self.rolling("count", "count", |key: &K, kept, _record| {
            let count = kept.get_or_insert(0i64);
            *count += 1;
            (key.clone(), *count)
        })
    }

    /// Adds a field of the records of each key up and emits key and sum with every record. Integers wrap around.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// # fn job(env: &mut Env) -> Result<(), JobError> {
    /// let orders = env.source::<(String, i64)>(Connector::new("orders"));
    /// orders.key_by(|order| order.0.clone()).sum(|order| order.1).sink(Print::new());
    /// # Ok(())
    /// # }
    /// # let mut harness = Harness::start(&job, &[]).unwrap();
    /// # harness.push(0, &[("a".to_owned(), 1i64), ("a".to_owned(), 2)]).unwrap();
    /// # assert_eq!(harness.records::<(String, i64)>(0).unwrap()[1].1, 3);
    /// ```
    pub fn sum<N: Number>(self, field: impl Fn(&T) -> N + 'static) -> Stream<(K, N)> {
        self.rolling("sum", "sum", move |key: &K, kept, record| {
            let sum = kept.get_or_insert(N::ZERO);
            *sum = sum.plus(field(&record));
            (key.clone(), *sum)
        })
    }

    /// The average of a field of the records of each key, emitted with its key with every record.
    pub fn avg<N: Number>(self, field: impl Fn(&T) -> N + 'static) -> Stream<(K, f64)> {
        self.rolling("avg", "sum-and-count", move |key: &K, kept, record| {
            let (sum, count) = kept.get_or_insert((N::ZERO, 0i64));
            *sum = sum.plus(field(&record));
            *count += 1;
            (key.clone(), sum.to_double() / *count as f64)
        })
    }

    /// The least value of a field of the records of each key, emitted with its key with every record.
    pub fn min<M: Row + PartialOrd>(self, field: impl Fn(&T) -> M + 'static) -> Stream<(K, M)> {
        self.extreme("min", field, |new, old| new < old)
    }

    /// The greatest value of a field of the records of each key, emitted with its key with every record.
    pub fn max<M: Row + PartialOrd>(self, field: impl Fn(&T) -> M + 'static) -> Stream<(K, M)> {
        self.extreme("max", field, |new, old| new > old)
    }

    fn extreme<M: Row + PartialOrd>(
        self,
        type_name: &'static str,
        field: impl Fn(&T) -> M + 'static,
        better: impl Fn(&M, &M) -> bool + 'static,
    ) -> Stream<(K, M)> {
        self.rolling(type_name, "extreme", move |key: &K, kept, record| {
            let new = field(&record);
            let old = kept.get_or_insert_with(|| new.clone());
            if better(&new, old) {
                *old = new;
            }
            (key.clone(), old.clone())
        })
    }

    /// The record of each key with the least value of a field, emitted with every record. Of equal ones the first stays.
    pub fn min_by<M: PartialOrd>(self, field: impl Fn(&T) -> M + 'static) -> Stream<T> {
        self.extreme_by("min_by", move |new, old| field(new) < field(old))
    }

    /// The record of each key with the greatest value of a field, emitted with every record. Of equal ones the first
    /// stays.
    pub fn max_by<M: PartialOrd>(self, field: impl Fn(&T) -> M + 'static) -> Stream<T> {
        self.extreme_by("max_by", move |new, old| field(new) > field(old))
    }

    fn extreme_by(
        self,
        type_name: &'static str,
        better: impl Fn(&T, &T) -> bool + 'static,
    ) -> Stream<T> {
        self.rolling(
            type_name,
            "extreme",
            move |_key, kept: &mut Option<T>, record| {
                match kept {
                    Some(old) if !better(&record, old) => {}
                    _ => *kept = Some(record.clone()),
                }
                kept.clone().unwrap_or(record)
            },
        )
    }

    /// Keeps the `n` records of each key with the greatest ranks and emits the key with all of them, best first,
    /// whenever they change. Among equal ranks the earlier record is better.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     env.source::<i64>(Connector::new("prices"))
    ///         .key_by(|_| 0i64)
    ///         .top_n(2, |price| *price)
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[5i64, 7, 1, 6]).unwrap();
    /// let rankings = harness.records::<(i64, Vec<i64>)>(0).unwrap();
    /// assert_eq!(rankings, [(0, vec![5]), (0, vec![7, 5]), (0, vec![7, 6])]);
    /// ```
    pub fn top_n<R: PartialOrd>(
        self,
        n: usize,
        rank: impl Fn(&T) -> R + 'static,
    ) -> Stream<(K, Vec<T>)> {
        let rank = Rc::new(rank);
        let stream = self.process(move |ctx| TopN {
            best: ctx.value_state("best"),
            n,
            rank: Rc::clone(&rank),
            key: PhantomData::<fn() -> K>,
        });
        let stream = stream.type_name("top_n");
        match n {
            0 => stream.refuse("a ranking of 0 records is always empty, give at least 1"),
            _ => stream,
        }
    }

    /// Lets the first record of each key pass and drops all others. Remembers every key for good.
    pub fn dedup(self) -> Stream<T> {
        self.dedup_for(None)
    }

    /// Lets a record pass if no record of its key has passed less than `within_ms` milliseconds before it: by event
    /// time if it has a timestamp, else by the operator's clock. A key is forgotten when that time is over.
    pub fn dedup_within_ms(self, within_ms: i64) -> Stream<T> {
        let stream = self.dedup_for(Some(within_ms));
        match within_ms {
            1.. => stream,
            _ => stream.refuse("duplicates within less than 1 ms are none, give at least 1"),
        }
    }

    fn dedup_for(self, within_ms: Option<i64>) -> Stream<T> {
        let stream = self.process(move |ctx| Dedup {
            passed: ctx.value_state("passed"),
            within_ms,
            types: PhantomData::<fn(K, T)>,
        });
        stream.type_name("dedup")
    }
}
