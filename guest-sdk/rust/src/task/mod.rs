//! One instance of a chain: inputs, operators wired by value, output ports.

mod chain;
mod head;
mod port;
mod receiver;
mod shared;
mod spec;
mod watermark;
mod wiring;

pub use chain::Task;
#[cfg(target_family = "wasm")]
pub(crate) use head::record_under_way;
pub(crate) use head::{DecodingHead, Head, for_each_value};
pub(crate) use port::{KeyedPort, Port, PortBuffer};
pub use receiver::Collector;
pub(crate) use receiver::{Out, Receiver};
pub(crate) use shared::Shared;
pub use shared::{CallFailure, Place};
pub use spec::TaskSpec;
pub(crate) use watermark::WatermarkFlow;
pub(crate) use wiring::Wiring;

use crate::column::{TimeDomain, TimerBatch};

/// What the task tells an operator besides records.
pub(crate) trait Operator {
    /// Event time has advanced at the operator's input.
    fn on_watermark(&self, _watermark: i64) {}

    /// Fires timers from the front; returns how many it has begun. Only keyed operators have timers.
    fn on_timers(&self, _domain: TimeDomain, timers: &TimerBatch) -> usize {
        timers.len()
    }

    /// All input has ended.
    fn finish(&self) {}

    /// Nothing comes any more, also not from other operators of the chain.
    fn close(&self) {}

    /// The call ends: what was gathered must be handed to the host. Called upstream before downstream.
    fn end_call(&self) {}
}
