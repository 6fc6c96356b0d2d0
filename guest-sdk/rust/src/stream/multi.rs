//! [`MultiInput`]: any number of keyed streams with one key type that go into one operator and share its state and
//! timers.
//!
//! The records of every input become variants of one type, usually an enum, so the operator is an ordinary
//! [`KeyedProcess`] with one function to write. Nothing is converted on the wire: a record is turned into its variant
//! where the operator decodes it.

use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::Value;

use super::keyed::{keyed_node, plan};
use super::{KeyedStream, Stream};
use crate::context::OpenContext;
use crate::graph::{Partitioning, SharedGraph};
use crate::keyed::{KeySpace, KeyedNode, KeyedProcess, Single};
use crate::row::{Row, schema_of};
use crate::task::Wiring;

/// Keyed streams with keys of type `K` whose records become values of type `E`.
pub struct MultiInput<K, E, L> {
    graph: SharedGraph,
    nodes: Vec<u32>,
    schemas: Vec<Value>,
    inputs: L,
    types: PhantomData<fn() -> (K, E)>,
}

/// The operator whose inputs are being made.
pub struct Opening<'w, 's, P: KeyedProcess> {
    node: Rc<KeyedNode<Single<P>>>,
    wiring: &'w mut Wiring<'s>,
}

/// The inputs of an operator as a type: nothing, or inputs and one more.
pub trait Inputs<E>: 'static {
    /// Makes heads of all inputs; returns how many there are.
    fn open<P: KeyedProcess<In = E>>(self, opening: &mut Opening<'_, '_, P>) -> u32;
}

impl<E> Inputs<E> for () {
    fn open<P: KeyedProcess<In = E>>(self, _opening: &mut Opening<'_, '_, P>) -> u32 {
        0
    }
}

/// Some inputs and one more, of records of type `T` that `F` turns into the common type.
pub struct And<L, T, F> {
    others: L,
    variant: F,
    record: PhantomData<fn(T)>,
}

impl<E, L: Inputs<E>, T: Row, F: Fn(T) -> E + 'static> Inputs<E> for And<L, T, F> {
    fn open<P: KeyedProcess<In = E>>(self, opening: &mut Opening<'_, '_, P>) -> u32 {
        let index = self.others.open(opening);
        let variant = self.variant;
        let head = opening
            .node
            .head(move |logic: &mut Single<P>, record: T, ctx, out| {
                logic.0.process(variant(record), ctx, out)
            });
        opening.wiring.keyed_input(index, head);
        index + 1
    }
}

impl<K: Row, T: Row> KeyedStream<K, T> {
    /// Begins an operator of several inputs with this stream as the first; `variant` makes its records values of the
    /// type that all inputs have in common.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// enum Event { Order(i64), Payment(i64), Shipment }
    ///
    /// /// Says when everything about an order is known.
    /// struct Complete { seen: ValueState<i64> }
    ///
    /// impl KeyedProcess for Complete {
    ///     type Key = i64;
    ///     type In = Event;
    ///     type Out = i64;
    ///
    ///     fn process(
    ///         &mut self,
    ///         event: Event,
    ///         ctx: &mut KeyedContext<'_, i64>,
    ///         out: &mut Collector<'_, i64>,
    ///     ) -> Outcome {
    ///         let bit = match event { Event::Order(_) => 1, Event::Payment(_) => 2, Event::Shipment => 4 };
    ///         let seen = self.seen.get().unwrap_or(0) | bit;
    ///         self.seen.set(seen);
    ///         if seen == 7 {
    ///             out.emit(*ctx.key());
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let orders = env.source::<i64>(Connector::new("orders")).key_by(|order| *order);
    ///     let payments = env.source::<(i64, i64)>(Connector::new("payments")).key_by(|payment| payment.0);
    ///     let shipments = env.source::<i64>(Connector::new("shipments")).key_by(|order| *order);
    ///     orders
    ///         .multi_input(Event::Order)
    ///         .and(payments, |(_, amount)| Event::Payment(amount))
    ///         .and(shipments, |_| Event::Shipment)
    ///         .process(|ctx| Complete { seen: ctx.value_state("seen") })
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(2, &[8i64, 7]).unwrap();
    /// harness.push(1, &[(7i64, 50i64)]).unwrap();
    /// harness.push(0, &[7i64, 8]).unwrap();
    /// assert_eq!(harness.records::<i64>(0).unwrap(), [7]);
    /// ```
    pub fn multi_input<E: 'static, F: Fn(T) -> E + 'static>(
        self,
        variant: F,
    ) -> MultiInput<K, E, And<(), T, F>> {
        let none = MultiInput {
            graph: Rc::clone(&self.graph),
            nodes: Vec::new(),
            schemas: Vec::new(),
            inputs: (),
            types: PhantomData,
        };
        none.and(self, variant)
    }
}

impl<K: Row, E: 'static, L: Inputs<E>> MultiInput<K, E, L> {
    /// Adds an input.
    pub fn and<T: Row, F: Fn(T) -> E + 'static>(
        mut self,
        stream: KeyedStream<K, T>,
        variant: F,
    ) -> MultiInput<K, E, And<L, T, F>> {
        self.nodes.push(stream.node);
        self.schemas.push(schema_of::<T>());
        MultiInput {
            graph: stream.graph,
            nodes: self.nodes,
            schemas: self.schemas,
            inputs: And {
                others: self.inputs,
                variant,
                record: PhantomData,
            },
            types: PhantomData,
        }
    }

    /// Runs logic of your own over all inputs. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: KeyedProcess<Key = K, In = E>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let mut node = keyed_node::<P::Out>("multi_process", self.schemas, plan(&factory));
        let inputs = self.inputs;
        node.open = Some(Box::new(move |wiring| {
            let space = KeySpace::new(K::WIDTH, &wiring.shared);
            let mut ctx = OpenContext::opening(wiring, Some(Rc::clone(&space)));
            let logic = Single(factory(&mut ctx));
            let declared = ctx.finish()?;
            let out = wiring.out(0)?;
            let node = KeyedNode::new(logic, space, declared, out);
            inputs.open(&mut Opening {
                node: Rc::clone(&node),
                wiring,
            });
            wiring.keyed_operator(node)
        }));
        let edges: Vec<_> = self
            .nodes
            .iter()
            .map(|&node| (node, 0, Partitioning::Hash))
            .collect();
        let number = self.graph.borrow_mut().add(node, &edges);
        Stream::new(&self.graph, number, 0, Partitioning::Forward)
    }
}
