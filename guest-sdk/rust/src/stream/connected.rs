//! [`CoStreams`]: two streams of different types, without keys, that go into one operator.
//!
//! Records of both arrive in any order. There is no state to share, since there is no key; key both streams first
//! where one has to remember for the other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::Stream;
use crate::context::OpenContext;
use crate::error::Error;
use crate::graph::{Kind, Node, OutputPlan, Partitioning};
use crate::operator::{CoProcess, CoProcessNode, First, FlatMap, Map, Second};
use crate::row::{Row, schema_of};
use crate::task::{Collector, Place, Wiring};

/// Records of type `T` and records of type `U`.
pub struct CoStreams<T, U> {
    first: Stream<T>,
    second: Stream<U>,
}

impl<T: Row> Stream<T> {
    /// Takes another stream along to one operator with two inputs.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let numbers = env.source::<i64>(Connector::new("numbers"));
    ///     let words = env.source::<String>(Connector::new("words"));
    ///     numbers.connect(words).map(|n| n.to_string(), |word| word).sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[1i64]).unwrap();
    /// harness.push(1, &["one".to_owned()]).unwrap();
    /// assert_eq!(harness.records::<String>(0).unwrap(), ["1", "one"]);
    /// ```
    pub fn connect<U: Row>(self, other: Stream<U>) -> CoStreams<T, U> {
        CoStreams {
            first: self,
            second: other,
        }
    }
}

impl<T: Row, U: Row> CoStreams<T, U> {
    fn then<O: Row>(
        self,
        type_name: &'static str,
        open: impl FnOnce(&mut Wiring<'_>) -> Result<(), Error> + 'static,
    ) -> Stream<O> {
        let mut node = Node::new(Kind::Operator, type_name);
        node.inputs = vec![schema_of::<T>(), schema_of::<U>()];
        node.outputs = vec![OutputPlan::main::<O>()];
        node.open = Some(Box::new(open));
        let edges = [self.first.edge(), self.second.edge()];
        let graph = self.first.graph;
        let number = graph.borrow_mut().add(node, &edges);
        Stream::new(&graph, number, 0, Partitioning::Forward)
    }

    /// Turns each record of either stream into one of a common type.
    pub fn map<O: Row>(
        self,
        first: impl Fn(T) -> O + 'static,
        second: impl Fn(U) -> O + 'static,
    ) -> Stream<O> {
        self.then("co_map", move |wiring| {
            let (map, out) = (first, wiring.out(0)?);
            wiring.input::<T, _>(0, &Rc::new(Map { map, out }));
            let (map, out) = (second, wiring.out(0)?);
            wiring.input::<U, _>(1, &Rc::new(Map { map, out }));
            Ok(())
        })
    }

    /// Turns each record of either stream into any number of a common type.
    pub fn flat_map<O: Row>(
        self,
        first: impl Fn(T, &mut Collector<'_, O>) + 'static,
        second: impl Fn(U, &mut Collector<'_, O>) + 'static,
    ) -> Stream<O> {
        self.then("co_flat_map", move |wiring| {
            let (map, out) = (first, wiring.out(0)?);
            wiring.input::<T, _>(0, &Rc::new(FlatMap { map, out }));
            let (map, out) = (second, wiring.out(0)?);
            wiring.input::<U, _>(1, &Rc::new(FlatMap { map, out }));
            Ok(())
        })
    }

    /// Runs logic of your own over both streams. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: CoProcess<In1 = T, In2 = U>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let place = Place::default();
        let mut planning = OpenContext::planning(&place, false);
        drop(factory(&mut planning));
        let declared = planning.finish();
        let stream = self.then("co_process", move |wiring| {
            let mut ctx = OpenContext::opening(wiring, None);
            let logic = factory(&mut ctx);
            let declared = ctx.finish()?;
            let node = Rc::new(CoProcessNode {
                logic: RefCell::new(logic),
                metrics: declared.metrics,
                timestamp: declared.timestamp,
                watermark: Cell::new(i64::MIN),
                out: wiring.out(0)?,
                shared: Rc::clone(&wiring.shared),
            });
            wiring.input::<T, _>(0, &Rc::new(First(Rc::clone(&node))));
            wiring.input::<U, _>(1, &Rc::new(Second(Rc::clone(&node))));
            wiring.operator(node);
            Ok(())
        });
        stream.declare(declared);
        stream
    }
}
