// Package wasmilltest runs a job in a Go test: every operator by itself, on a host in memory, with time in the hands of
// the test.
//
//	h := wasmilltest.Start(t, "word-count", wordCount, map[string]string{"path": "in"})
//	wasmilltest.Push(h, "text-files-0", "to be or not to be")
//	h.Finish()
//	counts := wasmilltest.Output[string](h, "print-5")
//
// Operators are named by their uids. A fresh instance is opened for every call, so a job that keeps something in
// variables between two calls fails its test.
package wasmilltest

import (
	"encoding/json"
	"math"
	"sort"
	"testing"
	"unsafe"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

type plan struct {
	Operators []operator
	Edges     []struct{ From, Output, To, Input uint32 }
}

type operator struct {
	ID              uint32
	UID, Kind       string
	Inputs, Outputs []struct{ Schema any }
	States          []struct{ Name string }
}

// Harness is a job under test.
type Harness struct {
	t    testing.TB
	name string
	job  wasmill.Job
	plan plan
	// By number of the operator.
	specs   map[uint32]*contract.TaskSpec
	hosts   map[uint32]*memoryHost
	results map[uint32][][]byte
	times   map[uint32][]int64
	now     contract.Moment
}

// Start plans a job with arguments; a job that cannot be planned fails the test.
func Start(t testing.TB, name string, job wasmill.Job, arguments map[string]string) *Harness {
	t.Helper()
	h := &Harness{t: t, name: name, job: job, specs: map[uint32]*contract.TaskSpec{}, hosts: map[uint32]*memoryHost{},
		results: map[uint32][][]byte{}, times: map[uint32][]int64{}, now: contract.Moment{Watermark: math.MinInt64}}
	var list []contract.Argument
	for name, value := range arguments {
		list = append(list, contract.Argument{Name: name, Value: value})
	}
	document, err := wasmill.NewComponent(name, job).Plan(list)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if err := json.Unmarshal([]byte(document), &h.plan); err != nil {
		t.Fatalf("plan: %v\n%s", err, document)
	}
	for _, o := range h.plan.Operators {
		spec := &contract.TaskSpec{Job: name, Parallelism: 1, MaxParallelism: 128, Arguments: list,
			Operators: []uint32{o.ID}, OutputSoftBytes: 1 << 20}
		for i := range o.Inputs {
			spec.Inputs = append(spec.Inputs, []contract.Port{{Operator: o.ID, Index: uint32(i)}})
		}
		for i := range o.Outputs {
			spec.Outputs = append(spec.Outputs, contract.Port{Operator: o.ID, Index: uint32(i)})
		}
		for i, state := range o.States {
			spec.States = append(spec.States, contract.StateNumber{Operator: o.ID, Name: state.Name, Number: uint32(i)})
		}
		h.specs[o.ID], h.hosts[o.ID] = spec, newMemoryHost()
	}
	return h
}

func (h *Harness) number(uid string) uint32 {
	h.t.Helper()
	for _, o := range h.plan.Operators {
		if o.UID == uid {
			return o.ID
		}
	}
	h.t.Fatalf("the job has no operator %s", uid)
	return 0
}

func codec[T any](h *Harness) *row.Codec {
	h.t.Helper()
	c, err := row.Of[T]()
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// Push gives records at a source. A failure of the job fails the test.
func Push[T any](h *Harness, source string, records ...T) {
	h.t.Helper()
	if err := TryPush(h, source, records...); err != nil {
		h.t.Fatal(err)
	}
}

// Failure is why a call failed. Record is the index of the record that is to blame, or -1.
type Failure = contract.Failure

type failed struct{ *Failure }

func (f failed) Error() string { return f.Message }

// TryPush is Push for records that the job may refuse.
func TryPush[T any](h *Harness, source string, records ...T) error {
	h.t.Helper()
	c, batch := codec[T](h), contract.Batch{}
	for i := range records {
		batch.Values.Data = c.Append(batch.Values.Data, unsafe.Pointer(&records[i]))
		batch.Values.Close(c.Fixed())
		batch.Push(contract.NoTimestamp)
	}
	if failure := h.send(h.number(source), 0, &batch); failure != nil {
		return failed{failure}
	}
	return nil
}

// Output is what has come to a sink, or out of a source, by the uid of the sink.
func Output[T any](h *Harness, sink string) []T {
	h.t.Helper()
	c := codec[T](h)
	values := h.results[h.number(sink)]
	records := make([]T, len(values))
	for i := range values {
		if err := c.Decode(values[i], unsafe.Pointer(&records[i])); err != nil {
			h.t.Fatal(err)
		}
	}
	return records
}

// Timestamps are those of the records of Output.
func (h *Harness) Timestamps(sink string) []int64 { return h.times[h.number(sink)] }

// Sends what an operator has emitted along its edges.
func (h *Harness) send(from, output uint32, batch *contract.Batch) *Failure {
	for _, e := range h.plan.Edges {
		if e.From != from || e.Output != output {
			continue
		}
		if kind := h.plan.Operators[e.To].Kind; kind == "sink" || kind == "output" {
			for i := range batch.Count {
				h.results[e.To] = append(h.results[e.To], append([]byte(nil), batch.Values.At(i, batch.Count)...))
				h.times[e.To] = append(h.times[e.To], batch.Timestamp(i))
			}
			continue
		}
		if failure := h.process(e.To, e.Input, batch); failure != nil {
			return failure
		}
	}
	return nil
}

func (h *Harness) process(to, input uint32, batch *contract.Batch) *Failure {
	for batch.Count > 0 {
		var done int
		failure := h.call(to, func(c contract.Component) (failure *Failure) {
			done, failure = c.Process(h.now, input, batch)
			return failure
		})
		if failure != nil {
			return failure
		}
		batch = rest(batch, done)
	}
	return nil
}

// The records behind the first ones.
func rest(batch *contract.Batch, done int) *contract.Batch {
	var left contract.Batch
	for i := done; i < batch.Count; i++ {
		left.Keys.Push(batch.Keys.At(i, batch.Count), false)
		left.Values.Push(batch.Values.At(i, batch.Count), false)
		left.Push(batch.Timestamp(i))
	}
	return &left
}

// Makes a call in a fresh instance of an operator, and sends on what it emits if it succeeds.
func (h *Harness) call(number uint32, call func(contract.Component) *Failure) *Failure {
	host := h.hosts[number]
	instance := wasmill.NewComponent(h.name, h.job)
	if failure := instance.Open(h.specs[number], host); failure != nil {
		return failure
	}
	undo := host.begin()
	if failure := call(instance); failure != nil {
		undo()
		return failure
	}
	emitted := host.emitted
	host.emitted = nil
	for i := range emitted {
		if failure := h.send(number, emitted[i].port, &emitted[i].batch); failure != nil {
			return failure
		}
	}
	return nil
}

// Watermark advances event time: timers that are due fire, operator by operator.
func (h *Harness) Watermark(time int64) {
	h.t.Helper()
	h.now.Watermark = time
	h.fire(contract.EventTime, time)
}

// ProcessingTime advances the clock of the operators: timers that are due fire.
func (h *Harness) ProcessingTime(time int64) {
	h.t.Helper()
	h.now.ProcessingTime = time
	h.fire(contract.ProcessingTime, time)
}

// Finish ends the input: all timers fire.
func (h *Harness) Finish() {
	h.t.Helper()
	h.Watermark(math.MaxInt64)
	h.fire(contract.ProcessingTime, math.MaxInt64)
	for _, o := range h.plan.Operators {
		if o.Kind != "operator" {
			continue
		}
		if failure := h.call(o.ID, func(c contract.Component) *Failure { return c.Finish(h.now) }); failure != nil {
			h.t.Fatal(failure.Message)
		}
	}
}

func (h *Harness) fire(domain contract.Domain, until int64) {
	h.t.Helper()
	for _, o := range h.plan.Operators {
		for {
			due := h.hosts[o.ID].due(domain, until)
			if due.Count == 0 {
				break
			}
			failure := h.call(o.ID, func(c contract.Component) *Failure {
				done, failure := c.OnTimers(h.now, domain, due)
				if failure == nil {
					h.hosts[o.ID].putBack(domain, due, done)
				}
				return failure
			})
			if failure != nil {
				h.t.Fatal(failure.Message)
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
