//! [`OpenContext`]: where the factory of an operator gets its state handles, side outputs and metrics.
//!
//! A factory runs twice: when the graph is built, to learn what the operator declares, and when it is opened, to make
//! handles that work. The handles of the first run lead nowhere.

use std::cell::Cell;
use std::rc::Rc;

use crate::column::NO_TIMESTAMP;
use crate::error::Error;
use crate::files::{CachedFile, Files};
use crate::graph::{Kind, Node, OutputPlan, Reach, StatePlan};
use crate::host::Host;
use crate::keyed::KeySpace;
use crate::operator::metrics::Metrics;
use crate::operator::{Counter, Gauge, Histogram, Meter};
use crate::row::{Row, schema_of};
use crate::state::{
    AggregatingState, BroadcastState, Expire, ListState, MapState, OperatorListState,
    OperatorStore, ReducingState, SubKey, Ttl, TtlStates, ValueCell, ValueState,
};
use crate::task::{Out, Place, Shared, Wiring};
use crate::window::Aggregate;

/// Names a side output and the type of its records.
#[derive(Debug)]
pub struct OutputTag<T> {
    pub(crate) name: String,
    schema: serde_json::Value,
    record: std::marker::PhantomData<fn() -> T>,
}

impl<T: Row> OutputTag<T> {
    /// The tag of this name.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            schema: schema_of::<T>(),
            record: std::marker::PhantomData,
        }
    }

    /// Says which schema the records have, if they are [`Dynamic`](crate::dynamic::Dynamic).
    #[must_use]
    pub fn returns(mut self, schema: &crate::dynamic::RowSchema) -> Self {
        self.schema = schema.to_json();
        self
    }
}

/// A side output of an operator.
pub struct SideOutput<T> {
    out: Out<T>,
    timestamp: Rc<Cell<i64>>,
}

impl<T: Row> SideOutput<T> {
    /// Emits a record with the timestamp of the record or timer under way.
    #[inline]
    pub fn emit(&self, record: T) {
        self.out.send(record, self.timestamp.get());
    }
}

/// What a factory may ask for.
pub struct OpenContext<'a> {
    place: &'a Place,
    space: Option<Rc<KeySpace>>,
    wiring: Option<&'a Wiring<'a>>,
    /// Whether the operator has a broadcast input.
    broadcast: bool,
    metrics: Metrics,
    timestamp: Rc<Cell<i64>>,
    states: Vec<StatePlan>,
    expiring: Vec<Rc<dyn Expire>>,
    outputs: Vec<OutputPlan>,
    reach: Reach,
    defect: Option<Error>,
}

/// What a factory has declared.
pub(crate) struct Declared {
    pub(crate) states: Vec<StatePlan>,
    /// Those that expire.
    pub(crate) expiring: Vec<Rc<dyn Expire>>,
    pub(crate) outputs: Vec<OutputPlan>,
    pub(crate) reach: Reach,
    pub(crate) metrics: Metrics,
    pub(crate) timestamp: Rc<Cell<i64>>,
}

impl<'a> OpenContext<'a> {
    fn new(place: &'a Place, space: Option<Rc<KeySpace>>, wiring: Option<&'a Wiring<'a>>) -> Self {
        Self {
            place,
            space,
            wiring,
            broadcast: false,
            metrics: Metrics::new(wiring.map_or(0, |wiring| wiring.node)),
            timestamp: Rc::new(Cell::new(NO_TIMESTAMP)),
            states: Vec::new(),
            expiring: Vec::new(),
            outputs: Vec::new(),
            reach: Reach::default(),
            defect: None,
        }
    }

    /// A context that only learns what is declared.
    pub(crate) fn planning(place: &'a Place, keyed: bool) -> Self {
        let shared = Rc::new(Shared::new(
            Rc::new(crate::no_host::NoHost),
            Place::default(),
            1,
            0,
        ));
        let space = keyed.then(|| KeySpace::new(Some(0), &shared));
        Self::new(place, space, None)
    }

    /// A context that gives working handles.
    pub(crate) fn opening(wiring: &'a Wiring<'a>, space: Option<Rc<KeySpace>>) -> Self {
        Self::new(&wiring.shared.place, space, Some(wiring))
    }

    /// For an operator that has a broadcast input.
    pub(crate) fn with_broadcast(mut self) -> Self {
        self.broadcast = true;
        self
    }

    /// What was declared.
    ///
    /// # Errors
    /// A declaration is impossible here.
    pub(crate) fn finish(self) -> Result<Declared, Error> {
        match self.defect {
            Some(defect) => Err(defect),
            None => Ok(Declared {
                states: self.states,
                expiring: self.expiring,
                outputs: self.outputs,
                reach: self.reach,
                metrics: self.metrics,
                timestamp: self.timestamp,
            }),
        }
    }

