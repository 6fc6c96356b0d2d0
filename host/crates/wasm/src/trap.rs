//! From what stopped a guest to an [`OperatorError`] that a user can act upon.
//!
//! Recognised, in this order: a host function that refused; a limit (time, stack, memory); everything else is a trap,
//! reported with what the guest said before it, and with the guest's frames.

use wasmtime::{Trap, WasmBacktrace};

use dataflow::limits::LOG_LINE_BYTES_MAX;
use dataflow::port::operator::OperatorError;

use crate::bindings::wasmill::dataflow::types::{BadRecord, Failure};
use crate::host_state::{HostState, truncated};
use crate::refusal::Refusal;

/// Frames shown of a guest's stack.
const FRAMES_MAX: usize = 12;

/// Bytes shown of one frame's name.
const FRAME_BYTES_MAX: usize = 200;

/// What the limits of the engine were, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallBounds {
    /// Wall time of a call.
    pub(crate) timeout_ms: u64,
    /// Native stack of a call.
    pub(crate) stack_bytes: u64,
}

/// What stopped a guest call.
pub(crate) fn operator_error(
    state: &HostState,
    error: &wasmtime::Error,
    bounds: CallBounds,
) -> OperatorError {
    let operator = state.name.clone();
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return refused(operator, refusal.clone());
    }
    let limit = |limit, allowed| OperatorError::Limit {
        operator: state.name.clone(),
        limit,
        used: allowed,
        allowed,
    };
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => return limit("time per call (ms)", bounds.timeout_ms),
        Some(Trap::StackOverflow) => return limit("stack per call (bytes)", bounds.stack_bytes),
        _ => {}
    }
    if let Some(refused) = state.limiter.refused() {
        return OperatorError::Limit {
            operator,
            limit: refused.limit,
            used: refused.wanted,
            allowed: refused.allowed,
        };
    }
    let frames = error.downcast_ref::<WasmBacktrace>().map(frames);
    OperatorError::Trapped {
        operator,
        record: None,
        message: state
            .last_words()
            .unwrap_or_else(|| error.root_cause().to_string()),
        frames: frames.unwrap_or_default().into(),
    }
}

fn refused(operator: String, refusal: Refusal) -> OperatorError {
    match refusal {
        Refusal::State(source) => OperatorError::State { operator, source },
        Refusal::Malformed(reason) => OperatorError::Malformed { operator, reason },
        Refusal::Limit {
            limit,
            used,
            allowed,
        } => OperatorError::Limit {
            operator,
            limit,
            used,
            allowed,
        },
    }
}

/// What the guest returned instead of a result.
pub(crate) fn failed(state: &HostState, failure: Failure) -> OperatorError {
    let (record, message) = match failure {
        Failure::Record(BadRecord { index, message }) => (Some(index), message),
        Failure::Operator(message) => (None, message),
    };
    OperatorError::Failed {
        operator: state.name.clone(),
        record,
        message: truncated(message, LOG_LINE_BYTES_MAX),
    }
}

/// Readable names of the guest's frames, innermost first, without the machinery of the panic itself.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    backtrace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => truncated(
                format!("{:#}", rustc_demangle::demangle(name)),
                FRAME_BYTES_MAX,
            ),
            None => format!("function {}", frame.func_index()),
        })
        .skip_while(|name| is_panic_machinery(name))
        .take(FRAMES_MAX)
        .collect()
}

fn is_panic_machinery(name: &str) -> bool {
    [
        "std::",
        "core::panicking",
        "rust_",
        "__rust",
        "panic_abort",
        "abort",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}
