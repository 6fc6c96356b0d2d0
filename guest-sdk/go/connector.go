package wasmill

import "github.com/wasmill/wasmill/guest-sdk/go/internal/row"

// Connector is a source or sink of the host by its configuration; docs/CONNECTORS.md has the keys.
type Connector struct {
	typeName string
	config   object
	// Whether a source has to be told the schema of its records.
	wantsSchema bool
}

func (c *Connector) typed(codec *row.Codec) {
	if c.wantsSchema {
		c.config["schema"] = codec.Schema()
	}
}

// NewConnector is the connector of a type.
func NewConnector(typeName string) *Connector {
	return &Connector{typeName: typeName, config: object{"type": typeName}}
}

// With sets a key of the connector.
func (c *Connector) With(key string, value any) *Connector {
	c.config[key] = value
	return c
}

// TextFiles are lines of text files: as a source every line of a file, a directory or a glob pattern, as a sink one line
// per record in a directory.
func TextFiles(path string) *Connector { return NewConnector("text-files").With("path", path) }

// JSONLines are text files with one JSON object a line.
//
// As a sink it needs no schema: a record becomes an object.
func JSONLines(path string) *Connector {
	c := TextFiles(path).With("format", "json-lines")
	c.wantsSchema = true
	return c
}

// CSV are text files with fields separated by commas, in the order of the type's fields.
func CSV(path string) *Connector {
	c := TextFiles(path).With("format", "csv")
	c.wantsSchema = true
	return c
}

// Collection has values written in the plan, for examples and tests.
func Collection(values ...any) *Connector {
	if values == nil {
		values = []any{}
	}
	c := NewConnector("collection").With("values", values)
	c.wantsSchema = true
	return c
}

// Generator gives deterministic test data: bids, pairs, events or latency.
func Generator(data string) *Connector { return NewConnector("generator").With("data", data) }

// Socket has lines over TCP, as a client.
func Socket(host string, port int) *Connector {
	return NewConnector("socket").With("host", host).With("port", port)
}

// Print prints records to the standard output of the process.
func Print() *Connector { return NewConnector("print") }

// Collect gives the records to whoever started the job, when it has finished.
func Collect() *Connector { return NewConnector("collect") }

// Checksum counts records and adds up their hashes, to compare results.
func Checksum() *Connector { return NewConnector("checksum") }
