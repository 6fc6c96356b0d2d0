//! The job graph as the job function builds it: operators with their schemas, edges, and how to open each operator.
//!
//! The same function builds it when the job is planned and when a task is opened, so operators have the same numbers
//! both times. Numbers follow the order of calls; an edge always leads to a higher one.

mod document;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use crate::dynamic::MARKER;
use crate::error::Error;
use crate::restart::RestartStrategy;
use crate::row::{Row, schema_of};
use crate::task::Wiring;

/// How records of an edge find their subtask; see `wit/MANIFEST.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partitioning {
    /// The same subtask. Becomes `rebalance` where the parallelism of the two operators differs.
    Forward,
    /// By key.
    Hash,
    /// Round robin.
    Rebalance,
    /// To all.
    Broadcast,
}

impl Partitioning {
    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Hash => "hash",
            Self::Rebalance => "rebalance",
            Self::Broadcast => "broadcast",
        }
    }
}

/// An edge of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) output: u32,
    pub(crate) to: u32,
    pub(crate) input: u32,
    pub(crate) partitioning: Partitioning,
    /// Whether the receiving operator may be chained to its input.
    pub(crate) chain: bool,
}

/// What an operator is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Source,
    Operator,
    Sink,
    /// An open port by which records enter.
    Input,
    /// An open port by which records leave.
    Output,
}

/// Whether a schema, or one within it, has yet to be put in.
fn is_dynamic(schema: &Value) -> bool {
    match schema {
        Value::String(name) => name == MARKER,
        Value::Array(list) => list.iter().any(is_dynamic),
        Value::Object(map) => map.values().any(is_dynamic),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An output as the plan shows it.
#[derive(Clone, Debug)]
pub(crate) struct OutputPlan {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) key_schema: Option<Value>,
}

impl OutputPlan {
    /// The unkeyed main output.
    pub(crate) fn main<T: Row>() -> Self {
        Self {
            name: "out".to_owned(),
            schema: schema_of::<T>(),
            key_schema: None,
        }
    }
}

/// A state as the plan shows it.
#[derive(Clone, Debug)]
pub(crate) struct StatePlan {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) schema: Value,
    pub(crate) sub_key_schema: Option<Value>,
    /// Counted by the author of the job.
    pub(crate) version: u32,
    /// How long entries live, as the plan shows it.
    pub(crate) ttl: Option<Value>,
}

impl StatePlan {
    /// A state in its first version whose entries live until they are removed.
    pub(crate) fn new(
        name: &str,
        kind: &'static str,
        schema: Value,
        sub_key_schema: Option<Value>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            schema,
            sub_key_schema,
            version: 1,
            ttl: None,
        }
    }
}

/// What the host does with a record at which an operator fails: by returning an error, by a panic, or by going over a
/// limit. Whatever the call did before is undone. A failing timer or watermark fails the job in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The job fails.
    Fail,
    /// The record is left out and counted.
    Skip,
    /// The record is left out, counted, and kept with the error where `wasmill dead-letters` shows it.
    DeadLetter,
}

impl OnFailure {
    /// The word of the plan.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::DeadLetter => "dead-letter",
        }
    }
}

/// What an operator reaches beside records and state, as the plan shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// What the user must grant.
    pub(crate) grants: Vec<String>,
    /// Names of registered files.
    pub(crate) cached_files: Vec<String>,
}

/// Opens an operator in an instance.
pub(crate) type Open = Box<dyn FnOnce(&mut Wiring<'_>) -> Result<(), Error>>;

/// An operator of the graph.
pub(crate) struct Node {
    pub(crate) uid: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) type_name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) parallelism: Option<u32>,
    /// Takes the parallelism of its input unless it has its own.
    pub(crate) follows_input: bool,
    /// Has one subtask by its nature.
    pub(crate) single: bool,
    pub(crate) chain: bool,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) connector: Option<Value>,
    pub(crate) inputs: Vec<Value>,
    /// The input that is read to its end before the first record of the others.
    pub(crate) complete_first: Option<usize>,
    pub(crate) outputs: Vec<OutputPlan>,
    pub(crate) keyed: bool,
    pub(crate) states: Vec<StatePlan>,
    pub(crate) watermarks: Option<Value>,
    pub(crate) reach: Reach,
    /// What is wrong with it, told when the plan is made.
    pub(crate) defect: Option<String>,
    pub(crate) open: Option<Open>,
}

impl Node {
    pub(crate) fn new(kind: Kind, type_name: &'static str) -> Self {
        Self {
            uid: None,
            name: None,
            type_name,
            kind,
            parallelism: None,
            follows_input: false,
            single: false,
            chain: true,
            on_failure: None,
            connector: None,
            inputs: Vec::new(),
            complete_first: None,
            outputs: Vec::new(),
            keyed: false,
            states: Vec::new(),
            watermarks: None,
            reach: Reach::default(),
            defect: None,
            open: None,
        }
    }
}

