//! The thread of a task: the only place that spawns one. Opens the task, steps it until it is cancelled or fails, and
//! turns a panic into a failure of that task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::task::error::TaskError;
use crate::task::event::TaskEvent;
use crate::task::figures::add;
use crate::task::spec::{TaskEnvironment, TaskSpec, TaskWiring};
use crate::task::step::{StepStatus, Task};
use crate::task::time_slice;

/// A task without a wake-up looks around this often all the same, so that its figures stay fresh.
const IDLE_LOOK_AROUND: Duration = Duration::from_millis(200);

/// Starts the thread of a task. It ends after the task has failed or was cancelled, with one event either way.
///
/// # Errors
/// The system refuses a thread.
pub fn spawn(
    spec: TaskSpec,
    wiring: TaskWiring,
    environment: TaskEnvironment,
) -> Result<JoinHandle<()>, TaskError> {
    // Linux shows 15 bytes of a thread's name.
    let name = format!("t{}.{} {}", spec.id.vertex.0, spec.id.subtask, spec.name);
    // Made here, within the job's own.
    let (task, subtask) = (spec.id, u64::from(spec.id.subtask));
    let span = tracing::info_span!("task", %task, chain = %spec.name, subtask);
    std::thread::Builder::new()
        .name(name.chars().take(15).collect())
        .spawn(move || {
            let (id, events) = (spec.id, Arc::clone(&environment.events));
            let _entered = span.enter();
            time_slice::shorten();
            let outcome = catch_unwind(AssertUnwindSafe(|| run(spec, wiring, environment)));
            events(match outcome {
                Ok(Ok(())) => TaskEvent::Ended(id),
                Ok(Err(error)) => TaskEvent::Failed(id, error),
                Err(panic) => {
                    TaskEvent::Failed(id, TaskError::Internal(panic_text("the task", &*panic)))
                }
            });
        })
        .map_err(|error| TaskError::Internal(format!("start task thread: {error}")))
}

fn run(spec: TaskSpec, wiring: TaskWiring, environment: TaskEnvironment) -> Result<(), TaskError> {
    let (clock, figures) = (
        Arc::clone(&environment.clock),
        Arc::clone(&environment.figures),
    );
    let mut task = Task::open(spec, wiring, environment)?;
    let mut now_ns = clock.monotonic_ns();
    loop {
        let status = task.step(now_ns)?;
        let stepped_ns = clock.monotonic_ns();
        let spent_in = match status {
            StepStatus::Busy => &figures.busy_ns,
            StepStatus::Cancelled => return Ok(()),
            StepStatus::Idle(after_ns) => {
                task.wait(
                    after_ns
                        .map_or(IDLE_LOOK_AROUND, Duration::from_nanos)
                        .min(IDLE_LOOK_AROUND),
                );
                &figures.idle_ns
            }
            StepStatus::BackPressured => {
                task.wait(IDLE_LOOK_AROUND);
                &figures.back_pressured_ns
            }
        };
        let waited = status != StepStatus::Busy;
        let end_ns = if waited {
            clock.monotonic_ns()
        } else {
            stepped_ns
        };
        add(spent_in, end_ns - now_ns);
        now_ns = end_ns;
    }
}

/// What panicked, and what it said.
pub(super) fn panic_text(what: &str, panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!(
        "{what} panicked: {}",
        text.unwrap_or_else(|| "without a message".to_owned())
    )
}
