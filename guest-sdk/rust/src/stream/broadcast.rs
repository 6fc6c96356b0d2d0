//! The broadcast pattern: a stream, keyed or not, together with a stream of which every subtask gets every record.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::keyed::keyed_node;
use super::{KeyedStream, Stream};
use crate::context::{Declared, OpenContext};
use crate::error::Error;
use crate::graph::{Kind, Node, OutputPlan, Partitioning, SharedGraph};
use crate::keyed::{Controlled, KeySpace, KeyedBroadcastProcess, KeyedControl, KeyedNode};
use crate::operator::{BroadcastNode, BroadcastProcess, Control};
use crate::row::{Row, schema_of};
use crate::task::Place;

/// What a stream that should be broadcast but is not is refused with.
const NOT_BROADCAST: &str =
    "the stream it is connected with is not broadcast: call broadcast() on it before";

/// The input that takes the broadcast stream.
const BROADCAST: usize = 1;

/// Records of type `T` and broadcast records of type `B`.
pub struct BroadcastStreams<T, B> {
    stream: Stream<T>,
    broadcast: Stream<B>,
    complete_first: bool,
}

/// Records of type `T` grouped by a key of type `K`, and broadcast records of type `B`.
pub struct KeyedBroadcastStreams<K, T, B> {
    stream: KeyedStream<K, T>,
    broadcast: Stream<B>,
    complete_first: bool,
}

impl<T: Row> Stream<T> {
    /// Takes a broadcast stream along: every subtask gets all its records and may keep them in broadcast state, which
    /// the records of this stream can look into.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// /// Replaces words by others; the dictionary comes as a stream.
    /// struct Translate { words: BroadcastState<String, String> }
    ///
    /// impl BroadcastProcess for Translate {
    ///     type In = String;
    ///     type Broadcast = (String, String);
    ///     type Out = String;
    ///
    ///     fn process(
    ///         &mut self,
    ///         word: String,
    ///         _ctx: &mut ProcessContext<'_>,
    ///         out: &mut Collector<'_, String>,
    ///     ) -> Outcome {
    ///         out.emit(self.words.get(&word)?.unwrap_or(word));
    ///         Ok(())
    ///     }
    ///
    ///     fn process_broadcast(
    ///         &mut self,
    ///         (from, to): (String, String),
    ///         ctx: &mut BroadcastContext<'_>,
    ///         _out: &mut Collector<'_, String>,
    ///     ) -> Outcome {
    ///         self.words.put(ctx, from, to)
    ///     }
    /// }
    ///
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let words = env.source::<String>(Connector::new("words"));
    ///     let dictionary = env.source::<(String, String)>(Connector::new("dictionary"));
    ///     words
    ///         .connect_broadcast(dictionary.broadcast())
    ///         .process(|ctx| Translate { words: ctx.broadcast_state("words") })
    ///         .sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(1, &[("one".to_owned(), "eins".to_owned())]).unwrap();
    /// harness.push(0, &["one".to_owned(), "two".to_owned()]).unwrap();
    /// assert_eq!(harness.records::<String>(0).unwrap(), ["eins", "two"]);
    /// ```
    pub fn connect_broadcast<B: Row>(self, broadcast: Stream<B>) -> BroadcastStreams<T, B> {
        BroadcastStreams {
            stream: self,
            broadcast,
            complete_first: false,
        }
    }
}

impl<K: Row, T: Row> KeyedStream<K, T> {
    /// As [`Stream::connect_broadcast`], with keyed state and timers for the records of this stream.
    pub fn connect_broadcast<B: Row>(self, broadcast: Stream<B>) -> KeyedBroadcastStreams<K, T, B> {
        KeyedBroadcastStreams {
            stream: self,
            broadcast,
            complete_first: false,
        }
    }
}

