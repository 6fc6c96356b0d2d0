package wasmill

import (
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// TwoPhaseSink is a sink of your own. It keeps nothing that must last: what it has begun is its transaction, which the
// host keeps; what a checkpoint prepared is its committable, which is in the checkpoint.
//
// Records of a subtask between two barriers make one transaction: Begin, any number of Write, PreCommit; when the
// checkpoint is complete, Commit. After a crash Commit is repeated for the restored checkpoint, and then Recover clears
// away what is left of other transactions. Writing and committing have instances of their own.
type TwoPhaseSink[T, Transaction, Committable any] interface {
	// Begin begins a transaction. The name is one that no transaction of any run has had: good for file names.
	Begin(name string) (Transaction, error)
	// Write writes records; nothing may be visible yet.
	Write(transaction Transaction, records []T) (Transaction, error)
	// PreCommit makes durable what was written. After this it must be possible to commit it, whatever happens.
	PreCommit(transaction Transaction, checkpoint uint64) (Committable, error)
	// Commit makes a transaction visible. Must be idempotent: after a crash it is called again.
	Commit(committable Committable) error
	// Abort undoes a transaction that will not be committed. Not called after a crash: see Recover.
	Abort(transaction Transaction) error
	// Recover is called once before a run begins, with what has been committed: it removes what others left behind.
	Recover(committed []Committable) error
}

// AddSink ends a stream in a sink of your own.
func AddSink[T, Transaction, Committable any](s *Stream[T], factory func(*ConnectorContext) TwoPhaseSink[T, Transaction, Committable]) *SinkHandle {
	transaction, committable := codecOf[Transaction](s.env), codecOf[Committable](s.env)
	n := &node{kind: "sink", typeName: "sink", connector: object{"type": "component"}, inputs: []any{s.codec.Schema()}}
	factory(&ConnectorContext{node: n})
	n.open = func(w *wiring) error {
		w.task.sink = &openSink[T, Transaction, Committable]{function: factory(&ConnectorContext{node: n, wiring: w}),
			codec: s.codec, transaction: transaction, committable: committable}
		return nil
	}
	s.env.graph.add(n, s.edge())
	return &SinkHandle{n}
}

type sinkNode interface {
	begin(name string) ([]byte, error)
	write(transaction []byte, batch *contract.Batch) ([]byte, error)
	preCommit(transaction []byte, checkpoint uint64) ([]byte, error)
	commit(committables [][]byte) error
	abort(transaction []byte) error
	recover(committables [][]byte) error
}

type openSink[T, Transaction, Committable any] struct {
	function                        TwoPhaseSink[T, Transaction, Committable]
	codec, transaction, committable *row.Codec
}

func (s *openSink[T, Transaction, Committable]) begin(name string) ([]byte, error) {
	transaction, err := s.function.Begin(name)
	return appendRow(s.transaction, nil, &transaction), err
}

func (s *openSink[T, Transaction, Committable]) write(from []byte, batch *contract.Batch) ([]byte, error) {
	var transaction Transaction
	if err := decodeRow(s.transaction, from, &transaction); err != nil {
		return nil, err
	}
	if err := batch.Check(); err != nil {
		return nil, err
	}
	records := make([]T, batch.Count)
	for i := range records {
		if err := decodeRow(s.codec, batch.Values.At(i, batch.Count), &records[i]); err != nil {
			return nil, err
		}
	}
	transaction, err := s.function.Write(transaction, records)
	return appendRow(s.transaction, nil, &transaction), err
}

func (s *openSink[T, Transaction, Committable]) preCommit(from []byte, checkpoint uint64) ([]byte, error) {
	var transaction Transaction
	if err := decodeRow(s.transaction, from, &transaction); err != nil {
		return nil, err
	}
	committable, err := s.function.PreCommit(transaction, checkpoint)
	return appendRow(s.committable, nil, &committable), err
}

func (s *openSink[T, Transaction, Committable]) decode(encoded [][]byte) ([]Committable, error) {
	committables := make([]Committable, len(encoded))
	for i := range encoded {
		if err := decodeRow(s.committable, encoded[i], &committables[i]); err != nil {
			return nil, fmt.Errorf("committable %d: %w", i, err)
		}
	}
	return committables, nil
}

func (s *openSink[T, Transaction, Committable]) commit(encoded [][]byte) error {
	committables, err := s.decode(encoded)
	for i := range committables {
		if err == nil {
			err = s.function.Commit(committables[i])
		}
	}
	return err
}

func (s *openSink[T, Transaction, Committable]) abort(from []byte) error {
	var transaction Transaction
	if err := decodeRow(s.transaction, from, &transaction); err != nil {
		return err
	}
	return s.function.Abort(transaction)
}

func (s *openSink[T, Transaction, Committable]) recover(encoded [][]byte) error {
	committables, err := s.decode(encoded)
	if err != nil {
		return err
	}
	return s.function.Recover(committables)
}

// FileError is why a file could not be used.
type FileError = contract.FileError

// Files are those of the one directory that the user granted, by plain names. What a call did to files is not undone
// when it fails.
type Files struct {
	host     contract.Host
	operator uint32
}

// Append appends to a file, which is made if need be, and returns its length.
func (f *Files) Append(name string, data []byte) (uint64, error) {
	return f.host.Append(f.operator, name, data)
}

// Sync makes a file survive a loss of power.
func (f *Files) Sync(name string) error { return f.host.Sync(f.operator, name) }

// Rename renames a file at once and for good. There must be none of the new name.
func (f *Files) Rename(from, to string) error { return f.host.Rename(f.operator, from, to) }

// Size is the length of a file, and whether there is one.
func (f *Files) Size(name string) (uint64, bool, error) { return f.host.Size(f.operator, name) }

// Read reads bytes at an offset; fewer at the end of the file.
func (f *Files) Read(name string, offset uint64, length uint32) ([]byte, error) {
	return f.host.Read(f.operator, name, offset, length)
}

// Remove removes a file; an absent one is no error.
func (f *Files) Remove(name string) error { return f.host.Remove(f.operator, name) }

// List gives names of files in order, from the first one after `after` on.
func (f *Files) List(after string, limit uint32) ([]string, error) {
	return f.host.List(f.operator, after, limit)
}
