//! Jobs about time for the process tests: watermark strategies, idleness, alignment, ingestion time, timers, lateness.
//!
//! The parameter `case` chooses the job; each takes its input from the parameters, so that a test knows what must come
//! out. It shows the API as users write it and is no example of good style otherwise: some operators keep in fields what
//! a test wants to measure.

use wasmill_sdk::prelude::*;

mod alignment;
mod ingestion;
mod records;
mod timers;
mod watermarks;
mod windows;

#[wasmill_sdk::job]
fn time(env: &mut Env) -> Result<(), JobError> {
    let case: String = env.param("case").describe("which job").default("windows")?;
    env.name(&format!("time-{case}"));
    match case.as_str() {
        "watermarks" => watermarks::job(env),
        "stale" => watermarks::stale(env),
        "alignment" => alignment::job(env),
        "alignment-behind-a-shuffle" => alignment::behind_a_shuffle(env),
        "ingestion" => ingestion::job(env),
        "ingestion-of-timestamps" => ingestion::of_timestamps(env),
        "timers" => timers::job(env),
        "paced-timers" => timers::paced(env),
        "windows" => windows::job(env),
        "windows-of-the-clock" => windows::by_clock(env),
        "beside-another" => windows::beside_another(env),
        other => Err(Error::from(format!("there is no case {other}"))),
    }
}
