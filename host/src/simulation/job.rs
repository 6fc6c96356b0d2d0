//! The simulated job: two sources that are stamped and keyed, a tally behind each subtask of them, a keyed operator over
//! both, a sink. A tally ends with its subtask of the source, so they end at different times. Built anew for every attempt, at another parallelism if the run says so; the uids stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use dataflow::clock::Clock;
use dataflow::element::WATERMARK_MIN;
use dataflow::graph::logical::{
    Connector, Edge, Input as Port, JobGraph, Operator as Node, OperatorKind, OperatorState,
    Output, Partitioning, State,
};
use dataflow::ids::{ComponentId, OperatorId, StateNumber};
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, Operator, OperatorError, OperatorFactory};
use dataflow::port::operator_state::OperatorStateKind;
use dataflow::port::sink::{ConnectorError, Sink};
use dataflow::port::source::Source;
use dataflow::port::state::StateKind;
use dataflow::time::watermark_generator::{WatermarkRule, WatermarkStrategy};

use super::dice::Dice;
use super::input::{Input, OUT_OF_ORDER_MS};
use super::logic::{Fold, Stamp, Tally};
use super::outside::{Outside, SimulatedSink};
use super::source::SimulatedSource;
use crate::scheduler::job::{Job, JobComponent};
use crate::storage::metadata::Metadata;

const BYTES: &str = "\"bytes\"";

/// Numbers of the operators: a source and its stamp twice, then these.
const FOLD: u32 = 4;
const SINK: u32 = 5;
const TALLIES: [u32; 2] = [6, 7];

/// What jobs of a run are made of. Cheap to clone.
#[derive(Clone)]
pub(super) struct Parts {
    /// The input.
    pub(super) input: Arc<Input>,
    /// The target of the sink.
    pub(super) outside: Arc<Outside>,
    /// Set: the keyed operator fails at the next record.
    pub(super) trap: Arc<AtomicBool>,
    /// Gives every reader its own series.
    pub(super) seeds: Arc<AtomicU64>,
}

/// How wide each operator runs, and whether the sink is chained to the keyed operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    left: u32,
    right: u32,
    fold: u32,
    sink: u32,
    chained: bool,
}

impl Shape {
    /// Any shape.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut width = || dice.between(1, 3) as u32;
        let (left, right, fold, sink) = (width(), width(), width(), width());
        let chained = dice.percent(40);
        Self {
            left,
            right,
            fold,
            sink: if chained { fold } else { sink },
            chained,
        }
    }

    /// The shape of the job that wrote a checkpoint.
    pub(super) fn of(saved: &Metadata) -> Option<Self> {
        let chain = |uid: &str| {
            let mut chains = saved.vertices.iter();
            chains.find(|it| it.operators.iter().any(|operator| operator == uid))
        };
        let width = |uid: &str| Some(chain(uid)?.tasks.len() as u32);
        Some(Self {
            left: width("source 0")?,
            right: width("source 2")?,
            fold: width("fold")?,
            sink: width("sink")?,
            chained: chain("fold")?.operators.iter().any(|it| it == "sink"),
        })
    }

    /// This shape with the chains of another.
    pub(super) fn chained_as(self, other: Self) -> Self {
        Self {
            sink: if other.chained { self.fold } else { self.sink },
            chained: other.chained,
            ..self
        }
    }

    /// A job of this shape.
    ///
    /// # Panics
    /// The graph is refused: the simulation itself is wrong.
    pub(super) fn job(self, parts: &Parts, clock: &Arc<dyn Clock>) -> Job {
        let component = JobComponent {
            name: "simulated".to_owned(),
            digest: "simulated".to_owned(),
            file: None,
            first_operator: 0,
            operators: Arc::new(parts.clone()),
            parameters: Vec::new(),
            planned: Vec::new(),
        };
        let job = Job::new(self.graph(), 1, vec![component], Arc::default(), clock);
        job.expect("the simulated job is a job")
    }

    fn graph(self) -> JobGraph {
        let hash = |from, input| edge(from, FOLD, input, Partitioning::Hash);
        let out = if self.chained {
            Partitioning::Forward
        } else {
            Partitioning::Rebalance
        };
        JobGraph {
            name: "simulated".to_owned(),
            max_parallelism: 16,
            operators: vec![
                source(0, self.left),
                stamp(1, self.left),
                source(2, self.right),
                stamp(3, self.right),
                fold(self.fold),
                sink(self.sink),
                tally(TALLIES[0], self.left),
                tally(TALLIES[1], self.right),
            ],
            edges: vec![
                edge(0, 1, 0, Partitioning::Forward),
                edge(2, 3, 0, Partitioning::Forward),
                edge(1, TALLIES[0], 0, Partitioning::Forward),
                edge(3, TALLIES[1], 0, Partitioning::Forward),
                hash(TALLIES[0], 0),
                hash(TALLIES[1], 1),
                edge(FOLD, SINK, 0, out),
            ],
            cached_files: Vec::new(),
        }
    }
}

