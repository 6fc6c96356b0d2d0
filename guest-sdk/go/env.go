package wasmill

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// Env is what a job function builds its job with.
//
// A job function must be a function of its parameters alone: it runs when the job is described, planned, and opened in
// every task, and must build the same graph each time. A mistake in it (a missing parameter, a type without schema) is
// kept and told when it has returned, so it need not be checked after every line.
type Env struct {
	graph     *graph
	arguments []contract.Argument
	// Whether missing parameters get the empty value of their type.
	describing bool
	parameters []parameter
	err        error
}

// Job is a job function.
type Job func(*Env) error

type parameter struct {
	name, typeName, description, value string
	fallback                           any
}

// Parameters of open ports begin with this; none of a job may.
const reservedPrefix = "input."

func runJob(job Job, arguments []contract.Argument, describing bool) (*Env, error) {
	env := &Env{graph: newGraph(), arguments: arguments, describing: describing}
	err := job(env)
	if env.err != nil {
		err = env.err
	}
	return env, err
}

func (e *Env) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// Name names the job. Otherwise it has the name it was exported with.
func (e *Env) Name(name string) { e.graph.name = name }

// MaxParallelism sets the number of key groups, which bounds the parallelism of the job for good; 128 otherwise.
func (e *Env) MaxParallelism(keyGroups int) { e.graph.maxParallelism = keyGroups }

// Param asks for a parameter of the job; finish with one of the methods named after a type.
func (e *Env) Param(name string) *Param { return &Param{env: e, name: name} }

// Param is a parameter that is being asked for.
type Param struct {
	env               *Env
	name, description string
}

// Describe says what the parameter is for.
func (p *Param) Describe(description string) *Param {
	p.description = description
	return p
}

// String is the parameter's text, which the user must give.
func (p *Param) String() string { return ask(p, "string", nil, parseText) }

// StringOr is the parameter's text or a default.
func (p *Param) StringOr(fallback string) string { return ask(p, "string", &fallback, parseText) }

// Int is the parameter's number, which the user must give.
func (p *Param) Int() int64 { return ask(p, "long", nil, parseInt) }

// IntOr is the parameter's number or a default.
func (p *Param) IntOr(fallback int64) int64 { return ask(p, "long", &fallback, parseInt) }

// Float is the parameter's number, which the user must give.
func (p *Param) Float() float64 { return ask(p, "double", nil, parseFloat) }

// FloatOr is the parameter's number or a default.
func (p *Param) FloatOr(fallback float64) float64 { return ask(p, "double", &fallback, parseFloat) }

// Bool is true or false, which the user must say.
func (p *Param) Bool() bool { return ask(p, "boolean", nil, parseBool) }

// BoolOr is true or false, or a default.
func (p *Param) BoolOr(fallback bool) bool { return ask(p, "boolean", &fallback, parseBool) }

func parseText(text string) (string, bool) { return text, true }

func parseInt(text string) (int64, bool) {
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil
}

func parseFloat(text string) (float64, bool) {
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && !math.IsNaN(number) && !math.IsInf(number, 0)
}

func parseBool(text string) (bool, bool) { return text == "true", text == "true" || text == "false" }

func ask[T any](p *Param, typeName string, fallback *T, parse func(string) (T, bool)) T {
	var value T
	known := parameter{name: p.name, typeName: typeName, description: p.description}
	text, given := p.env.argument(p.name)
	if fallback != nil {
		value = *fallback
		known.fallback, known.value = *fallback, fmt.Sprint(*fallback)
	}
	switch {
	case given:
		parsed, ok := parse(text)
		if !ok {
			p.env.fail(fmt.Errorf("parameter %s: `%s` is no %s", p.name, text, typeName))
		}
		value, known.value = parsed, text
	case fallback == nil && !p.env.describing:
		p.env.fail(fmt.Errorf("parameter %s: it is missing, give a %s", p.name, typeName))
	}
	for _, other := range p.env.parameters {
		if other.name == p.name {
			return value
		}
	}
	p.env.parameters = append(p.env.parameters, known)
	return value
}

// The last argument of this name.
func (e *Env) argument(name string) (string, bool) {
	for i := len(e.arguments) - 1; i >= 0; i-- {
		if e.arguments[i].Name == name {
			return e.arguments[i].Value, true
		}
	}
	return "", false
}

// Refuses arguments that the job never asked for.
func (e *Env) checkArguments() error {
	var names []string
	known := map[string]bool{}
	for _, parameter := range e.parameters {
		names = append(names, parameter.name)
		known[parameter.name] = true
	}
	for _, argument := range e.arguments {
		if !known[argument.Name] && !strings.HasPrefix(argument.Name, reservedPrefix) {
			return fmt.Errorf("parameter %s: the job has no such parameter, it has: %s", argument.Name, strings.Join(names, ", "))
		}
	}
	return nil
}
