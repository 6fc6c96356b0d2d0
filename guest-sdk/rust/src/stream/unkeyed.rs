//! [`Stream`]: records without keys.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::{Value, json};

use super::{KeyedStream, Sink};
use crate::connector::SinkSpec;
use crate::context::{OpenContext, OutputTag};
use crate::error::Error;
use crate::graph::{Kind, Node, OutputPlan, Partitioning, SharedGraph};
use crate::operator::{Assign, Filter, FlatMap, Forward, KeyBy, Map, Process, ProcessNode};
use crate::row::{Row, schema_of};
use crate::sink::{OpenSink, TwoPhaseSink};
use crate::task::{Collector, Place, Wiring};

/// How the host makes watermarks of the timestamps it is told.
#[derive(Clone, Debug)]
pub struct Watermarks {
    strategy: &'static str,
    max_out_of_orderness_ms: Option<i64>,
    idle_after_ms: Option<i64>,
}

impl Watermarks {
    /// Records are at most this late behind the latest one (milliseconds).
    pub fn bounded_ms(max_out_of_orderness_ms: i64) -> Self {
        Self {
            strategy: "bounded",
            max_out_of_orderness_ms: Some(max_out_of_orderness_ms),
            idle_after_ms: None,
        }
    }

    /// Timestamps never go back within a source split.
    pub fn monotonic() -> Self {
        Self {
            strategy: "monotonic",
            max_out_of_orderness_ms: None,
            idle_after_ms: None,
        }
    }

    /// A split without records for this long does not hold event time up (milliseconds).
    #[must_use]
    pub fn idle_after_ms(mut self, idle_after_ms: i64) -> Self {
        self.idle_after_ms = Some(idle_after_ms);
        self
    }

    fn into_document(self) -> Value {
        let mut document =
            json!({ "strategy": self.strategy, "idle_after_ms": self.idle_after_ms });
        if let Some(bound) = self.max_out_of_orderness_ms {
            document["max_out_of_orderness_ms"] = json!(bound);
        }
        document
    }
}

/// Records of type `T`, without keys.
pub struct Stream<T> {
    graph: SharedGraph,
    node: u32,
    output: u32,
    partitioning: Partitioning,
    record: PhantomData<fn() -> T>,
}

impl<T> Clone for Stream<T> {
    fn clone(&self) -> Self {
        Self {
            graph: Rc::clone(&self.graph),
            ..*self
        }
    }
}

impl<T: Row> Stream<T> {
    pub(crate) fn new(
        graph: &SharedGraph,
        node: u32,
        output: u32,
        partitioning: Partitioning,
    ) -> Self {
        Self {
            graph: Rc::clone(graph),
            node,
            output,
            partitioning,
            record: PhantomData,
        }
    }

    fn edge(&self) -> (u32, u32, Partitioning) {
        (self.node, self.output, self.partitioning)
    }

    /// Adds an operator with this stream as its one input.
    fn then<U: Row>(
        self,
        type_name: &'static str,
        open: impl FnOnce(&mut Wiring<'_>) -> Result<(), Error> + 'static,
    ) -> Stream<U> {
        let mut node = Node::new(Kind::Operator, type_name);
        node.inputs = vec![schema_of::<T>()];
        node.outputs = vec![OutputPlan::main::<U>()];
        node.open = Some(Box::new(open));
        let number = self.graph.borrow_mut().add(node, &[self.edge()]);
        Stream::new(&self.graph, number, 0, Partitioning::Forward)
    }

    /// Turns each record into one other.
    pub fn map<U: Row>(self, map: impl Fn(T) -> U + 'static) -> Stream<U> {
        self.then("map", move |wiring| {
            let out = wiring.out(0)?;
            wiring.input::<T, _>(0, &Rc::new(Map { map, out }));
            Ok(())
        })
    }

    /// Keeps the records for which `keep` says yes.
    pub fn filter(self, keep: impl Fn(&T) -> bool + 'static) -> Self {
        self.then("filter", move |wiring| {
            let out = wiring.out(0)?;
            wiring.input::<T, _>(0, &Rc::new(Filter { keep, out }));
            Ok(())
        })
    }

    /// Turns each record into any number of others.
    pub fn flat_map<U: Row>(self, map: impl Fn(T, &mut Collector<'_, U>) + 'static) -> Stream<U> {
        self.then("flat_map", move |wiring| {
            let out = wiring.out(0)?;
            wiring.input::<T, _>(0, &Rc::new(FlatMap { map, out }));
            Ok(())
        })
    }

    /// Gives each record its event time (milliseconds since the Unix epoch) and starts event time here.
    pub fn assign_timestamps(
        self,
        timestamp: impl Fn(&T) -> i64 + 'static,
        watermarks: Watermarks,
    ) -> Self {
        let stream: Self = self.then("assign_timestamps", move |wiring| {
            let out = wiring.out(0)?;
            let assign = Rc::new(Assign::new(wiring.node, timestamp, out, &wiring.shared));
            wiring.input::<T, _>(0, &assign);
            wiring.operator(assign);
            Ok(())
        });
        let document = Some(watermarks.into_document());
        stream.graph.borrow_mut().node(stream.node).watermarks = document;
        stream
    }

    /// Runs logic of your own. The factory runs in planning mode too: see [`OpenContext`].
    pub fn process<P: Process<In = T>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> P + 'static,
    ) -> Stream<P::Out> {
        let place = Place::default();
        let mut planning = OpenContext::planning(&place, false);
        drop(factory(&mut planning));
        let declared = planning.finish();
        let stream = self.then("process", move |wiring| {
            let mut ctx = OpenContext::opening(wiring, None);
            let logic = factory(&mut ctx);
            let declared = ctx.finish()?;
            let node = Rc::new(ProcessNode {
                logic: RefCell::new(logic),
                counters: declared.counters,
                timestamp: declared.timestamp,
                watermark: Cell::new(i64::MIN),
                out: wiring.out(0)?,
                shared: Rc::clone(&wiring.shared),
            });
            wiring.input::<T, _>(0, &node);
            wiring.operator(node);
            Ok(())
        });
        match declared {
            Ok(declared) => {
                let mut graph = stream.graph.borrow_mut();
                let node = graph.node(stream.node);
                node.outputs.extend(declared.outputs);
                node.reach = declared.reach;
            }
            Err(error) => {
                stream.graph.borrow_mut().node(stream.node).defect = Some(error.to_string());
            }
        }
        stream
    }

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
        {
            let mut graph = stream.graph.borrow_mut();
            let node = graph.node(stream.node);
            node.follows_input = true;
            node.outputs[0].key_schema = Some(schema_of::<K>());
        }
        KeyedStream::new(&stream.graph, stream.node)
    }