/// The graph of a job.
pub(crate) struct Graph {
    pub(crate) name: Option<String>,
    pub(crate) max_parallelism: u32,
    pub(crate) cached_keys_max: usize,
    /// Files that the job registers: name and path.
    pub(crate) cached_files: Vec<(String, String)>,
    pub(crate) restart_strategy: Option<RestartStrategy>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// The graph while streams refer to it.
pub(crate) type SharedGraph = Rc<RefCell<Graph>>;

/// Key groups of a job unless it says otherwise.
const MAX_PARALLELISM_DEFAULT: u32 = 128;
/// Keys that a keyed operator keeps between calls unless the job says otherwise.
const CACHED_KEYS_DEFAULT: usize = 16 * 1024;

impl Graph {
    pub(crate) fn new() -> Self {
        Self {
            name: None,
            max_parallelism: MAX_PARALLELISM_DEFAULT,
            cached_keys_max: CACHED_KEYS_DEFAULT,
            cached_files: Vec::new(),
            restart_strategy: None,
            nodes: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// The number that the next operator gets.
    pub(crate) fn next_number(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Adds an operator with the edges into its inputs: (from, output, partitioning), input by input.
    pub(crate) fn add(&mut self, node: Node, inputs: &[(u32, u32, Partitioning)]) -> u32 {
        let to = self.next_number();
        let mut node = node;
        self.resolve(&mut node, inputs);
        self.nodes.push(node);
        for (input, &(from, output, partitioning)) in inputs.iter().enumerate() {
            self.edges.push(Edge {
                from,
                output,
                to,
                input: input as u32,
                partitioning,
                chain: true,
            });
        }
        to
    }

    /// Puts the schemas of what comes in where dynamic records are taken, and where they are given on as they come.
    fn resolve(&self, node: &mut Node, inputs: &[(u32, u32, Partitioning)]) {
        let takes_any = node.inputs.first().is_some_and(|schema| *schema == MARKER);
        for (schema, &(from, output, _)) in node.inputs.iter_mut().zip(inputs) {
            if *schema == MARKER {
                let from = &self.nodes[from as usize].outputs[output as usize];
                schema.clone_from(&from.schema);
            }
        }
        let main = node
            .outputs
            .first_mut()
            .filter(|main| takes_any && main.schema == MARKER);
        if let Some(main) = main {
            main.schema.clone_from(&node.inputs[0]);
        }
    }

    /// The operator of a number that this graph gave out.
    pub(crate) fn node(&mut self, number: u32) -> &mut Node {
        &mut self.nodes[number as usize]
    }

    /// The index of a side output by its name. If the operator has none of this name and type, it gets a defect.
    pub(crate) fn side_output<T: Row>(&mut self, node: u32, name: &str) -> u32 {
        let node = &mut self.nodes[node as usize];
        let mut outputs = node.outputs.iter().enumerate().skip(1);
        let found = outputs.find(|(_, output)| output.name == name);
        let (index, defect) = match found {
            // Dynamic records are read whatever their schema is: the output says it.
            Some((index, output))
                if output.schema == schema_of::<T>() || schema_of::<T>() == MARKER =>
            {
                return index as u32;
            }
            Some((index, output)) => {
                let (gives, takes) = (&output.schema, schema_of::<T>());
                let text = format!("its side output {name} gives {gives} but is read as {takes}");
                (index as u32, text)
            }
            None => {
                let names: Vec<&str> = node.outputs.iter().skip(1).map(|o| &*o.name).collect();
                let has = match &names[..] {
                    [] => "it declares none".to_owned(),
                    names => format!("it declares {}", names.join(", ")),
                };
                (0, format!("it has no side output {name}, {has}"))
            }
        };
        node.defect.get_or_insert(defect);
        index
    }

    /// The parallelism an operator asks for.
    fn parallelism(&self, number: u32) -> Option<u32> {
        let node = &self.nodes[number as usize];
        if node.parallelism.is_some() || !node.follows_input {
            return node.parallelism;
        }
        let input = self.edges.iter().find(|edge| edge.to == number);
        input.and_then(|edge| self.parallelism(edge.from))
    }

    /// The edges as they will be: implicit forward edges between operators of different parallelism are rebalanced.
    pub(crate) fn edges(&self) -> Vec<Edge> {
        let mut edges = self.edges.clone();
        for edge in &mut edges {
            edge.chain = self.nodes[edge.to as usize].chain;
            if edge.partitioning == Partitioning::Forward
                && self.parallelism(edge.from) != self.parallelism(edge.to)
            {
                edge.partitioning = Partitioning::Rebalance;
            }
        }
        edges
    }

    /// Takes what opens an operator.
    ///
    /// # Errors
    /// There is no such operator, or it does not run in a component.
    pub(crate) fn take_open(&mut self, number: u32) -> Result<Open, Error> {
        let node = self.nodes.get_mut(number as usize);
        node.and_then(|node| node.open.take()).ok_or_else(|| {
            Error::Task(format!(
                "operator {number} is not one of this job's that run in a component"
            ))
        })
    }

    /// Whether an operator assigns timestamps, and how many inputs it has.
    pub(crate) fn flow_of(&self, number: u32) -> (bool, u32) {
        self.nodes.get(number as usize).map_or((false, 0), |node| {
            (node.watermarks.is_some(), node.inputs.len() as u32)
        })
    }
}
