//! Killed and started again: a run that goes on where the one before was, and a job killed at random moments until it
//! may come to its end.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::oracle::random;
use super::published::has_checkpoint;
use super::run::{Ended, Run};
use super::wait;

/// Parallelism of each start after a kill.
const PARALLELISM: [u32; 4] = [2, 1, 3, 2];

/// This run with checkpoints below `data`, from the last of them if there is one: killed before its first checkpoint, a
/// job has nothing to restore and starts anew.
pub(crate) fn going_on(run: Run, interval: &str, data: &Path) -> Run {
    let checkpoints = data.join("checkpoints");
    let run = run
        .set("data.tmp-dir", data)
        .checkpoints(interval, &checkpoints);
    match has_checkpoint(&checkpoints) {
        true => run.arg("--restore").arg("latest"),
        false => run,
    }
}

/// Starts a job again and again, each time with another parallelism, and kills it that often, so many milliseconds after
/// it has a checkpoint. Gives its end, which goes back to a checkpoint, and what to tell with it.
pub(crate) fn end_after_kills(
    run: &dyn Fn() -> Run,
    data: &Path,
    kills: usize,
    moments: Range<u64>,
) -> (Ended, String) {
    let seed = wait::fresh_seed();
    let mut killed = 0;
    let ended = loop {
        let run = run().parallelism(PARALLELISM[killed % PARALLELISM.len()]);
        let mut running = going_on(run, "20ms", data).start();
        if killed == kills {
            break running.end();
        }
        let is_saved = |_: &_| has_checkpoint(&data.join("checkpoints"));
        let begun = running.reaches("a checkpoint", is_saved);
        let length = moments.end - moments.start;
        let moment = moments.start + random(killed as u64, seed) % length;
        if !begun
            || running
                .exits_within(Duration::from_millis(moment))
                .is_some()
        {
            break running.end();
        }
        running.kill();
        killed += 1;
    };
    let ended = ended.success();
    let told = format!("killed {killed} times, seed {seed}\n{}", ended.told());
    assert!(killed > 0, "ended before it could be killed, {told}");
    let restored = &ended.summary()["restored_from"];
    assert!(restored.is_u64(), "not restored, {told}");
    (ended, told)
}