    /// Puts the records of both streams into one, in any order.
    pub fn union(self, other: &Self) -> Self {
        let mut node = Node::new(Kind::Operator, "union");
        node.inputs = vec![schema_of::<T>(); 2];
        node.outputs = vec![OutputPlan::main::<T>()];
        node.open = Some(Box::new(|wiring| {
            let forward = Rc::new(Forward::<T> {
                out: wiring.out(0)?,
            });
            wiring.input::<T, _>(0, &forward);
            wiring.input::<T, _>(1, &forward);
            Ok(())
        }));
        let edges = [self.edge(), other.edge()];
        let number = self.graph.borrow_mut().add(node, &edges);
        Self::new(&self.graph, number, 0, Partitioning::Forward)
    }

    /// A side output of the operator that gives this stream.
    pub fn side_output<U: Row>(&self, tag: &OutputTag<U>) -> Stream<U> {
        let output = self.graph.borrow().output(self.node, &tag.name);
        if output.is_none() {
            let defect = format!("it has no side output {}", tag.name);
            self.graph.borrow_mut().node(self.node).defect = Some(defect);
        }
        Stream::new(
            &self.graph,
            self.node,
            output.unwrap_or(0),
            Partitioning::Forward,
        )
    }

    /// Sends every record to every subtask of the next operator.
    #[must_use]
    pub fn broadcast(mut self) -> Self {
        self.partitioning = Partitioning::Broadcast;
        self
    }

    /// Deals records out to the subtasks of the next operator in turn.
    #[must_use]
    pub fn rebalance(mut self) -> Self {
        self.partitioning = Partitioning::Rebalance;
        self
    }

    /// Writes the stream to a connector of the host.
    pub fn sink(self, connector: impl Into<SinkSpec>) -> Sink {
        let connector: SinkSpec = connector.into();
        let mut node = Node::new(Kind::Sink, connector.type_name);
        node.connector = Some(connector.config);
        node.inputs = vec![schema_of::<T>()];
        let number = self.graph.borrow_mut().add(node, &[self.edge()]);
        Sink {
            graph: self.graph,
            number,
        }
    }

    /// Writes the stream to a sink of your own. The factory runs in planning mode too: see [`OpenContext`].
    pub fn add_sink<S: TwoPhaseSink<In = T>>(
        self,
        factory: impl Fn(&mut OpenContext<'_>) -> S + 'static,
    ) -> Sink {
        let mut node = Node::of_component(Kind::Sink, "sink", &factory);
        node.inputs = vec![schema_of::<T>()];
        node.open = Some(Box::new(move |wiring| {
            let mut ctx = OpenContext::opening(wiring, None);
            let sink = factory(&mut ctx);
            let sink = OpenSink::open(sink, ctx.finish()?.counters, &wiring.shared)?;
            wiring.sink = Some(Rc::new(sink));
            Ok(())
        }));
        let number = self.graph.borrow_mut().add(node, &[self.edge()]);
        Sink {
            graph: self.graph,
            number,
        }
    }

    pub(super) fn type_name(self, type_name: &'static str) -> Self {
        self.graph.borrow_mut().node(self.node).type_name = type_name;
        self
    }

    /// Names the operator that gives this stream for people.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.graph.borrow_mut().node(self.node).name = Some(name.to_owned());
        self
    }

    /// Names the operator that gives this stream for good: its state is found by it in the next version of the job.
    #[must_use]
    pub fn uid(self, uid: &str) -> Self {
        self.graph.borrow_mut().node(self.node).uid = Some(uid.to_owned());
        self
    }

    /// Sets how many subtasks the operator that gives this stream has. Otherwise it is the job's.
    #[must_use]
    pub fn parallelism(self, subtasks: u32) -> Self {
        self.graph.borrow_mut().node(self.node).parallelism = Some(subtasks);
        self
    }

    /// Keeps the operator that gives this stream in a task apart from its input's.
    #[must_use]
    pub fn unchained(self) -> Self {
        self.graph.borrow_mut().node(self.node).chain = false;
        self
    }
}
