//! {{name}}: what each account has paid so far, told after every payment.

use wasmill_sdk::prelude::*;

/// A payment, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Payment {
    account: String,
    cents: i64,
}

/// What an account has paid so far.
#[derive(Record, Clone, Debug, PartialEq)]
struct Total {
    account: String,
    cents: i64,
}

#[wasmill_sdk::job]
fn job(env: &mut Env) -> Result<(), JobError> {
    env.name("{{name}}");
    let path: String = env
        .param("path")
        .describe("files of payments, one JSON object a line")
        .default("sample.jsonl")?;
    env.source::<Payment>(TextFiles::json_lines::<Payment>(path))
        .uid("payments")
        .key_by(|payment| payment.account.clone())
        .process(|ctx| Totals {
            total: ctx.value_state("total"),
        })
        .uid("totals")
        .sink(Print::new())
        .uid("print");
    Ok(())
}

/// Adds up the payments of each account. What must last is state; a field is a cache at best.
struct Totals {
    total: ValueState<i64>,
}

impl KeyedProcess for Totals {
    type Key = String;
    type In = Payment;
    type Out = Total;

    fn process(
        &mut self,
        payment: Payment,
        _ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Total>,
    ) -> Outcome {
        let cents = self.total.get().unwrap_or(0) + payment.cents;
        self.total.set(cents);
        out.emit(Total {
            account: payment.account,
            cents,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
