//! The exported calls of `wit/operator.wit`: bindings in, bindings out, the open task in between.
//!
//! Panics become traps, and the host would never see their text: a hook hands it over first.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Once;

use super::bindings;
use super::bindings::exports::wasmill::dataflow::operator as exported;
use super::imports::ImportedHost;
use crate::column::{Moment, TimeDomain};
use crate::env::JobFn;
use crate::error::Error;
use crate::task::{CallFailure, Place, Task, TaskSpec};

thread_local! {
    static TASK: RefCell<Option<Task>> = const { RefCell::new(None) };
}

/// Tells the host about panics from now on.
fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let at = crate::task::record_under_way().map_or_else(String::new, |index| {
                format!("at record {index} of the batch: ")
            });
            bindings::wasmill::dataflow::log::panicked(&format!("{at}{panic}"));
        }));
    });
}

/// `plan.plan`.
///
/// # Errors
/// A text for the user.
pub fn plan(name: &str, job: JobFn<'_>, arguments: &[(String, String)]) -> Result<String, String> {
    hook_panics();
    crate::component::plan(name, job, arguments).map_err(|error| error.to_string())
}

/// `operator.open`.
///
/// # Errors
/// The job function fails, or the spec does not fit the job.
pub fn open(job: JobFn<'_>, spec: exported::TaskSpec) -> Result<(), bindings::Failure> {
    hook_panics();
    let ports = |ports: Vec<exported::Port>| -> Vec<(u32, u32)> {
        ports
            .into_iter()
            .map(|port| (port.operator, port.index))
            .collect()
    };
    let spec = TaskSpec {
        place: Place {
            job: spec.job,
            subtask: spec.subtask,
            parallelism: spec.parallelism,
            max_parallelism: spec.max_parallelism,
            attempt: spec.attempt,
            parameters: Vec::new(),
        },
        arguments: spec.arguments,
        operators: spec.operators,
        inputs: spec.inputs.into_iter().map(ports).collect(),
        outputs: ports(spec.outputs),
        states: spec
            .states
            .into_iter()
            .map(|state| (state.operator, state.name, state.number))
            .collect(),
        output_soft_bytes: spec.output_soft_bytes,
    };
    let task =
        Task::open(job, &spec, Rc::new(ImportedHost)).map_err(|error| refuse(None, &error))?;
    TASK.with_borrow_mut(|open| *open = Some(task));
    Ok(())
}

/// Runs a call on the open task.
pub(super) fn with_task<R>(
    call: impl FnOnce(&mut Task) -> Result<R, CallFailure>,
) -> Result<R, bindings::Failure> {
    TASK.with_borrow_mut(|task| match task {
        Some(task) => call(task).map_err(|failure| refuse(failure.record, &failure.error)),
        None => {
            let error = Error::Task("called before it was opened".to_owned());
            Err(refuse(None, &error))
        }
    })
}

pub(super) fn refuse(record: Option<u32>, error: &Error) -> bindings::Failure {
    let message = error.to_string();
    match record {
        Some(index) => bindings::Failure::Record(bindings::BadRecord { index, message }),
        None => bindings::Failure::Operator(message),
    }
}

pub(super) fn moment(now: bindings::Moment) -> Moment {
    Moment {
        processing_time: now.processing_time,
        watermark: now.watermark,
    }
}

/// `operator.process`.
///
/// # Errors
/// User code or a record failed the call.
pub fn process(
    now: bindings::Moment,
    input: u32,
    records: bindings::Batch,
) -> Result<u32, bindings::Failure> {
    let records = records.into();
    with_task(|task| task.process(moment(now), input, &records))
}

/// `operator.on-timers`.
///
/// # Errors
/// User code failed the call.
pub fn on_timers(
    now: bindings::Moment,
    domain: bindings::TimeDomain,
    timers: bindings::TimerBatch,
) -> Result<u32, bindings::Failure> {
    let domain = match domain {
        bindings::TimeDomain::Event => TimeDomain::Event,
        bindings::TimeDomain::Processing => TimeDomain::Processing,
    };
    let timers = timers.into();
    with_task(|task| task.on_timers(moment(now), domain, &timers))
}

/// `operator.on-watermark`.
///
/// # Errors
/// User code failed the call.
pub fn on_watermark(
    now: bindings::Moment,
    operator: u32,
    watermark: i64,
) -> Result<(), bindings::Failure> {
    with_task(|task| task.on_watermark(moment(now), operator, watermark))
}

/// `operator.finish`.
///
/// # Errors
/// User code failed the call.
pub fn finish(now: bindings::Moment) -> Result<(), bindings::Failure> {
    with_task(|task| task.finish(moment(now)))
}
