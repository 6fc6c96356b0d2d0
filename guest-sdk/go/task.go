package wasmill

import (
	"fmt"
	"sort"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// What takes records of a type with their timestamps.
type receiver[T any] func(record T, timestamp int64)

// An input of the task: runs records from..to of a batch, and returns the index behind the last one it ran.
type head interface {
	prepare(batch *contract.Batch) error
	run(batch *contract.Batch, from, to int) (int, error)
}

// What an operator does besides receiving records.
type operator interface {
	onTimers(domain contract.Domain, timers *contract.TimerBatch) (int, error)
	finish() error
	endCall()
}

// An instance of a chain, and what all its operators share. There is one goroutine and no reentrance.
type task struct {
	host      contract.Host
	spec      *contract.TaskSpec
	values    []parameter
	now       contract.Moment
	inputs    [][]head
	operators []operator
	keyed     operator
	ports     []*port
	source    sourceNode
	sink      sinkNode
	// The record under way, or -1.
	record       int
	stop         bool
	failure      error
	sent         int
	observations []contract.Observation
	increments   []contract.Increment
}

func (t *task) fail(err error) {
	t.stop = true
	if t.failure == nil {
		t.failure = err
	}
}

func (t *task) begin(now contract.Moment) {
	t.now, t.stop, t.failure, t.sent, t.record = now, false, nil, 0, -1
}

// Hands over what the call has gathered, upstream before downstream.
func (t *task) end() error {
	for _, o := range t.operators {
		o.endCall()
	}
	if t.failure != nil {
		return t.failure
	}
	for _, p := range t.ports {
		p.flush()
	}
	if len(t.observations) > 0 {
		t.host.Observe(t.observations)
		t.observations = t.observations[:0]
	}
	if len(t.increments) > 0 {
		t.host.Count(t.increments)
		t.increments = t.increments[:0]
	}
	return nil
}

func (t *task) process(input uint32, batch *contract.Batch) (int, error) {
	if int(input) >= len(t.inputs) {
		return 0, fmt.Errorf("the task has no input %d", input)
	}
	if err := batch.Check(); err != nil {
		return 0, err
	}
	heads := t.inputs[input]
	for _, h := range heads {
		if err := h.prepare(batch); err != nil {
			return 0, err
		}
	}
	done := 0
	for done < batch.Count && !t.stop {
		reached := batch.Count
		if len(heads) > 1 {
			reached = done + 1
		}
		for _, h := range heads {
			var err error
			if reached, err = h.run(batch, done, reached); err != nil {
				return 0, err
			}
			if t.failure != nil {
				return 0, t.failure
			}
		}
		done = reached
	}
	t.record = -1
	return done, t.end()
}

func (t *task) onTimers(domain contract.Domain, timers *contract.TimerBatch) (int, error) {
	if err := timers.Check(); err != nil {
		return 0, err
	}
	done := timers.Count
	if t.keyed != nil {
		var err error
		if done, err = t.keyed.onTimers(domain, timers); err != nil {
			return 0, err
		}
	}
	return done, t.end()
}

func (t *task) finish() error {
	for _, o := range t.operators {
		if err := o.finish(); err != nil {
			return err
		}
	}
	return t.end()
}

// An instance while its operators are being opened, from the last to the first, so that every receiver is ready.
type wiring struct {
	task  *task
	node  uint32
	edges []edge
	// By operator and input: a receiver of the input's type, and what decodes a batch for it.
	receivers map[contract.Port]any
	heads     map[contract.Port]head
}

func openTask(job Job, spec *contract.TaskSpec, host contract.Host) (*task, error) {
	env, err := runJob(job, spec.Arguments, false)
	if err != nil {
		return nil, err
	}
	t := &task{host: host, spec: spec, values: env.parameters, record: -1}
	w := &wiring{task: t, receivers: map[contract.Port]any{}, heads: map[contract.Port]head{}}
	mine := map[uint32]bool{}
	order := append([]uint32(nil), spec.Operators...)
	sort.Slice(order, func(i, j int) bool { return order[i] > order[j] })
	for _, number := range order {
		mine[number] = true
	}
	for _, e := range env.graph.resolved() {
		if e.partitioning == forward && e.chain && mine[e.from] && mine[e.to] {
			w.edges = append(w.edges, e)
		}
	}
	for number := range spec.Outputs {
		t.ports = append(t.ports, &port{number: uint32(number), task: t})
	}
	for _, number := range order {
		if int(number) >= len(env.graph.nodes) || env.graph.nodes[number].open == nil {
			return nil, fmt.Errorf("operator %d is not one of this job's that run in a component", number)
		}
		w.node = number
		if err := env.graph.nodes[number].open(w); err != nil {
			return nil, err
		}
	}
	for i, j := 0, len(t.operators)-1; i < j; i, j = i+1, j-1 {
		t.operators[i], t.operators[j] = t.operators[j], t.operators[i]
	}
	for _, ports := range spec.Inputs {
		var heads []head
		for _, at := range ports {
			h, ok := w.heads[at]
			if !ok {
				return nil, fmt.Errorf("operator %d has no input %d", at.Operator, at.Index)
			}
			heads = append(heads, h)
		}
		t.inputs = append(t.inputs, heads)
	}
	return t, nil
}

func (w *wiring) addInput(input uint32, h head, receive any) {
	at := contract.Port{Operator: w.node, Index: input}
	w.heads[at], w.receivers[at] = h, receive
}

func (w *wiring) addOperator(o operator, keyed bool) error {
	if keyed && w.task.keyed != nil {
		return fmt.Errorf("a chain has two keyed operators")
	}
	if keyed {
		w.task.keyed = o
	}
	w.task.operators = append(w.task.operators, o)
	return nil
}

func (w *wiring) portsOf(output uint32) []*port {
	var ports []*port
	for i, at := range w.task.spec.Outputs {
		if at == (contract.Port{Operator: w.node, Index: output}) {
			ports = append(ports, w.task.ports[i])
		}
	}
	return ports
}

func (w *wiring) stateNumber(name string) (uint32, error) {
	for _, state := range w.task.spec.States {
		if state.Operator == w.node && state.Name == name {
			return state.Number, nil
		}
	}
	return 0, fmt.Errorf("state %s of operator %d has no number", name, w.node)
}

// What an output of the operator sends to.
func outputOf[T any](w *wiring, output uint32, codec *row.Codec) (receiver[T], error) {
	var to []receiver[T]
	for _, e := range w.edges {
		if e.from != w.node || e.output != output {
			continue
		}
		next, ok := w.receivers[contract.Port{Operator: e.to, Index: e.input}].(receiver[T])
		if !ok {
			return nil, fmt.Errorf("input %d of operator %d does not take the records of operator %d", e.input, e.to, e.from)
		}
		to = append(to, next)
	}
	for _, p := range w.portsOf(output) {
		to = append(to, func(record T, timestamp int64) {
			p.batch.Values.Data = appendRow(codec, p.batch.Values.Data, &record)
			p.batch.Values.Close(codec.Fixed())
			p.push(timestamp)
		})
	}
	if len(to) == 1 {
		return to[0], nil
	}
	return func(record T, timestamp int64) {
		for _, next := range to {
			next(record, timestamp)
		}
	}, nil
}

// The head that decodes the values of a batch for a receiver.
type decodingHead[T any] struct {
	task    *task
	codec   *row.Codec
	receive receiver[T]
}

func receiverHead[T any](t *task, codec *row.Codec, receive receiver[T]) head {
	return &decodingHead[T]{t, codec, receive}
}

func (h *decodingHead[T]) prepare(*contract.Batch) error { return nil }

func (h *decodingHead[T]) run(batch *contract.Batch, from, to int) (int, error) {
	values := batch.Values.Entries(batch.Count)
	for i := from; i < to; i++ {
		h.task.record = i
		var record T
		if err := decodeRow(h.codec, values.At(i), &record); err != nil {
			return 0, err
		}
		h.receive(record, batch.Timestamp(i))
		if h.task.stop {
			return i + 1, nil
		}
	}
	return to, nil
}

// Records and bytes after which a port emits, and the task's part of them.
const (
	portRecordsMax = 4096
	portBytesMax   = 64 * 1024
)

// An output port: records are gathered in columns and emitted once a call, or once every few thousand.
type port struct {
	number uint32
	task   *task
	batch  contract.Batch
}

// Counts a record whose bytes have been appended.
func (p *port) push(timestamp int64) {
	p.batch.Push(timestamp)
	if p.batch.Count >= portRecordsMax || len(p.batch.Values.Data) >= portBytesMax {
		p.flush()
	}
}

func (p *port) flush() {
	if p.batch.Count == 0 {
		return
	}
	b := &p.batch
	p.task.sent += len(b.Values.Data) + len(b.Keys.Data) + 8*len(b.Timestamps)
	if p.task.sent >= int(p.task.spec.OutputSoftBytes) {
		p.task.stop = true
	}
	p.task.host.Emit(p.number, b)
	b.Clear()
}
