//! A component of the world `operators`: it can run a chain and cannot build a job graph.

wit_bindgen::generate!({
    path: "../../../../../../wit",
    world: "wasmill:dataflow/operators",
});

use exports::wasmill::dataflow::{manifest, operator};
use wasmill::dataflow::output;
use wasmill::dataflow::types::{Batch, Failure, Moment, TimeDomain, TimerBatch};

struct Plain;

impl manifest::Guest for Plain {
    fn describe() -> String {
        r#"{ "version": 1, "name": "plain", "operators": [],
             "sdk": { "language": "rust", "name": "none", "version": "0" } }"#
            .to_owned()
    }
}

impl operator::Guest for Plain {
    fn open(_: operator::TaskSpec) -> Result<(), Failure> {
        Ok(())
    }
    fn process(_: Moment, _: u32, records: Batch) -> Result<u32, Failure> {
        output::emit(0, &records);
        Ok(records.count)
    }
    fn on_timers(_: Moment, _: TimeDomain, timers: TimerBatch) -> Result<u32, Failure> {
        Ok(timers.count)
    }
    fn on_watermark(_: Moment, _: u32, _: i64) -> Result<(), Failure> {
        Ok(())
    }
    fn finish(_: Moment) -> Result<(), Failure> {
        Ok(())
    }
}

export!(Plain);
