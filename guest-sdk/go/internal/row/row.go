// Package row maps Go types to Avro schemas and their values to the bytes of wit/ENCODING.md.
//
// A Codec is computed once per type, by reflection, when the job's graph is built; encoding and decoding then follow
// its table of fields with the addresses of the values. Decoded strings share the memory of the batch they came in;
// decoded byte slices are copies. Malformed bytes are errors, never panics.
package row

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strings"
	"unsafe"
)

type kind uint8

const (
	kindInt64 kind = iota
	kindInt32
	kindFloat64
	kindFloat32
	kindBool
	kindString
	kindBytes
	kindOptional
	kindArray
	kindMap
	kindRecord
)

// Codec knows a type: its schema and its bytes.
type Codec struct {
	kind kind
	typ  reflect.Type
	name string
	// Of the value within an optional, array or map.
	inner *Codec
	// Of the entries of a map.
	entry     *Codec
	fields    []field
	nullWords int
	width     int
	// Plain says that the value's memory and its bytes are the same: longs and doubles without gaps.
	Plain bool
}

type field struct {
	name     string
	offset   uintptr
	codec    *Codec
	nullable bool
}

// Of makes the codec of a type.
func Of[T any]() (*Codec, error) {
	return build(reflect.TypeFor[T](), nil)
}

func build(t reflect.Type, within []reflect.Type) (*Codec, error) {
	c := &Codec{typ: t, width: 8}
	switch t.Kind() {
	case reflect.Int64, reflect.Int:
		c.kind, c.name = kindInt64, "long"
	case reflect.Int32:
		c.kind, c.name = kindInt32, "int"
	case reflect.Float64:
		c.kind, c.name = kindFloat64, "double"
	case reflect.Float32:
		c.kind, c.name = kindFloat32, "float"
	case reflect.Bool:
		c.kind, c.name = kindBool, "boolean"
	case reflect.String:
		c.kind, c.name, c.width = kindString, "string", -1
	case reflect.Pointer:
		return c.optional(within)
	case reflect.Slice:
		return c.slice(within)
	case reflect.Map:
		return c.mapping(within)
	case reflect.Struct:
		return c.record(within)
	default:
		return nil, fmt.Errorf("%s has no Avro schema: use int64, int32, float64, float32, bool, string, []byte, "+
			"pointers for nullable values, slices, maps by string, and structs of these", t)
	}
	c.Plain = isLittleEndian && (c.kind == kindInt64 || c.kind == kindFloat64) && t.Size() == 8
	return c, nil
}

var isLittleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func (c *Codec) optional(within []reflect.Type) (*Codec, error) {
	inner, err := build(c.typ.Elem(), within)
	if err != nil {
		return nil, err
	}
	if inner.kind == kindOptional {
		return nil, fmt.Errorf("%s has no Avro schema: a pointer to a pointer is nullable twice", c.typ)
	}
	c.kind, c.inner, c.name, c.width = kindOptional, inner, "optional_"+inner.name, -1
	if inner.inline() {
		c.width = 16
	}
	return c, nil
}

func (c *Codec) slice(within []reflect.Type) (*Codec, error) {
	c.width = -1
	if c.typ.Elem().Kind() == reflect.Uint8 {
		c.kind, c.name = kindBytes, "bytes"
		return c, nil
	}
	inner, err := build(c.typ.Elem(), within)
	if err != nil {
		return nil, err
	}
	c.kind, c.inner, c.name = kindArray, inner, "array_"+inner.name
	return c, nil
}

func (c *Codec) mapping(within []reflect.Type) (*Codec, error) {
	if c.typ.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("%s has no Avro schema: the keys of a map must be strings", c.typ)
	}
	inner, err := build(c.typ.Elem(), within)
	if err != nil {
		return nil, err
	}
	c.kind, c.inner, c.name, c.width = kindMap, inner, "map_"+inner.name, -1
	entry := reflect.StructOf([]reflect.StructField{
		{Name: "Key", Type: c.typ.Key()}, {Name: "Value", Type: c.typ.Elem()},
	})
	c.entry, err = build(entry, within)
	return c, err
}

