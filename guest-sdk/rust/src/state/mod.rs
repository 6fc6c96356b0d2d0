//! Keyed state as user logic sees it: typed handles that refer to the key under way.
//!
//! Handles are made by the factory of an operator from its [`OpenContext`](crate::OpenContext) and used only while
//! that operator is called; outside of a call there is no key, and a handle reads as empty and ignores writes.

mod list;
mod map;
mod sub_key;
mod value;

pub use list::ListState;
pub(crate) use list::decode_list;
pub use map::MapState;
pub use sub_key::SubKey;
pub(crate) use sub_key::ordered;
pub use value::ValueState;
