//! [`Stream`]: records without keys.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

use super::{Sink, Watermarks};
use crate::connector::SinkSpec;
use crate::context::{Declared, OpenContext, OutputTag};
use crate::error::Error;
use crate::graph::{Kind, Node, OnFailure, OutputPlan, Partitioning, SharedGraph};
use crate::operator::{
    Assign, Filter, FlatMap, Forward, Map, MapWithTimestamp, Process, ProcessNode,
};
use crate::row::{Row, schema_of};
use crate::sink::{OpenSink, TwoPhaseSink};
use crate::task::{Collector, Place, Shared, Wiring};

/// Records of type `T`, without keys.
pub struct Stream<T> {
    pub(super) graph: SharedGraph,
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

/// A stream is the collection of itself, so that `union` takes one or several.
impl<'a, T> IntoIterator for &'a Stream<T> {
    type Item = Self;
    type IntoIter = std::iter::Once<&'a Stream<T>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
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

    pub(crate) fn edge(&self) -> (u32, u32, Partitioning) {
        (self.node, self.output, self.partitioning)
    }

    /// Looks at the output behind this stream, or changes it.
    pub(crate) fn with_output<R>(&self, look: impl FnOnce(&mut OutputPlan) -> R) -> R {
        let mut graph = self.graph.borrow_mut();
        look(&mut graph.node(self.node).outputs[self.output as usize])
    }

    /// Adds an operator with this stream as its one input.
    pub(super) fn then<U: Row>(
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

    /// Turns each record into one other, with its event timestamp (milliseconds) at hand, if it has one.
    pub fn map_with_timestamp<U: Row>(
        self,
        map: impl Fn(T, Option<i64>) -> U + 'static,
    ) -> Stream<U> {
        self.then("map", move |wiring| {
            let out = wiring.out(0)?;
            wiring.input::<T, _>(0, &Rc::new(MapWithTimestamp { map, out }));
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
        watermarks: Watermarks<T>,
    ) -> Self {
        let mut defect = watermarks.defect();
        if watermarks.is_ingestion() {
            let text = "ingestion time reads no timestamp from the record, use assign_watermarks";
            defect = Some(text.to_owned());
        }
        let stamp = move |record: &T, _: i64, _: &Shared| timestamp(record);
        self.assign("assign_timestamps", watermarks, defect, stamp)
    }

    /// Starts event time here with the timestamps that records have from their source, or with ingestion time.
    pub fn assign_watermarks(self, watermarks: Watermarks<T>) -> Self {
        let defect = watermarks.defect();
        let name = "assign_watermarks";
        if watermarks.is_ingestion() {
            let stamp = |_: &T, _: i64, shared: &Shared| shared.now().processing_time;
            self.assign(name, watermarks, defect, stamp)
        } else {
            self.assign(name, watermarks, defect, |_: &T, timestamp, _: &Shared| {
                timestamp
            })
        }
    }

    fn assign(
        self,
        type_name: &'static str,
        watermarks: Watermarks<T>,
        defect: Option<String>,
        stamp: impl Fn(&T, i64, &Shared) -> i64 + 'static,
    ) -> Self {
        let (document, punctuate) = watermarks.into_plan();
        let stream: Self = self.then(type_name, move |wiring| {
            let out = wiring.out(0)?;
            let shared = Rc::clone(&wiring.shared);
            let timestamp = move |record: &T, timestamp: i64| stamp(record, timestamp, &shared);
            let assign = Assign::new(wiring.node, timestamp, punctuate, out, &wiring.shared);
            let assign = Rc::new(assign);
            wiring.input::<T, _>(0, &assign);
            wiring.operator(assign);
            Ok(())
        });
        {
            let mut graph = stream.graph.borrow_mut();
            let node = graph.node(stream.node);
            node.watermarks = Some(document);
            node.defect = defect;
        }
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
                metrics: declared.metrics,
                timestamp: declared.timestamp,
                watermark: Cell::new(i64::MIN),
                out: wiring.out(0)?,
                shared: Rc::clone(&wiring.shared),
            });
            wiring.input::<T, _>(0, &node);
            wiring.operator(node);
            Ok(())
        });
        stream.declare(declared);
        stream
    }

    /// Puts the records of this stream and of others of its type into one, each exactly once, in any order. A stream
    /// that is given twice gives its records twice.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let [a, b, c] = ["a", "b", "c"].map(|name| env.source::<i64>(Connector::new(name)));
    ///     a.union([&b, &c]).union(&b).sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[1i64]).unwrap();
    /// harness.push(1, &[2i64]).unwrap();
    /// harness.push(2, &[3i64]).unwrap();
    /// let mut records = harness.records::<i64>(0).unwrap();
    /// records.sort();
    /// assert_eq!(records, [1, 2, 2, 3]);
    /// ```
    pub fn union<'a>(self, others: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut edges = vec![self.edge()];
        edges.extend(others.into_iter().map(Self::edge));
        let inputs = edges.len();
        let mut node = Node::new(Kind::Operator, "union");
        node.inputs = vec![schema_of::<T>(); inputs];
        node.outputs = vec![OutputPlan::main::<T>()];
        node.open = Some(Box::new(move |wiring| {
            let forward = Rc::new(Forward::<T> {
                out: wiring.out(0)?,
            });
            for input in 0..inputs as u32 {
                wiring.input::<T, _>(input, &forward);
            }
            Ok(())
        }));
        let number = self.graph.borrow_mut().add(node, &edges);
        Self::new(&self.graph, number, 0, Partitioning::Forward)
    }

    /// A side output of the operator that gives this stream. A tag that the operator does not declare, or declares with
    /// another type, is refused when the job is planned.
    pub fn side_output<U: Row>(&self, tag: &OutputTag<U>) -> Stream<U> {
        let output = self
            .graph
            .borrow_mut()
            .side_output::<U>(self.node, &tag.name);
        Stream::new(&self.graph, self.node, output, Partitioning::Forward)
    }

    /// Notes what the factory of the operator that gives this stream has declared.
    pub(super) fn declare(&self, declared: Result<Declared, Error>) {
        match declared {
            Ok(declared) => {
                let mut graph = self.graph.borrow_mut();
                let node = graph.node(self.node);
                node.outputs.extend(declared.outputs);
                node.states.extend(declared.states);
                node.reach = declared.reach;
            }
            Err(error) => self.defect(&error.to_string()),
        }
    }

    fn defect(&self, reason: &str) {
        let mut graph = self.graph.borrow_mut();
        let defect = &mut graph.node(self.node).defect;
        defect.get_or_insert_with(|| reason.to_owned());
    }

    /// Has the job refused when it is planned, because of the operator that gives this stream.
    pub(super) fn refuse(self, reason: &str) -> Self {
        self.defect(reason);
        self
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
            let sink = OpenSink::open(sink, ctx.finish()?.metrics, &wiring.shared)?;
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

    /// Says what happens when the operator that gives this stream fails at a record. Otherwise it is as configured
    /// (`guest.on-failure`): the job fails. Operators that say different things run in different tasks.
    #[must_use]
    pub fn on_failure(self, then: OnFailure) -> Self {
        self.graph.borrow_mut().node(self.node).on_failure = Some(then);
        self
    }

    /// Keeps the operator that gives this stream in a task apart from its input's.
    #[must_use]
    pub fn unchained(self) -> Self {
        self.graph.borrow_mut().node(self.node).chain = false;
        self
    }
}
