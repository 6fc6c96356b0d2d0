package wasmill

import (
	"encoding/json"
	"fmt"
	"strings"
)

// How records of an edge find their subtask; see wit/MANIFEST.md.
type partitioning string

const (
	forward   partitioning = "forward"
	hash      partitioning = "hash"
	rebalance partitioning = "rebalance"
	broadcast partitioning = "broadcast"
)

type edge struct {
	from, output, to, input uint32
	partitioning            partitioning
	chain                   bool
}

type outputPlan struct {
	name              string
	schema, keySchema any
}

type statePlan struct {
	name, kind           string
	schema, subKeySchema any
}

// An operator of the graph: how the plan shows it and how it is opened in a task.
type node struct {
	uid, name, typeName, kind string
	parallelism               int
	// Takes the parallelism of its input unless it has its own.
	followsInput bool
	unchained    bool
	connector    map[string]any
	inputs       []any
	outputs      []outputPlan
	keyed        bool
	states       []statePlan
	watermarks   any
	grants       []string
	open         func(*wiring) error
}

// The graph of a job. The same function builds it when the job is planned and when a task is opened, so operators have
// the same numbers both times; an edge always leads to a higher one.
type graph struct {
	name           string
	maxParallelism int
	nodes          []*node
	edges          []edge
}

func newGraph() *graph { return &graph{maxParallelism: 128} }

func (g *graph) add(n *node, inputs ...edge) uint32 {
	to := uint32(len(g.nodes))
	g.nodes = append(g.nodes, n)
	for i, input := range inputs {
		input.to, input.input = to, uint32(i)
		g.edges = append(g.edges, input)
	}
	return to
}

func (g *graph) parallelism(number uint32) int {
	n := g.nodes[number]
	if n.parallelism != 0 || !n.followsInput {
		return n.parallelism
	}
	for _, e := range g.edges {
		if e.to == number {
			return g.parallelism(e.from)
		}
	}
	return 0
}

// The edges as they will be: forward edges between operators of different parallelism are rebalanced.
func (g *graph) resolved() []edge {
	edges := append([]edge(nil), g.edges...)
	for i := range edges {
		e := &edges[i]
		e.chain = !g.nodes[e.to].unchained
		if e.partitioning == forward && g.parallelism(e.from) != g.parallelism(e.to) {
			e.partitioning = rebalance
		}
	}
	return edges
}

func (g *graph) uid(number uint32) string {
	n := g.nodes[number]
	if n.uid != "" {
		return n.uid
	}
	return fmt.Sprintf("%s-%d", strings.NewReplacer(" ", "-", "_", "-").Replace(n.typeName), number)
}

type object = map[string]any

func (g *graph) operators() []object {
	operators := []object{}
	for number := range uint32(len(g.nodes)) {
		operators = append(operators, g.operator(number))
	}
	return operators
}

func (g *graph) operator(number uint32) object {
	n := g.nodes[number]
	shown := object{"id": number, "uid": g.uid(number), "name": n.name, "kind": n.kind, "parallelism": nil}
	if n.name == "" {
		shown["name"] = n.typeName
	}
	if parallelism := g.parallelism(number); parallelism != 0 {
		shown["parallelism"] = parallelism
	}
	if n.unchained {
		shown["chain"] = false
	}
	if n.connector != nil {
		shown["connector"] = n.connector
	}
	if n.kind != "source" {
		inputs := []object{}
		for _, schema := range n.inputs {
			inputs = append(inputs, object{"schema": schema})
		}
		shown["inputs"] = inputs
	}
	if n.kind != "sink" {
		outputs := []object{}
		for _, output := range n.outputs {
			fields := object{"name": output.name, "schema": output.schema}
			if output.keySchema != nil {
				fields["key_schema"] = output.keySchema
			}
			outputs = append(outputs, fields)
		}
		shown["outputs"] = outputs
	}
	if n.kind == "operator" {
		states := []object{}
		for _, state := range n.states {
			states = append(states, object{"name": state.name, "kind": state.kind, "schema": state.schema, "sub_key_schema": state.subKeySchema})
		}
		shown["keyed"], shown["states"], shown["watermarks"] = n.keyed, states, n.watermarks
	}
	if len(n.grants) > 0 {
		shown["grants"] = n.grants
	}
	return shown
}

// The plan document of wit/MANIFEST.md.
func (g *graph) plan(defaultName string) (string, error) {
	uids := map[string]bool{}
	sinks := 0
	for number, n := range g.nodes {
		uid := g.uid(uint32(number))
		if uids[uid] {
			return "", fmt.Errorf("operator %s: another one has the same uid, give each its own", uid)
		}
		uids[uid] = true
		if n.kind == "sink" || n.kind == "output" {
			sinks++
		}
	}
	if sinks == 0 {
		return "", fmt.Errorf("the job has no sink: end at least one stream with Sink or Output")
	}
	edges := []object{}
	for _, e := range g.resolved() {
		edges = append(edges, object{"from": e.from, "output": e.output, "to": e.to, "input": e.input, "partitioning": e.partitioning})
	}
	name := g.name
	if name == "" {
		name = defaultName
	}
	document, err := json.Marshal(object{
		"version": 1, "name": name, "max_parallelism": g.maxParallelism, "operators": g.operators(), "edges": edges,
	})
	return string(document), err
}

// The manifest document of wit/MANIFEST.md.
func (e *Env) manifest(name string) string {
	parameters := []object{}
	for _, p := range e.parameters {
		parameters = append(parameters, object{"name": p.name, "type": p.typeName, "default": p.fallback, "description": p.description})
	}
	document, err := json.Marshal(object{
		"version": 1, "name": name, "parameters": parameters, "operators": e.graph.operators(),
		"sdk": object{"language": "go", "name": "wasmill-go", "version": Version},
	})
	if err != nil {
		return err.Error()
	}
	return string(document)
}
