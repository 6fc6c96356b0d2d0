package wasmill

import "math"

// Sessions of a key that are under way, by start. They never touch: those that do are one.
type openSession[Acc any] struct {
	Start, End int64
	Acc        Acc
}

// Sessions are one value per key: a list, since there are few. Each has a timer at its last millisecond or before; one
// that comes early, because the session has grown, registers the next.
func sessionWindows[K, In, Acc, Out any](windows WindowAssigner, aggregate AggregateFunction[In, Acc, Out]) func(*OpenContext) KeyedProcessFunction[K, In, Windowed[K, Out]] {
	return func(ctx *OpenContext) KeyedProcessFunction[K, In, Windowed[K, Out]] {
		return &sessions[K, In, Acc, Out]{
			gap: windows.gap, aggregate: aggregate,
			open:    NewValueState[[]openSession[Acc]](ctx, "window-contents"),
			late:    NewSideOutput(ctx, LateOutput[In]()),
			dropped: NewCounter(ctx, "late_records"),
		}
	}
}

type sessions[K, In, Acc, Out any] struct {
	gap       int64
	aggregate AggregateFunction[In, Acc, Out]
	open      *ValueState[[]openSession[Acc]]
	late      *SideOutput[In]
	dropped   *Counter
}

// ProcessElement puts a record into the session it touches, which may join it with others.
func (s *sessions[K, In, Acc, Out]) ProcessElement(ctx *KeyedContext[K], record In, _ Collector[Windowed[K, Out]]) error {
	time, ok := ctx.Timestamp()
	if !ok {
		return errNoTimestamp
	}
	stored, _ := s.open.Get()
	session := openSession[Acc]{Start: time, End: time + s.gap}
	var before, joined, after []openSession[Acc]
	for _, other := range stored {
		switch {
		case other.End < session.Start:
			before = append(before, other)
		case other.Start > session.End:
			after = append(after, other)
		default:
			joined = append(joined, other)
		}
	}
	first := s.aggregate.Create()
	for i, other := range joined {
		session.Start, session.End = min(session.Start, other.Start), max(session.End, other.End)
		if i == 0 {
			first = other.Acc
		} else {
			first = s.aggregate.Merge(first, other.Acc)
		}
	}
	if session.End-1 <= ctx.Watermark() {
		s.dropped.Add(1)
		s.late.EmitAt(record, time)
		return nil
	}
	session.Acc = s.aggregate.Add(first, record)
	if len(joined) == 0 {
		ctx.RegisterEventTimer(session.End - 1)
	}
	s.open.Set(append(append(before, session), after...))
	return nil
}

// OnTimer gives the results of the sessions that are over.
func (s *sessions[K, In, Acc, Out]) OnTimer(ctx *KeyedContext[K], _ Domain, out Collector[Windowed[K, Out]]) error {
	stored, _ := s.open.Get()
	var left []openSession[Acc]
	next := int64(math.MaxInt64)
	for _, session := range stored {
		if session.End-1 > ctx.TimerTime() {
			left = append(left, session)
			next = min(next, session.End-1)
			continue
		}
		result := Windowed[K, Out]{Key: ctx.Key(), WindowStart: session.Start, WindowEnd: session.End, Value: s.aggregate.Result(session.Acc)}
		out.EmitAt(result, session.End-1)
	}
	if len(left) == 0 {
		s.open.Clear()
		return nil
	}
	s.open.Set(left)
	ctx.RegisterEventTimer(next)
	return nil
}
