// Package wasmill is the Go SDK: a job is a function that builds a graph of typed streams, and the same function,
// compiled to WebAssembly, runs its operators inside the host.
//
//	func init() { wasmill.Export("word-count", wordCount) }
//
//	func main() {}
//
//	func wordCount(env *wasmill.Env) error {
//		path := env.Param("path").Describe("files to read").String()
//		lines := wasmill.Source[string](env, wasmill.TextFiles(path))
//		words := wasmill.FlatMap(lines, func(line string, out wasmill.Collector[string]) {
//			for _, word := range strings.Fields(line) {
//				out.Emit(word)
//			}
//		})
//		counts := wasmill.Reduce(wasmill.KeyBy(...), ...)
//		counts.Sink(wasmill.Print())
//		return nil
//	}
//
// The words are those of the Rust SDK and of Flink. What changes the type of a stream is a function, what does not is a
// method. Records are Go values; package internal/row says how they become Avro schemas and bytes.
//
// The SDK keeps nothing that must last: state, timers and output are the host's, and an instance may be thrown away
// between two calls. So must a job's own variables: they are a cache at best. All calls come from one goroutine; a
// panic in a job's function fails the record under way and is reported with it.
package wasmill
