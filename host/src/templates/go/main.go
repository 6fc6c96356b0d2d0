// Command {{name}} tells what each account has paid so far, after every payment.
package main

import wasmill "github.com/wasmill/wasmill/guest-sdk/go"

func init() { wasmill.Export("{{name}}", job) }

func main() {}

// Payment is a payment, as a line of the input has it.
type Payment struct {
	Account string
	Cents   int64
}

// Total is what an account has paid so far.
type Total struct {
	Account string
	Cents   int64
}

func job(env *wasmill.Env) error {
	path := env.Param("path").Describe("files of payments, one JSON object a line").StringOr("sample.jsonl")
	payments := wasmill.Source[Payment](env, wasmill.JSONLines(path)).UID("payments")
	byAccount := wasmill.KeyBy(payments, func(payment Payment) string { return payment.Account })
	wasmill.Process(byAccount, newTotals).UID("totals").Sink(wasmill.Print()).UID("print")
	return nil
}

// totals adds up the payments of each account. What must last is state; a field is a cache at best.
type totals struct {
	total *wasmill.ValueState[int64]
}

func newTotals(ctx *wasmill.OpenContext) wasmill.KeyedProcessFunction[string, Payment, Total] {
	return &totals{total: wasmill.NewValueState[int64](ctx, "total")}
}

func (t *totals) ProcessElement(_ *wasmill.KeyedContext[string], payment Payment, out wasmill.Collector[Total]) error {
	cents, _ := t.total.Get()
	cents += payment.Cents
	t.total.Set(cents)
	out.Emit(Total{payment.Account, cents})
	return nil
}

func (t *totals) OnTimer(*wasmill.KeyedContext[string], wasmill.Domain, wasmill.Collector[Total]) error {
	return nil
}
