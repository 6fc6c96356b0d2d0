//! What all operators of one task share: the host, the times of the call, and the signals to stop.
//!
//! There is one thread and no reentrance, so cells are enough. Operators never talk to the host directly about output:
//! ports do, and they tell here how much went out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::column::Moment;
use crate::error::Error;
use crate::host::{Host, Level, Observation};
use crate::state::OperatorStore;

/// One record of a call that failed, if it is known which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct CallFailure {
    /// Index of the record in the batch of the call.
    pub record: Option<u32>,
    /// What is wrong.
    pub error: Error,
}

impl From<Error> for CallFailure {
    fn from(error: Error) -> Self {
        Self {
            record: None,
            error,
        }
    }
}

/// The state of the call under way, and the place of the task in the job.
pub(crate) struct Shared {
    /// The host.
    pub(crate) host: Rc<dyn Host>,
    /// Name of the job, index of this subtask, how many there are, how often the job was deployed before.
    pub(crate) place: Place,
    /// Keys that keyed operators keep, at most.
    pub(crate) cached_keys_max: usize,
    /// Output bytes after which a call should end.
    pub(crate) output_soft_bytes: usize,
    now: Cell<Moment>,
    stop: Cell<bool>,
    failure: RefCell<Option<Error>>,
    output_bytes: Cell<usize>,
    observations: RefCell<Vec<Observation>>,
    increments: RefCell<Vec<(u32, String, u64)>>,
    /// The states without keys of all operators.
    states: RefCell<Vec<Rc<dyn OperatorStore>>>,
}

/// The place of a task in its job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Name of the job.
    pub job: String,
    /// Index of this subtask, from 0.
    pub subtask: u32,
    /// How many subtasks there are.
    pub parallelism: u32,
    /// Number of key groups of the job.
    pub max_parallelism: u32,
    /// How many times the job was deployed before.
    pub attempt: u32,
    /// The parameters that the job has asked for with their values, defaults included.
    pub parameters: Vec<(String, String)>,
}

impl Place {
    /// The value of a parameter of the job as text, if the job has it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }
}

impl Shared {
    pub(crate) fn new(
        host: Rc<dyn Host>,
        place: Place,
        output_soft_bytes: usize,
        cached_keys_max: usize,
    ) -> Self {
        Self {
            host,
            place,
            cached_keys_max,
            output_soft_bytes,
            now: Cell::new(Moment {
                processing_time: 0,
                watermark: i64::MIN,
            }),
            stop: Cell::new(false),
            failure: RefCell::new(None),
            output_bytes: Cell::new(0),
            observations: RefCell::new(Vec::new()),
            increments: RefCell::new(Vec::new()),
            states: RefCell::new(Vec::new()),
        }
    }

    /// Begins a call.
    pub(crate) fn begin(&self, now: Moment) {
        self.now.set(now);
        self.stop.set(false);
        self.output_bytes.set(0);
    }

    /// The times of the call.
    #[inline]
    pub(crate) fn now(&self) -> Moment {
        self.now.get()
    }

    /// Whether the record under way should be the last one of the call.
    #[inline]
    pub(crate) fn stopping(&self) -> bool {
        self.stop.get()
    }

    /// Tells that this many bytes were sent.
    pub(crate) fn sent(&self, bytes: usize) {
        let bytes = self.output_bytes.get() + bytes;
        self.output_bytes.set(bytes);
        if bytes >= self.output_soft_bytes {
            self.stop.set(true);
        }
    }

    /// Ends the call because of user code or a record. The first failure holds.
    #[cold]
    pub(crate) fn fail(&self, error: Error) {
        self.stop.set(true);
        self.failure.borrow_mut().get_or_insert(error);
    }

    /// Whether the call has failed.
    pub(crate) fn failed(&self) -> bool {
        self.stop.get() && self.failure.borrow().is_some()
    }

    /// Takes the failure of the call; `record` is the one that was under way.
    pub(crate) fn take_failure(&self, record: Option<u32>) -> Option<CallFailure> {
        let error = self.failure.borrow_mut().take()?;
        Some(CallFailure { record, error })
    }

    /// Tells what an assigner gave out in this call.
    pub(crate) fn observe(&self, observation: Observation) {
        self.observations.borrow_mut().push(observation);
    }

    /// Adds to a counter.
    pub(crate) fn count(&self, operator: u32, name: &str, amount: u64) {
        if amount > 0 {
            self.increments
                .borrow_mut()
                .push((operator, name.to_owned(), amount));
        }
    }

    /// Adds a state without keys, to be written back at the end of every call.
    pub(crate) fn keep(&self, state: Rc<dyn OperatorStore>) {
        self.states.borrow_mut().push(state);
    }

    /// Writes a log line.
    pub(crate) fn log(&self, level: Level, message: &str) {
        self.host.log(level, message);
    }

    /// Sends what was gathered during the call.
    pub(crate) fn end(&self) {
        for state in self.states.borrow().iter() {
            state.flush();
        }
        let mut observations = self.observations.borrow_mut();
        if !observations.is_empty() {
            self.host.observe(&observations);
            observations.clear();
        }
        let increments = std::mem::take(&mut *self.increments.borrow_mut());
        if !increments.is_empty() {
            self.host.count(increments);
        }
    }
}
