//! [`KeyedStream`]: records grouped by key, which is what state, timers and windows need.

use std::marker::PhantomData;
use std::rc::Rc;

use super::{Stream, WindowedStream};
use crate::context::{Declared, OpenContext};
use crate::error::Error;
use crate::graph::{Kind, Node, OutputPlan, Partitioning, SharedGraph};
use crate::keyed::{KeySpace, KeyedCoProcess, KeyedNode, KeyedProcess, Single, Twin};
use crate::operator::{KeyBy, TryKeyBy};
use crate::row::{Row, schema_of};
use crate::task::Place;
use crate::window::WindowAssigner;

/// Records of type `T` grouped by a key of type `K`.
pub struct KeyedStream<K, T> {
    pub(super) graph: SharedGraph,
    pub(super) node: u32,
    types: PhantomData<fn() -> (K, T)>,
}

impl<K, T> Clone for KeyedStream<K, T> {
    fn clone(&self) -> Self {
        Self {
            graph: Rc::clone(&self.graph),
            ..*self
        }
    }
}

impl<T: Row> Stream<T> {
    /// Groups records by a key: equal keys meet in one subtask, with their state.
    pub fn key_by<K: Row>(self, key: impl Fn(&T) -> K + 'static) -> KeyedStream<K, T> {
        let stream: Self = self.then("key_by", move |wiring| {
            let ports = wiring.keyed_ports();
            let key_by = KeyBy {
                key,
                ports,
                key_type: PhantomData::<fn() -> K>,
            };
            wiring.input::<T, _>(0, &Rc::new(key_by));
            Ok(())
        });
        stream.into_keyed()
    }

    /// As [`Stream::key_by`], of records that may have no key: then the call is undone and the error reported with the
    /// record, as if an operator had returned it.
    pub fn try_key_by<K: Row>(
        self,
        key: impl Fn(&T) -> Result<K, Error> + 'static,
    ) -> KeyedStream<K, T> {
        let stream: Self = self.then("key_by", move |wiring| {
            let ports = wiring.keyed_ports();
            let key_by = TryKeyBy {
                key,
                ports,
                shared: Rc::clone(&wiring.shared),
                key_type: PhantomData::<fn() -> K>,
            };
            wiring.input::<T, _>(0, &Rc::new(key_by));
            Ok(())
        });
        stream.into_keyed()
    }

    fn into_keyed<K: Row>(self) -> KeyedStream<K, T> {
        let (number, ..) = self.edge();
        {
            let mut graph = self.graph.borrow_mut();
            let node = graph.node(number);
            node.follows_input = true;
            node.outputs[0].key_schema = Some(schema_of::<K>());
        }
        KeyedStream::new(&self.graph, number)
    }
}

impl<K: Row, T: Row> KeyedStream<K, T> {
    pub(crate) fn new(graph: &SharedGraph, node: u32) -> Self {
        Self {
            graph: Rc::clone(graph),
            node,
            types: PhantomData,
        }
    }

    pub(crate) fn edge(&self) -> (u32, u32, Partitioning) {
        (self.node, 0, Partitioning::Hash)
    }

    /// Looks at the output behind this stream, or changes it.
    pub(crate) fn with_output<R>(&self, look: impl FnOnce(&mut OutputPlan) -> R) -> R {
        look(&mut self.graph.borrow_mut().node(self.node).outputs[0])
    }

