//! A component with the contract's exports that wants something no host function provides.

wit_bindgen::generate!({
    path: ["../../../../../../wit", "wit"],
    world: "test:stranger/stranger",
    generate_all,
});

use exports::wasmill::dataflow::{manifest, operator};
use wasmill::dataflow::types::{Batch, Failure, Moment, TimeDomain, TimerBatch};

struct Stranger;

impl manifest::Guest for Stranger {
    fn describe() -> String {
        test::stranger::outside::read("/etc/passwd")
    }
}

impl operator::Guest for Stranger {
    fn open(_: operator::TaskSpec) -> Result<(), Failure> {
        Ok(())
    }
    fn process(_: Moment, _: u32, records: Batch) -> Result<u32, Failure> {
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

export!(Stranger);
