//! [`WindowedStream`]: the records of a key grouped into windows, and what can be made of them.
//!
//! The choice between the two window operators is made here and nowhere else.

use std::any::TypeId;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use super::window_setup::Setup;
use super::{KeyedStream, Stream};
use crate::column::TimeDomain;
use crate::context::{OpenContext, OutputTag};
use crate::error::Outcome;
use crate::number::Number;
use crate::row::Row;
use crate::task::{Collector, Place};
use crate::window::{
    Aggregate, AggregateFold, Avg, Count, CountEvictor, CountTrigger, Elements, EventTimeTrigger,
    Evictor, Fold, GlobalWindows, Incremental, Max, Min, ProcessWindow, ProcessingTimeTrigger,
    PurgingTrigger, ReduceFold, Sum, Timestamped, Trigger, Window, WindowAssigner, WindowContext,
    Windowed, fold_all,
};

/// Records of type `T` grouped by a key of type `K` and by window.
pub struct WindowedStream<K, T> {
    pub(super) stream: KeyedStream<K, T>,
    pub(super) setup: Setup<T>,
    evictor: Option<Rc<dyn Evictor<T>>>,
    /// Whether an incremental function is to see all records of the window anew, because an evictor of ours is at work.
    refold: bool,
}

impl<K: Row, T: Row> WindowedStream<K, T> {
    pub(super) fn new(stream: KeyedStream<K, T>, assigner: impl WindowAssigner<T>) -> Self {
        Self {
            stream,
            setup: Setup::new(Rc::new(assigner)),
            evictor: None,
            refold: false,
        }
    }

    /// Windows of `size` records, one every `slide` records.
    pub(super) fn counting(stream: KeyedStream<K, T>, size: i64, slide: i64) -> Self {
        let windows = Self::new(stream, GlobalWindows);
        let mut windows = if size == slide {
            windows.trigger(PurgingTrigger(CountTrigger::of(size)))
        } else {
            let mut windows = windows.trigger(CountTrigger::of(slide));
            windows.evictor = Some(Rc::new(CountEvictor::of(size)));
            windows.refold = true;
            windows
        };
        if size < 1 || slide < 1 {
            windows.setup.defect = Some(format!(
                "windows of {size} records every {slide} are impossible, give positive numbers"
            ));
        }
        windows
    }

    /// Lets windows give results when this trigger says so, instead of at their end.
    #[must_use]
    pub fn trigger<G: Trigger<T>>(mut self, trigger: G) -> Self {
        let default = match self.setup.assigner.domain() {
            TimeDomain::Event => TypeId::of::<EventTimeTrigger>(),
            TimeDomain::Processing => TypeId::of::<ProcessingTimeTrigger>(),
        };
        self.setup.trigger = if TypeId::of::<G>() == default {
            None
        } else {
            Some(Rc::new(trigger))
        };
        self
    }

    /// Removes records of a window before or after its function has seen them.
    #[must_use]
    pub fn evictor(mut self, evictor: impl Evictor<T>) -> Self {
        self.evictor = Some(Rc::new(evictor));
        self.refold = false;
        self
    }

    /// Keeps event-time windows for this long after the watermark has passed them: a late record makes them fire again
    /// (milliseconds). Records that come later still are dropped and counted.
    #[must_use]
    pub fn allowed_lateness_ms(mut self, lateness_ms: i64) -> Self {
        self.setup.lateness_ms = lateness_ms;
        self
    }

    /// Sends records that come after all their windows are over to a side output instead of dropping them. Read it with
    /// `stream.side_output(&tag)` of the result.
    #[must_use]
    pub fn late_output(mut self, tag: &OutputTag<T>) -> Self {
        self.setup.late = Some(tag.name.clone());
        self
    }

    /// Aggregates each window and emits the result with its key and window.
    pub fn aggregate<A: Aggregate<T>>(self, aggregate: A) -> Stream<Windowed<K, A::Out>> {
        self.aggregate_with(aggregate, |key: &K, window, value, out| {
            out.emit(Windowed {
                key: key.clone(),
                window_start: window.start,
                window_end: window.end,
                value,
            });
        })
    }

