package wasmill

import (
	"fmt"
	"unsafe"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// Stream is a stream of records of type T.
type Stream[T any] struct {
	env          *Env
	node, output uint32
	partitioning partitioning
	codec        *row.Codec
}

// Makes the codec of a type; a type without a schema is the job's mistake.
func codecOf[T any](env *Env) *row.Codec {
	codec, err := row.Of[T]()
	if err != nil {
		env.fail(err)
		codec, _ = row.Of[bool]()
	}
	return codec
}

func appendRow[T any](codec *row.Codec, out []byte, value *T) []byte {
	if codec.Plain {
		return append(out, unsafe.Slice((*byte)(unsafe.Pointer(value)), unsafe.Sizeof(*value))...)
	}
	return codec.Append(out, unsafe.Pointer(value))
}

func decodeRow[T any](codec *row.Codec, bytes []byte, value *T) error {
	if codec.Plain && len(bytes) == int(unsafe.Sizeof(*value)) {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(value)), len(bytes)), bytes)
		return nil
	}
	return decodeParts(codec, bytes, value)
}

func decodeParts[T any](codec *row.Codec, bytes []byte, value *T) error {
	if err := codec.Decode(bytes, unsafe.Pointer(value)); err != nil {
		return fmt.Errorf("malformed %T: %w", *value, err)
	}
	return nil
}

func (s *Stream[T]) edge() edge {
	return edge{from: s.node, output: s.output, partitioning: s.partitioning}
}

func mainOutput(codec *row.Codec) []outputPlan {
	return []outputPlan{{name: "out", schema: codec.Schema()}}
}

// Source adds a connector of the host that gives records of type T.
func Source[T any](env *Env, connector *Connector) *Stream[T] {
	codec := codecOf[T](env)
	connector.typed(codec)
	n := &node{kind: "source", typeName: connector.typeName, connector: connector.config, outputs: mainOutput(codec)}
	return &Stream[T]{env: env, node: env.graph.add(n), partitioning: forward, codec: codec}
}

// UID names the operator that gives this stream across versions of the job: its state is found by it.
func (s *Stream[T]) UID(uid string) *Stream[T] {
	s.env.graph.nodes[s.node].uid = uid
	return s
}

// Name says what the console shows of the operator.
func (s *Stream[T]) Name(name string) *Stream[T] {
	s.env.graph.nodes[s.node].name = name
	return s
}

// Parallelism sets the number of subtasks of the operator; the job's otherwise.
func (s *Stream[T]) Parallelism(subtasks int) *Stream[T] {
	s.env.graph.nodes[s.node].parallelism = subtasks
	return s
}

// Unchained keeps the operator from running in one task with its input.
func (s *Stream[T]) Unchained() *Stream[T] {
	s.env.graph.nodes[s.node].unchained = true
	return s
}

// Rebalance spreads the records evenly over the subtasks of the next operator.
func (s *Stream[T]) Rebalance() *Stream[T] {
	next := *s
	next.partitioning = rebalance
	return &next
}

// Broadcast gives every record to all subtasks of the next operator.
func (s *Stream[T]) Broadcast() *Stream[T] {
	next := *s
	next.partitioning = broadcast
	return &next
}

// Sink ends the stream in a connector of the host.
func (s *Stream[T]) Sink(connector *Connector) *SinkHandle {
	n := &node{kind: "sink", typeName: connector.typeName, connector: connector.config, inputs: []any{s.codec.Schema()}}
	s.env.graph.add(n, s.edge())
	return &SinkHandle{n}
}

// SinkHandle is a sink in the graph.
type SinkHandle struct{ node *node }

// UID names the sink across versions of the job.
func (h *SinkHandle) UID(uid string) *SinkHandle {
	h.node.uid = uid
	return h
}

// Parallelism sets the number of subtasks of the sink; the job's otherwise.
func (h *SinkHandle) Parallelism(subtasks int) *SinkHandle {
	h.node.parallelism = subtasks
	return h
}

