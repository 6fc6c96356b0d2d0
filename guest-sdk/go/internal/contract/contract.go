// Package contract holds the plain data of the contract (wit/types.wit, wit/operator.wit) and the host's side of it as
// an interface.
//
// It knows nothing of records, operators or WebAssembly: package wasmill runs the same on the real host and on the one
// of package wasmilltest.
package contract

import "fmt"

// NoTimestamp stands for a record without a timestamp.
const NoTimestamp int64 = -1 << 63

// Column is a column of byte strings. With no Ends all entries have one width.
type Column struct {
	// Ends of the entries in Data, or empty.
	Ends []uint32
	// Data of the entries, one after the other.
	Data []byte
}

// At gives entry i of n.
func (c *Column) At(i, n int) []byte {
	entries := c.Entries(n)
	return entries.At(i)
}

// Entries prepares reading many entries of the n that the column has.
func (c *Column) Entries(n int) Entries {
	entries := Entries{ends: c.Ends, data: c.Data}
	if len(c.Ends) == 0 && n > 0 {
		entries.width = len(c.Data) / n
	}
	return entries
}

// Entries are those of a column that has been checked.
type Entries struct {
	ends  []uint32
	data  []byte
	width int
}

// At gives entry i.
func (e *Entries) At(i int) []byte {
	if len(e.ends) == 0 {
		return e.data[i*e.width : (i+1)*e.width]
	}
	start := uint32(0)
	if i > 0 {
		start = e.ends[i-1]
	}
	return e.data[start:e.ends[i]]
}

// Check says whether the column has n entries, so that At does not fail.
func (c *Column) Check(what string, n int) error {
	if len(c.Ends) == 0 {
		if len(c.Data) == 0 || n > 0 && len(c.Data)%n == 0 {
			return nil
		}
		return fmt.Errorf("%s: %d bytes are not %d entries of one width", what, len(c.Data), n)
	}
	if len(c.Ends) != n {
		return fmt.Errorf("%s: %d ends for %d entries", what, len(c.Ends), n)
	}
	start := uint32(0)
	for _, end := range c.Ends {
		if end < start {
			return fmt.Errorf("%s: an entry ends before it begins", what)
		}
		start = end
	}
	if int(start) != len(c.Data) {
		return fmt.Errorf("%s: the last entry does not end with the data", what)
	}
	return nil
}

// Close ends an entry whose bytes have been appended to Data; fixed says that all entries have one width.
func (c *Column) Close(fixed bool) {
	if !fixed {
		c.Ends = append(c.Ends, uint32(len(c.Data)))
	}
}

// Push appends an entry.
func (c *Column) Push(entry []byte, fixed bool) {
	c.Data = append(c.Data, entry...)
	c.Close(fixed)
}

// Clear empties the column and keeps its memory.
func (c *Column) Clear() {
	c.Ends, c.Data = c.Ends[:0], c.Data[:0]
}

// Batch is a number of records in columns.
type Batch struct {
	Count int
	// Timestamps, one per record, or empty if no record has one.
	Timestamps []int64
	Keys       Column
	Values     Column
}

// Timestamp of record i.
func (b *Batch) Timestamp(i int) int64 {
	if len(b.Timestamps) == 0 {
		return NoTimestamp
	}
	return b.Timestamps[i]
}

// Check says whether the columns fit the number of records.
func (b *Batch) Check() error {
	if len(b.Timestamps) != 0 && len(b.Timestamps) != b.Count {
		return fmt.Errorf("%d timestamps for %d records", len(b.Timestamps), b.Count)
	}
	if err := b.Keys.Check("keys", b.Count); err != nil {
		return err
	}
	return b.Values.Check("values", b.Count)
}

// Push appends the timestamp of a record whose key and value have been appended. Timestamps are left out as long as no
// record has one.
func (b *Batch) Push(timestamp int64) {
	if timestamp != NoTimestamp && len(b.Timestamps) < b.Count {
		for len(b.Timestamps) < b.Count {
			b.Timestamps = append(b.Timestamps, NoTimestamp)
		}
	}
	if timestamp != NoTimestamp || len(b.Timestamps) > 0 {
		b.Timestamps = append(b.Timestamps, timestamp)
	}
	b.Count++
}

// Clear empties the batch and keeps its memory.
func (b *Batch) Clear() {
	b.Count, b.Timestamps = 0, b.Timestamps[:0]
	b.Keys.Clear()
	b.Values.Clear()
}

// TimerBatch is a number of timers in columns.
type TimerBatch struct {
	Count      int
	Times      []int64
	Keys       Column
	Namespaces Column
}

// Check says whether the columns fit the number of timers.
func (t *TimerBatch) Check() error {
	if len(t.Times) != t.Count {
		return fmt.Errorf("%d times for %d timers", len(t.Times), t.Count)
	}
	if err := t.Keys.Check("keys", t.Count); err != nil {
		return err
	}
	return t.Namespaces.Check("namespaces", t.Count)
}

// Domain says which time a timer waits for.
type Domain uint32

