package wasmill

import (
	"encoding/binary"
	"unsafe"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// The keys of the call under way, numbered by slots in the order in which they came. All state of a keyed operator is
// kept by slot until the call ends, then written back and forgotten: instances keep nothing between calls.
type keySpace struct {
	task *task
	// Bytes of the keys by slot; they lie in the batch of the call, or in copies of their own.
	keys  [][]byte
	words map[uint64]uint32
	texts map[string]uint32
	// Whether all keys have one width.
	fixed   bool
	current uint32
	stores  []store
}

// A state of a keyed operator.
type store interface {
	// Reads the values of the slots from first on.
	load(first int) error
	// Writes back what the call has changed, and forgets it.
	flush()
}

func newKeySpace(t *task, fixed bool) *keySpace {
	return &keySpace{task: t, words: map[uint64]uint32{}, texts: map[string]uint32{}, fixed: fixed}
}

// The slot of a key, a new one if it has none.
func (k *keySpace) intern(key []byte) uint32 {
	var slot uint32
	var known bool
	if len(key) == 8 {
		word := binary.LittleEndian.Uint64(key)
		if slot, known = k.words[word]; known {
			return slot
		}
		slot = uint32(len(k.keys))
		k.words[word] = slot
	} else {
		text := unsafe.String(unsafe.SliceData(key), len(key))
		if slot, known = k.texts[text]; known {
			return slot
		}
		slot = uint32(len(k.keys))
		k.texts[text] = slot
	}
	k.keys = append(k.keys, key)
	return slot
}

// Gives the keys of a column their slots, and reads the state of those that are new.
func (k *keySpace) enter(column *contract.Column, count int, slots []uint32) ([]uint32, error) {
	first := len(k.keys)
	slots = slots[:0]
	for i := range count {
		slots = append(slots, k.intern(column.At(i, count)))
	}
	if first == len(k.keys) {
		return slots, nil
	}
	for _, s := range k.stores {
		if err := s.load(first); err != nil {
			return nil, err
		}
	}
	return slots, nil
}

func (k *keySpace) endCall() {
	for _, s := range k.stores {
		s.flush()
	}
	clear(k.keys)
	k.keys = k.keys[:0]
	clear(k.words)
	clear(k.texts)
}

// The key of the record under way; none while there is none.
func (k *keySpace) key() []byte {
	if int(k.current) < len(k.keys) {
		return k.keys[k.current]
	}
	return nil
}

// Appends the address of a slot's value.
func (k *keySpace) address(at *contract.Addresses, slot uint32, subKey []byte, subFixed bool) {
	at.Count++
	at.Keys.Push(k.keys[slot], k.fixed)
	at.SubKeys.Push(subKey, subFixed)
}
