// {{name}}: what each account has paid so far, told after every payment.

import { type Env, type Factory, type Infer, jsonLines, type KeyedProcess, long, print, record, string } from "wasmill";

/** A payment, as a line of the input has it. */
export const Payment = record("Payment", { account: string, cents: long });
export type Payment = Infer<typeof Payment>;

/** What an account has paid so far. */
export const Total = record("Total", { account: string, cents: long });
export type Total = Infer<typeof Total>;

/** Adds up the payments of each account. What must last is state; a variable is a cache at best. */
const totals: Factory<KeyedProcess<string, Payment, Total>> = (ctx) => {
  const total = ctx.valueState("total", long);
  return {
    process(payment, _ctx, out) {
      const cents = (total.get() ?? 0) + payment.cents;
      total.set(cents);
      out.emit({ account: payment.account, cents });
    },
  };
};

export default function job(env: Env): void {
  env.name("{{name}}");
  const path = env.param("path", string, {
    default: "sample.jsonl",
    describe: "files of payments, one JSON object a line",
  });
  const payments = env.source(jsonLines(path, Payment)).uid("payments");
  payments.keyBy("account").process(Total, totals).uid("totals").sink(print()).uid("print");
}