func (c *Codec) record(within []reflect.Type) (*Codec, error) {
	for _, outer := range within {
		if outer == c.typ {
			return nil, fmt.Errorf("%s has no Avro schema: it contains itself", c.typ)
		}
	}
	within = append(within, c.typ)
	c.kind, c.name, c.width = kindRecord, recordName(c.typ), 0
	nullable := 0
	for i := range c.typ.NumField() {
		f := c.typ.Field(i)
		name := f.Tag.Get("avro")
		if name == "" {
			name = snake(f.Name)
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("field %s of %s is not exported", f.Name, c.typ)
		}
		codec, err := build(f.Type, within)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", f.Name, c.typ, err)
		}
		width := 8
		if codec.kind == kindOptional {
			nullable++
			codec = codec.inner
			c.fields = append(c.fields, field{name, f.Offset, codec, true})
		} else {
			c.fields = append(c.fields, field{name, f.Offset, codec, false})
		}
		if !codec.inline() {
			width = -1
			if codec.width >= 0 && f.Type.Kind() != reflect.Pointer {
				width = 8 + codec.width
			}
		}
		c.width = add(c.width, width)
	}
	c.nullWords = (nullable + 63) / 64
	c.width = add(c.width, 8*c.nullWords)
	c.Plain = len(c.fields) > 0 && nullable == 0
	for i, f := range c.fields {
		c.Plain = c.Plain && f.codec.Plain && f.codec.inline() && f.offset == uintptr(8*i)
	}
	return c, nil
}

func add(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// The name of a struct as an Avro name: of a generic one with its arguments.
func recordName(t reflect.Type) string {
	name := t.Name()
	if name == "" {
		name = "record"
	}
	var out strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("[],", r) }) {
		if out.Len() > 0 {
			out.WriteByte('_')
		}
		part = part[strings.LastIndexByte(part, '.')+1:]
		for _, r := range part {
			if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				out.WriteRune(r)
			} else {
				out.WriteByte('_')
			}
		}
	}
	return out.String()
}

