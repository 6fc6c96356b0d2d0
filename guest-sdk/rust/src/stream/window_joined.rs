//! Window joins and co-groups: records of two streams that have equal keys and lie in one window.
//!
//! Both streams become one, whose records say which side they are of; its windows are ordinary ones. So every assigner
//! works, late records are treated as in any window, and a window is joined when it fires.

use std::marker::PhantomData;

use super::{Stream, WindowedStream};
use crate::row::{Row, Side};
use crate::task::Collector;
use crate::transform::JoinType;
use crate::window::{Trigger, Window, WindowAssigner};

/// What becomes of a window: its pairs, or both sides whole.
pub struct Pairs;
/// See [`Pairs`].
pub struct Groups;

/// Two streams to be joined; say by what with [`JoinedStreams::where_key`].
pub struct JoinedStreams<T, U, M> {
    left: Stream<T>,
    right: Stream<U>,
    mode: PhantomData<M>,
}

/// Two streams, of which the key of the left one is known; see [`WhereKey::equal_to`].
pub struct WhereKey<T, U, F, M> {
    streams: JoinedStreams<T, U, M>,
    left_key: F,
}

/// Two streams with their keys; see [`EqualTo::window`].
pub struct EqualTo<K, T, U, M> {
    streams: super::KeyedStream<K, Side<T, U>>,
    mode: PhantomData<M>,
}

/// Two streams with keys and windows.
pub struct JoinedWindows<K, T, U, M> {
    windows: WindowedStream<K, Side<T, U>>,
    mode: PhantomData<M>,
}

impl<T: Row> Stream<T> {
    /// Joins this stream (left) with another (right): pairs of records that have equal keys and lie in the same window.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let clicks = env.source::<(i64, i64)>(Connector::new("clicks"));
    ///     let buys = env.source::<(i64, i64)>(Connector::new("buys"));
    ///     clicks
    ///         .join(buys)
    ///         .where_key(|click| click.0)
    ///         .equal_to(|buy| buy.0)
    ///         .window(Tumbling::of_secs(1))
    ///         .apply(|click, buy, out| out.emit((click.0, click.1, buy.1)))
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push_at(0, &[((7i64, 1i64), 500)]).unwrap();
    /// harness.push_at(1, &[((7i64, 2i64), 999), ((7, 3), 1000)]).unwrap();
    /// harness.finish().unwrap();
    /// assert_eq!(harness.records::<(i64, i64, i64)>(0).unwrap(), [(7, 1, 2)]);
    /// ```
    pub fn join<U: Row>(self, other: Stream<U>) -> JoinedStreams<T, U, Pairs> {
        JoinedStreams {
            left: self,
            right: other,
            mode: PhantomData,
        }
    }

    /// Groups this stream (left) with another (right): for each key and window that has a record of either, all records
    /// of both. This is what outer joins are made of.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let clicks = env.source::<(i64, i64)>(Connector::new("clicks"));
    ///     let buys = env.source::<(i64, i64)>(Connector::new("buys"));
    ///     clicks
    ///         .co_group(buys)
    ///         .where_key(|click| click.0)
    ///         .equal_to(|buy| buy.0)
    ///         .window(Tumbling::of_secs(1))
    ///         .apply(|key, _window, clicks, buys, out| {
    ///             out.emit((*key, clicks.len() as i64, buys.len() as i64));
    ///         })
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push_at(0, &[((7i64, 1i64), 500)]).unwrap();
    /// harness.push_at(1, &[((7i64, 2i64), 999), ((7, 3), 1000)]).unwrap();
    /// harness.finish().unwrap();
    /// assert_eq!(harness.records::<(i64, i64, i64)>(0).unwrap(), [(7, 1, 1), (7, 0, 1)]);
    /// ```
    pub fn co_group<U: Row>(self, other: Stream<U>) -> JoinedStreams<T, U, Groups> {
        JoinedStreams {
            left: self,
            right: other,
            mode: PhantomData,
        }
    }
}

