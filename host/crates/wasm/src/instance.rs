//! One instance of a component in its store, and the discipline of calling it.
//!
//! Invariant: an instance that trapped, went over a limit or returned a failure is never entered again, and nothing of
//! the call that did it is left in the transaction. Which function is called, and what its result must be, is up to
//! the caller. A call that goes on for ticks of the epoch gives way at each of them to threads that wait for a core: those
//! of a job that only has a few records to process at a time do not stand behind one that computes.

use wasmtime::{Store, Trap, UpdateDeadline};

use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, OperatorError};

use crate::bindings::exports::wasmill::dataflow::operator::{Port, StateNumber, TaskSpec};
use crate::bindings::wasmill::dataflow::types::Failure;
use crate::component::Component;
use crate::epoch::Ticks;
use crate::exports::Exports;
use crate::host_state::HostState;
use crate::limits::GuestLimits;
use crate::trap::{self, CallBounds};

/// A guest and what it may be asked.
pub(crate) struct GuestInstance {
    store: Store<HostState>,
    /// Absent before instantiation and after an error.
    live: Option<Live>,
    /// The ticks, and how many one call may last; absent if guests are not interrupted.
    time: Option<(Ticks, u64)>,
    bounds: CallBounds,
}

/// Why there is no instance.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// A start function trapped, or the component wants more than it may have.
    Guest(OperatorError),
    /// Its exports have other types than the contract's.
    Types(String),
}

impl NotStarted {
    /// The error of an operator; loading has checked the types, so that it nearly always is one already.
    pub(crate) fn into_operator_error(self, name: &str) -> OperatorError {
        match self {
            Self::Guest(error) => error,
            Self::Types(message) => OperatorError::Failed {
                operator: name.to_owned(),
                record: None,
                message,
            },
        }
    }
}

/// An instance that may be entered.
struct Live {
    exports: Exports,
}

