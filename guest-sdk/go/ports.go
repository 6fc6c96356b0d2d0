package wasmill

// Input gives records of type T that enter by the open port of this name: the component is a part of a job file's job.
func Input[T any](env *Env, name string) *Stream[T] {
	codec := codecOf[T](env)
	n := &node{kind: "input", typeName: "input", uid: "input." + name, name: name, outputs: mainOutput(codec)}
	return &Stream[T]{env: env, node: env.graph.add(n), partitioning: forward, codec: codec}
}

// Output lets the records of the stream leave by the open port of this name.
func (s *Stream[T]) Output(name string) {
	n := &node{kind: "output", typeName: "output", uid: "output." + name, name: name, inputs: []any{s.codec.Schema()}}
	s.env.graph.add(n, s.edge())
}
