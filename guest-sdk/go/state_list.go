package wasmill

import (
	"encoding/binary"
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

// ListState is a list per key, appended to without being read. Appends go to the host in one call at the end of the
// batch; reading is a call for the key.
type ListState[T any] struct {
	number  uint32
	space   *keySpace
	codec   *row.Codec
	changes []listChange
	bytes   []byte
}

// An append of bytes[start:end], or the removal of everything.
type listChange struct {
	slot       uint32
	cleared    bool
	start, end int
}

// NewListState declares a list per key.
func NewListState[T any](ctx *OpenContext, name string) *ListState[T] {
	codec := ctx.codec(row.Of[T]())
	s := &ListState[T]{number: ctx.state(name, "list", codec, nil), space: ctx.space, codec: codec}
	if ctx.space != nil {
		ctx.space.stores = append(ctx.space.stores, s)
	}
	return s
}

// Add appends an element to the list of the key.
func (s *ListState[T]) Add(element T) {
	start := len(s.bytes)
	s.bytes = appendRow(s.codec, s.bytes, &element)
	s.changes = append(s.changes, listChange{slot: s.space.current, start: start, end: len(s.bytes)})
}

// Clear removes the list of the key.
func (s *ListState[T]) Clear() {
	s.changes = append(s.changes, listChange{slot: s.space.current, cleared: true})
}

// Get gives the elements of the key's list, oldest first.
func (s *ListState[T]) Get() []T {
	var elements []T
	stored, ok := s.space.task.host.Get(s.number, s.space.key(), nil)
	for ok && len(stored) >= 4 {
		length := int(binary.LittleEndian.Uint32(stored))
		if length > len(stored)-4 {
			break
		}
		elements = s.decode(elements, stored[4:4+length:4+length])
		stored = stored[4+length:]
	}
	if len(stored) > 0 {
		s.space.task.fail(fmt.Errorf("a list in state ends within an element"))
	}
	for _, change := range s.changes {
		if change.slot == s.space.current && change.cleared {
			elements = nil
		} else if change.slot == s.space.current {
			elements = s.decode(elements, append([]byte(nil), s.bytes[change.start:change.end]...))
		}
	}
	return elements
}

func (s *ListState[T]) decode(elements []T, bytes []byte) []T {
	var element T
	if err := decodeRow(s.codec, bytes, &element); err != nil {
		s.space.task.fail(fmt.Errorf("state: %w", err))
	}
	return append(elements, element)
}

func (s *ListState[T]) load(int) error { return nil }

// Sends the changes in order: a removal between two appends of a key must not move.
func (s *ListState[T]) flush() {
	var appends, deletes contract.Addresses
	var values contract.Column
	host := s.space.task.host
	sendAppends := func() {
		if appends.Count > 0 {
			host.AppendMany(s.number, &appends, &values)
			appends.Clear()
			values.Clear()
		}
	}
	sendDeletes := func() {
		if deletes.Count > 0 {
			host.DeleteMany(s.number, &deletes)
			deletes.Clear()
		}
	}
	for _, change := range s.changes {
		if change.cleared {
			sendAppends()
			s.space.address(&deletes, change.slot, nil, true)
			continue
		}
		sendDeletes()
		s.space.address(&appends, change.slot, nil, true)
		values.Push(s.bytes[change.start:change.end], s.codec.Fixed())
	}
	sendAppends()
	sendDeletes()
	s.changes, s.bytes = s.changes[:0], s.bytes[:0]
}
