package wasmill

import (
	"errors"
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// Argument is a parameter that the user gave.
type Argument = contract.Argument

// Version of the SDK.
const Version = "0.1.0"

var errNoTimestamp = errors.New("the record has no timestamp: use AssignTimestamps before a window")

// Export makes a job function the job of this component. Call it once, from an init function.
func Export(name string, job Job) { component = NewComponent(name, job) }

// The job of this component. The instance it opens is a cache: the host may throw it away between two calls.
var component contract.Component = NewComponent("", func(*Env) error {
	return errors.New("no job was exported: call wasmill.Export in an init function")
})

// NewComponent makes the exported calls of a job. Package wasmilltest runs them; a component has them by Export.
func NewComponent(name string, job Job) contract.Component {
	return &exported{name: name, job: job}
}

type exported struct {
	name string
	job  Job
	task *task
}

func (c *exported) Describe() string {
	// A job that refuses its defaults still has parameters to show.
	env, _ := runJob(c.job, nil, true)
	return env.manifest(c.name)
}

func (c *exported) Plan(arguments []contract.Argument) (string, error) {
	env, err := runJob(c.job, arguments, false)
	if err != nil {
		return "", err
	}
	if err := env.checkArguments(); err != nil {
		return "", err
	}
	return env.graph.plan(c.name)
}

// Runs a call in the open task. A panic of user code becomes the failure of the record under way.
func (c *exported) call(now contract.Moment, call func(*task) error) (failure *contract.Failure) {
	t := c.task
	if t == nil {
		return &contract.Failure{Record: -1, Message: "the instance has not been opened"}
	}
	t.begin(now)
	defer func() {
		if cause := recover(); cause != nil {
			failure = &contract.Failure{Record: t.record, Message: fmt.Sprintf("panic: %v", cause)}
		}
	}()
	if err := call(t); err != nil {
		return &contract.Failure{Record: t.record, Message: err.Error()}
	}
	return nil
}

func (c *exported) Open(spec *contract.TaskSpec, host contract.Host) (failure *contract.Failure) {
	defer func() {
		if cause := recover(); cause != nil {
			failure = &contract.Failure{Record: -1, Message: fmt.Sprintf("panic: %v", cause)}
		}
	}()
	t, err := openTask(c.job, spec, host)
	if err != nil {
		return &contract.Failure{Record: -1, Message: err.Error()}
	}
	c.task = t
	return nil
}

func (c *exported) Process(now contract.Moment, input uint32, batch *contract.Batch) (done int, failure *contract.Failure) {
	failure = c.call(now, func(t *task) (err error) {
		done, err = t.process(input, batch)
		return err
	})
	return done, failure
}

func (c *exported) OnTimers(now contract.Moment, domain contract.Domain, timers *contract.TimerBatch) (done int, failure *contract.Failure) {
	failure = c.call(now, func(t *task) (err error) {
		done, err = t.onTimers(domain, timers)
		return err
	})
	return done, failure
}

// OnWatermark has nothing to do: due timers are fired by a call of their own.
func (c *exported) OnWatermark(contract.Moment, uint32, int64) *contract.Failure { return nil }

func (c *exported) Finish(now contract.Moment) *contract.Failure {
	return c.call(now, (*task).finish)
}

func (c *exported) ofSource(now contract.Moment, call func(sourceNode) error) *contract.Failure {
	return c.call(now, func(t *task) error {
		if t.source == nil {
			return errors.New("the instance is no source")
		}
		return call(t.source)
	})
}

func (c *exported) Splits(parallelism uint32) (splits [][]byte, failure *contract.Failure) {
	failure = c.ofSource(contract.Moment{}, func(s sourceNode) (err error) {
		splits, err = s.splits(int(parallelism))
		return err
	})
	return splits, failure
}

func (c *exported) Poll(now contract.Moment, _ uint32, position []byte, maxRecords uint32) (batch *contract.Batch, next []byte, status contract.PollStatus, failure *contract.Failure) {
	failure = c.ofSource(now, func(s sourceNode) (err error) {
		batch, next, status, err = s.poll(position, int(maxRecords))
		return err
	})
	return batch, next, status, failure
}

func (c *exported) CloseSource() *contract.Failure { return nil }

func (c *exported) ofSink(now contract.Moment, call func(sinkNode) error) *contract.Failure {
	return c.call(now, func(t *task) error {
		if t.sink == nil {
			return errors.New("the instance is no sink")
		}
		return call(t.sink)
	})
}

func (c *exported) Begin(now contract.Moment, name string) (transaction []byte, failure *contract.Failure) {
	failure = c.ofSink(now, func(s sinkNode) (err error) {
		transaction, err = s.begin(name)
		return err
	})
	return transaction, failure
}

func (c *exported) Write(now contract.Moment, transaction []byte, batch *contract.Batch) (next []byte, failure *contract.Failure) {
	failure = c.ofSink(now, func(s sinkNode) (err error) {
		next, err = s.write(transaction, batch)
		return err
	})
	return next, failure
}

func (c *exported) PreCommit(transaction []byte, checkpoint uint64) (committable []byte, failure *contract.Failure) {
	failure = c.ofSink(contract.Moment{}, func(s sinkNode) (err error) {
		committable, err = s.preCommit(transaction, checkpoint)
		return err
	})
	return committable, failure
}

func (c *exported) Commit(committables [][]byte) *contract.Failure {
	return c.ofSink(contract.Moment{}, func(s sinkNode) error { return s.commit(committables) })
}

func (c *exported) Abort(transaction []byte) *contract.Failure {
	return c.ofSink(contract.Moment{}, func(s sinkNode) error { return s.abort(transaction) })
}

func (c *exported) Recover(committables [][]byte) *contract.Failure {
	return c.ofSink(contract.Moment{}, func(s sinkNode) error { return s.recover(committables) })
}

func (c *exported) CloseSink() *contract.Failure { return nil }