impl<T: Row, U: Row, M> JoinedStreams<T, U, M> {
    /// The key of the left stream.
    pub fn where_key<K: Row, F: Fn(&T) -> K + 'static>(self, key: F) -> WhereKey<T, U, F, M> {
        WhereKey {
            streams: self,
            left_key: key,
        }
    }
}

impl<T: Row, U: Row, F, M> WhereKey<T, U, F, M> {
    /// The key of the right stream.
    pub fn equal_to<K: Row>(self, key: impl Fn(&U) -> K + 'static) -> EqualTo<K, T, U, M>
    where
        F: Fn(&T) -> K + 'static,
    {
        let (left_key, right_key) = (self.left_key, key);
        let left: Stream<Side<T, U>> = self.streams.left.map(Side::Left);
        let right = self.streams.right.map(Side::Right);
        let keyed = left.union(&right).key_by(move |side| match side {
            Side::Left(left) => left_key(left),
            Side::Right(right) => right_key(right),
        });
        EqualTo {
            streams: keyed,
            mode: PhantomData,
        }
    }
}

impl<K: Row, T: Row, U: Row, M> EqualTo<K, T, U, M> {
    /// The windows that records must have in common.
    pub fn window(self, assigner: impl WindowAssigner<Side<T, U>>) -> JoinedWindows<K, T, U, M> {
        JoinedWindows {
            windows: self.streams.window(assigner),
            mode: PhantomData,
        }
    }
}

impl<K: Row, T: Row, U: Row, M> JoinedWindows<K, T, U, M> {
    /// As [`WindowedStream::trigger`].
    #[must_use]
    pub fn trigger<G: Trigger<Side<T, U>>>(mut self, trigger: G) -> Self {
        self.windows = self.windows.trigger(trigger);
        self
    }

    /// As [`WindowedStream::allowed_lateness_ms`].
    #[must_use]
    pub fn allowed_lateness_ms(mut self, lateness_ms: i64) -> Self {
        self.windows = self.windows.allowed_lateness_ms(lateness_ms);
        self
    }

    fn both<O: Row>(
        self,
        type_name: &'static str,
        apply: impl Fn(&K, Window, &[&T], &[&U], &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        let stream = self.windows.process(move |key: &K, window, elements, out| {
            let (mut lefts, mut rights) = (Vec::new(), Vec::new());
            for element in elements {
                match &element.record {
                    Side::Left(left) => lefts.push(left),
                    Side::Right(right) => rights.push(right),
                }
            }
            apply(key, window, &lefts, &rights, out);
        });
        stream.type_name(type_name)
    }
}

impl<K: Row, T: Row, U: Row> JoinedWindows<K, T, U, Pairs> {
    /// Makes records of each pair, when its window fires. They have the timestamp of the window's end.
    pub fn apply<O: Row>(
        self,
        join: impl Fn(&T, &U, &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        self.both("window_join", move |_key, _window, lefts, rights, out| {
            for left in lefts {
                for right in rights {
                    join(left, right, out);
                }
            }
        })
    }

    /// As [`JoinedWindows::apply`], and of each record that has no partner in its window, where the type says so.
    pub fn apply_outer<O: Row>(
        self,
        join_type: JoinType,
        join: impl Fn(Option<&T>, Option<&U>, &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        self.both("window_join", move |_key, _window, lefts, rights, out| {
            for left in lefts {
                for right in rights {
                    join(Some(left), Some(right), out);
                }
            }
            if rights.is_empty() && join_type.keeps_left() {
                lefts.iter().for_each(|left| join(Some(left), None, out));
            }
            if lefts.is_empty() && join_type.keeps_right() {
                rights.iter().for_each(|right| join(None, Some(right), out));
            }
        })
    }
}

impl<K: Row, T: Row, U: Row> JoinedWindows<K, T, U, Groups> {
    /// Makes records of each key and window: of its left records and its right ones, of which one may have none. Each
    /// side is in the order in which its records came.
    pub fn apply<O: Row>(
        self,
        group: impl Fn(&K, Window, &[&T], &[&U], &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        self.both("co_group", group)
    }
}
