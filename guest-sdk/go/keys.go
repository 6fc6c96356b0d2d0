package wasmill

import (
	"encoding/binary"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// The keys of the call under way, numbered by slots in the order in which they came. All state of a keyed operator is
// kept by slot until the call ends, then written back and forgotten: instances keep nothing between calls.
type keySpace struct {
	task *task
	// Bytes of the keys by slot; they lie in the batch of the call.
	keys   [][]byte
	hashes []uint64
	// Slots plus one by hash, open addressing; its length is a power of two.
	buckets []uint32
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
	return &keySpace{task: t, buckets: make([]uint32, 256), fixed: fixed}
}

const hashMultiplier = 0x9e3779b97f4a7c15

// Reads whole words, of which the last overlaps the one before.
func hashOf(key []byte) uint64 {
	n := len(key)
	hash := uint64(n) * hashMultiplier
	switch {
	case n >= 8:
		for i := 0; i+8 < n; i += 8 {
			hash = (hash ^ binary.LittleEndian.Uint64(key[i:])) * hashMultiplier
			hash ^= hash >> 32
		}
		hash ^= binary.LittleEndian.Uint64(key[n-8:])
	case n >= 4:
		hash ^= uint64(binary.LittleEndian.Uint32(key)) | uint64(binary.LittleEndian.Uint32(key[n-4:]))<<32
	case n > 0:
		hash ^= uint64(key[0]) | uint64(key[n/2])<<8 | uint64(key[n-1])<<16
	}
	hash *= hashMultiplier
	return hash ^ hash>>32
}

// The slot of a key, a new one if it has none.
func (k *keySpace) intern(key []byte) uint32 {
	if len(k.keys)*2 >= len(k.buckets) {
		k.grow()
	}
	mask := uint64(len(k.buckets) - 1)
	hash := hashOf(key)
	at := hash & mask
	for k.buckets[at] != 0 {
		slot := k.buckets[at] - 1
		if k.hashes[slot] == hash && string(k.keys[slot]) == string(key) {
			return slot
		}
		at = (at + 1) & mask
	}
	k.keys, k.hashes = append(k.keys, key), append(k.hashes, hash)
	k.buckets[at] = uint32(len(k.keys))
	return uint32(len(k.keys) - 1)
}

func (k *keySpace) grow() {
	k.buckets = make([]uint32, 2*len(k.buckets))
	mask := uint64(len(k.buckets) - 1)
	for slot, hash := range k.hashes {
		at := hash & mask
		for k.buckets[at] != 0 {
			at = (at + 1) & mask
		}
		k.buckets[at] = uint32(slot + 1)
	}
}

// Gives the keys of a column their slots, and reads the state of those that are new.
func (k *keySpace) enter(column *contract.Column, count int, slots []uint32) ([]uint32, error) {
	first := len(k.keys)
	slots = slots[:0]
	keys := column.Entries(count)
	for i := range count {
		slots = append(slots, k.intern(keys.At(i)))
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
	k.keys, k.hashes = k.keys[:0], k.hashes[:0]
	clear(k.buckets)
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
