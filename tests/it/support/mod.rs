//! What the process tests share: the programs under test, how they are run and waited for, and what is right.

pub(crate) mod answer;
pub(crate) mod bids;
pub(crate) mod cluster;
pub(crate) mod kafka;
pub(crate) mod kills;
pub(crate) mod languages;
pub(crate) mod oracle;
pub(crate) mod orders;
pub(crate) mod programs;
pub(crate) mod published;
pub(crate) mod run;
pub(crate) mod s3;
pub(crate) mod text;
pub(crate) mod wait;
