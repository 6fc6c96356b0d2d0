//! Windows: which of them a record belongs to, when they give results, how their records are kept and the two operators
//! that do it.
//!
//! Assigner, trigger, evictor and function can be combined freely; the general operator (`operator.rs`) takes them all.
//! Regular event-time windows with an incremental function and the default trigger go to the sliced one (`node.rs`),
//! which folds a record once however many windows it is in. Users do not choose.

mod act;
mod aggregate;
mod any_trigger;
mod assigner;
mod bounds;
mod contents;
mod continuous;
mod elements;
mod enter;
mod evictor;
mod fire;
mod function;
mod late;
mod node;
mod operator;
mod session;
mod slices;
mod store;
mod store_io;
mod trigger;
mod triggers;

pub use aggregate::{Aggregate, Avg, Count, Max, Min, Sum};
pub(crate) use aggregate::{AggregateFold, Fold, ReduceFold};
pub(crate) use any_trigger::AnyTrigger;
pub use assigner::{Assigner, Sliding, Tumbling, WindowAssigner};
pub use bounds::Window;
pub(crate) use contents::{Contents, Incremental, fold_all};
pub use continuous::{ContinuousEventTimeTrigger, ContinuousProcessingTimeTrigger};
pub(crate) use elements::Elements;
pub use elements::Timestamped;
pub use evictor::{CountEvictor, DeltaEvictor, Evictor, TimeEvictor};
pub use function::{ProcessWindow, WindowContext};
pub(crate) use late::{LATE_RECORDS_DROPPED, LateRecords};
pub(crate) use node::{WINDOW_STATE, WindowNode};
pub(crate) use operator::{Shape, WindowOperator};
pub use session::{DynamicSession, GlobalWindows, Session};
pub(crate) use store::StateNumbers;
pub use trigger::{Trigger, TriggerContext, TriggerResult};
pub use triggers::{
    CountTrigger, DeltaTrigger, EventTimeTrigger, NeverTrigger, ProcessingTimeTrigger,
    PurgingTrigger,
};

use wasmill_sdk_macros::Record;

/// The result of a window together with its key and its bounds.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct Windowed<K, V> {
    /// The key.
    pub key: K,
    /// First millisecond of the window.
    pub window_start: i64,
    /// First millisecond after the window.
    pub window_end: i64,
    /// What the records of the key in the window come to.
    pub value: V,
}

#[cfg(test)]
mod tests;
