package wasmill

import (
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// KeyedProcessFunction is user logic over the records of one keyed stream. All calls come from one goroutine; states
// refer to the key of the record or timer under way. An error fails the call: nothing of it takes effect, and the error
// is reported with the record.
type KeyedProcessFunction[K, In, Out any] interface {
	// ProcessElement processes a record.
	ProcessElement(ctx *KeyedContext[K], record In, out Collector[Out]) error
	// OnTimer is called when a timer of the key has fired; ctx.TimerTime is its time. It is gone.
	OnTimer(ctx *KeyedContext[K], domain Domain, out Collector[Out]) error
}

// Process runs a keyed process function. The factory runs when the job is planned and again in every task; it declares
// the states and side outputs of the function.
func Process[K, In, Out any](s *KeyedStream[K, In], factory func(*OpenContext) KeyedProcessFunction[K, In, Out]) *Stream[Out] {
	return keyedOperator(s, "process", factory)
}

// KeyedFunctions makes a KeyedProcessFunction of two functions; Timer may be nil.
type KeyedFunctions[K, In, Out any] struct {
	Element func(ctx *KeyedContext[K], record In, out Collector[Out]) error
	Timer   func(ctx *KeyedContext[K], domain Domain, out Collector[Out]) error
}

// ProcessElement calls Element.
func (f KeyedFunctions[K, In, Out]) ProcessElement(ctx *KeyedContext[K], record In, out Collector[Out]) error {
	return f.Element(ctx, record, out)
}

// OnTimer calls Timer.
func (f KeyedFunctions[K, In, Out]) OnTimer(ctx *KeyedContext[K], domain Domain, out Collector[Out]) error {
	if f.Timer == nil {
		return nil
	}
	return f.Timer(ctx, domain, out)
}

// Reduce folds the records of each key into one and gives the result after every record.
func Reduce[K, T any](s *KeyedStream[K, T], f func(sum, record T) T) *Stream[T] {
	return keyedOperator(s, "reduce", func(ctx *OpenContext) KeyedProcessFunction[K, T, T] {
		sum := NewValueState[T](ctx, "reduced")
		return KeyedFunctions[K, T, T]{Element: func(_ *KeyedContext[K], record T, out Collector[T]) error {
			if before, ok := sum.Get(); ok {
				record = f(before, record)
			}
			sum.Set(record)
			out.Emit(record)
			return nil
		}}
	})
}

func keyedOperator[K, In, Out any](s *KeyedStream[K, In], typeName string, factory func(*OpenContext) KeyedProcessFunction[K, In, Out]) *Stream[Out] {
	env, in := s.stream.env, s.stream.codec
	codec := codecOf[Out](env)
	n := &node{kind: "operator", typeName: typeName, keyed: true, inputs: []any{in.Schema()}, outputs: mainOutput(codec)}
	planned := &OpenContext{env: env, node: n, keyed: true, values: env.parameters}
	factory(planned)
	n.open = func(w *wiring) error {
		space := newKeySpace(w.task, s.keyCodec.Fixed())
		out, err := outputOf[Out](w, 0, codec)
		if err != nil {
			return err
		}
		opening := &OpenContext{env: env, node: n, keyed: true, wiring: w, space: space, values: w.task.values}
		operator := &keyedNode[K, In, Out]{space: space, timers: newTimerService(space), keyCodec: s.keyCodec, codec: in, out: out}
		operator.ctx.node = operator.base()
		operator.function = factory(opening)
		if opening.err != nil {
			return opening.err
		}
		w.heads[contract.Port{Operator: w.node}] = operator
		return w.addOperator(operator, true)
	}
	return &Stream[Out]{env: env, node: env.graph.add(n, s.stream.edge()), partitioning: forward, codec: codec}
}

// What a KeyedContext needs of its operator.
type keyedBase struct {
	task   *task
	space  *keySpace
	timers *timerService
}

// KeyedContext is what keyed logic may ask and do besides its state. It holds during one call of the function.
type KeyedContext[K any] struct {
	node      keyedBase
	key       K
	timestamp int64
	timer     int64
}

// Key is the key under way.
func (c *KeyedContext[K]) Key() K { return c.key }

// Timestamp is the event timestamp of the record, or the time of the event-time timer, if there is one (milliseconds).
func (c *KeyedContext[K]) Timestamp() (int64, bool) { return c.timestamp, hasTimestamp(c.timestamp) }

// TimerTime is the time for which the timer under way was registered, in its own domain (milliseconds).
func (c *KeyedContext[K]) TimerTime() int64 { return c.timer }

// Watermark in milliseconds; the least number before there is one.
func (c *KeyedContext[K]) Watermark() int64 { return c.node.task.now.Watermark }

// ProcessingTime is the operator's clock (milliseconds), the same during one call.
func (c *KeyedContext[K]) ProcessingTime() int64 { return c.node.task.now.ProcessingTime }

// RegisterEventTimer has OnTimer called when the watermark reaches a time. Doing it twice changes nothing.
func (c *KeyedContext[K]) RegisterEventTimer(time int64) { c.change(EventTime, time, true) }

// RegisterProcessingTimer has OnTimer called when the operator's clock reaches a time.
func (c *KeyedContext[K]) RegisterProcessingTimer(time int64) { c.change(ProcessingTime, time, true) }

// DeleteEventTimer removes a timer of the key; it need not exist.
func (c *KeyedContext[K]) DeleteEventTimer(time int64) { c.change(EventTime, time, false) }

// DeleteProcessingTimer removes a timer of the key; it need not exist.
func (c *KeyedContext[K]) DeleteProcessingTimer(time int64) { c.change(ProcessingTime, time, false) }

func (c *KeyedContext[K]) change(domain Domain, time int64, register bool) {
	c.node.timers.change(domain, c.node.space.current, time, register)
}

// A keyed operator in its place, and the head of its input.
type keyedNode[K, In, Out any] struct {
	function KeyedProcessFunction[K, In, Out]
	space    *keySpace
	timers   *timerService
	keyCodec *row.Codec
	codec    *row.Codec
	out      receiver[Out]
	ctx      KeyedContext[K]
	slots    []uint32
	keys     []K
}

func (n *keyedNode[K, In, Out]) base() keyedBase {
	return keyedBase{n.space.task, n.space, n.timers}
}

func (n *keyedNode[K, In, Out]) enter(column *contract.Column, count int) error {
	var err error
	if n.slots, err = n.space.enter(column, count, n.slots); err != nil {
		return err
	}
	for slot := len(n.keys); slot < len(n.space.keys); slot++ {
		var key K
		if err := decodeRow(n.keyCodec, n.space.keys[slot], &key); err != nil {
			return fmt.Errorf("a key: %w", err)
		}
		n.keys = append(n.keys, key)
	}
	return nil
}

func (n *keyedNode[K, In, Out]) prepare(batch *contract.Batch) error {
	return n.enter(&batch.Keys, batch.Count)
}

func (n *keyedNode[K, In, Out]) at(slot uint32, timestamp int64) {
	n.space.current = slot
	n.ctx.key, n.ctx.timestamp = n.keys[slot], timestamp
}

func (n *keyedNode[K, In, Out]) run(batch *contract.Batch, from, to int) (int, error) {
	t := n.space.task
	values := batch.Values.Entries(batch.Count)
	for i := from; i < to; i++ {
		t.record = i
		var record In
		if err := decodeRow(n.codec, values.At(i), &record); err != nil {
			return 0, err
		}
		timestamp := batch.Timestamp(i)
		n.at(n.slots[i], timestamp)
		if err := n.function.ProcessElement(&n.ctx, record, Collector[Out]{n.out, timestamp}); err != nil {
			return 0, err
		}
		if t.stop {
			return i + 1, nil
		}
	}
	return to, nil
}

func (n *keyedNode[K, In, Out]) onTimers(domain contract.Domain, timers *contract.TimerBatch) (int, error) {
	if err := n.enter(&timers.Keys, timers.Count); err != nil {
		return 0, err
	}
	t := n.space.task
	for i, time := range timers.Times {
		timestamp := time
		if domain == ProcessingTime {
			timestamp = contract.NoTimestamp
		}
		n.at(n.slots[i], timestamp)
		n.ctx.timer = time
		if err := n.function.OnTimer(&n.ctx, domain, Collector[Out]{n.out, timestamp}); err != nil {
			return 0, err
		}
		if t.stop {
			return i + 1, nil
		}
	}
	return timers.Count, nil
}

func (n *keyedNode[K, In, Out]) finish() error { return nil }

func (n *keyedNode[K, In, Out]) endCall() {
	n.timers.flush()
	n.space.endCall()
	clear(n.keys)
	n.keys = n.keys[:0]
}