fn edge(from: u32, to: u32, input: u32, partitioning: Partitioning) -> Edge {
    Edge {
        from: OperatorId(from),
        output: 0,
        to: OperatorId(to),
        input,
        partitioning,
    }
}

fn node(id: u32, uid: String, parallelism: u32, kind: OperatorKind) -> Node {
    Node {
        id: OperatorId(id),
        name: uid.clone(),
        uid,
        parallelism: Some(parallelism),
        chain: true,
        kind,
        inputs: Vec::new(),
        outputs: Vec::new(),
        component: None,
        grants: Vec::new(),
        cached_files: Vec::new(),
        guest: Default::default(),
    }
}

fn takes() -> Port {
    Port {
        schema: BYTES.to_owned(),
        complete_first: false,
    }
}

fn gives(key_schema: Option<&str>) -> Output {
    Output {
        name: "main".to_owned(),
        schema: BYTES.to_owned(),
        key_schema: key_schema.map(str::to_owned),
    }
}

fn source(id: u32, parallelism: u32) -> Node {
    let kind = OperatorKind::Source(Connector("{}".to_owned()));
    Node {
        component: Some(ComponentId(0)),
        outputs: vec![gives(None)],
        ..node(id, format!("source {id}"), parallelism, kind)
    }
}

fn stamp(id: u32, parallelism: u32) -> Node {
    let strategy = WatermarkStrategy {
        rule: WatermarkRule::Bounded {
            max_out_of_orderness_ms: OUT_OF_ORDER_MS,
        },
        idle_after_ms: None,
        alignment: None,
    };
    Node {
        inputs: vec![takes()],
        outputs: vec![gives(Some("\"long\""))],
        ..node(id, format!("stamp {id}"), parallelism, seer(Some(strategy)))
    }
}

/// Logic that keeps a list of what it saw.
fn seer(watermarks: Option<WatermarkStrategy>) -> OperatorKind {
    let seen = OperatorState {
        name: "seen".to_owned(),
        kind: OperatorStateKind::ListSplit,
        schema: "\"long\"".to_owned(),
        sub_key_schema: None,
    };
    OperatorKind::Logic {
        component: ComponentId(0),
        keyed: false,
        states: Vec::new(),
        operator_states: vec![seen],
        watermarks,
    }
}

fn tally(id: u32, parallelism: u32) -> Node {
    Node {
        chain: false,
        inputs: vec![takes()],
        outputs: vec![gives(Some("\"long\""))],
        ..node(id, format!("tally {id}"), parallelism, seer(None))
    }
}

fn fold(parallelism: u32) -> Node {
    let state = |name: &str, kind| State {
        name: name.to_owned(),
        kind,
        schema: BYTES.to_owned(),
        sub_key_schema: None,
        expires: false,
    };
    let kind = OperatorKind::Logic {
        component: ComponentId(0),
        keyed: true,
        states: vec![
            state("count", StateKind::Value),
            state("windows", StateKind::Map),
        ],
        operator_states: Vec::new(),
        watermarks: None,
    };
    Node {
        inputs: vec![takes(), takes()],
        outputs: vec![gives(None)],
        ..node(FOLD, "fold".to_owned(), parallelism, kind)
    }
}

fn sink(parallelism: u32) -> Node {
    let kind = OperatorKind::Sink(Connector("{}".to_owned()));
    Node {
        component: Some(ComponentId(0)),
        inputs: vec![takes()],
        ..node(SINK, "sink".to_owned(), parallelism, kind)
    }
}

fn number(spec: &FragmentSpec, name: &str) -> StateNumber {
    let found = spec.states.iter().find(|(_, state, _)| state == name);
    found.map_or(StateNumber(u32::MAX), |(.., number)| *number)
}

impl OperatorFactory for Parts {
    fn open(&self, spec: &FragmentSpec, call: Call) -> Result<Box<dyn Operator>, OperatorError> {
        let operator = spec.operators[0];
        if operator == OperatorId(FOLD) {
            return Ok(Box::new(Fold {
                call,
                count: number(spec, "count"),
                windows: number(spec, "windows"),
                watermark: WATERMARK_MIN,
                outside: Arc::clone(&self.outside),
                fails: Arc::clone(&self.trap),
            }));
        }
        let seen = number(spec, "seen");
        if TALLIES.contains(&operator.0) {
            return Ok(Box::new(Tally { call, seen }));
        }
        Ok(Box::new(Stamp {
            call,
            operator,
            seen,
        }))
    }

    fn source(&self, spec: &FragmentSpec, _: &str) -> Result<Arc<dyn Source>, ConnectorError> {
        Ok(Arc::new(SimulatedSource {
            input: Arc::clone(&self.input),
            index: spec.operators[0].0 as usize / 2,
            seeds: Arc::clone(&self.seeds),
        }))
    }

    fn sink(&self, _: &FragmentSpec) -> Result<Arc<dyn Sink>, ConnectorError> {
        Ok(Arc::new(SimulatedSink {
            outside: Arc::clone(&self.outside),
        }))
    }
}