// WordCount becomes word_count, ID becomes id, UserID becomes user_id.
func snake(name string) string {
	isUpper := func(i int) bool { return i >= 0 && i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	var out strings.Builder
	for i := range len(name) {
		letter := name[i]
		if isUpper(i) {
			if i > 0 && (!isUpper(i-1) || i+1 < len(name) && !isUpper(i+1)) && name[i-1] != '_' {
				out.WriteByte('_')
			}
			letter += 'a' - 'A'
		}
		out.WriteByte(letter)
	}
	return out.String()
}

// Schema gives the Avro schema, to be written as JSON.
func (c *Codec) Schema() any {
	return c.schema(map[string]bool{})
}

func (c *Codec) schema(known map[string]bool) any {
	switch c.kind {
	case kindOptional:
		return []any{"null", c.inner.schema(known)}
	case kindArray:
		return map[string]any{"type": "array", "items": c.inner.schema(known)}
	case kindMap:
		return map[string]any{"type": "map", "values": c.inner.schema(known)}
	case kindRecord:
		if known[c.name] {
			return c.name
		}
		known[c.name] = true
		fields := []any{}
		for _, f := range c.fields {
			schema := f.codec.schema(known)
			if f.nullable {
				schema = []any{"null", schema}
			}
			fields = append(fields, map[string]any{"name": f.name, "type": schema})
		}
		return map[string]any{"type": "record", "name": c.name, "fields": fields}
	}
	return c.name
}

// Fixed says whether all values have one width.
func (c *Codec) Fixed() bool { return c.width >= 0 }

// Width of every value in bytes, or -1.
func (c *Codec) Width() int { return c.width }

func (c *Codec) inline() bool { return c.kind <= kindBool }

// Append appends the bytes of the value at p.
func (c *Codec) Append(out []byte, p unsafe.Pointer) []byte {
	if c.Plain {
		return append(out, unsafe.Slice((*byte)(p), c.width)...)
	}
	switch c.kind {
	case kindString:
		return append(out, *(*string)(p)...)
	case kindBytes:
		return append(out, *(*[]byte)(p)...)
	case kindRecord:
		return c.appendRecord(out, p)
	case kindOptional:
		inner := *(*unsafe.Pointer)(p)
		start := len(out)
		out = append(out, make([]byte, 16)...)
		if inner == nil {
			out[start] = 1
			return out
		}
		return c.inner.put(out, start, start+8, inner)
	case kindArray:
		value := reflect.NewAt(c.typ, p).Elem()
		at := func(i int) unsafe.Pointer { return value.Index(i).Addr().UnsafePointer() }
		return c.inner.appendArray(out, value.Len(), at)
	case kindMap:
		return c.appendMap(out, p)
	}
	return binary.LittleEndian.AppendUint64(out, c.load(p))
}

func (c *Codec) load(p unsafe.Pointer) uint64 {
	switch c.kind {
	case kindInt64:
		if c.typ.Kind() == reflect.Int {
			return uint64(int64(*(*int)(p)))
		}
		return uint64(*(*int64)(p))
	case kindInt32:
		return uint64(int64(*(*int32)(p)))
	case kindFloat64:
		return math.Float64bits(*(*float64)(p))
	case kindFloat32:
		return uint64(math.Float32bits(*(*float32)(p)))
	}
	if *(*bool)(p) {
		return 1
	}
	return 0
}

// Writes a value into its slot, and behind the slots if it has no fixed width.
func (c *Codec) put(out []byte, start, slot int, p unsafe.Pointer) []byte {
	if c.inline() {
		binary.LittleEndian.PutUint64(out[slot:], c.load(p))
		return out
	}
	offset := len(out) - start
	out = c.Append(out, p)
	length := len(out) - start - offset
	binary.LittleEndian.PutUint64(out[slot:], uint64(offset)|uint64(length)<<32)
	return out
}

func (c *Codec) appendRecord(out []byte, p unsafe.Pointer) []byte {
	start := len(out)
	slot := start + 8*c.nullWords
	for range c.nullWords + len(c.fields) {
		out = append(out, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	bit := 0
	for i := range c.fields {
		f := &c.fields[i]
		at := unsafe.Add(p, f.offset)
		if f.nullable {
			at = *(*unsafe.Pointer)(at)
			if at == nil {
				out[start+bit/8] |= 1 << (bit % 8)
			}
			bit++
		}
		if at != nil {
			out = f.codec.put(out, start, slot, at)
		}
		slot += 8
	}
	return out
}

func (c *Codec) appendArray(out []byte, count int, at func(int) unsafe.Pointer) []byte {
	start := len(out)
	out = append(out, make([]byte, 8*(1+count))...)
	binary.LittleEndian.PutUint64(out[start:], uint64(count))
	for i := range count {
		out = c.put(out, start, start+8*(1+i), at(i))
	}
	return out
}

func (c *Codec) appendMap(out []byte, p unsafe.Pointer) []byte {
	value := reflect.NewAt(c.typ, p).Elem()
	keys := value.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	at := func(i int) unsafe.Pointer {
		entry := reflect.New(c.entry.typ)
		entry.Elem().Field(0).Set(keys[i])
		entry.Elem().Field(1).Set(value.MapIndex(keys[i]))
		return entry.UnsafePointer()
	}
	return c.entry.appendArray(out, len(keys), at)
}

var errLength = errors.New("it does not have the length of its type")

// Decode reads a value into p.
func (c *Codec) Decode(bytes []byte, p unsafe.Pointer) error {
	if c.Plain {
		if len(bytes) != c.width {
			return errLength
		}
		copy(unsafe.Slice((*byte)(p), c.width), bytes)
		return nil
	}
	switch c.kind {
	case kindString:
		*(*string)(p) = unsafe.String(unsafe.SliceData(bytes), len(bytes))
		return nil
	case kindBytes:
		*(*[]byte)(p) = append([]byte(nil), bytes...)
		return nil
	case kindRecord:
		return c.decodeRecord(bytes, p)
	case kindOptional:
		return c.decodeOptional(bytes, p)
	case kindArray:
		return c.decodeArray(bytes, p)
	case kindMap:
		return c.decodeMap(bytes, p)
	}
	if len(bytes) != 8 {
		return errLength
	}
	return c.store(binary.LittleEndian.Uint64(bytes), p)
}

func (c *Codec) store(slot uint64, p unsafe.Pointer) error {
	switch c.kind {
	case kindInt64:
		if c.typ.Kind() == reflect.Int {
			*(*int)(p) = int(int64(slot))
			return nil
		}
		*(*int64)(p) = int64(slot)
	case kindInt32:
		if int64(int32(slot)) != int64(slot) {
			return errors.New("the number does not fit 32 bits")
		}
		*(*int32)(p) = int32(slot)
	case kindFloat64:
		*(*float64)(p) = math.Float64frombits(slot)
	case kindFloat32:
		*(*float32)(p) = math.Float32frombits(uint32(slot))
	default:
		if slot > 1 {
			return errors.New("it is neither true nor false")
		}
		*(*bool)(p) = slot == 1
	}
	return nil
}

// Reads slots and the variable parts behind them, which must follow each other without gaps.
type reader struct {
	bytes        []byte
	slot, cursor int
}

func newReader(bytes []byte, words, slots int) (reader, error) {
	if slots < 0 || slots > len(bytes)/8 || 8*(words+slots) > len(bytes) {
		return reader{}, errors.New("it is shorter than its slots")
	}
	return reader{bytes, 8 * words, 8 * (words + slots)}, nil
}

func (r *reader) take(c *Codec, p unsafe.Pointer) error {
	slot := binary.LittleEndian.Uint64(r.bytes[r.slot:])
	r.slot += 8
	if c.inline() {
		return c.store(slot, p)
	}
	offset, length := int(uint32(slot)), int(slot>>32)
	if offset != r.cursor || length > len(r.bytes)-offset {
		return errors.New("a slot does not point at the next bytes")
	}
	r.cursor += length
	return c.Decode(r.bytes[offset:r.cursor:r.cursor], p)
}

func (r *reader) end() error {
	if r.cursor != len(r.bytes) {
		return errLength
	}
	return nil
}

func (c *Codec) decodeRecord(bytes []byte, p unsafe.Pointer) error {
	r, err := newReader(bytes, c.nullWords, len(c.fields))
	if err != nil {
		return err
	}
	bit := 0
	for i := range c.fields {
		f := &c.fields[i]
		at := unsafe.Add(p, f.offset)
		if f.nullable {
			null := bytes[bit/8]&(1<<(bit%8)) != 0
			bit++
			if null {
				*(*unsafe.Pointer)(at) = nil
				r.slot += 8
				continue
			}
			value := reflect.New(f.codec.typ).UnsafePointer()
			*(*unsafe.Pointer)(at) = value
			at = value
		}
		if err := r.take(f.codec, at); err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	return r.end()
}

func (c *Codec) decodeOptional(bytes []byte, p unsafe.Pointer) error {
	r, err := newReader(bytes, 1, 1)
	if err != nil {
		return err
	}
	switch binary.LittleEndian.Uint64(bytes) {
	case 0:
		value := reflect.New(c.inner.typ).UnsafePointer()
		*(*unsafe.Pointer)(p) = value
		if err := r.take(c.inner, value); err != nil {
			return err
		}
	case 1:
		*(*unsafe.Pointer)(p) = nil
	default:
		return errors.New("it is neither null nor a value")
	}
	return r.end()
}

func (c *Codec) decodeArray(bytes []byte, p unsafe.Pointer) error {
	return c.inner.eachOf(bytes, func(count int) func(int) unsafe.Pointer {
		value := reflect.MakeSlice(c.typ, count, count)
		reflect.NewAt(c.typ, p).Elem().Set(value)
		return func(i int) unsafe.Pointer { return value.Index(i).Addr().UnsafePointer() }
	}, func(int) {})
}

func (c *Codec) decodeMap(bytes []byte, p unsafe.Pointer) error {
	value := reflect.MakeMap(c.typ)
	reflect.NewAt(c.typ, p).Elem().Set(value)
	entry := reflect.New(c.entry.typ).Elem()
	return c.entry.eachOf(bytes,
		func(int) func(int) unsafe.Pointer {
			return func(int) unsafe.Pointer {
				entry.SetZero()
				return entry.Addr().UnsafePointer()
			}
		},
		func(int) { value.SetMapIndex(entry.Field(0), entry.Field(1)) })
}

// Reads the elements of an array into the places that begin gives; done is called after each.
func (c *Codec) eachOf(bytes []byte, begin func(count int) func(int) unsafe.Pointer, done func(int)) error {
	if len(bytes) < 8 {
		return errLength
	}
	count := binary.LittleEndian.Uint64(bytes)
	if count > uint64(len(bytes)/8) {
		return errors.New("it is shorter than its slots")
	}
	r, err := newReader(bytes, 1, int(count))
	if err != nil {
		return err
	}
	at := begin(int(count))
	for i := range int(count) {
		if err := r.take(c, at(i)); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
		done(i)
	}
	return r.end()
}
