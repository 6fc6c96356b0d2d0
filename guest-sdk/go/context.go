package wasmill

import (
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// OpenContext is what a factory declares states, side outputs and counters with. It runs when the job is planned, and
// in every task once more; both times it must declare the same.
type OpenContext struct {
	env    *Env
	node   *node
	keyed  bool
	wiring *wiring
	space  *keySpace
	values []parameter
	err    error
}

func (c *OpenContext) fail(err error) {
	if c.wiring == nil {
		c.env.fail(err)
	} else if c.err == nil {
		c.err = err
	}
}

// Subtask is the index of this instance in its operator, and how many there are; 0 of 1 when the job is planned.
func (c *OpenContext) Subtask() (index, parallelism int) {
	if c.wiring == nil {
		return 0, 1
	}
	return int(c.wiring.task.spec.Subtask), int(c.wiring.task.spec.Parallelism)
}

// Parameter is the text of a parameter of the job.
func (c *OpenContext) Parameter(name string) (string, bool) {
	for _, parameter := range c.values {
		if parameter.name == name {
			return parameter.value, true
		}
	}
	return "", false
}

// Declares a state and returns its number in a task.
func (c *OpenContext) state(name, kind string, codec, subKey *row.Codec) uint32 {
	if !c.keyed {
		c.fail(fmt.Errorf("state %s: only an operator of a keyed stream has one", name))
		return 0
	}
	if c.wiring != nil {
		number, err := c.wiring.stateNumber(name)
		if err != nil {
			c.fail(err)
		}
		return number
	}
	for _, other := range c.node.states {
		if other.name == name {
			c.fail(fmt.Errorf("state %s: the operator has two of this name", name))
		}
	}
	plan := statePlan{name: name, kind: kind, schema: codec.Schema()}
	if subKey != nil {
		plan.subKeySchema = subKey.Schema()
	}
	c.node.states = append(c.node.states, plan)
	return 0
}

func (c *OpenContext) codec(codec *row.Codec, err error) *row.Codec {
	if err != nil {
		c.fail(err)
		codec, _ = row.Of[bool]()
	}
	return codec
}

// OutputTag names a side output and its type.
type OutputTag[T any] struct{ Name string }

// SideOutput is a side output that a function emits to.
type SideOutput[T any] struct{ out receiver[T] }

// NewSideOutput declares a side output of the operator.
func NewSideOutput[T any](ctx *OpenContext, tag OutputTag[T]) *SideOutput[T] {
	codec := ctx.codec(row.Of[T]())
	if ctx.wiring == nil {
		ctx.node.outputs = append(ctx.node.outputs, outputPlan{name: tag.Name, schema: codec.Schema()})
		return &SideOutput[T]{}
	}
	for index, output := range ctx.node.outputs {
		if index > 0 && output.name == tag.Name {
			out, err := outputOf[T](ctx.wiring, uint32(index), codec)
			if err != nil {
				ctx.fail(err)
			}
			return &SideOutput[T]{out}
		}
	}
	ctx.fail(fmt.Errorf("side output %s was not declared when the job was planned", tag.Name))
	return &SideOutput[T]{}
}

// Emit gives a record without a timestamp.
func (s *SideOutput[T]) Emit(record T) { s.out(record, contract.NoTimestamp) }

// EmitAt gives a record with a timestamp (milliseconds).
func (s *SideOutput[T]) EmitAt(record T, timestamp int64) { s.out(record, timestamp) }

// Side is the stream of a side output of the operator that gives a stream.
func Side[T, Main any](s *Stream[Main], tag OutputTag[T]) *Stream[T] {
	n := s.env.graph.nodes[s.node]
	codec := codecOf[T](s.env)
	for index, output := range n.outputs {
		if index > 0 && output.name == tag.Name {
			return &Stream[T]{env: s.env, node: s.node, output: uint32(index), partitioning: forward, codec: codec}
		}
	}
	s.env.fail(fmt.Errorf("operator %s: it has no side output %s", s.env.graph.uid(s.node), tag.Name))
	return &Stream[T]{env: s.env, node: s.node, partitioning: forward, codec: codec}
}

// Counter is a metric that only grows, shown in the console and at /metrics.
type Counter struct {
	name     string
	operator uint32
	task     *task
	at       int
}

// NewCounter makes a counter of the operator.
func NewCounter(ctx *OpenContext, name string) *Counter {
	if ctx.wiring == nil {
		return &Counter{name: name}
	}
	return &Counter{name: name, operator: ctx.wiring.node, task: ctx.wiring.task}
}

// Add adds to the counter. It counts when the call succeeds.
func (c *Counter) Add(amount uint64) {
	if c.task == nil {
		return
	}
	increments := c.task.increments
	if c.at < len(increments) && increments[c.at].Operator == c.operator && increments[c.at].Name == c.name {
		increments[c.at].Amount += amount
		return
	}
	c.at = len(increments)
	c.task.increments = append(increments, contract.Increment{Operator: c.operator, Name: c.name, Amount: amount})
}

// Level is how important a line of the log is.
type Level uint32

// The levels.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Logger writes to the operator's log. Lines beyond a rate limit are counted and dropped.
type Logger struct{ task *task }

// NewLogger makes the operator's logger.
func NewLogger(ctx *OpenContext) *Logger {
	if ctx.wiring == nil {
		return &Logger{}
	}
	return &Logger{ctx.wiring.task}
}

// Logf writes a line, as fmt.Sprintf makes it.
func (l *Logger) Logf(level Level, format string, arguments ...any) {
	if l.task != nil {
		l.task.host.Log(uint32(level), fmt.Sprintf(format, arguments...))
	}
}