    /// The timestamp that side outputs give to their records.
    pub(crate) fn timestamp_cell(&self) -> Rc<Cell<i64>> {
        Rc::clone(&self.timestamp)
    }

    /// The place of this instance in the job. Not known, and empty, while the job is planned.
    pub fn place(&self) -> &Place {
        self.place
    }

    /// Declares one value per key.
    pub fn value_state<T: Row>(&mut self, name: &str) -> ValueState<T> {
        self.value(name, "value")
    }

    fn value<T: Row>(&mut self, name: &str, kind: &'static str) -> ValueState<T> {
        let plan = StatePlan::new(name, kind, schema_of::<T>(), None);
        let (number, space) = self.keyed_state(plan);
        ValueState::open(number, &space)
    }

    /// Declares a list per key.
    pub fn list_state<T: Row>(&mut self, name: &str) -> ListState<T> {
        let plan = StatePlan::new(name, "list", schema_of::<T>(), None);
        let (number, space) = self.keyed_state(plan);
        ListState::open(number, &space)
    }

    /// Declares an ordered map per key.
    pub fn map_state<K: SubKey, V: Row>(&mut self, name: &str) -> MapState<K, V> {
        let sub_key = Some(schema_of::<K>());
        let plan = StatePlan::new(name, "map", schema_of::<V>(), sub_key);
        let (number, space) = self.keyed_state(plan);
        MapState::open(number, &space)
    }

    /// Declares a value per key that what is added is reduced into.
    pub fn reducing_state<T: Row>(
        &mut self,
        name: &str,
        reduce: impl Fn(T, T) -> T + 'static,
    ) -> ReducingState<T> {
        let value = self.value(name, "reducing");
        ReducingState::new(ValueCell::Lasting(value), reduce)
    }

