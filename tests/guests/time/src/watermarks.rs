//! What the operator behind an assigner sees of event time, for every strategy.

use wasmill_sdk::prelude::*;

use crate::records::{Event, events, number, write};

/// A record and the watermark at which it came.
#[derive(Record, Clone, Debug, PartialEq)]
struct Seen {
    value: i64,
    watermark: i64,
}

/// Tells the watermark of every record.
struct Tell;

impl Process for Tell {
    type In = Event;
    type Out = Seen;

    fn process(
        &mut self,
        event: Event,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Seen>,
    ) -> Outcome {
        let watermark = ctx.watermark();
        out.emit(Seen {
            value: event.value,
            watermark,
        });
        Ok(())
    }

    fn finish(&mut self, ctx: &mut ProcessContext<'_>, out: &mut Collector<'_, Seen>) -> Outcome {
        out.emit(Seen {
            value: -1,
            watermark: ctx.watermark(),
        });
        Ok(())
    }
}

/// The strategy that the parameters name; key 1 marks the records that are watermarks if it is punctuated.
fn strategy(env: &mut Env) -> Result<Watermarks<Event>, JobError> {
    let name: String = env
        .param("strategy")
        .describe("of watermarks")
        .default("bounded")?;
    let bound = number(env, "bound", 0)?;
    let idle = number(env, "idle", 0)?;
    let drift = number(env, "drift", -1)?;
    let mut watermarks = match name.as_str() {
        "bounded" => Watermarks::bounded_ms(bound),
        "monotonic" => Watermarks::monotonic(),
        "punctuated" => {
            Watermarks::punctuated(|event: &Event| (event.key == 1).then_some(event.ts))
        }
        "none" => Watermarks::none(),
        other => return Err(Error::from(format!("there is no strategy {other}"))),
    };
    if idle != 0 {
        watermarks = watermarks.idle_after_ms(idle);
    }
    if drift >= 0 {
        watermarks = watermarks.aligned("group", drift);
    }
    Ok(watermarks)
}

/// Tells what every record saw.
pub(crate) fn job(env: &mut Env) -> Result<(), JobError> {
    let watermarks = strategy(env)?;
    let seen = events(env, "events")?
        .assign_timestamps(|event| event.ts, watermarks)
        .uid("assigner")
        .process(|_| Tell);
    write(env, seen)
}

/// Starts event time with timestamps that nobody has given.
pub(crate) fn stale(env: &mut Env) -> Result<(), JobError> {
    let watermarks = strategy(env)?;
    let seen = events(env, "events")?
        .assign_watermarks(watermarks)
        .process(|_| Tell);
    write(env, seen)
}
