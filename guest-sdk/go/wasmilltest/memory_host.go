package wasmilltest

import (
	"encoding/binary"
	"errors"
	"maps"
	"sort"
	"strings"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

type timer struct {
	domain    contract.Domain
	time      int64
	key, name string
}

type emission struct {
	port  uint32
	batch contract.Batch
}

// A host in memory for one operator. Keys and sub-keys are joined by the key's length, so entries of a key follow each
// other in order of their sub-keys.
type memoryHost struct {
	states  map[uint32]map[string][]byte
	timers  map[timer]bool
	emitted []emission
	counts  map[string]uint64
	lines   []string
}

func newMemoryHost() *memoryHost {
	return &memoryHost{states: map[uint32]map[string][]byte{}, timers: map[timer]bool{}, counts: map[string]uint64{}}
}

// Begins a call; what it returns takes back what the call has done.
func (m *memoryHost) begin() (undo func()) {
	states := map[uint32]map[string][]byte{}
	for number, state := range m.states {
		states[number] = maps.Clone(state)
	}
	timers, counts := maps.Clone(m.timers), maps.Clone(m.counts)
	return func() { m.states, m.timers, m.counts, m.emitted = states, timers, counts, nil }
}

func prefix(key []byte) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(key)))) + string(key)
}

func (m *memoryHost) state(number uint32) map[string][]byte {
	if m.states[number] == nil {
		m.states[number] = map[string][]byte{}
	}
	return m.states[number]
}

func each(at *contract.Addresses, call func(i int, address string)) {
	for i := range at.Count {
		call(i, prefix(at.Keys.At(i, at.Count))+string(at.SubKeys.At(i, at.Count)))
	}
}

func (m *memoryHost) GetMany(state uint32, at *contract.Addresses) (present []byte, values contract.Column) {
	each(at, func(_ int, address string) {
		value, there := m.state(state)[address]
		if there {
			present = append(present, 1)
		} else {
			present = append(present, 0)
		}
		values.Push(value, false)
	})
	return present, values
}

func (m *memoryHost) PutMany(state uint32, at *contract.Addresses, values *contract.Column) {
	each(at, func(i int, address string) {
		m.state(state)[address] = append([]byte(nil), values.At(i, at.Count)...)
	})
}

func (m *memoryHost) DeleteMany(state uint32, at *contract.Addresses) {
	each(at, func(_ int, address string) { delete(m.state(state), address) })
}

func (m *memoryHost) AppendMany(state uint32, at *contract.Addresses, values *contract.Column) {
	each(at, func(i int, address string) {
		value := values.At(i, at.Count)
		list := append([]byte(nil), m.state(state)[address]...)
		list = binary.LittleEndian.AppendUint32(list, uint32(len(value)))
		m.state(state)[address] = append(list, value...)
	})
}

func (m *memoryHost) Scan(state uint32, key, start []byte, limit uint32) (count int, subKeys, values contract.Column, more bool) {
	for _, address := range sortedKeys(m.state(state)) {
		subKey, mine := strings.CutPrefix(address, prefix(key))
		if !mine || subKey < string(start) {
			continue
		}
		if count == int(limit) {
			return count, subKeys, values, true
		}
		count++
		subKeys.Push([]byte(subKey), false)
		values.Push(m.state(state)[address], false)
	}
	return count, subKeys, values, false
}

func (m *memoryHost) ClearKey(state uint32, key []byte) {
	for address := range m.state(state) {
		if strings.HasPrefix(address, prefix(key)) {
			delete(m.state(state), address)
		}
	}
}

func (m *memoryHost) Get(state uint32, key, subKey []byte) ([]byte, bool) {
	value, there := m.state(state)[prefix(key)+string(subKey)]
	return value, there
}

func (m *memoryHost) RegisterTimers(domain contract.Domain, timers *contract.TimerBatch) {
	for i, time := range timers.Times {
		m.timers[timer{domain, time, string(timers.Keys.At(i, timers.Count)), string(timers.Namespaces.At(i, timers.Count))}] = true
	}
}

func (m *memoryHost) DeleteTimers(domain contract.Domain, timers *contract.TimerBatch) {
	for i, time := range timers.Times {
		delete(m.timers, timer{domain, time, string(timers.Keys.At(i, timers.Count)), string(timers.Namespaces.At(i, timers.Count))})
	}
}

// Takes the timers that are due out, earliest first.
func (m *memoryHost) due(domain contract.Domain, until int64) *contract.TimerBatch {
	var fired []timer
	for t := range m.timers {
		if t.domain == domain && t.time <= until {
			fired = append(fired, t)
			delete(m.timers, t)
		}
	}
	sort.Slice(fired, func(i, j int) bool {
		return fired[i].time < fired[j].time || fired[i].time == fired[j].time && fired[i].key < fired[j].key
	})
	batch := &contract.TimerBatch{}
	for _, t := range fired {
		batch.Count++
		batch.Times = append(batch.Times, t.time)
		batch.Keys.Push([]byte(t.key), false)
		batch.Namespaces.Push([]byte(t.name), false)
	}
	return batch
}

// Registers the timers again that a call has left unfired.
func (m *memoryHost) putBack(domain contract.Domain, timers *contract.TimerBatch, done int) {
	for i := done; i < timers.Count; i++ {
		m.timers[timer{domain, timers.Times[i], string(timers.Keys.At(i, timers.Count)), string(timers.Namespaces.At(i, timers.Count))}] = true
	}
}

func (m *memoryHost) Emit(port uint32, batch *contract.Batch) {
	copied := contract.Batch{Count: batch.Count, Timestamps: append([]int64(nil), batch.Timestamps...)}
	for from, to := range map[*contract.Column]*contract.Column{&batch.Keys: &copied.Keys, &batch.Values: &copied.Values} {
		to.Ends, to.Data = append([]uint32(nil), from.Ends...), append([]byte(nil), from.Data...)
	}
	m.emitted = append(m.emitted, emission{port, copied})
}

func (m *memoryHost) Observe([]contract.Observation) {}

func (m *memoryHost) Count(increments []contract.Increment) {
	for _, i := range increments {
		m.counts[i.Name] += i.Amount
	}
}

func (m *memoryHost) Log(_ uint32, message string) { m.lines = append(m.lines, message) }

// Counter is what an operator has counted.
func (h *Harness) Counter(uid, name string) uint64 {
	h.t.Helper()
	return h.hosts[h.number(uid)].counts[name]
}

// Log has the lines that an operator has written.
func (h *Harness) Log(uid string) []string {
	h.t.Helper()
	return h.hosts[h.number(uid)].lines
}

// Operators of a harness are granted no files.
var errNoFiles = errors.New("the test host has no files")

func (m *memoryHost) Append(uint32, string, []byte) (uint64, error)       { return 0, errNoFiles }
func (m *memoryHost) Sync(uint32, string) error                           { return errNoFiles }
func (m *memoryHost) Rename(uint32, string, string) error                 { return errNoFiles }
func (m *memoryHost) Size(uint32, string) (uint64, bool, error)           { return 0, false, errNoFiles }
func (m *memoryHost) Read(uint32, string, uint64, uint32) ([]byte, error) { return nil, errNoFiles }
func (m *memoryHost) Remove(uint32, string) error                         { return errNoFiles }
func (m *memoryHost) List(uint32, string, uint32) ([]string, error)       { return nil, errNoFiles }
