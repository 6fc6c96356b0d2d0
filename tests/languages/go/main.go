// Command languages-go has jobs of the process tests in Go: the questions of plugins/bench, with the same answers, and
// two that touch every kind of state, timers, side outputs, and a source and a sink of its own.
package main

import (
	"fmt"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
)

func init() { wasmill.Export("languages-go", job) }

func main() {}

type options struct {
	n, keys, epm, rate int64
	out, file, emit    string
}

func job(env *wasmill.Env) error {
	name := env.Param("job").Describe("J2, J4, J5, J7, J8, states or connectors").StringOr("J2")
	o := options{
		n:    env.Param("n").Describe("how many records to generate").IntOr(1000),
		keys: env.Param("keys").Describe("how many different keys").IntOr(100),
		epm:  env.Param("epm").Describe("records in a millisecond of event time").IntOr(1),
		rate: env.Param("rate").Describe("records a second, 0 for as many as possible").IntOr(0),
		out:  env.Param("out").Describe("directory for results instead of a checksum").StringOr(""),
		file: env.Param("file").Describe("text files for J7").StringOr("words.txt"),
		emit: env.Param("emit").Describe("J7: all updates or final counts").StringOr("all"),
	}
	switch name {
	case "J2":
		runningCount(env, o)
	case "J4":
		tumblingCount(env, o)
	case "J5":
		hotAuctions(env, o)
	case "J7":
		countWords(env, o)
	case "J8":
		bidderSessions(env, o)
	case "states":
		states(env, o)
	case "connectors":
		connectors(env, o)
	default:
		return fmt.Errorf("there is no job %s", name)
	}
	return nil
}

func (o options) sink() *wasmill.Connector {
	if o.out == "" {
		return wasmill.Checksum()
	}
	return wasmill.TextFiles(o.out)
}

func (o options) generator(data string) *wasmill.Connector {
	c := wasmill.Generator(data).With("events", o.n).With("keys", o.keys)
	if o.rate != 0 {
		c.With("rate", o.rate)
	}
	return c
}

// Bid is a bid of the generator.
type Bid struct{ Auction, Bidder, Price, Ts int64 }

// Pair is a key and a number.
type Pair struct{ Key, One int64 }

// AuctionCount is the number of bids for an auction in a window.
type AuctionCount struct{ WindowStart, Auction, Count int64 }

// BidderSession is how many bids a bidder made in a session.
type BidderSession struct{ WindowStart, Bidder, Count int64 }

// WordCount is how often a word was seen.
type WordCount struct {
	Word  string
	Count int64
}

func bids(env *wasmill.Env, o options) *wasmill.Stream[Bid] {
	raw := wasmill.Source[Bid](env, o.generator("bids").With("epm", o.epm))
	return wasmill.AssignTimestamps(raw, wasmill.BoundedOutOfOrderness(100), func(b Bid) int64 { return b.Ts })
}

func runningCount(env *wasmill.Env, o options) {
	pairs := wasmill.Source[Pair](env, o.generator("pairs")).UID("source")
	keyed := wasmill.KeyBy(pairs, func(p Pair) int64 { return p.Key })
	sums := wasmill.Process(keyed, func(ctx *wasmill.OpenContext) wasmill.KeyedProcessFunction[int64, Pair, Pair] {
		sum := wasmill.NewValueState[int64](ctx, "sum")
		return wasmill.KeyedFunctions[int64, Pair, Pair]{
			Element: func(_ *wasmill.KeyedContext[int64], pair Pair, out wasmill.Collector[Pair]) error {
				before, _ := sum.Get()
				sum.Set(before + pair.One)
				out.Emit(Pair{pair.Key, before + pair.One})
				return nil
			},
		}
	})
	sums.UID("count").Sink(o.sink()).UID("sink")
}

func auctionCount(w wasmill.Windowed[int64, int64]) AuctionCount {
	return AuctionCount{w.WindowStart, w.Key, w.Value}
}

func tumblingCount(env *wasmill.Env, o options) {
	byAuction := wasmill.KeyBy(bids(env, o), func(b Bid) int64 { return b.Auction })
	counts := wasmill.Aggregate(byAuction, wasmill.Tumbling(10_000), wasmill.Count[Bid]())
	wasmill.Map(counts, auctionCount).Sink(o.sink())
}

func hotAuctions(env *wasmill.Env, o options) {
	byAuction := wasmill.KeyBy(bids(env, o), func(b Bid) int64 { return b.Auction })
	counts := wasmill.Map(wasmill.Aggregate(byAuction, wasmill.Sliding(10_000, 2_000), wasmill.Count[Bid]()), auctionCount)
	// Exactly one sliding window ends in each window of two seconds.
	together := wasmill.KeyBy(counts, func(AuctionCount) int64 { return 0 })
	hottest := wasmill.Aggregate(together, wasmill.Tumbling(2_000), wasmill.AggregateFunction[AuctionCount, AuctionCount, AuctionCount]{
		Create: func() AuctionCount { return AuctionCount{} },
		Add: func(best, next AuctionCount) AuctionCount {
			if next.Count > best.Count || next.Count == best.Count && next.Auction < best.Auction {
				return next
			}
			return best
		},
		Result: func(best AuctionCount) AuctionCount { return best },
	}).Parallelism(1)
	best := wasmill.Map(hottest, func(w wasmill.Windowed[int64, AuctionCount]) AuctionCount { return w.Value })
	best.Sink(o.sink()).Parallelism(1)
}

func bidderSessions(env *wasmill.Env, o options) {
	byBidder := wasmill.KeyBy(bids(env, o), func(b Bid) int64 { return b.Bidder })
	sessions := wasmill.Aggregate(byBidder, wasmill.Session(5_000), wasmill.Count[Bid]())
	wasmill.Map(sessions, func(w wasmill.Windowed[int64, int64]) BidderSession {
		return BidderSession{w.WindowStart, w.Key, w.Value}
	}).Sink(o.sink())
}

func countWords(env *wasmill.Env, o options) {
	lines := wasmill.Source[string](env, wasmill.TextFiles(o.file))
	words := wasmill.FlatMap(lines, func(line string, out wasmill.Collector[string]) { eachWord(line, out.Emit) })
	byWord := wasmill.KeyBy(words, func(word string) string { return word })
	counts := wasmill.Process(byWord, func(ctx *wasmill.OpenContext) wasmill.KeyedProcessFunction[string, string, WordCount] {
		return &wordCounter{count: wasmill.NewValueState[int64](ctx, "count"), all: o.emit == "all"}
	})
	counts.Sink(o.sink())
}
