// The second part of the polyglot sample: an order that was delivered several times goes on once.

import { boolean, type Env, type Factory, type Infer, type KeyedProcess, long, record, string } from "wasmill";

const Order = record("Order", { id: long, customer: string, at_ms: long, cents: long });
type Order = Infer<typeof Order>;

const first: Factory<KeyedProcess<number, Order, Order>> = (ctx) => {
  const seen = ctx.valueState("seen", boolean);
  return {
    process(order, _ctx, out) {
      if (seen.get()) return;
      seen.set(true);
      out.emit(order);
    },
  };
};

export default function once(env: Env): void {
  const orders = env.input("orders", Order).keyBy("id").process(Order, first).uid("once");
  env.output("orders", orders);
}
