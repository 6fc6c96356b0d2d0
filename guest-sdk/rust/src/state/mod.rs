//! State as user logic sees it: typed handles. Those of keyed state refer to the key under way; operator state belongs
//! to the subtask.
//!
//! Handles are made by the factory of an operator from its [`OpenContext`](crate::OpenContext) and used only while
//! that operator is called; where there is no key, a handle of keyed state reads as empty and ignores writes.

mod aggregating;
mod broadcast;
mod list;
mod map;
mod operator_list;
mod operator_store;
mod reducing;
mod sub_key;
mod ttl;
mod value;
mod value_cell;

pub use aggregating::AggregatingState;
pub use broadcast::BroadcastState;
pub use list::ListState;
pub(crate) use list::decode_list;
pub use map::MapState;
pub use operator_list::OperatorListState;
pub(crate) use operator_store::OperatorStore;
pub use reducing::ReducingState;
pub use sub_key::SubKey;
pub(crate) use sub_key::ordered;
pub(crate) use ttl::Expire;
pub use ttl::{Ttl, TtlListState, TtlMapState, TtlStates, TtlValueState};
pub use value::ValueState;
pub(crate) use value_cell::ValueCell;
