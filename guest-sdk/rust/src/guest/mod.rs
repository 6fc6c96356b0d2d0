//! The component side: bindings of `wit/`, the host behind them, and the exported calls. Exists only in a component.
//!
//! There is one instance of a task per component instance and one thread, so it lives in a thread-local cell.

pub mod bindings;
mod connectors;
mod exports;
mod imports;

pub use connectors::{
    sink_abort, sink_begin, sink_close, sink_commit, sink_pre_commit, sink_recover, sink_write,
    source_close, source_poll, source_splits,
};
pub use exports::{finish, on_timers, on_watermark, open, plan, process};

/// Generates the exports of a component for a job function; use [`export_job!`](crate::export_job) instead.
#[macro_export]
#[doc(hidden)]
macro_rules! export_guest {
    ($job:path) => {
        mod wasmill_component {
            use super::*;
            use $crate::guest::bindings;
            use $crate::guest::bindings::exports::wasmill::dataflow as exported;

            struct Component;

            impl exported::manifest::Guest for Component {
                fn describe() -> String {
                    $crate::component::describe(env!("CARGO_PKG_NAME"), &$job)
                }
            }

            impl exported::plan::Guest for Component {
                fn plan(arguments: Vec<(String, String)>) -> Result<String, String> {
                    $crate::guest::plan(env!("CARGO_PKG_NAME"), &$job, &arguments)
                }
            }

            impl exported::operator::Guest for Component {
                fn open(spec: exported::operator::TaskSpec) -> Result<(), bindings::Failure> {
                    $crate::guest::open(&$job, spec)
                }

                fn process(
                    now: bindings::Moment,
                    input: u32,
                    records: bindings::Batch,
                ) -> Result<u32, bindings::Failure> {
                    $crate::guest::process(now, input, records)
                }

                fn on_timers(
                    now: bindings::Moment,
                    domain: bindings::TimeDomain,
                    timers: bindings::TimerBatch,
                ) -> Result<u32, bindings::Failure> {
                    $crate::guest::on_timers(now, domain, timers)
                }

                fn on_watermark(
                    now: bindings::Moment,
                    operator: u32,
                    watermark: i64,
                ) -> Result<(), bindings::Failure> {
                    $crate::guest::on_watermark(now, operator, watermark)
                }

                fn finish(now: bindings::Moment) -> Result<(), bindings::Failure> {
                    $crate::guest::finish(now)
                }
            }

            impl exported::source::Guest for Component {
                fn splits(
                    _operator: u32,
                    parallelism: u32,
                ) -> Result<Vec<Vec<u8>>, bindings::Failure> {
                    $crate::guest::source_splits(parallelism)
                }

                fn poll(
                    now: bindings::Moment,
                    _operator: u32,
                    split: u32,
                    position: Vec<u8>,
                    max_records: u32,
                ) -> Result<exported::source::Polled, bindings::Failure> {
                    $crate::guest::source_poll(now, split, &position, max_records)
                }

                fn close(_operator: u32) -> Result<(), bindings::Failure> {
                    $crate::guest::source_close()
                }
            }

            impl exported::sink::Guest for Component {
                fn begin(
                    now: bindings::Moment,
                    _operator: u32,
                    name: String,
                ) -> Result<Vec<u8>, bindings::Failure> {
                    $crate::guest::sink_begin(now, &name)
                }

                fn write(
                    now: bindings::Moment,
                    _operator: u32,
                    transaction: Vec<u8>,
                    records: bindings::Batch,
                ) -> Result<Vec<u8>, bindings::Failure> {
                    $crate::guest::sink_write(now, &transaction, records)
                }

                fn pre_commit(
                    _operator: u32,
                    transaction: Vec<u8>,
                    checkpoint: u64,
                ) -> Result<Vec<u8>, bindings::Failure> {
                    $crate::guest::sink_pre_commit(&transaction, checkpoint)
                }

                fn commit(
                    _operator: u32,
                    committables: Vec<Vec<u8>>,
                ) -> Result<(), bindings::Failure> {
                    $crate::guest::sink_commit(&committables)
                }

                fn abort(_operator: u32, transaction: Vec<u8>) -> Result<(), bindings::Failure> {
                    $crate::guest::sink_abort(&transaction)
                }

                fn recover(
                    _operator: u32,
                    committables: Vec<Vec<u8>>,
                ) -> Result<(), bindings::Failure> {
                    $crate::guest::sink_recover(&committables)
                }

                fn close(_operator: u32) -> Result<(), bindings::Failure> {
                    $crate::guest::sink_close()
                }
            }

            $crate::guest::bindings::export!(Component with_types_in $crate::guest::bindings);
        }
    };
}