// The domains.
const (
	EventTime Domain = iota
	ProcessingTime
)

// Moment has the times that hold during one call, in milliseconds since the Unix epoch.
type Moment struct {
	ProcessingTime int64
	Watermark      int64
}

// Port is an operator of the graph and one of its inputs or outputs.
type Port struct{ Operator, Index uint32 }

// StateNumber is the number under which the host keeps a state.
type StateNumber struct {
	Operator uint32
	Name     string
	Number   uint32
}

// Argument is a parameter that the user gave.
type Argument struct{ Name, Value string }

// TaskSpec is the place of an instance in the job.
type TaskSpec struct {
	Job                                           string
	Subtask, Parallelism, MaxParallelism, Attempt uint32
	Arguments                                     []Argument
	Operators                                     []uint32
	Inputs                                        [][]Port
	Outputs                                       []Port
	States                                        []StateNumber
	OutputSoftBytes                               uint32
}

// Observation is what an assigner has given out in a call.
type Observation struct {
	Operator     uint32
	MaxTimestamp int64
	Watermark    int64
}

// Increment adds to a counter.
type Increment struct {
	Operator uint32
	Name     string
	Amount   uint64
}

// Addresses are the places of values in a keyed state.
type Addresses struct {
	Count         int
	Keys, SubKeys Column
}

// Clear empties the addresses and keeps their memory.
func (a *Addresses) Clear() {
	a.Count = 0
	a.Keys.Clear()
	a.SubKeys.Clear()
}

// Failure is why a call did not succeed. Record is the index of the record that is to blame, or -1.
type Failure struct {
	Record  int
	Message string
}

// FileError is why a file could not be used: one of the cases of wit/files.wit, with the system's words.
type FileError struct {
	Case    uint32
	Message string
}

// The cases of a FileError.
const (
	FileNotGranted uint32 = iota
	FileInvalidName
	FileNotFound
	FileAlreadyExists
	FileTooLarge
	FileIO
)

func (e *FileError) Error() string {
	texts := [...]string{"no directory was granted", "the name is not one of a file in the directory", "there is no such file",
		"there is a file of the new name", "it is more at once than the host allows", "the system refused"}
	text := "unknown error"
	if int(e.Case) < len(texts) {
		text = texts[e.Case]
	}
	if e.Message == "" {
		return text
	}
	return text + ": " + e.Message
}

// Host is what a task may ask of the host. Columns given to it are not kept.
type Host interface {
	GetMany(state uint32, at *Addresses) (present []byte, values Column)
	PutMany(state uint32, at *Addresses, values *Column)
	DeleteMany(state uint32, at *Addresses)
	AppendMany(state uint32, at *Addresses, values *Column)
	Scan(state uint32, key, start []byte, limit uint32) (count int, subKeys, values Column, more bool)
	ClearKey(state uint32, key []byte)
	Get(state uint32, key, subKey []byte) ([]byte, bool)
	RegisterTimers(domain Domain, timers *TimerBatch)
	DeleteTimers(domain Domain, timers *TimerBatch)
	Emit(port uint32, batch *Batch)
	Observe(observations []Observation)
	Count(increments []Increment)
	Log(level uint32, message string)
	Files
}

// Files are those of the directory that the user granted to a source or sink.
type Files interface {
	Append(operator uint32, name string, data []byte) (uint64, error)
	Sync(operator uint32, name string) error
	Rename(operator uint32, from, to string) error
	Size(operator uint32, name string) (size uint64, exists bool, err error)
	Read(operator uint32, name string, offset uint64, length uint32) ([]byte, error)
	Remove(operator uint32, name string) error
	List(operator uint32, after string, limit uint32) ([]string, error)
}

// PollStatus is what follows the records of a poll: 0 more, 1 wait, 2 ended.
type PollStatus struct {
	Kind   uint32
	WaitMs uint32
}

// Component is what a job exports: the calls of wit/manifest.wit, operator.wit, source.wit and sink.wit.
type Component interface {
	Describe() string
	Plan(arguments []Argument) (string, error)
	Open(spec *TaskSpec, host Host) *Failure
	Process(now Moment, input uint32, batch *Batch) (int, *Failure)
	OnTimers(now Moment, domain Domain, timers *TimerBatch) (int, *Failure)
	OnWatermark(now Moment, operator uint32, watermark int64) *Failure
	Finish(now Moment) *Failure
	Splits(parallelism uint32) ([][]byte, *Failure)
	Poll(now Moment, split uint32, position []byte, maxRecords uint32) (*Batch, []byte, PollStatus, *Failure)
	CloseSource() *Failure
	Begin(now Moment, name string) ([]byte, *Failure)
	Write(now Moment, transaction []byte, batch *Batch) ([]byte, *Failure)
	PreCommit(transaction []byte, checkpoint uint64) ([]byte, *Failure)
	Commit(committables [][]byte) *Failure
	Abort(transaction []byte) *Failure
	Recover(committables [][]byte) *Failure
	CloseSink() *Failure
}