impl GuestInstance {
    /// Makes a store around `state` and instantiates the component in it.
    ///
    /// # Errors
    /// A start function trapped, the component wants more memory than it may have, or its exports have wrong types.
    pub(crate) fn new(
        component: &Component,
        limits: &GuestLimits,
        state: HostState,
    ) -> Result<Self, NotStarted> {
        let config = component.config();
        let mut store = Store::new(component.engine(), state);
        store.limiter(|state| &mut state.limiter);
        // What a guest passes to one host call is copied out of its memory; it may have that, and no more.
        store.set_hostcall_fuel(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX));
        let time = component.ticks().map(|ticks| {
            give_way(&mut store, ticks.clone());
            let ticks_max = deadline_ticks(limits.call_timeout_ms, config.epoch_tick_ms);
            (ticks, ticks_max)
        });
        let mut instance = Self {
            store,
            live: None,
            time,
            bounds: CallBounds {
                timeout_ms: limits.call_timeout_ms,
                stack_bytes: config.stack_bytes as u64,
            },
        };
        instance.set_deadline();
        let started = component.pre().instantiate(&mut instance.store);
        let started = started.map_err(|error| NotStarted::Guest(instance.stopped(&error)))?;
        let exports = component
            .exports()
            .load(&mut instance.store, &started)
            .map_err(|error| NotStarted::Types(format!("{error:#}")))?;
        instance.live = Some(Live { exports });
        Ok(instance)
    }

    /// The store's data.
    #[inline]
    pub(crate) fn state(&self) -> &HostState {
        self.store.data()
    }

    /// The store's data, to be changed between two calls.
    #[inline]
    pub(crate) fn state_mut(&mut self) -> &mut HostState {
        self.store.data_mut()
    }

    /// The transaction of the current or last call.
    #[inline]
    pub(crate) fn call(&mut self) -> &mut Call {
        &mut self.store.data_mut().call
    }

    /// Makes one call into the guest.
    ///
    /// # Errors
    /// The guest failed, trapped or went over a limit; or it did so before.
    #[inline]
    pub(crate) fn run<R>(
        &mut self,
        guest: impl FnOnce(&Exports, &mut Store<HostState>) -> wasmtime::Result<Result<R, Failure>>,
    ) -> Result<R, OperatorError> {
        self.set_deadline();
        self.store.data_mut().begin_call();
        let Some(live) = &self.live else {
            return Err(self.gone());
        };
        match guest(&live.exports, &mut self.store) {
            Ok(Ok(result)) => {
                self.store.data_mut().end_call();
                Ok(result)
            }
            Ok(Err(failure)) => {
                let error = trap::failed(self.store.data(), failure);
                Err(self.refuse(error))
            }
            Err(error) => Err(self.stopped(&error)),
        }
    }

    /// Ends the instance with an error that its caller found.
    #[cold]
    pub(crate) fn refuse(&mut self, error: OperatorError) -> OperatorError {
        self.live = None;
        self.store.data_mut().fail_call();
        error
    }

    #[cold]
    fn stopped(&mut self, error: &wasmtime::Error) -> OperatorError {
        let error = trap::operator_error(self.store.data(), error, self.bounds);
        self.refuse(error)
    }

    #[cold]
    fn gone(&self) -> OperatorError {
        OperatorError::Failed {
            operator: self.state().name.clone(),
            record: None,
            message: "an earlier call failed, so this instance must not be called again".to_owned(),
        }
    }

    #[inline]
    fn set_deadline(&mut self) {
        if let Some((ticks, ticks_max)) = &self.time {
            self.store.data_mut().deadline_tick = ticks.now() + ticks_max;
            self.store.set_epoch_deadline(1);
        }
    }

    /// Hands the guest its place in the job; the first call of every instance that runs a chain.
    ///
    /// # Errors
    /// As [`GuestInstance::run`].
    pub(crate) fn open(&mut self, spec: &FragmentSpec) -> Result<(), OperatorError> {
        let arguments: Vec<(&str, &str)> = spec
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let own = |operator: &dataflow::ids::OperatorId| spec.own_number(*operator);
        let operators: Vec<u32> = spec.operators.iter().map(own).collect();
        let inputs: Vec<Vec<Port>> = spec.inputs.iter().map(|fed| ports(spec, fed)).collect();
        let inputs: Vec<&[Port]> = inputs.iter().map(Vec::as_slice).collect();
        let outputs = ports(spec, &spec.outputs);
        let states: Vec<StateNumber<'_>> = spec
            .states
            .iter()
            .map(|(operator, name, number)| StateNumber {
                operator: own(operator),
                name,
                number: number.0,
            })
            .collect();
        let task = TaskSpec {
            job: &spec.job,
            subtask: spec.subtask,
            parallelism: spec.parallelism,
            max_parallelism: spec.max_parallelism,
            attempt: spec.attempt,
            arguments: &arguments,
            operators: &operators,
            inputs: &inputs,
            outputs: &outputs,
            states: &states,
            output_soft_bytes: dataflow::limits::CALL_OUTPUT_SOFT_BYTES as u32,
        };
        self.run(|guest, store| guest.wasmill_dataflow_operator().call_open(store, task))
    }
}

fn ports(spec: &FragmentSpec, of: &[(dataflow::ids::OperatorId, u32)]) -> Vec<Port> {
    of.iter()
        .map(|(operator, index)| Port {
            operator: spec.own_number(*operator),
            index: *index,
        })
        .collect()
}

/// Ticks after which a call has certainly had its time: one more than fit, because the first may be nearly over.
fn deadline_ticks(timeout_ms: u64, tick_ms: u64) -> u64 {
    timeout_ms
        .div_ceil(tick_ms.max(1))
        .saturating_add(1)
        .min(1 << 32)
}

/// What happens at every tick while the guest runs: the call ends if it has had its time, otherwise others go first.
fn give_way(store: &mut Store<HostState>, ticks: Ticks) {
    store.epoch_deadline_callback(move |store| {
        if ticks.now() >= store.data().deadline_tick {
            return Err(Trap::Interrupt.into());
        }
        std::thread::yield_now();
        Ok(UpdateDeadline::Continue(1))
    });
}
