//! Fraud detection: a stolen card is tried out with a small payment before the large one.
//!
//! An alert is a large payment within a minute after a small one of the same account. What is small and what is large
//! follows from what the account has paid so far, so every account has limits of its own, and they move.

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

/// How long a small payment is remembered.
const MEMORY_MS: i64 = 60_000;
/// Payments an account must have made before it is judged.
const PAYMENTS_MIN: i64 = 5;

/// A card payment, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Payment {
    id: i64,
    account: String,
    at_ms: i64,
    cents: i64,
}

/// A small payment and the large one that followed.
#[derive(Record, Clone, Debug, PartialEq)]
struct Alert {
    account: String,
    small_id: i64,
    large_id: i64,
    at_ms: i64,
    cents: i64,
    /// From which amount on a payment of the account was large at that time.
    large_cents: i64,
}

/// What an account usually pays.
#[derive(Record, Clone, Debug, Default, PartialEq)]
struct Habit {
    payments: i64,
    cents: i64,
}

impl Habit {
    /// The limits of the account: a payment up to the first is small, one from the second on is large.
    fn limits(&self) -> Option<(i64, i64)> {
        let mean = self.cents / self.payments.max(1);
        (self.payments >= PAYMENTS_MIN).then_some((mean / 10, mean * 5))
    }
}

/// A small payment that makes the next large one suspicious.
#[derive(Record, Clone, Debug, PartialEq)]
struct Suspicion {
    id: i64,
    at_ms: i64,
}

#[wasmill_sdk::job]
fn fraud_detection(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("files of payments, one JSON object a line")
        .default("plugins/fraud-detection/data/payments.jsonl")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("payments to read a second, 0 for as many as possible")
        .default(0)?;
    env.source::<Payment>(TextFiles::json_lines::<Payment>(path).rate(rate))
        .uid("payments")
        .assign_timestamps(|payment| payment.at_ms, Watermarks::bounded_ms(2_000))
        .key_by(|payment| payment.account.clone())
        .process(|ctx| Detect {
            habit: ctx.value_state("habit"),
            suspicion: ctx.value_state("suspicion"),
        })
        .uid("detect")
        .name("detect")
        .sink(sink(&out, "alerts"))
        .uid("alerts");
    Ok(())
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// Watches the payments of an account.
struct Detect {
    habit: ValueState<Habit>,
    suspicion: ValueState<Suspicion>,
}

impl KeyedProcess for Detect {
    type Key = String;
    type In = Payment;
    type Out = Alert;

    fn process(
        &mut self,
        payment: Payment,
        ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Alert>,
    ) -> Outcome {
        let mut habit = self.habit.get().unwrap_or_default();
        if let Some((small_cents, large_cents)) = habit.limits() {
            if payment.cents >= large_cents {
                if let Some(small) = self.suspicion.get()
                    && payment.at_ms - small.at_ms <= MEMORY_MS
                {
                    out.emit(Alert {
                        account: payment.account,
                        small_id: small.id,
                        large_id: payment.id,
                        at_ms: payment.at_ms,
                        cents: payment.cents,
                        large_cents,
                    });
                }
                // A payment that is out of proportion says nothing about the habit.
                return Ok(());
            }
            if payment.cents <= small_cents {
                let (id, at_ms) = (payment.id, payment.at_ms);
                self.suspicion.set(Suspicion { id, at_ms });
                ctx.register_event_timer(at_ms + MEMORY_MS);
            }
        }
        habit.payments += 1;
        habit.cents += payment.cents;
        self.habit.set(habit);
        Ok(())
    }

    /// Forgets a small payment, unless there was another since.
    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, String>,
        _: &mut Collector<'_, Alert>,
    ) -> Outcome {
        let due = |small: &Suspicion| Some(small.at_ms + MEMORY_MS) <= ctx.timestamp();
        if self.suspicion.get().is_some_and(|small| due(&small)) {
            self.suspicion.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