// Union is a stream of the records of several streams of one type.
func (s *Stream[T]) Union(others ...*Stream[T]) *Stream[T] {
	n := &node{kind: "operator", typeName: "union", inputs: []any{s.codec.Schema()}, outputs: mainOutput(s.codec)}
	edges := []edge{s.edge()}
	for _, other := range others {
		n.inputs = append(n.inputs, s.codec.Schema())
		edges = append(edges, other.edge())
	}
	n.open = func(w *wiring) error {
		out, err := outputOf[T](w, 0, s.codec)
		for input := range n.inputs {
			w.addInput(uint32(input), receiverHead(w.task, s.codec, out), out)
		}
		return err
	}
	number := s.env.graph.add(n, edges...)
	return &Stream[T]{env: s.env, node: number, partitioning: forward, codec: s.codec}
}

// Adds an operator with one input that turns each record into any number of others.
func transform[In, Out any](s *Stream[In], typeName string, step func(t *task, out receiver[Out]) receiver[In]) *Stream[Out] {
	codec := codecOf[Out](s.env)
	n := &node{kind: "operator", typeName: typeName, inputs: []any{s.codec.Schema()}, outputs: mainOutput(codec), followsInput: true}
	n.open = func(w *wiring) error {
		out, err := outputOf[Out](w, 0, codec)
		receive := step(w.task, out)
		w.addInput(0, receiverHead(w.task, s.codec, receive), receive)
		return err
	}
	return &Stream[Out]{env: s.env, node: s.env.graph.add(n, s.edge()), partitioning: forward, codec: codec}
}

// Map turns each record into another one.
func Map[In, Out any](s *Stream[In], f func(In) Out) *Stream[Out] {
	return transform(s, "map", func(_ *task, out receiver[Out]) receiver[In] {
		return func(record In, timestamp int64) { out(f(record), timestamp) }
	})
}

// Filter keeps the records for which keep says so.
func (s *Stream[T]) Filter(keep func(T) bool) *Stream[T] {
	return transform(s, "filter", func(_ *task, out receiver[T]) receiver[T] {
		return func(record T, timestamp int64) {
			if keep(record) {
				out(record, timestamp)
			}
		}
	})
}

// FlatMap turns each record into any number of others.
func FlatMap[In, Out any](s *Stream[In], f func(In, Collector[Out])) *Stream[Out] {
	return transform(s, "flat_map", func(_ *task, out receiver[Out]) receiver[In] {
		return func(record In, timestamp int64) { f(record, Collector[Out]{out, timestamp}) }
	})
}

// KeyedStream is a stream of records of type T that are together by a key of type K.
type KeyedStream[K, T any] struct {
	stream   *Stream[T]
	keyCodec *row.Codec
}

// KeyBy puts records of one key together. Must be a function of the record alone.
func KeyBy[T, K any](s *Stream[T], key func(T) K) *KeyedStream[K, T] {
	keyCodec := codecOf[K](s.env)
	n := &node{kind: "operator", typeName: "key_by", inputs: []any{s.codec.Schema()}, followsInput: true,
		outputs: []outputPlan{{name: "out", schema: s.codec.Schema(), keySchema: keyCodec.Schema()}}}
	n.open = func(w *wiring) error {
		ports := w.portsOf(0)
		receive := func(record T, timestamp int64) {
			k := key(record)
			for _, p := range ports {
				batch := &p.batch
				batch.Keys.Data = appendRow(keyCodec, batch.Keys.Data, &k)
				batch.Keys.Close(keyCodec.Fixed())
				batch.Values.Data = appendRow(s.codec, batch.Values.Data, &record)
				batch.Values.Close(s.codec.Fixed())
				p.push(timestamp)
			}
		}
		w.addInput(0, receiverHead(w.task, s.codec, receive), receiver[T](receive))
		return nil
	}
	number := s.env.graph.add(n, s.edge())
	stream := &Stream[T]{env: s.env, node: number, partitioning: hash, codec: s.codec}
	return &KeyedStream[K, T]{stream, keyCodec}
}

// Collector takes the records that a function gives.
type Collector[T any] struct {
	out       receiver[T]
	timestamp int64
}

// Emit gives a record with the timestamp of the record or timer under way.
func (c Collector[T]) Emit(record T) { c.out(record, c.timestamp) }

// EmitAt gives a record with a timestamp of its own (milliseconds).
func (c Collector[T]) EmitAt(record T, timestamp int64) { c.out(record, timestamp) }

// HasTimestamp says whether a timestamp is one.
func hasTimestamp(timestamp int64) bool { return timestamp != contract.NoTimestamp }
