//! [`AllWindowedStream`]: the records of a whole stream grouped into windows, at parallelism 1.
//!
//! Underneath all records have one key, so state, timers and checkpoints are those of keyed windows.

use super::{Stream, WindowedStream};
use crate::context::OutputTag;
use crate::number::Number;
use crate::row::Row;
use crate::task::Collector;
use crate::window::{Aggregate, Evictor, Timestamped, Trigger, Window, WindowAssigner, Windowed};

/// The one key of a stream that is grouped by window alone.
type One = i64;

/// Records of type `T` grouped by window. What is made of them runs at parallelism 1.
pub struct AllWindowedStream<T> {
    windows: WindowedStream<One, T>,
}

impl<T: Row> Stream<T> {
    /// Groups all records of the stream into windows, without a key: at parallelism 1.
    pub fn window_all(self, assigner: impl WindowAssigner<T>) -> AllWindowedStream<T> {
        AllWindowedStream::new(self.key_by(|_| 0).window(assigner))
    }

    /// Groups every `size` records of the stream, at parallelism 1. What does not fill a window gives no result.
    pub fn count_window_all(self, size: i64) -> AllWindowedStream<T> {
        AllWindowedStream::new(self.key_by(|_| 0).count_window(size))
    }

    /// Groups the last `size` records of the stream, every `slide` records, at parallelism 1.
    pub fn count_window_all_sliding(self, size: i64, slide: i64) -> AllWindowedStream<T> {
        AllWindowedStream::new(self.key_by(|_| 0).count_window_sliding(size, slide))
    }
}

impl<T: Row> AllWindowedStream<T> {
    fn new(mut windows: WindowedStream<One, T>) -> Self {
        windows.setup.single = true;
        Self { windows }
    }

    fn with(self, change: impl FnOnce(WindowedStream<One, T>) -> WindowedStream<One, T>) -> Self {
        Self {
            windows: change(self.windows),
        }
    }

    /// See [`WindowedStream::trigger`].
    #[must_use]
    pub fn trigger<G: Trigger<T>>(self, trigger: G) -> Self {
        self.with(|windows| windows.trigger(trigger))
    }

    /// See [`WindowedStream::evictor`].
    #[must_use]
    pub fn evictor(self, evictor: impl Evictor<T>) -> Self {
        self.with(|windows| windows.evictor(evictor))
    }

    /// See [`WindowedStream::allowed_lateness_ms`].
    #[must_use]
    pub fn allowed_lateness_ms(self, lateness_ms: i64) -> Self {
        self.with(|windows| windows.allowed_lateness_ms(lateness_ms))
    }

    /// See [`WindowedStream::late_output`].
    #[must_use]
    pub fn late_output(self, tag: &OutputTag<T>) -> Self {
        self.with(|windows| windows.late_output(tag))
    }

    /// Aggregates each window and emits the result with its window; the key is 0.
    pub fn aggregate<A: Aggregate<T>>(self, aggregate: A) -> Stream<Windowed<i64, A::Out>> {
        self.windows.aggregate(aggregate)
    }

    /// Aggregates each window and lets `emit` make records of window and result.
    pub fn aggregate_with<A: Aggregate<T>, U: Row>(
        self,
        aggregate: A,
        emit: impl Fn(Window, A::Out, &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        let emit = move |_: &One, window, value, out: &mut Collector<'_, U>| {
            emit(window, value, out);
        };
        self.windows.aggregate_with(aggregate, emit)
    }

    /// Reduces the records of each window to one and emits it.
    pub fn reduce(self, reduce: impl Fn(T, T) -> T + 'static) -> Stream<T> {
        self.windows.reduce(reduce)
    }

    /// Gives window and all records of each window, in the order in which they came, to a function.
    pub fn process<U: Row>(
        self,
        function: impl Fn(Window, &[Timestamped<T>], &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        self.windows
            .process(move |_: &One, window, elements, out| function(window, elements, out))
    }

    /// See [`WindowedStream::sum`].
    pub fn sum<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<i64, N>> {
        self.windows.sum(number)
    }

    /// See [`WindowedStream::min`].
    pub fn min<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<i64, N>> {
        self.windows.min(number)
    }

    /// See [`WindowedStream::max`].
    pub fn max<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<i64, N>> {
        self.windows.max(number)
    }

    /// See [`WindowedStream::avg`].
    pub fn avg<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<i64, f64>> {
        self.windows.avg(number)
    }

    /// How many records there are.
    pub fn count(self) -> Stream<Windowed<i64, i64>> {
        self.windows.count()
    }

    /// See [`WindowedStream::min_by`].
    pub fn min_by<B: PartialOrd>(self, by: impl Fn(&T) -> B + 'static) -> Stream<T> {
        self.windows.min_by(by)
    }

    /// See [`WindowedStream::max_by`].
    pub fn max_by<B: PartialOrd>(self, by: impl Fn(&T) -> B + 'static) -> Stream<T> {
        self.windows.max_by(by)
    }
}
