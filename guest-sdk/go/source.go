package wasmill

import (
	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// PollStatus is what follows the records of a poll.
type PollStatus = contract.PollStatus

// More says that the split has more records right now.
func More() PollStatus { return PollStatus{Kind: 0} }

// Wait says that the split may have more records after this many milliseconds.
func Wait(ms uint32) PollStatus { return PollStatus{Kind: 1, WaitMs: ms} }

// Ended says that the split has no more records, ever.
func Ended() PollStatus { return PollStatus{Kind: 2} }

// SourceFunction is a source of your own. It keeps nothing that must last: where a split is being read is its position,
// which the host keeps and puts into every checkpoint. The same position must give the same records again.
type SourceFunction[T, Position any] interface {
	// Splits says where the splits begin, at the first start of the job.
	Splits(parallelism int) ([]Position, error)
	// Poll reads a split from a position on, at most out.Room() records, and returns the position behind them.
	Poll(position Position, out *SourceOutput[T]) (Position, PollStatus, error)
}

// SourceOutput takes the records of a poll.
type SourceOutput[T any] struct {
	codec      *row.Codec
	batch      contract.Batch
	max, bytes int
	now        int64
}

// Room is how many records may still be given in this poll.
func (o *SourceOutput[T]) Room() int {
	if len(o.batch.Values.Data) >= o.bytes {
		return 0
	}
	return o.max - o.batch.Count
}

// ProcessingTime is the source's clock (milliseconds), the same during one call.
func (o *SourceOutput[T]) ProcessingTime() int64 { return o.now }

// Emit gives a record without a timestamp.
func (o *SourceOutput[T]) Emit(record T) { o.EmitAt(record, contract.NoTimestamp) }

// EmitAt gives a record with its timestamp (milliseconds).
func (o *SourceOutput[T]) EmitAt(record T, timestamp int64) {
	o.batch.Values.Data = appendRow(o.codec, o.batch.Values.Data, &record)
	o.batch.Values.Close(o.codec.Fixed())
	o.batch.Push(timestamp)
}

// AddSource adds a source of your own.
func AddSource[T, Position any](env *Env, factory func(*ConnectorContext) SourceFunction[T, Position]) *Stream[T] {
	codec, position := codecOf[T](env), codecOf[Position](env)
	n := &node{kind: "source", typeName: "source", connector: object{"type": "component"}, outputs: mainOutput(codec)}
	factory(&ConnectorContext{node: n})
	n.open = func(w *wiring) error {
		function := factory(&ConnectorContext{node: n, wiring: w})
		w.task.source = &openSource[T, Position]{task: w.task, function: function, codec: codec, position: position}
		return nil
	}
	return &Stream[T]{env: env, node: env.graph.add(n), partitioning: forward, codec: codec}
}

type sourceNode interface {
	splits(parallelism int) ([][]byte, error)
	poll(position []byte, maxRecords int) (*contract.Batch, []byte, PollStatus, error)
}

type openSource[T, Position any] struct {
	task            *task
	function        SourceFunction[T, Position]
	codec, position *row.Codec
}

func (s *openSource[T, Position]) splits(parallelism int) ([][]byte, error) {
	positions, err := s.function.Splits(parallelism)
	var encoded [][]byte
	for i := range positions {
		encoded = append(encoded, appendRow(s.position, nil, &positions[i]))
	}
	return encoded, err
}

func (s *openSource[T, Position]) poll(from []byte, maxRecords int) (*contract.Batch, []byte, PollStatus, error) {
	var position Position
	if err := decodeRow(s.position, from, &position); err != nil {
		return nil, nil, PollStatus{}, err
	}
	out := &SourceOutput[T]{codec: s.codec, max: maxRecords, bytes: int(s.task.spec.OutputSoftBytes), now: s.task.now.ProcessingTime}
	next, status, err := s.function.Poll(position, out)
	return &out.batch, appendRow(s.position, nil, &next), status, err
}

// ConnectorContext is what the factory of a source or sink may ask for. It runs when the job is planned, and in every
// task once more.
type ConnectorContext struct {
	node   *node
	wiring *wiring
}

// Files asks for the directory that the user grants with --grant files=DIR.
func (c *ConnectorContext) Files() *Files {
	if c.wiring == nil {
		c.node.grants = []string{"files"}
		return &Files{}
	}
	return &Files{host: c.wiring.task.host, operator: c.wiring.node}
}

// Subtask is the index of this instance, and how many there are; 0 of 1 when the job is planned.
func (c *ConnectorContext) Subtask() (index, parallelism int) {
	if c.wiring == nil {
		return 0, 1
	}
	return int(c.wiring.task.spec.Subtask), int(c.wiring.task.spec.Parallelism)
}
