//! A parallel source: the numbers from 0 to n, dealt out to splits; a position is the next number and the step.

use wasmill_sdk::prelude::*;

/// The next number of a split, and by how much it grows.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Next {
    next: i64,
    step: i64,
}

/// Numbers from 0.
pub(crate) struct Numbers {
    /// How many.
    pub(crate) n: i64,
    /// How many splits; 0 for one a subtask.
    pub(crate) splits: i64,
    /// Numbers of one poll, at most.
    pub(crate) batch: i64,
    /// Milliseconds between two polls of a split.
    pub(crate) wait_ms: u32,
    /// Which reader this is, told by `open`.
    pub(crate) subtask: u32,
}

impl Source for Numbers {
    type Out = i64;
    type Position = Next;

    fn open(&mut self, ctx: &SourceContext<'_>) -> Outcome {
        if self.batch < 1 {
            return Err(Error::from("a batch has at least one number"));
        }
        self.subtask = ctx.place().subtask;
        Ok(())
    }

    fn splits(&mut self, parallelism: u32) -> Result<Vec<Next>, Error> {
        let step = match self.splits {
            0 => i64::from(parallelism),
            splits => splits,
        };
        Ok((0..step).map(|next| Next { next, step }).collect())
    }

    fn poll(
        &mut self,
        position: &mut Next,
        _ctx: &SourceContext<'_>,
        out: &mut SourceOutput<i64>,
    ) -> Result<PollStatus, Error> {
        for _ in 0..self.batch {
            if position.next >= self.n || out.room() == 0 {
                break;
            }
            out.emit(&position.next);
            position.next += position.step;
        }
        Ok(match (position.next >= self.n, self.wait_ms) {
            (true, _) => PollStatus::Ended,
            (false, 0) => PollStatus::More,
            (false, ms) => PollStatus::Wait(ms),
        })
    }

    fn close(&mut self, ctx: &SourceContext<'_>) -> Outcome {
        let parallelism = ctx.place().parallelism;
        let message = format!("closed reader {} of {parallelism}", self.subtask);
        ctx.log(Level::Warn, &message);
        Ok(())
    }
}
