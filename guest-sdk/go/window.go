package wasmill

import (
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// AggregateFunction is an incremental aggregation. Must be a function of its arguments alone. Both Add and Merge give
// the new accumulator; Merge is called for sessions that grow together.
type AggregateFunction[In, Acc, Out any] struct {
	Create func() Acc
	Add    func(acc Acc, record In) Acc
	Merge  func(acc, later Acc) Acc
	Result func(acc Acc) Out
}

// Count counts records.
func Count[In any]() AggregateFunction[In, int64, int64] {
	return Sum(func(In) int64 { return 1 })
}

// Sum adds a number of each record up.
func Sum[In any, N int64 | float64](number func(In) N) AggregateFunction[In, N, N] {
	return AggregateFunction[In, N, N]{
		Create: func() N { return 0 },
		Add:    func(acc N, record In) N { return acc + number(record) },
		Merge:  func(acc, later N) N { return acc + later },
		Result: func(acc N) N { return acc },
	}
}

// Windowed is the result of a window for a key.
type Windowed[K, V any] struct {
	Key K
	// First millisecond of the window.
	WindowStart int64
	// First millisecond after the window.
	WindowEnd int64
	Value     V
}

// WindowAssigner says which windows of event time a record belongs to. Times are milliseconds.
type WindowAssigner struct {
	name              string
	size, slide       int64
	session           bool
	offset, late, gap int64
}

// Tumbling windows follow each other without gaps.
func Tumbling(size int64) WindowAssigner {
	return WindowAssigner{name: "tumbling", size: size, slide: size}
}

// Sliding windows of a size begin every slide.
func Sliding(size, slide int64) WindowAssigner {
	return WindowAssigner{name: "sliding", size: size, slide: slide}
}

// Session windows end after a gap without records.
func Session(gap int64) WindowAssigner {
	return WindowAssigner{name: "session", session: true, gap: gap}
}

// Offset shifts the windows.
func (w WindowAssigner) Offset(offset int64) WindowAssigner {
	w.offset = offset
	return w
}

func (w WindowAssigner) check() error {
	switch {
	case w.session && w.gap <= 0:
		return fmt.Errorf("sessions with a gap of %d ms are impossible, give a positive number", w.gap)
	case !w.session && (w.size <= 0 || w.slide <= 0 || w.slide > w.size):
		return fmt.Errorf("%s windows of %d ms every %d ms are impossible, give positive numbers and a slide up to the size",
			w.name, w.size, w.slide)
	}
	return nil
}

// LateOutput is the side output of the records that came after their windows had given their result.
func LateOutput[T any]() OutputTag[T] { return OutputTag[T]{"late"} }

// Aggregate folds the records of each key and window of event time into one result, given when the watermark has passed
// the window. Its timestamp is the last millisecond of the window. Records whose windows are all over go to the side
// output LateOutput and to the counter late_records.
func Aggregate[K, In, Acc, Out any](s *KeyedStream[K, In], windows WindowAssigner, aggregate AggregateFunction[In, Acc, Out]) *Stream[Windowed[K, Out]] {
	if err := windows.check(); err != nil {
		s.stream.env.fail(err)
	}
	if windows.session {
		return keyedOperator(s, "session_window", sessionWindows[K](windows, aggregate))
	}
	env, codec, in := s.stream.env, codecOf[Windowed[K, Out]](s.stream.env), s.stream.codec
	acc := codecOf[Acc](env)
	n := &node{kind: "operator", typeName: "window", keyed: true, inputs: []any{in.Schema()},
		outputs: append(mainOutput(codec), outputPlan{name: LateOutput[In]().Name, schema: in.Schema()}),
		states:  []statePlan{{name: "window-contents", kind: "map", schema: acc.Schema(), subKeySchema: "long"}}}
	n.open = func(w *wiring) error {
		out, err := outputOf[Windowed[K, Out]](w, 0, codec)
		if err != nil {
			return err
		}
		late, err := outputOf[In](w, 1, in)
		if err != nil {
			return err
		}
		number, err := w.stateNumber("window-contents")
		if err != nil {
			return err
		}
		space := newKeySpace(w.task, s.keyCodec.Fixed())
		operator := &windowNode[K, In, Acc, Out]{windows: windows, aggregate: aggregate, space: space, timers: newTimerService(space),
			state: number, in: in, keyCodec: s.keyCodec, acc: acc, out: out, late: late, index: map[windowID]int{},
			dropped: &Counter{name: "late_records", operator: w.node, task: w.task}}
		w.heads[contract.Port{Operator: w.node}] = operator
		return w.addOperator(operator, true)
	}
	return &Stream[Windowed[K, Out]]{env: env, node: env.graph.add(n, s.stream.edge()), partitioning: forward, codec: codec}
}

type windowID struct {
	slot  uint32
	start int64
}

type windowCell[Acc any] struct {
	id    windowID
	acc   Acc
	dirty bool
}

// The operator of tumbling and sliding windows. A batch reads the accumulators of all its keys and windows in one call,
// folds its records in, and writes them back in one. A timer at the last millisecond of a window gives its result.
type windowNode[K, In, Acc, Out any] struct {
	windows   WindowAssigner
	aggregate AggregateFunction[In, Acc, Out]
	space     *keySpace
	timers    *timerService
	state     uint32
	in, acc   *row.Codec
	keyCodec  *row.Codec
	out       receiver[Windowed[K, Out]]
	late      receiver[In]
	dropped   *Counter
	slots     []uint32
	index     map[windowID]int
	cells     []windowCell[Acc]
	at        contract.Addresses
	column    contract.Column
}

// Start of the last window that a time belongs to.
func (w *WindowAssigner) lastStart(time int64) int64 {
	into := (time - w.offset) % w.slide
	if into < 0 {
		into += w.slide
	}
	return time - into
}

func (n *windowNode[K, In, Acc, Out]) isOver(start int64) bool {
	return start+n.windows.size-1 <= n.space.task.now.Watermark
}

func (n *windowNode[K, In, Acc, Out]) prepare(batch *contract.Batch) error {
	var err error
	if n.slots, err = n.space.enter(&batch.Keys, batch.Count, n.slots); err != nil {
		return err
	}
	for i := range batch.Count {
		time := batch.Timestamp(i)
		if !hasTimestamp(time) {
			n.space.task.record = i
			return fmt.Errorf("the record has no timestamp: use AssignTimestamps before a window")
		}
		for start := n.windows.lastStart(time); start > time-n.windows.size; start -= n.windows.slide {
			if !n.isOver(start) {
				n.cell(windowID{n.slots[i], start})
			}
		}
	}
	return n.load()
}

// The number of a window's cell, a new one that has to be loaded if it has none.
func (n *windowNode[K, In, Acc, Out]) cell(id windowID) int {
	cell, known := n.index[id]
	if !known {
		cell = len(n.cells)
		n.index[id] = cell
		n.cells = append(n.cells, windowCell[Acc]{id: id})
		n.space.address(&n.at, id.slot, []byte(ordered(id.start)), true)
	}
	return cell
}

// Reads the accumulators of the cells that were made since the last time.
func (n *windowNode[K, In, Acc, Out]) load() error {
	if n.at.Count == 0 {
		return nil
	}
	first, count := len(n.cells)-n.at.Count, n.at.Count
	present, values := n.space.task.host.GetMany(n.state, &n.at)
	n.at.Clear()
	if err := values.Check("accumulators", count); err != nil {
		return err
	}
	for i, there := range present {
		cell := &n.cells[first+i]
		if there == 0 {
			cell.acc = n.aggregate.Create()
			n.timers.change(EventTime, cell.id.slot, cell.id.start+n.windows.size-1, true)
		} else if err := decodeRow(n.acc, values.At(i, count), &cell.acc); err != nil {
			return fmt.Errorf("state: %w", err)
		}
	}
	return nil
}

func (n *windowNode[K, In, Acc, Out]) run(batch *contract.Batch, from, to int) (int, error) {
	t := n.space.task
	values := batch.Values.Entries(batch.Count)
	for i := from; i < to; i++ {
		t.record = i
		var record In
		if err := decodeRow(n.in, values.At(i), &record); err != nil {
			return 0, err
		}
		time := batch.Timestamp(i)
		taken := false
		for start := n.windows.lastStart(time); start > time-n.windows.size; start -= n.windows.slide {
			if n.isOver(start) {
				continue
			}
			cell := &n.cells[n.index[windowID{n.slots[i], start}]]
			cell.acc, cell.dirty, taken = n.aggregate.Add(cell.acc, record), true, true
		}
		if !taken {
			n.dropped.Add(1)
			n.late(record, time)
		}
		if t.stop {
			return i + 1, nil
		}
	}
	return to, nil
}

func (n *windowNode[K, In, Acc, Out]) onTimers(_ contract.Domain, timers *contract.TimerBatch) (int, error) {
	var err error
	if n.slots, err = n.space.enter(&timers.Keys, timers.Count, n.slots); err != nil {
		return 0, err
	}
	var fired contract.Addresses
	for i, time := range timers.Times {
		id := windowID{n.slots[i], time - n.windows.size + 1}
		n.space.address(&fired, id.slot, []byte(ordered(id.start)), true)
	}
	present, values := n.space.task.host.GetMany(n.state, &fired)
	if err := values.Check("accumulators", timers.Count); err != nil {
		return 0, err
	}
	n.space.task.host.DeleteMany(n.state, &fired)
	for i, time := range timers.Times {
		if present[i] == 0 {
			continue
		}
		var acc Acc
		result := Windowed[K, Out]{WindowStart: time - n.windows.size + 1, WindowEnd: time + 1}
		if err := decodeRow(n.acc, values.At(i, timers.Count), &acc); err != nil {
			return 0, fmt.Errorf("state: %w", err)
		}
		if err := decodeRow(n.keyCodec, n.space.keys[n.slots[i]], &result.Key); err != nil {
			return 0, err
		}
		result.Value = n.aggregate.Result(acc)
		n.out(result, time)
	}
	return timers.Count, nil
}

func (n *windowNode[K, In, Acc, Out]) finish() error { return nil }

func (n *windowNode[K, In, Acc, Out]) endCall() {
	n.at.Clear()
	n.column.Clear()
	for i := range n.cells {
		cell := &n.cells[i]
		// One whose records are all after the end of this call has not been touched: nor may its timer stay.
		if !cell.dirty {
			continue
		}
		n.space.address(&n.at, cell.id.slot, []byte(ordered(cell.id.start)), true)
		n.column.Data = appendRow(n.acc, n.column.Data, &cell.acc)
		n.column.Close(n.acc.Fixed())
	}
	if n.at.Count > 0 {
		n.space.task.host.PutMany(n.state, &n.at, &n.column)
		n.at.Clear()
	}
	clear(n.cells)
	n.cells = n.cells[:0]
	clear(n.index)
	n.timers.flush()
	n.space.endCall()
}