    /// Aggregates each window and lets `emit` make records of key, window and result.
    pub fn aggregate_with<A: Aggregate<T>, U: Row>(
        self,
        aggregate: A,
        emit: impl Fn(&K, Window, A::Out, &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        let aggregate = Rc::new(aggregate);
        let result = Rc::clone(&aggregate);
        self.fold(
            "aggregate",
            AggregateFold(aggregate),
            move |key, window, acc, out| {
                emit(key, window, result.result(acc), out);
            },
        )
    }

    /// Reduces the records of each window to one and emits it.
    pub fn reduce(self, reduce: impl Fn(T, T) -> T + 'static) -> Stream<T> {
        self.reduce_with(reduce, |_key, _window, record: &T, out| {
            out.emit(record.clone())
        })
    }

    /// Reduces the records of each window to one and lets `emit` make records of key, window and it.
    pub fn reduce_with<U: Row>(
        self,
        reduce: impl Fn(T, T) -> T + 'static,
        emit: impl Fn(&K, Window, &T, &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        self.fold("reduce", ReduceFold(reduce, PhantomData), emit)
    }

    /// Adds a number of each record up.
    pub fn sum<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<K, N>> {
        self.aggregate(Sum(number)).type_name("sum")
    }

    /// The least number of any record.
    pub fn min<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<K, N>> {
        self.aggregate(Min(number)).type_name("min")
    }

    /// The greatest number of any record.
    pub fn max<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<K, N>> {
        self.aggregate(Max(number)).type_name("max")
    }

    /// The mean of a number of each record.
    pub fn avg<N: Number>(self, number: impl Fn(&T) -> N + 'static) -> Stream<Windowed<K, f64>> {
        self.aggregate(Avg(number)).type_name("avg")
    }

    /// How many records there are.
    pub fn count(self) -> Stream<Windowed<K, i64>> {
        self.aggregate(Count).type_name("count")
    }

    /// The first of the records whose `by` is least.
    pub fn min_by<B: PartialOrd>(self, by: impl Fn(&T) -> B + 'static) -> Stream<T> {
        self.reduce(move |a, b| if by(&b) < by(&a) { b } else { a })
            .type_name("min_by")
    }

    /// The first of the records whose `by` is greatest.
    pub fn max_by<B: PartialOrd>(self, by: impl Fn(&T) -> B + 'static) -> Stream<T> {
        self.reduce(move |a, b| if by(&b) > by(&a) { b } else { a })
            .type_name("max_by")
    }

    /// Gives key, window and all records of each window, in the order in which they came, to a function.
    pub fn process<U: Row>(
        self,
        function: impl Fn(&K, Window, &[Timestamped<T>], &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        let function = Rc::new(function);
        self.with_elements("process", move |_ctx| {
            let function = Rc::clone(&function);
            move |key: &K,
                  ctx: &WindowContext,
                  elements: &[Timestamped<T>],
                  out: &mut Collector<'_, U>| {
                function(key, ctx.window(), elements, out);
                Ok(())
            }
        })
    }

    /// Runs logic of your own over key, window and all records of each window. The factory runs in planning mode too:
    /// see [`OpenContext`]; it may ask for side outputs and counters, but not for keyed state.
    pub fn process_with<P: ProcessWindow<Key = K, In = T>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        self.with_elements("process", move |ctx| {
            let logic = RefCell::new(factory(ctx));
            let timestamp = ctx.timestamp_cell();
            move |key: &K,
                  ctx: &WindowContext,
                  elements: &[Timestamped<T>],
                  out: &mut Collector<'_, P::Out>| {
                timestamp.set(ctx.timestamp);
                logic.borrow_mut().process(key, ctx, elements, out)
            }
        })
    }

    /// Adds an operator that keeps the records of its windows.
    fn with_elements<U: Row, E>(
        self,
        type_name: &'static str,
        make: impl Fn(&mut OpenContext<'_>) -> E + 'static,
    ) -> Stream<U>
    where
        E: Fn(&K, &WindowContext, &[Timestamped<T>], &mut Collector<'_, U>) -> Outcome + 'static,
    {
        let place = Place::default();
        let mut planning = OpenContext::planning(&place, false);
        drop(make(&mut planning));
        let declared = planning.finish();
        let contents = Elements {
            evictor: self.evictor,
        };
        let mut setup = self.setup;
        if setup.defect.is_none() {
            setup.defect = contents
                .evictor
                .as_ref()
                .and_then(|evictor| evictor.defect());
        }
        let node = setup.general::<K, U, _, E>(type_name, declared, contents, make);
        self.stream.add(node)
    }

    /// Adds an operator with an incremental function.
    fn fold<F: Fold<T>, U: Row>(
        self,
        type_name: &'static str,
        fold: F,
        emit: impl Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        if self.refold {
            let (fold, emit) = (Rc::new(fold), Rc::new(emit));
            return self.with_elements(type_name, move |_ctx| {
                let (fold, emit) = (Rc::clone(&fold), Rc::clone(&emit));
                move |key: &K,
                      ctx: &WindowContext,
                      elements: &[Timestamped<T>],
                      out: &mut Collector<'_, U>| {
                    if let Some(acc) = fold_all(&*fold, elements) {
                        emit(key, ctx.window(), &acc, out);
                    }
                    Ok(())
                }
            });
        }
        let mut setup = self.setup;
        if self.evictor.is_some() {
            let text = "an evictor needs the records of the window, which an incremental function does not keep: use process";
            setup.defect.get_or_insert_with(|| text.to_owned());
        }
        let node = match setup.sliced() {
            Some(assigner) => setup.slices::<K, U, F>(assigner, type_name, fold, emit),
            None => {
                let declared = OpenContext::planning(&Place::default(), false).finish();
                let emit = Rc::new(emit);
                setup.general::<K, U, _, _>(
                    type_name,
                    declared,
                    Incremental { fold },
                    move |_ctx| {
                        let emit = Rc::clone(&emit);
                        move |key: &K,
                              ctx: &WindowContext,
                              acc: &F::Acc,
                              out: &mut Collector<'_, U>| {
                            emit(key, ctx.window(), acc, out);
                            Ok(())
                        }
                    },
                )
            }
        };
        self.stream.add(node)
    }
}
