//! How the records of a window are folded into one value: aggregates and reductions.
//!
//! Both can be merged, because a sliding window is put together from slices that were folded apart.

use std::marker::PhantomData;

use crate::number::Number;
use crate::row::Row;

/// An incremental aggregation of records of type `T`. Must be a function of its arguments alone.
pub trait Aggregate<T>: 'static {
    /// What is kept while records come in.
    type Acc: Row;
    /// What comes out.
    type Out: Row;

    /// The accumulator of no records.
    fn create(&self) -> Self::Acc;
    /// Adds a record.
    fn add(&self, acc: &mut Self::Acc, record: &T);
    /// Adds what another accumulator has gathered, all of it later in time.
    fn merge(&self, acc: &mut Self::Acc, later: &Self::Acc);
    /// The result.
    fn result(&self, acc: &Self::Acc) -> Self::Out;
}

impl<T, A: Aggregate<T>> Aggregate<T> for std::rc::Rc<A> {
    type Acc = A::Acc;
    type Out = A::Out;

    fn create(&self) -> A::Acc {
        (**self).create()
    }

    #[inline]
    fn add(&self, acc: &mut A::Acc, record: &T) {
        (**self).add(acc, record);
    }

    fn merge(&self, acc: &mut A::Acc, later: &A::Acc) {
        (**self).merge(acc, later);
    }

    fn result(&self, acc: &A::Acc) -> A::Out {
        (**self).result(acc)
    }
}

/// Counts records.
#[derive(Clone, Copy, Debug)]
pub struct Count;

impl<T> Aggregate<T> for Count {
    type Acc = i64;
    type Out = i64;

    fn create(&self) -> i64 {
        0
    }

    #[inline]
    fn add(&self, acc: &mut i64, _record: &T) {
        *acc += 1;
    }

    fn merge(&self, acc: &mut i64, later: &i64) {
        *acc += later;
    }

    fn result(&self, acc: &i64) -> i64 {
        *acc
    }
}

macro_rules! number_aggregate {
    ($(#[$doc:meta])* $name:ident, $start:ident, $fold:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<F>(pub F);

        impl<T, N: Number, F: Fn(&T) -> N + 'static> Aggregate<T> for $name<F> {
            type Acc = N;
            type Out = N;

            fn create(&self) -> N {
                N::$start
            }

            #[inline]
            fn add(&self, acc: &mut N, record: &T) {
                *acc = acc.$fold((self.0)(record));
            }

            #[inline]
            fn merge(&self, acc: &mut N, later: &N) {
                *acc = acc.$fold(*later);
            }

            fn result(&self, acc: &N) -> N {
                *acc
            }
        }
    };
}

number_aggregate!(
    /// Adds a number of each record up.
    Sum, ZERO, plus
);
number_aggregate!(
    /// The least number of any record.
    Min, GREATEST, lesser
);
number_aggregate!(
    /// The greatest number of any record.
    Max, LEAST, greater
);

/// The mean of a number of each record.
#[derive(Clone, Copy, Debug)]
pub struct Avg<F>(pub F);

impl<T, N: Number, F: Fn(&T) -> N + 'static> Aggregate<T> for Avg<F> {
    type Acc = (f64, i64);
    type Out = f64;

    fn create(&self) -> (f64, i64) {
        (0.0, 0)
    }

    #[inline]
    fn add(&self, acc: &mut (f64, i64), record: &T) {
        acc.0 += (self.0)(record).to_double();
        acc.1 += 1;
    }

    fn merge(&self, acc: &mut (f64, i64), later: &(f64, i64)) {
        acc.0 += later.0;
        acc.1 += later.1;
    }

    fn result(&self, acc: &(f64, i64)) -> f64 {
        acc.0 / acc.1 as f64
    }
}

/// What the window operator needs: no accumulator means no records.
pub(crate) trait Fold<T>: 'static {
    type Acc: Row;
    fn add(&self, acc: &mut Option<Self::Acc>, record: T);
    fn merge(&self, acc: &mut Option<Self::Acc>, later: &Self::Acc);
}

/// Folds by an aggregate.
pub(crate) struct AggregateFold<A>(pub(crate) A);

impl<T: 'static, A: Aggregate<T>> Fold<T> for AggregateFold<A> {
    type Acc = A::Acc;

    #[inline]
    fn add(&self, acc: &mut Option<A::Acc>, record: T) {
        self.0
            .add(acc.get_or_insert_with(|| self.0.create()), &record);
    }

    fn merge(&self, acc: &mut Option<A::Acc>, later: &A::Acc) {
        match acc {
            Some(acc) => self.0.merge(acc, later),
            None => *acc = Some(later.clone()),
        }
    }
}

/// Folds by a function of two records.
pub(crate) struct ReduceFold<F, T>(pub(crate) F, pub(crate) PhantomData<fn(T)>);

impl<T: Row, F: Fn(T, T) -> T + 'static> Fold<T> for ReduceFold<F, T> {
    type Acc = T;

    #[inline]
    fn add(&self, acc: &mut Option<T>, record: T) {
        *acc = Some(match acc.take() {
            Some(before) => (self.0)(before, record),
            None => record,
        });
    }

    fn merge(&self, acc: &mut Option<T>, later: &T) {
        self.add(acc, later.clone());
    }
}