    /// Declares an accumulator per key that what is added is aggregated into.
    pub fn aggregating_state<T: 'static, A: Aggregate<T>>(
        &mut self,
        name: &str,
        aggregate: A,
    ) -> AggregatingState<T, A> {
        let value = self.value(name, "aggregating");
        AggregatingState::new(ValueCell::Lasting(value), aggregate)
    }

    /// Declares keyed states whose values expire: `ctx.ttl(Ttl::of_ms(60_000)).value_state("last")`.
    pub fn ttl(&mut self, ttl: Ttl) -> TtlStates<'_, 'a> {
        TtlStates::new(self, ttl)
    }

    /// Says which version of its schema a declared state has, to be shown with it; 1 unless this says otherwise.
    pub fn state_version(&mut self, name: &str, version: u32) {
        match self.states.iter_mut().find(|state| state.name == name) {
            Some(state) => state.version = version,
            None => self.refuse(format!(
                "there is no state {name} that could have a version, declare it before"
            )),
        }
    }

    /// Has the operator refused.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.defect.get_or_insert(Error::User(reason));
    }

    /// Notes that a state expires.
    pub(crate) fn expires(&mut self, state: Rc<dyn Expire>) {
        self.expiring.push(state);
    }

    /// Declares a state that needs a key.
    pub(crate) fn keyed_state(&mut self, plan: StatePlan) -> (u32, Rc<KeySpace>) {
        let name = plan.name.clone();
        let number = self.number(plan);
        let space = self.space.clone().unwrap_or_else(|| {
            let text = format!("state {name} needs a keyed stream, call key_by before");
            self.defect.get_or_insert(Error::User(text));
            let shared = Shared::new(Rc::new(crate::no_host::NoHost), Place::default(), 1, 0);
            KeySpace::new(Some(0), &Rc::new(shared))
        });
        (number, space)
    }

    /// Declares a state; gives its number, which leads nowhere while the job is planned.
    fn number(&mut self, plan: StatePlan) -> u32 {
        let number = self.wiring.map(|wiring| wiring.state_number(&plan.name));
        self.states.push(plan);
        match number {
            Some(Ok(number)) => number,
            Some(Err(error)) => {
                self.defect.get_or_insert(error);
                u32::MAX
            }
            None => u32::MAX,
        }
    }

    /// Declares a list of the subtask, which needs no key. When the parallelism changes, the lists of all subtasks are
    /// joined and split evenly.
    pub fn operator_list_state<T: Row>(&mut self, name: &str) -> OperatorListState<T> {
        self.operator_list(name, "list-split")
    }

    /// Declares a list of the subtask, which needs no key. After a restore every subtask has the lists of all.
    pub fn operator_union_state<T: Row>(&mut self, name: &str) -> OperatorListState<T> {
        self.operator_list(name, "list-union")
    }

    fn operator_list<T: Row>(&mut self, name: &str, kind: &'static str) -> OperatorListState<T> {
        let number = self.number(StatePlan::new(name, kind, schema_of::<T>(), None));
        let (state, store) = OperatorListState::open(number, self.host().0);
        self.keep(store);
        state
    }

    /// Declares a map that is equal on every subtask, for an operator made with `connect_broadcast`.
    pub fn broadcast_state<K: SubKey, V: Row>(&mut self, name: &str) -> BroadcastState<K, V> {
        if !self.broadcast {
            self.refuse(format!(
                "broadcast state {name} needs a broadcast input, make the operator with connect_broadcast"
            ));
        }
        let sub_key = Some(schema_of::<K>());
        let plan = StatePlan::new(name, "broadcast", schema_of::<V>(), sub_key);
        let number = self.number(plan);
        let (state, store) = BroadcastState::open(number, self.host().0);
        self.keep(store);
        state
    }

    fn keep(&self, store: Rc<dyn OperatorStore>) {
        if let Some(wiring) = self.wiring {
            wiring.shared.keep(store);
        }
    }

    /// Says which schema the values of a state of [`Dynamic`](crate::dynamic::Dynamic) records have; otherwise the plan
    /// shows them as bytes.
    pub fn state_schema(&mut self, name: &str, schema: &crate::dynamic::RowSchema) {
        if let Some(state) = self.states.iter_mut().find(|state| state.name == name) {
            state.schema = schema.to_json();
        }
    }

    /// Declares a side output. Read it with `stream.side_output(&tag)`.
    pub fn side_output<T: Row>(&mut self, tag: &OutputTag<T>) -> SideOutput<T> {
        self.outputs.push(OutputPlan {
            name: tag.name.clone(),
            schema: tag.schema.clone(),
            key_schema: None,
        });
        let index = self.outputs.len() as u32;
        let out = match self.wiring.map(|wiring| wiring.out(index)) {
            Some(Ok(out)) => out,
            Some(Err(error)) => {
                self.defect.get_or_insert(error);
                Out::nobody()
            }
            None => Out::nobody(),
        };
        SideOutput {
            out,
            timestamp: Rc::clone(&self.timestamp),
        }
    }

    /// Files of a directory that the user has to grant (`--grant files=DIR`). For sources and sinks only.
    pub fn files(&mut self) -> Files {
        if self.reach.grants.is_empty() {
            self.reach.grants.push("files".to_owned());
        }
        let (host, operator) = self.host();
        Files::new(host, operator)
    }

    /// The file registered under this name (`--cached-file NAME=PATH`). It is empty while the job is planned.
    pub fn cached_file(&mut self, name: &str) -> CachedFile {
        if self.reach.cached_files.iter().all(|known| known != name) {
            self.reach.cached_files.push(name.to_owned());
        }
        CachedFile::new(self.host().0, name, self.wiring.is_none())
    }

    /// The host, and the number of this operator; no host at all while the job is planned.
    fn host(&self) -> (Rc<dyn Host>, u32) {
        match self.wiring {
            Some(wiring) => (Rc::clone(&wiring.shared.host), wiring.node),
            None => (Rc::new(crate::no_host::NoHost), 0),
        }
    }

    /// The counter of this name, shown in the console.
    pub fn counter(&mut self, name: &str) -> Counter {
        self.metrics.counter(name)
    }

    /// The meter of this name: events per second.
    pub fn meter(&mut self, name: &str) -> Meter {
        self.metrics.meter(name)
    }

    /// The gauge of this name: a value as it is now, by subtask.
    pub fn gauge(&mut self, name: &str) -> Gauge {
        self.metrics.gauge(name)
    }

    /// The histogram of this name: how values are distributed.
    pub fn histogram(&mut self, name: &str) -> Histogram {
        self.metrics.histogram(name)
    }
}

impl Node {
    /// A source or sink that runs in the component: what its factory declares is learned by a run of it.
    pub(crate) fn of_component<C>(
        kind: Kind,
        type_name: &'static str,
        factory: &impl Fn(&mut OpenContext<'_>) -> C,
    ) -> Self {
        let place = Place::default();
        let mut planning = OpenContext::planning(&place, false);
        drop(factory(&mut planning));
        let mut node = Self::new(kind, type_name);
        node.connector = Some(serde_json::json!({ "type": "component" }));
        match planning.finish() {
            Ok(declared) if declared.outputs.is_empty() => node.reach = declared.reach,
            Ok(_) => node.defect = Some("sources and sinks have no side outputs".to_owned()),
            Err(error) => node.defect = Some(error.to_string()),
        }
        node
    }
}