    /// Runs logic of your own over keyed state and timers. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: KeyedProcess<Key = K, In = T>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let declared = plan(&factory);
        let mut node = keyed_node::<P::Out>("process", vec![schema_of::<T>()], declared);
        node.open = Some(Box::new(move |wiring| {
            let space = KeySpace::new(K::WIDTH, &wiring.shared);
            let mut ctx = OpenContext::opening(wiring, Some(Rc::clone(&space)));
            let logic = Single(factory(&mut ctx));
            let declared = ctx.finish()?;
            let out = wiring.out(0)?;
            let node = KeyedNode::new(logic, space, declared, out);
            let head = node
                .head(|logic: &mut Single<P>, record, ctx, out| logic.0.process(record, ctx, out));
            wiring.keyed_input(0, head);
            wiring.keyed_operator(node)
        }));
        self.add(node)
    }

    /// Groups the records of a key into windows: `Tumbling`, `Sliding`, `Session`, `GlobalWindows`, or an assigner of
    /// your own.
    pub fn window(self, assigner: impl WindowAssigner<T>) -> WindowedStream<K, T> {
        WindowedStream::new(self, assigner)
    }

    /// Groups every `size` records of a key. What does not fill a window gives no result.
    pub fn count_window(self, size: i64) -> WindowedStream<K, T> {
        WindowedStream::counting(self, size, size)
    }

    /// Groups the last `size` records of a key, every `slide` records.
    pub fn count_window_sliding(self, size: i64, slide: i64) -> WindowedStream<K, T> {
        WindowedStream::counting(self, size, slide)
    }

    /// Joins the stream with another that has the same key, to share state and timers.
    pub fn connect<U: Row>(self, other: KeyedStream<K, U>) -> ConnectedStreams<K, T, U> {
        ConnectedStreams {
            first: self,
            second: other,
        }
    }

    pub(super) fn add<U: Row>(self, node: Node) -> Stream<U> {
        let edge = (self.node, 0, Partitioning::Hash);
        let number = self.graph.borrow_mut().add(node, &[edge]);
        Stream::new(&self.graph, number, 0, Partitioning::Forward)
    }

    /// Names the key selection for people.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.graph.borrow_mut().node(self.node).name = Some(name.to_owned());
        self
    }

    /// Names the key selection for good.
    #[must_use]
    pub fn uid(self, uid: &str) -> Self {
        self.graph.borrow_mut().node(self.node).uid = Some(uid.to_owned());
        self
    }
}

/// Two streams with the same key.
pub struct ConnectedStreams<K, T, U> {
    first: KeyedStream<K, T>,
    second: KeyedStream<K, U>,
}

impl<K: Row, T: Row, U: Row> ConnectedStreams<K, T, U> {
    /// Runs logic of your own over both streams. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: KeyedCoProcess<Key = K, In1 = T, In2 = U>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let declared = plan(&factory);
        let inputs = vec![schema_of::<T>(), schema_of::<U>()];
        let mut node = keyed_node::<P::Out>("co_process", inputs, declared);
        node.open = Some(Box::new(move |wiring| {
            let space = KeySpace::new(K::WIDTH, &wiring.shared);
            let mut ctx = OpenContext::opening(wiring, Some(Rc::clone(&space)));
            let logic = Twin(factory(&mut ctx));
            let declared = ctx.finish()?;
            let out = wiring.out(0)?;
            let node = KeyedNode::new(logic, space, declared, out);
            let first = node
                .head(|logic: &mut Twin<P>, record, ctx, out| logic.0.process1(record, ctx, out));
            let second = node
                .head(|logic: &mut Twin<P>, record, ctx, out| logic.0.process2(record, ctx, out));
            wiring.keyed_input(0, first);
            wiring.keyed_input(1, second);
            wiring.keyed_operator(node)
        }));
        let edges = [
            (self.first.node, 0, Partitioning::Hash),
            (self.second.node, 0, Partitioning::Hash),
        ];
        let graph = self.first.graph;
        let number = graph.borrow_mut().add(node, &edges);
        Stream::new(&graph, number, 0, Partitioning::Forward)
    }
}

/// Runs a factory to learn what it declares.
pub(super) fn plan<P>(factory: &impl Fn(&mut OpenContext<'_>) -> P) -> Result<Declared, Error> {
    let place = Place::default();
    let mut planning = OpenContext::planning(&place, true);
    drop(factory(&mut planning));
    planning.finish()
}

/// A keyed operator as the plan shows it.
pub(super) fn keyed_node<O: Row>(
    type_name: &'static str,
    inputs: Vec<serde_json::Value>,
    declared: Result<Declared, Error>,
) -> Node {
    let mut node = Node::new(Kind::Operator, type_name);
    node.inputs = inputs;
    node.outputs = vec![OutputPlan::main::<O>()];
    node.keyed = true;
    match declared {
        Ok(declared) => {
            node.outputs.extend(declared.outputs);
            node.states = declared.states;
            node.reach = declared.reach;
        }
        Err(error) => node.defect = Some(error.to_string()),
    }
    node
}
