//! Durable storage of one job, in a place ([`location`]) that may be a bucket ([`s3`]): snapshot files ([`blob_store`]),
//! checkpoint metadata in its on-disk form ([`metadata`]), the order in which the two become a checkpoint
//! ([`checkpoint_store`]), and who may say so ([`current`]).
//! What goes wrong is in [`store_error`].

pub(crate) mod blob_store;
pub(crate) mod checkpoint_store;
pub(crate) mod current;
pub(crate) mod location;
pub(crate) mod metadata;
pub(crate) mod s3;
pub(crate) mod store_error;
