package wasmill

import "github.com/wasmill/wasmill/guest-sdk/go/internal/contract"

// Watermarks is the rule by which the host makes watermarks behind an assigner (Flink's WatermarkStrategy), per source
// split.
type Watermarks struct{ plan object }

// BoundedOutOfOrderness says that records are at most this late behind the latest one (milliseconds).
func BoundedOutOfOrderness(ms int64) Watermarks {
	return Watermarks{object{"strategy": "bounded", "max_out_of_orderness_ms": ms, "idle_after_ms": nil}}
}

// MonotonousTimestamps says that timestamps never go back within a source split.
func MonotonousTimestamps() Watermarks {
	return Watermarks{object{"strategy": "monotonic", "idle_after_ms": nil}}
}

// NoWatermarks gives timestamps without watermarks: event time stands still until the input ends.
func NoWatermarks() Watermarks {
	return Watermarks{object{"strategy": "none", "idle_after_ms": nil}}
}

// WithIdleness says that a split without records for this long does not hold event time up (milliseconds).
func (w Watermarks) WithIdleness(ms int64) Watermarks {
	w.plan["idle_after_ms"] = ms
	return w
}

// WithAlignment keeps splits of one group together: one that is further than maxDriftMs ahead of the group's least
// watermark is not read until the others have caught up.
func (w Watermarks) WithAlignment(group string, maxDriftMs int64) Watermarks {
	w.plan["alignment"] = object{"group": group, "max_drift_ms": maxDriftMs}
	return w
}

// AssignTimestamps gives each record its event time (milliseconds since the Unix epoch).
func AssignTimestamps[T any](s *Stream[T], watermarks Watermarks, timestamp func(T) int64) *Stream[T] {
	n := &node{kind: "operator", typeName: "assign_timestamps", inputs: []any{s.codec.Schema()}, outputs: mainOutput(s.codec),
		followsInput: true, watermarks: watermarks.plan}
	n.open = func(w *wiring) error {
		out, err := outputOf[T](w, 0, s.codec)
		if err != nil {
			return err
		}
		a := &assigner[T]{task: w.task, operator: w.node, max: contract.NoTimestamp}
		receive := receiver[T](func(record T, _ int64) {
			time := timestamp(record)
			a.max = max(a.max, time)
			out(record, time)
		})
		w.addInput(0, receiverHead(w.task, s.codec, receive), receive)
		return w.addOperator(a, false)
	}
	return &Stream[T]{env: s.env, node: s.env.graph.add(n, s.edge()), partitioning: forward, codec: s.codec}
}

// Tells the host the largest timestamp of each call.
type assigner[T any] struct {
	task     *task
	operator uint32
	max      int64
}

func (a *assigner[T]) onTimers(_ contract.Domain, timers *contract.TimerBatch) (int, error) {
	return timers.Count, nil
}

func (a *assigner[T]) finish() error { return nil }

func (a *assigner[T]) endCall() {
	if hasTimestamp(a.max) {
		a.task.observations = append(a.task.observations,
			contract.Observation{Operator: a.operator, MaxTimestamp: a.max, Watermark: contract.NoTimestamp})
		a.max = contract.NoTimestamp
	}
}
