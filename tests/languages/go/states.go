package main

import (
	"math"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
)

// Digest is what the job `states` tells of an auction when the input ends: the sums of its prices by bidder modulo 10,
// folded in the order of the map, and how many of its bids were listed. It tells once more, with zeros, when a
// processing-time timer fires, which is registered for each auction once and moved once.
type Digest struct{ Auction, Fold, Listed int64 }

// Round is the side output: bids whose price is a multiple of 100.
var round = wasmill.OutputTag[Pair]{Name: "round"}

type digester struct {
	count  *wasmill.ValueState[int64]
	listed *wasmill.ListState[int64]
	sums   *wasmill.MapState[int64, int64]
	round  *wasmill.SideOutput[Pair]
}

func states(env *wasmill.Env, o options) {
	byAuction := wasmill.KeyBy(bids(env, o), func(b Bid) int64 { return b.Auction })
	digests := wasmill.Process(byAuction, func(ctx *wasmill.OpenContext) wasmill.KeyedProcessFunction[int64, Bid, Digest] {
		return &digester{
			count:  wasmill.NewValueState[int64](ctx, "count"),
			listed: wasmill.NewListState[int64](ctx, "listed"),
			sums:   wasmill.NewMapState[int64, int64](ctx, "sums"),
			round:  wasmill.NewSideOutput(ctx, round),
		}
	})
	sides := wasmill.Map(wasmill.Side(digests, round), func(p Pair) Digest { return Digest{p.Key, -1, p.One} })
	digests.Union(sides).Sink(o.sink())
}

func (d *digester) ProcessElement(ctx *wasmill.KeyedContext[int64], bid Bid, _ wasmill.Collector[Digest]) error {
	count, _ := d.count.Get()
	d.count.Set(count + 1)
	if count == 0 {
		ctx.RegisterEventTimer(math.MaxInt64)
		ctx.RegisterProcessingTimer(ctx.ProcessingTime() + 1)
		ctx.RegisterProcessingTimer(ctx.ProcessingTime() + 2)
		ctx.DeleteProcessingTimer(ctx.ProcessingTime() + 1)
	}
	sum, _ := d.sums.Get(bid.Bidder % 10)
	d.sums.Put(bid.Bidder%10, sum+bid.Price)
	if bid.Price%7 == 0 {
		d.listed.Add(bid.Price)
	}
	if bid.Price%100 == 0 {
		d.round.Emit(Pair{bid.Auction, bid.Price})
	}
	return nil
}

func (d *digester) OnTimer(ctx *wasmill.KeyedContext[int64], domain wasmill.Domain, out wasmill.Collector[Digest]) error {
	if domain == wasmill.ProcessingTime {
		out.Emit(Digest{Auction: ctx.Key()})
		return nil
	}
	digest := Digest{Auction: ctx.Key()}
	for bidder, sum := range d.sums.All() {
		digest.Fold = (digest.Fold*31 + bidder*7 + sum) % 1_000_000_007
	}
	digest.Listed = int64(len(d.listed.Get()))
	d.listed.Clear()
	d.sums.Clear()
	d.count.Clear()
	out.Emit(digest)
	return nil
}
