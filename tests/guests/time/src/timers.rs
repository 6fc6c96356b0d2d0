//! Timers of both kinds: registered, registered twice, deleted, many at one time; and timers while a job is killed.

use wasmill_sdk::prelude::*;

use crate::records::{Bid, Event, bids, events, number, write};

/// Event time at which every key has a timer.
const COMMON: i64 = 1_000_000;
/// Processing-time timers are due so long after their record: one soon, one when the job has long ended.
const SOON: i64 = 20;
const FAR: i64 = 3_600_000;

/// A timer that fired.
#[derive(Record, Clone, Debug, PartialEq)]
struct Fired {
    /// 0 event time, 1 processing time.
    domain: i64,
    key: i64,
    /// Its time; in processing time how long after the first record of the key it was due.
    time: i64,
    /// How often it has fired.
    times: i64,
}

/// Registers and deletes.
struct Register {
    first: ValueState<i64>,
    times: MapState<i64, i64>,
}

impl KeyedProcess for Register {
    type Key = i64;
    type In = Event;
    type Out = Fired;

    fn process(
        &mut self,
        event: Event,
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Fired>,
    ) -> Outcome {
        for _ in 0..2 {
            ctx.register_event_timer(event.ts + 100);
        }
        ctx.register_event_timer(event.ts + 10_000);
        ctx.delete_event_timer(event.ts + 10_000);
        ctx.delete_event_timer(event.ts + 20_000);
        ctx.register_event_timer(COMMON);
        if self.first.get().is_none() {
            let now = ctx.processing_time();
            self.first.set(now);
            for due in [SOON, SOON, FAR, FAR] {
                ctx.register_processing_timer(now + due);
            }
            ctx.register_processing_timer(now + SOON + 1);
            ctx.delete_processing_timer(now + SOON + 1);
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Fired>,
    ) -> Outcome {
        let time = ctx.timer_time().unwrap_or(-1);
        let (domain, time) = match domain {
            TimeDomain::Event => (0, time),
            TimeDomain::Processing => {
                // Ignored at the end of the input, or a job with such a timer would never end.
                ctx.register_processing_timer(time + FAR);
                (1, time - self.first.get().unwrap_or(0))
            }
        };
        let which = 2 * time + domain;
        let times = self.times.get(&which)?.unwrap_or(0) + 1;
        self.times.put(&which, &times);
        let key = *ctx.key();
        out.emit(Fired {
            domain,
            key,
            time,
            times,
        });
        Ok(())
    }
}

/// Tells every timer that fired.
pub(crate) fn job(env: &mut Env) -> Result<(), JobError> {
    let fired = events(env, "events")?
        .assign_timestamps(|event| event.ts, Watermarks::bounded_ms(0))
        .key_by(|event| event.key)
        .process(|ctx| Register {
            first: ctx.value_state("first"),
            times: ctx.map_state("times"),
        });
    write(env, fired)
}

/// What a timer of the paced job tells.
#[derive(Record, Clone, Debug, PartialEq)]
struct Told {
    /// 0: the event-time timer of (key, what); 1: the processing-time timer of record `what` of the key; 2: a
    /// processing-time timer without records; 3: one that fired `what` milliseconds after it was due.
    kind: i64,
    key: i64,
    what: i64,
}

/// Registers a timer of each kind for every record.
struct Paced {
    delay_ms: i64,
    seen: ValueState<i64>,
    pending: MapState<i64, i64>,
}

impl KeyedProcess for Paced {
    type Key = i64;
    type In = Bid;
    type Out = Told;

    fn process(
        &mut self,
        bid: Bid,
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Told>,
    ) -> Outcome {
        ctx.register_event_timer(bid.ts + 500);
        let seen = self.seen.get().unwrap_or(0) + 1;
        self.seen.set(seen);
        let due = ctx.processing_time() + self.delay_ms;
        self.pending.put(&seen, &due);
        ctx.register_processing_timer(due);
        Ok(())
    }

    fn on_timer(
        &mut self,
        domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Told>,
    ) -> Outcome {
        let (key, time) = (*ctx.key(), ctx.timer_time().unwrap_or(-1));
        let mut tell = |kind, what| out.emit(Told { kind, key, what });
        if domain == TimeDomain::Event {
            tell(0, time);
            return Ok(());
        }
        let mut due = Vec::new();
        self.pending.for_each(|record, at| {
            if at == time {
                due.push(record);
            }
            Ok(())
        })?;
        if due.is_empty() {
            tell(2, time);
        }
        for record in due {
            self.pending.remove(&record);
            tell(1, record);
        }
        if ctx.processing_time() - time >= 100 {
            tell(3, ctx.processing_time() - time);
        }
        Ok(())
    }
}

/// Timers over a longer time, to be killed meanwhile.
pub(crate) fn paced(env: &mut Env) -> Result<(), JobError> {
    let (n, rate) = (number(env, "n", 1000)?, number(env, "rate", 1000)?);
    let delay_ms = number(env, "delay", 200)?;
    let told = bids(env, n, rate)?
        .uid("bids")
        .assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(100))
        .uid("assigner")
        .key_by(|bid| bid.auction)
        .uid("by-auction")
        .process(move |ctx| Paced {
            delay_ms,
            seen: ctx.value_state("seen"),
            pending: ctx.map_state("pending"),
        })
        .uid("timers");
    write(env, told)
}
