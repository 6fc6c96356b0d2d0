//! Joins of two keyed streams: by intervals of event time, or regular ones with a time to live.
//!
//! A pair goes out when its second record comes. An interval join may be outer, since the partners of a record end with
//! time: one that is alone goes out when its interval has ended. A regular join is an inner one: an outer one would have
//! to take back the "no partner" it has said before.

use std::rc::Rc;

use super::{ConnectedStreams, KeyedStream, Stream};
use crate::context::OutputTag;
use crate::row::Row;
use crate::task::Collector;
use crate::transform::{Bounds, IntervalLogic, JoinType, LateOutputs, RegularLogic};

/// Two keyed streams that are joined by an interval of event time.
pub struct IntervalJoin<K, T, U> {
    streams: ConnectedStreams<K, T, U>,
    bounds: Bounds,
    late: LateOutputs<T, U>,
}

/// Two keyed streams that are joined whenever their records come.
pub struct RegularJoin<K, T, U> {
    streams: ConnectedStreams<K, T, U>,
    ttl_ms: Option<i64>,
}

impl<K: Row, T: Row> KeyedStream<K, T> {
    /// Joins the records of this stream (left) with those of another (right) that have the same key and a timestamp
    /// within bounds of theirs; see [`IntervalJoin::between`].
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let clicks = env.source::<(i64, i64)>(Connector::new("clicks")).key_by(|click| click.0);
    ///     let buys = env.source::<(i64, i64)>(Connector::new("buys")).key_by(|buy| buy.0);
    ///     clicks
    ///         .interval_join(buys)
    ///         .between(0, 1000)
    ///         .process(|click, buy, out| out.emit((click.0, click.1, buy.1)))
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push_at(0, &[((7i64, 1i64), 500)]).unwrap();
    /// harness.push_at(1, &[((7i64, 2i64), 1500), ((7, 3), 1501), ((7, 4), 499)]).unwrap();
    /// assert_eq!(harness.records::<(i64, i64, i64)>(0).unwrap(), [(7, 1, 2)]);
    /// ```
    pub fn interval_join<U: Row>(self, other: KeyedStream<K, U>) -> IntervalJoin<K, T, U> {
        IntervalJoin {
            streams: self.connect(other),
            bounds: Bounds { lower: 0, upper: 0 },
            late: LateOutputs {
                left: None,
                right: None,
            },
        }
    }

    /// Joins the records of this stream (left) with all of another (right) that have the same key: every pair once.
    /// Both sides are kept, for good unless [`RegularJoin::ttl_ms`] says otherwise.
    pub fn join<U: Row>(self, other: KeyedStream<K, U>) -> RegularJoin<K, T, U> {
        RegularJoin {
            streams: self.connect(other),
            ttl_ms: None,
        }
    }
}

impl<K: Row, T: Row, U: Row> IntervalJoin<K, T, U> {
    /// A right record joins a left one if its timestamp is from `lower_ms` to `upper_ms` after the left one's, both
    /// inclusive; negative bounds are before it (milliseconds). Without this call both timestamps must be equal.
    #[must_use]
    pub fn between(mut self, lower_ms: i64, upper_ms: i64) -> Self {
        self.bounds = Bounds {
            lower: lower_ms,
            upper: upper_ms,
        };
        self
    }

    /// Takes the lower bound itself out of the interval. Call it after [`IntervalJoin::between`].
    #[must_use]
    pub fn lower_bound_exclusive(mut self) -> Self {
        self.bounds.lower = self.bounds.lower.saturating_add(1);
        self
    }

    /// Takes the upper bound itself out of the interval. Call it after [`IntervalJoin::between`].
    #[must_use]
    pub fn upper_bound_exclusive(mut self) -> Self {
        self.bounds.upper = self.bounds.upper.saturating_sub(1);
        self
    }

    /// Gives late records of the left stream to a side output instead of dropping and counting them.
    #[must_use]
    pub fn side_output_left_late(mut self, tag: OutputTag<T>) -> Self {
        self.late.left = Some(tag);
        self
    }

    /// Gives late records of the right stream to a side output instead of dropping and counting them.
    #[must_use]
    pub fn side_output_right_late(mut self, tag: OutputTag<U>) -> Self {
        self.late.right = Some(tag);
        self
    }

    /// Makes records of each pair. They have the later timestamp of the two.
    pub fn process<O: Row>(
        self,
        join: impl Fn(&T, &U, &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        let pairs = move |left: Option<&T>, right: Option<&U>, out: &mut Collector<'_, O>| {
            if let (Some(left), Some(right)) = (left, right) {
                join(left, right, out);
            }
        };
        self.process_outer(JoinType::Inner, pairs)
    }

    /// As [`IntervalJoin::process`], and of each record that stays without a partner, where the type says so. Such a
    /// record goes out when its interval has ended, with the time at which it ended.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let clicks = env.source::<(i64, i64)>(Connector::new("clicks")).key_by(|click| click.0);
    ///     let buys = env.source::<(i64, i64)>(Connector::new("buys")).key_by(|buy| buy.0);
    ///     clicks
    ///         .interval_join(buys)
    ///         .between(0, 1000)
    ///         .process_outer(JoinType::LeftOuter, |click, buy, out| {
    ///             out.emit((click.map(|click| click.1), buy.map(|buy| buy.1)));
    ///         })
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push_at(0, &[((7i64, 1i64), 500), ((7, 2), 5000)]).unwrap();
    /// harness.push_at(1, &[((7i64, 3i64), 1500), ((7, 4), 3000)]).unwrap();
    /// harness.finish().unwrap();
    /// let joined = harness.records::<(Option<i64>, Option<i64>)>(0).unwrap();
    /// assert_eq!(joined, [(Some(1), Some(3)), (Some(2), None)]);
    /// ```
    pub fn process_outer<O: Row>(
        self,
        join_type: JoinType,
        join: impl Fn(Option<&T>, Option<&U>, &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        let Self {
            streams,
            bounds,
            late,
        } = self;
        let join = Rc::new(join);
        let stream = streams.process(move |ctx| {
            let join = Rc::clone(&join);
            IntervalLogic::<K, T, U, O, _>::open(ctx, bounds, join_type, &late, join)
        });
        let stream = stream.type_name("interval_join");
        if bounds.lower <= bounds.upper {
            return stream;
        }
        stream.refuse(&format!(
            "its interval from {} to {} ms is empty, give a lower bound that is not above the upper one",
            bounds.lower, bounds.upper
        ))
    }
}

impl<K: Row, T: Row, U: Row> RegularJoin<K, T, U> {
    /// Forgets a record this long after it came, by the operator's clock (milliseconds): it joins nothing from then on.
    #[must_use]
    pub fn ttl_ms(mut self, ttl_ms: i64) -> Self {
        self.ttl_ms = Some(ttl_ms);
        self
    }

    /// Makes records of each pair. They have the timestamp of the record that came second.
    pub fn process<O: Row>(
        self,
        join: impl Fn(&T, &U, &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        let (ttl_ms, join) = (self.ttl_ms, Rc::new(join));
        let stream = self
            .streams
            .process(move |ctx| RegularLogic::<K, T, U, O, _>::open(ctx, ttl_ms, Rc::clone(&join)));
        let stream = stream.type_name("join");
        match ttl_ms {
            Some(..=0) => {
                stream.refuse("its time to live is less than 1 ms, so nothing would join")
            }
            _ => stream,
        }
    }
}