/// Adds an operator with a broadcast second input.
fn add<O: Row>(
    graph: &SharedGraph,
    mut node: Node,
    edges: [(u32, u32, Partitioning); 2],
) -> Stream<O> {
    if edges[1].2 != Partitioning::Broadcast {
        node.defect.get_or_insert_with(|| NOT_BROADCAST.to_owned());
    }
    let number = graph.borrow_mut().add(node, &edges);
    Stream::new(graph, number, 0, Partitioning::Forward)
}

/// Runs a factory to learn what it declares.
fn plan<P>(keyed: bool, factory: &impl Fn(&mut OpenContext<'_>) -> P) -> Result<Declared, Error> {
    let place = Place::default();
    let mut planning = OpenContext::planning(&place, keyed).with_broadcast();
    drop(factory(&mut planning));
    planning.finish()
}

impl<T: Row, B: Row> BroadcastStreams<T, B> {
    /// Reads the broadcast stream to its end before the first record of the other: it is a data set that is complete
    /// when it is asked (Flink's broadcast variable). It must end, and come from a source of its own. The job takes no
    /// checkpoint before.
    #[must_use]
    pub fn complete_first(mut self) -> Self {
        self.complete_first = true;
        self
    }

    /// Runs logic of your own over both streams. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: BroadcastProcess<In = T, Broadcast = B>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let declared = plan(false, &factory);
        let mut node = Node::new(Kind::Operator, "broadcast_process");
        node.inputs = vec![schema_of::<T>(), schema_of::<B>()];
        node.complete_first = self.complete_first.then_some(BROADCAST);
        node.outputs = vec![OutputPlan::main::<P::Out>()];
        node.open = Some(Box::new(move |wiring| {
            let mut ctx = OpenContext::opening(wiring, None).with_broadcast();
            let logic = factory(&mut ctx);
            let declared = ctx.finish()?;
            let node = Rc::new(BroadcastNode {
                logic: RefCell::new(logic),
                metrics: declared.metrics,
                timestamp: declared.timestamp,
                watermark: Cell::new(i64::MIN),
                out: wiring.out(0)?,
                shared: Rc::clone(&wiring.shared),
            });
            wiring.input::<T, _>(0, &node);
            wiring.input::<B, _>(1, &Rc::new(Control(Rc::clone(&node))));
            wiring.operator(node);
            Ok(())
        }));
        let edges = [self.stream.edge(), self.broadcast.edge()];
        let stream = add(&self.stream.graph, node, edges);
        stream.declare(declared);
        stream
    }
}

impl<K: Row, T: Row, B: Row> KeyedBroadcastStreams<K, T, B> {
    /// As [`BroadcastStreams::complete_first`].
    #[must_use]
    pub fn complete_first(mut self) -> Self {
        self.complete_first = true;
        self
    }

    /// Runs logic of your own over both streams. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: KeyedBroadcastProcess<Key = K, In = T, Broadcast = B>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let declared = plan(true, &factory);
        let inputs = vec![schema_of::<T>(), schema_of::<B>()];
        let mut node = keyed_node::<P::Out>("broadcast_process", inputs, declared);
        node.complete_first = self.complete_first.then_some(BROADCAST);
        node.open = Some(Box::new(move |wiring| {
            let space = KeySpace::new(K::WIDTH, &wiring.shared);
            let mut ctx = OpenContext::opening(wiring, Some(Rc::clone(&space))).with_broadcast();
            let logic = Controlled(factory(&mut ctx));
            let declared = ctx.finish()?;
            let out = wiring.out(0)?;
            let node = KeyedNode::new(logic, space, declared, out);
            let head = node.head(|logic: &mut Controlled<P>, record, ctx, out| {
                logic.0.process(record, ctx, out)
            });
            wiring.keyed_input(0, head);
            wiring.input::<B, _>(1, &Rc::new(KeyedControl(Rc::clone(&node))));
            wiring.keyed_operator(node)
        }));
        let edges = [self.stream.edge(), self.broadcast.edge()];
        add(&self.stream.graph, node, edges)
    }
}
