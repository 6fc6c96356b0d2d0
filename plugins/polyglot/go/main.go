// Command polyglot is the third part of the polyglot sample: what each customer spends in an hour of event time.
package main

import wasmill "github.com/wasmill/wasmill/guest-sdk/go"

const hourMs = 3_600_000

func init() { wasmill.Export("hours", hours) }

func main() {}

// Order is an order as the part before gives it.
type Order struct {
	ID       int64
	Customer string
	AtMs     int64
	Cents    int64
}

// Hour is what a customer has spent in the hour that begins at HourMs.
type Hour struct {
	Customer string
	HourMs   int64
	Cents    int64
}

func hours(env *wasmill.Env) error {
	orders := wasmill.Input[Order](env, "orders")
	byCustomer := wasmill.KeyBy(orders, func(order Order) string { return order.Customer })
	cents := wasmill.Sum(func(order Order) int64 { return order.Cents })
	sums := wasmill.Aggregate(byCustomer, wasmill.Tumbling(hourMs), cents).UID("sums")
	told := wasmill.Map(sums, func(sum wasmill.Windowed[string, int64]) Hour {
		return Hour{sum.Key, sum.WindowStart, sum.Value}
	})
	told.UID("hours").Output("hours")
	return nil
}
