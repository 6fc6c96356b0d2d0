package wasmill

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"sort"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// SubKey is a type by which the entries of a MapState are ordered.
type SubKey interface {
	int64 | int32 | string
}

// MapState is an ordered map per key. An entry is read by a call when it is asked for and kept until the batch ends;
// changes are written in one call at the end of the batch.
type MapState[SK SubKey, V any] struct {
	number uint32
	space  *keySpace
	codec  *row.Codec
	// What the call knows of the maps, by slot and sub-key.
	known map[uint32]map[string]mapEntry[V]
	// Keys whose stored map was removed in this call.
	cleared map[uint32]bool
	at      contract.Addresses
	column  contract.Column
}

type mapEntry[V any] struct {
	value V
	flags uint8
}

// Entries that a scan reads at once.
const scanPage = 1024

// NewMapState declares an ordered map per key.
func NewMapState[SK SubKey, V any](ctx *OpenContext, name string) *MapState[SK, V] {
	codec, subKey := ctx.codec(row.Of[V]()), ctx.codec(row.Of[SK]())
	s := &MapState[SK, V]{number: ctx.state(name, "map", codec, subKey), space: ctx.space, codec: codec,
		known: map[uint32]map[string]mapEntry[V]{}, cleared: map[uint32]bool{}}
	if ctx.space != nil {
		ctx.space.stores = append(ctx.space.stores, s)
	}
	return s
}

// Integers are big endian with the sign bit flipped, so that bytes sort as numbers do.
func encodeSubKey[SK SubKey](subKey SK) string {
	switch k := any(subKey).(type) {
	case int64:
		return ordered(k)
	case int32:
		return ordered(int64(k))
	case string:
		return k
	}
	return ""
}

func ordered(number int64) string {
	var out [8]byte
	binary.BigEndian.PutUint64(out[:], uint64(number)^1<<63)
	return string(out[:])
}

func decodeSubKey[SK SubKey](text string) (SK, error) {
	var subKey SK
	if p, ok := any(&subKey).(*string); ok {
		*p = text
		return subKey, nil
	}
	if len(text) != 8 {
		return subKey, fmt.Errorf("a sub-key in state is not 8 bytes")
	}
	number := int64(binary.BigEndian.Uint64([]byte(text)) ^ 1<<63)
	switch p := any(&subKey).(type) {
	case *int64:
		*p = number
	case *int32:
		*p = int32(number)
	}
	return subKey, nil
}

// Get is the value of an entry of the key's map, and whether there is one.
func (s *MapState[SK, V]) Get(subKey SK) (V, bool) {
	encoded := encodeSubKey(subKey)
	entry, known := s.known[s.space.current][encoded]
	if !known && !s.cleared[s.space.current] {
		stored, ok := s.space.task.host.Get(s.number, s.space.key(), []byte(encoded))
		if ok {
			entry = mapEntry[V]{s.decode(stored), isPresent}
		}
		s.set(encoded, entry)
	}
	return entry.value, entry.flags&isPresent != 0
}

func (s *MapState[SK, V]) set(subKey string, entry mapEntry[V]) {
	entries := s.known[s.space.current]
	if entries == nil {
		entries = map[string]mapEntry[V]{}
		s.known[s.space.current] = entries
	}
	entries[subKey] = entry
}

// Contains says whether the key's map has an entry.
func (s *MapState[SK, V]) Contains(subKey SK) bool {
	_, ok := s.Get(subKey)
	return ok
}

// Put sets an entry of the key's map.
func (s *MapState[SK, V]) Put(subKey SK, value V) {
	s.set(encodeSubKey(subKey), mapEntry[V]{value, isPresent | isDirty})
}

// Remove removes an entry of the key's map; it need not exist.
func (s *MapState[SK, V]) Remove(subKey SK) {
	s.set(encodeSubKey(subKey), mapEntry[V]{flags: isDirty})
}

// Clear removes all entries of the key's map.
func (s *MapState[SK, V]) Clear() {
	delete(s.known, s.space.current)
	s.cleared[s.space.current] = true
	s.space.task.host.ClearKey(s.number, s.space.key())
}

// All gives the entries of the key's map by ascending sub-key, as they are when it is called.
func (s *MapState[SK, V]) All() iter.Seq2[SK, V] {
	type pair struct {
		subKey string
		value  V
	}
	entries := s.known[s.space.current]
	var pairs []pair
	for subKey, entry := range entries {
		if entry.flags&isPresent != 0 {
			pairs = append(pairs, pair{subKey, entry.value})
		}
	}
	s.scan(func(subKey, value []byte) {
		if _, known := entries[string(subKey)]; !known {
			pairs = append(pairs, pair{string(subKey), s.decode(value)})
		}
	})
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].subKey < pairs[j].subKey })
	return func(yield func(SK, V) bool) {
		for _, p := range pairs {
			subKey, err := decodeSubKey[SK](p.subKey)
			if err != nil {
				s.space.task.fail(err)
			}
			if !yield(subKey, p.value) {
				return
			}
		}
	}
}

func (s *MapState[SK, V]) scan(each func(subKey, value []byte)) {
	var start []byte
	for {
		count, subKeys, values, more := s.space.task.host.Scan(s.number, s.space.key(), start, scanPage)
		if err := subKeys.Check("sub-keys", count); err != nil {
			s.space.task.fail(err)
			return
		}
		if err := values.Check("values", count); err != nil {
			s.space.task.fail(err)
			return
		}
		for i := range count {
			each(subKeys.At(i, count), values.At(i, count))
		}
		if !more || count == 0 {
			return
		}
		start = append(bytes.Clone(subKeys.At(count-1, count)), 0)
	}
}

func (s *MapState[SK, V]) decode(stored []byte) V {
	var value V
	if err := decodeRow(s.codec, stored, &value); err != nil {
		s.space.task.fail(fmt.Errorf("state: %w", err))
	}
	return value
}

func (s *MapState[SK, V]) load(int) error { return nil }

func (s *MapState[SK, V]) flush() {
	type change struct {
		slot   uint32
		subKey string
		entry  mapEntry[V]
	}
	var changes []change
	for slot, entries := range s.known {
		for subKey, entry := range entries {
			if entry.flags&isDirty != 0 {
				changes = append(changes, change{slot, subKey, entry})
			}
		}
	}
	// In order, so that equal input makes equal calls.
	sort.Slice(changes, func(i, j int) bool {
		a, b := &changes[i], &changes[j]
		return a.slot < b.slot || a.slot == b.slot && a.subKey < b.subKey
	})
	for _, put := range []bool{false, true} {
		s.at.Clear()
		s.column.Clear()
		for i := range changes {
			c := &changes[i]
			if c.entry.flags&isPresent != 0 != put {
				continue
			}
			s.space.address(&s.at, c.slot, []byte(c.subKey), false)
			if put {
				s.column.Data = appendRow(s.codec, s.column.Data, &c.entry.value)
				s.column.Close(s.codec.Fixed())
			}
		}
		if s.at.Count > 0 && put {
			s.space.task.host.PutMany(s.number, &s.at, &s.column)
		} else if s.at.Count > 0 {
			s.space.task.host.DeleteMany(s.number, &s.at)
		}
	}
	clear(s.known)
	clear(s.cleared)
}
