//! Durable storage of one job: snapshot files ([`blob_store`]), checkpoint metadata in its on-disk form ([`metadata`]),
//! and the order in which the two become a checkpoint ([`checkpoint_store`]).

pub(crate) mod blob_store;
pub(crate) mod checkpoint_store;
pub(crate) mod metadata;
