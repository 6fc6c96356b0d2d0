//! A source that is not parallel, of random events with timestamps: event k is a function of k, so it can be replayed.

use wasmill_sdk::prelude::*;

/// Random events; the position is the number of the next one.
pub(crate) struct Events {
    /// How many.
    pub(crate) n: i64,
    /// Events of one poll, at most.
    pub(crate) batch: i64,
}

impl Source for Events {
    type Out = i64;
    type Position = i64;

    fn splits(&mut self, _parallelism: u32) -> Result<Vec<i64>, Error> {
        Ok(vec![0])
    }

    fn poll(
        &mut self,
        position: &mut i64,
        _ctx: &SourceContext<'_>,
        out: &mut SourceOutput<i64>,
    ) -> Result<PollStatus, Error> {
        let end = self.n.min(*position + self.batch.min(out.room() as i64));
        for k in *position..end {
            out.emit_at(&random(k), 1000 + k);
        }
        *position = end;
        Ok(match *position < self.n {
            true => PollStatus::More,
            false => PollStatus::Ended,
        })
    }
}

/// A value that looks random and depends on nothing but `k`.
pub(crate) fn random(k: i64) -> i64 {
    let mut z = (k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 27)) >> 40) as i64
}

/// Says each event with its timestamp.
pub(crate) struct WithTimestamp;

impl Process for WithTimestamp {
    type In = i64;
    type Out = String;

    fn process(
        &mut self,
        event: i64,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        out.emit(format!("{event} at {}", ctx.timestamp().unwrap_or(-1)));
        Ok(())
    }
}

/// Sends numbers on.
pub(crate) struct Same;

impl Process for Same {
    type In = i64;
    type Out = i64;

    fn process(
        &mut self,
        number: i64,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, i64>,
    ) -> Outcome {
        out.emit(number);
        Ok(())
    }
}
