package wasmill

// ProcessFunction is user logic over the records of a stream without keys. An error fails the call and is reported with
// the record.
type ProcessFunction[In, Out any] func(ctx *ProcessContext, record In, out Collector[Out]) error

// ProcessContext is what logic without keys may ask. It holds during one call of the function.
type ProcessContext struct {
	task      *task
	timestamp int64
}

// Timestamp is the event timestamp of the record, if it has one (milliseconds).
func (c *ProcessContext) Timestamp() (int64, bool) { return c.timestamp, hasTimestamp(c.timestamp) }

// Watermark at the input of the task in milliseconds; the least number before there is one.
func (c *ProcessContext) Watermark() int64 { return c.task.now.Watermark }

// ProcessingTime is the operator's clock (milliseconds), the same during one call.
func (c *ProcessContext) ProcessingTime() int64 { return c.task.now.ProcessingTime }

// ProcessRecords runs a process function over a stream without keys; the factory declares its side outputs.
func ProcessRecords[In, Out any](s *Stream[In], factory func(*OpenContext) ProcessFunction[In, Out]) *Stream[Out] {
	codec := codecOf[Out](s.env)
	n := &node{kind: "operator", typeName: "process", inputs: []any{s.codec.Schema()}, outputs: mainOutput(codec), followsInput: true}
	factory(&OpenContext{env: s.env, node: n, values: s.env.parameters})
	n.open = func(w *wiring) error {
		out, err := outputOf[Out](w, 0, codec)
		if err != nil {
			return err
		}
		opening := &OpenContext{env: s.env, node: n, wiring: w, values: w.task.values}
		function := factory(opening)
		ctx := &ProcessContext{task: w.task}
		receive := receiver[In](func(record In, timestamp int64) {
			ctx.timestamp = timestamp
			if err := function(ctx, record, Collector[Out]{out, timestamp}); err != nil {
				w.task.fail(err)
			}
		})
		w.addInput(0, receiverHead(w.task, s.codec, receive), receive)
		return opening.err
	}
	return &Stream[Out]{env: s.env, node: s.env.graph.add(n, s.edge()), partitioning: forward, codec: codec}
}
