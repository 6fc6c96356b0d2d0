//! State outside of a running job: savepoints, reading and comparing what was saved, converting it for another backend
//! or other schemas.
//!
//! Reading order: `avro_type`, `row_value`, `resolution` (values); `part`, `entry` (what a state's entries are);
//! `state_files` (one reader for all formats); `saved_state` and `difference` (looking at it); `bundle` (a savepoint on disk), `folder` (where it is: on disk or in a bucket); `fit` and `convert` (what a job makes of
//! what was saved). A running job never comes through here: it hands over completed checkpoints and is handed
//! checkpoints to begin from.

mod avro_file;
pub(crate) mod avro_type;
pub(crate) mod bundle;
pub(crate) mod convert;
#[cfg(any(test, fuzzing))]
pub(crate) mod decoders;
pub(crate) mod difference;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod fit;
pub(crate) mod folder;
mod part;
mod resolution;
mod row_value;
pub(crate) mod saved_state;
pub(crate) mod state_files;
