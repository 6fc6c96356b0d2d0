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
use crate::state::{ListState, MapState, SubKey, ValueState};
use crate::task::{Out, Place, Shared, Wiring};

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
    metrics: Metrics,
    timestamp: Rc<Cell<i64>>,
    states: Vec<StatePlan>,
    outputs: Vec<OutputPlan>,
    reach: Reach,
    defect: Option<Error>,
}

/// What a factory has declared.
pub(crate) struct Declared {
    pub(crate) states: Vec<StatePlan>,
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
            metrics: Metrics::new(wiring.map_or(0, |wiring| wiring.node)),
            timestamp: Rc::new(Cell::new(NO_TIMESTAMP)),
            states: Vec::new(),
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

    /// What was declared.
    ///
    /// # Errors
    /// A declaration is impossible here.
    pub(crate) fn finish(self) -> Result<Declared, Error> {
        match self.defect {
            Some(defect) => Err(defect),
            None => Ok(Declared {
                states: self.states,
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
        let (number, space) = self.state(name, "value", schema_of::<T>(), None);
        ValueState::open(number, &space)
    }

    /// Declares a list per key.
    pub fn list_state<T: Row>(&mut self, name: &str) -> ListState<T> {
        let (number, space) = self.state(name, "list", schema_of::<T>(), None);
        ListState::open(number, &space)
    }

    /// Declares an ordered map per key.
    pub fn map_state<K: SubKey, V: Row>(&mut self, name: &str) -> MapState<K, V> {
        let sub_key = Some(schema_of::<K>());
        let (number, space) = self.state(name, "map", schema_of::<V>(), sub_key);
        MapState::open(number, &space)
    }

    fn state(
        &mut self,
        name: &str,
        kind: &'static str,
        schema: serde_json::Value,
        sub_key_schema: Option<serde_json::Value>,
    ) -> (u32, Rc<KeySpace>) {
        self.states.push(StatePlan {
            name: name.to_owned(),
            kind,
            schema,
            sub_key_schema,
        });
        let number = match self.wiring.map(|wiring| wiring.state_number(name)) {
            Some(Ok(number)) => number,
            Some(Err(error)) => {
                self.defect.get_or_insert(error);
                u32::MAX
            }
            None => u32::MAX,
        };
        let space = self.space.clone().unwrap_or_else(|| {
            let text = format!("state {name} needs a keyed stream, call key_by before");
            self.defect.get_or_insert(Error::User(text));
            let shared = Shared::new(Rc::new(crate::no_host::NoHost), Place::default(), 1, 0);
            KeySpace::new(Some(0), &Rc::new(shared))
        });
        (number, space)
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
