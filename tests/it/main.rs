//! Process tests: the real binary runs real plugins, is killed, misused and starved, and must keep its promises.
//!
//! Every test starts `wasmill` as a user would and looks at what a user sees: exit code, output files, summary, the
//! one line of an error. Expected results come from the oracle, which shares nothing with the engine. Nothing in here
//! looks inside a process.

mod bounded;
mod chaos;
mod checkpoints;
mod cli;
mod cluster;
mod connectors;
mod console;
mod damage;
mod demos;
mod doctor;
mod errors;
mod event_log;
mod figures;
mod fixtures;
mod golden;
mod hostile;
mod job_files;
mod jobs;
mod kafka;
mod kill;
mod languages_go_c;
mod languages_python_js;
mod limits;
mod native;
mod new;
mod operations;
mod poison;
mod polyglot;
mod random_jobs;
mod recovery;
mod refusals;
mod replay;
mod reporters;
mod rescale;
mod rest;
mod rest_schema;
mod rest_security;
mod rich;
mod s3;
mod savepoints;
mod standard_plugins;
mod states;
mod support;
mod swap;
mod time;
mod transforms;
mod unaligned;
mod wasi;
mod why;
mod windows;
