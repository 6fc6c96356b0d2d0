//! [`WindowedStream`]: the records of a key grouped into event-time windows, to be folded into one value each.

use std::marker::PhantomData;
use std::rc::Rc;

use super::keyed::keyed_node;
use super::{KeyedStream, Stream};
use crate::context::OpenContext;
use crate::graph::StatePlan;
use crate::row::{Row, schema_of};
use crate::task::{Collector, Place};
use crate::window::{
    Aggregate, AggregateFold, Assigner, Fold, ReduceFold, WINDOW_STATE, Window, WindowNode,
    Windowed,
};

/// Records of type `T` grouped by a key of type `K` and by window.
pub struct WindowedStream<K, T> {
    stream: KeyedStream<K, T>,
    assigner: Assigner,
    lateness_ms: i64,
}

impl<K: Row, T: Row> WindowedStream<K, T> {
    pub(super) fn new(stream: KeyedStream<K, T>, assigner: Assigner) -> Self {
        Self {
            stream,
            assigner,
            lateness_ms: 0,
        }
    }

    /// Keeps windows for this long after the watermark has passed them: a late record makes them fire again
    /// (milliseconds). Records that come later still are dropped and counted.
    #[must_use]
    pub fn allowed_lateness_ms(mut self, lateness_ms: i64) -> Self {
        self.lateness_ms = lateness_ms.max(0);
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

    fn fold<F: Fold<T>, U: Row>(
        self,
        type_name: &'static str,
        fold: F,
        emit: impl Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
    ) -> Stream<U> {
        let place = Place::default();
        let declared = OpenContext::planning(&place, true).finish();
        let mut node = keyed_node::<U>(type_name, vec![schema_of::<T>()], declared);
        node.states.push(StatePlan {
            name: WINDOW_STATE.to_owned(),
            kind: "value",
            schema: schema_of::<F::Acc>(),
            sub_key_schema: Some(schema_of::<i64>()),
        });
        node.defect = self.assigner.defect();
        let shape = (self.assigner, self.lateness_ms);
        node.open = Some(Box::new(move |wiring| {
            let state = wiring.state_number(WINDOW_STATE)?;
            let at = (wiring.node, state);
            let out = wiring.out(0)?;
            let node: WindowNode<K, T, F, U, _> =
                WindowNode::new(shape, fold, emit, at, out, &wiring.shared);
            let node = Rc::new(node);
            let head: Rc<dyn crate::task::Head> = Rc::<WindowNode<K, T, F, U, _>>::clone(&node);
            wiring.keyed_input(0, head);
            wiring.keyed_operator(node)
        }));
        self.stream.add(node)
    }
}
