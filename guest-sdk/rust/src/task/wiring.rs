//! Wiring a chain from its tail to its head.
//!
//! Operators are numbered in the order in which the job function makes them, and an edge always leads to a higher
//! number; so opening them from the highest number down finds every receiver ready. Types were checked when the job
//! was written: a receiver of another type at the end of an edge means that the graph and the host's spec differ.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{
    DecodingHead, Head, KeyedPort, Operator, Out, Port, PortBuffer, Receiver, Shared, TaskSpec,
};
use crate::error::Error;
use crate::graph::{Edge, Partitioning};
use crate::row::Row;
use crate::sink::SinkNode;
use crate::source::SourceNode;

/// An instance while its operators are being opened.
pub(crate) struct Wiring<'a> {
    /// The operator that is being opened.
    pub(crate) node: u32,
    pub(crate) shared: Rc<Shared>,
    pub(crate) spec: &'a TaskSpec,
    /// Edges that stay inside the instance.
    pub(crate) edges: Vec<Edge>,
    receivers: BTreeMap<(u32, u32), Box<dyn Any>>,
    pub(crate) ports: Vec<Rc<PortBuffer>>,
    pub(crate) heads: BTreeMap<(u32, u32), Rc<dyn Head>>,
    pub(crate) operators: Vec<(u32, Rc<dyn Operator>)>,
    pub(crate) keyed: Option<Rc<dyn Operator>>,
    /// The source, if the instance is one.
    pub(crate) source: Option<Rc<dyn SourceNode>>,
    /// The sink, if the instance is one.
    pub(crate) sink: Option<Rc<dyn SinkNode>>,
}

impl<'a> Wiring<'a> {
    pub(crate) fn new(spec: &'a TaskSpec, edges: &[Edge], shared: Rc<Shared>) -> Self {
        let inside = |edge: &&Edge| {
            edge.partitioning == Partitioning::Forward
                && edge.chain
                && spec.operators.contains(&edge.from)
                && spec.operators.contains(&edge.to)
        };
        let ports = (0..spec.outputs.len() as u32)
            .map(|number| PortBuffer::new(number, &shared))
            .collect();
        Self {
            node: 0,
            shared,
            spec,
            edges: edges.iter().filter(inside).cloned().collect(),
            receivers: BTreeMap::new(),
            ports,
            heads: BTreeMap::new(),
            operators: Vec::new(),
            keyed: None,
            source: None,
            sink: None,
        }
    }

    /// The ports behind an output of the operator.
    fn ports_of(&self, output: u32) -> impl Iterator<Item = Rc<PortBuffer>> {
        let behind = self.spec.outputs.iter().zip(&self.ports);
        behind
            .filter(move |(port, _)| **port == (self.node, output))
            .map(|(_, buffer)| Rc::clone(buffer))
    }

    /// What an unkeyed output of the operator sends to.
    ///
    /// # Errors
    /// An edge leads to an operator that takes another type.
    pub(crate) fn out<T: Row>(&self, output: u32) -> Result<Out<T>, Error> {
        let mut receivers: Vec<Rc<dyn Receiver<T>>> = Vec::new();
        for edge in &self.edges {
            if (edge.from, edge.output) == (self.node, output) {
                let receiver = self.receivers.get(&(edge.to, edge.input));
                let receiver = receiver.and_then(|any| any.downcast_ref::<Rc<dyn Receiver<T>>>());
                let receiver = receiver.ok_or_else(|| {
                    Error::Task(format!(
                        "input {} of operator {} does not take the records of operator {}",
                        edge.input, edge.to, edge.from
                    ))
                })?;
                receivers.push(Rc::clone(receiver));
            }
        }
        for buffer in self.ports_of(output) {
            receivers.push(Rc::new(Port::new(buffer)));
        }
        Ok(Out::to(receivers))
    }

    /// The ports of the operator's keyed output.
    pub(crate) fn keyed_ports(&self) -> Vec<KeyedPort> {
        self.ports_of(0).map(KeyedPort::new).collect()
    }

    /// Whether an input of the task feeds an input of the operator.
    fn fed_by_task(&self, input: u32) -> bool {
        let ports = self.spec.inputs.iter().flatten();
        ports.into_iter().any(|port| *port == (self.node, input))
    }

    /// Makes `receiver` the input number `input` of the operator.
    pub(crate) fn input<T: Row, R: Receiver<T> + 'static>(&mut self, input: u32, receiver: &Rc<R>) {
        if self.fed_by_task(input) {
            let head = DecodingHead::new(Rc::clone(receiver), &self.shared);
            self.heads.insert((self.node, input), Rc::new(head));
        }
        let inside = self
            .edges
            .iter()
            .any(|e| (e.to, e.input) == (self.node, input));
        if inside {
            let any: Rc<dyn Receiver<T>> = Rc::<R>::clone(receiver);
            self.receivers.insert((self.node, input), Box::new(any));
        }
    }

    /// Makes `head` the keyed input number `input` of the operator.
    pub(crate) fn keyed_input(&mut self, input: u32, head: Rc<dyn Head>) {
        self.heads.insert((self.node, input), head);
    }

    /// Registers what the task has to tell the operator.
    pub(crate) fn operator(&mut self, operator: Rc<dyn Operator>) {
        self.operators.push((self.node, operator));
    }

    /// Registers the keyed operator of the chain.
    ///
    /// # Errors
    /// There is one already: timers could not be told apart.
    pub(crate) fn keyed_operator(&mut self, operator: Rc<dyn Operator>) -> Result<(), Error> {
        if self.keyed.is_some() {
            return Err(Error::Task("a chain has two keyed operators".to_owned()));
        }
        self.keyed = Some(Rc::clone(&operator));
        self.operator(operator);
        Ok(())
    }

    /// The number of a state of the operator.
    ///
    /// # Errors
    /// The host has no number for it.
    pub(crate) fn state_number(&self, name: &str) -> Result<u32, Error> {
        let states = self.spec.states.iter();
        let mut mine = states.filter(|(operator, n, _)| *operator == self.node && n == name);
        mine.next().map(|(_, _, number)| *number).ok_or_else(|| {
            Error::Task(format!(
                "state {name} of operator {} has no number",
                self.node
            ))
        })
    }
}
