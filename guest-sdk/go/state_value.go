package wasmill

import (
	"fmt"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
	"github.com/wasmill/wasmill/guest-sdk/go/internal/row"
)

const (
	isPresent = 1 << iota
	isDirty
	// Its bytes are those at the slot's index and have not been decoded.
	isRaw
)

// ValueState is a value per key. The values of a batch's keys are read in one call when the batch comes, and those that
// changed are written in one when it has been processed.
type ValueState[T any] struct {
	number uint32
	space  *keySpace
	codec  *row.Codec
	values []T
	raw    [][]byte
	flags  []uint8
	at     contract.Addresses
	column contract.Column
}

// NewValueState declares a value per key.
func NewValueState[T any](ctx *OpenContext, name string) *ValueState[T] {
	codec := ctx.codec(row.Of[T]())
	s := &ValueState[T]{number: ctx.state(name, "value", codec, nil), space: ctx.space, codec: codec}
	if ctx.space != nil {
		ctx.space.stores = append(ctx.space.stores, s)
	}
	return s
}

// Get is the value of the key, and whether there is one.
func (s *ValueState[T]) Get() (T, bool) {
	slot := s.space.current
	if s.flags[slot]&isRaw != 0 {
		s.flags[slot] &^= isRaw
		if err := decodeRow(s.codec, s.raw[slot], &s.values[slot]); err != nil {
			s.space.task.fail(fmt.Errorf("state: %w", err))
		}
	}
	return s.values[slot], s.flags[slot]&isPresent != 0
}

// Set sets the value of the key.
func (s *ValueState[T]) Set(value T) {
	slot := s.space.current
	s.values[slot], s.flags[slot] = value, isPresent|isDirty
}

// Clear removes the value of the key.
func (s *ValueState[T]) Clear() {
	var none T
	slot := s.space.current
	s.values[slot], s.flags[slot] = none, isDirty
}

func (s *ValueState[T]) load(first int) error {
	s.at.Clear()
	for slot := first; slot < len(s.space.keys); slot++ {
		s.space.address(&s.at, uint32(slot), nil, true)
	}
	present, values := s.space.task.host.GetMany(s.number, &s.at)
	if err := values.Check("values of a state", s.at.Count); err != nil {
		return err
	}
	for i, there := range present {
		var none T
		var flags uint8
		var bytes []byte
		if there != 0 {
			flags, bytes = isPresent|isRaw, values.At(i, s.at.Count)
		}
		s.values, s.flags, s.raw = append(s.values, none), append(s.flags, flags), append(s.raw, bytes)
	}
	return nil
}

func (s *ValueState[T]) flush() {
	for _, put := range []bool{false, true} {
		s.at.Clear()
		s.column.Clear()
		for slot, flags := range s.flags {
			if flags&isDirty == 0 || flags&isPresent != 0 != put {
				continue
			}
			s.space.address(&s.at, uint32(slot), nil, true)
			if put {
				s.column.Data = appendRow(s.codec, s.column.Data, &s.values[slot])
				s.column.Close(s.codec.Fixed())
			}
		}
		if s.at.Count == 0 {
			continue
		}
		if put {
			s.space.task.host.PutMany(s.number, &s.at, &s.column)
		} else {
			s.space.task.host.DeleteMany(s.number, &s.at)
		}
	}
	clear(s.values)
	clear(s.raw)
	s.values, s.flags, s.raw = s.values[:0], s.flags[:0], s.raw[:0]
}
