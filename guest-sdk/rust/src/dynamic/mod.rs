//! Records whose schema is known only when the job is planned: what a component needs that fits into any job.
//!
//! ```
//! use wasmill_sdk::dynamic::Value;
//! use wasmill_sdk::prelude::*;
//!
//! fn expensive(env: &mut Env) -> Result<(), JobError> {
//!     let bids = env.input_dynamic("in")?;
//!     let price = bids.schema()?.field("price")?;
//!     env.output("out", bids.filter(move |bid| bid.long(&price).is_ok_and(|price| price > 100)));
//!     Ok(())
//! }
//! ```
//!
//! A schema is looked through once, when the job is planned or a task is opened: a [`Field`] knows where its value is in
//! the row, and a [`RowBuilder`] where the next one goes. A record is its bytes, kept in place while they are few.
//!
//! What the types of other modules check when they decode is checked here when a field is read: bytes that are no value
//! of the field are an error, never a panic.

mod read;
mod record;
mod schema;
mod stream;
mod value;
mod write;

pub use record::Dynamic;
pub(crate) use record::MARKER;
pub use schema::{Field, Layout, RowSchema, Type};
pub use value::Value;
pub use write::RowBuilder;

#[cfg(test)]
mod tests;
