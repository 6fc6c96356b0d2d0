//go:build wasip1

package wasmill

import (
	"runtime"
	"unsafe"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// The host as its imports. Results are laid out by the canonical ABI in an area of the caller; what they point to has
// been given out by realloc and belongs to the slice that is made of it.
type wasmHost struct{}

// Where the host puts the results of an import. Nothing else of the component runs meanwhile but realloc.
var returned [8]uint64

type pointer = unsafe.Pointer

//go:wasmimport wasmill:dataflow/state@0.1.0 get-many
func stateGetMany(state, count uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, subEnds pointer, subEndCount uint32, subs pointer, subBytes uint32, result pointer)

//go:wasmimport wasmill:dataflow/state@0.1.0 put-many
func statePutMany(state, count uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, subEnds pointer, subEndCount uint32, subs pointer, subBytes uint32, valueEnds pointer, valueEndCount uint32, values pointer, valueBytes uint32)

//go:wasmimport wasmill:dataflow/state@0.1.0 append-many
func stateAppendMany(state, count uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, subEnds pointer, subEndCount uint32, subs pointer, subBytes uint32, valueEnds pointer, valueEndCount uint32, values pointer, valueBytes uint32)

//go:wasmimport wasmill:dataflow/state@0.1.0 delete-many
func stateDeleteMany(state, count uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, subEnds pointer, subEndCount uint32, subs pointer, subBytes uint32)

//go:wasmimport wasmill:dataflow/state@0.1.0 scan
func stateScan(state uint32, key pointer, keyBytes uint32, start pointer, startBytes uint32, limit uint32, result pointer)

//go:wasmimport wasmill:dataflow/state@0.1.0 clear-key
func stateClearKey(state uint32, key pointer, keyBytes uint32)

//go:wasmimport wasmill:dataflow/state@0.1.0 get
func stateGet(state uint32, key pointer, keyBytes uint32, sub pointer, subBytes uint32, result pointer)

//go:wasmimport wasmill:dataflow/timers@0.1.0 register
func timersRegister(domain, count uint32, times pointer, timeCount uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, spaceEnds pointer, spaceEndCount uint32, spaces pointer, spaceBytes uint32)

//go:wasmimport wasmill:dataflow/timers@0.1.0 delete
func timersDelete(domain, count uint32, times pointer, timeCount uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, spaceEnds pointer, spaceEndCount uint32, spaces pointer, spaceBytes uint32)

//go:wasmimport wasmill:dataflow/output@0.1.0 emit
func outputEmit(port, count uint32, times pointer, timeCount uint32, keyEnds pointer, keyEndCount uint32, keys pointer, keyBytes uint32, valueEnds pointer, valueEndCount uint32, values pointer, valueBytes uint32)

//go:wasmimport wasmill:dataflow/watermarks@0.1.0 observe
func watermarksObserve(list pointer, count uint32)

//go:wasmimport wasmill:dataflow/metrics@0.1.0 count
func metricsCount(list pointer, count uint32)

//go:wasmimport wasmill:dataflow/log@0.1.0 write
func logWrite(level uint32, text pointer, length uint32)

func at[T any](list []T) (pointer, uint32) {
	return pointer(unsafe.SliceData(list)), uint32(len(list))
}

func atText(text string) (pointer, uint32) {
	return pointer(unsafe.StringData(text)), uint32(len(text))
}

func (wasmHost) GetMany(state uint32, where *contract.Addresses) ([]byte, contract.Column) {
	keyEnds, keyEndCount := at(where.Keys.Ends)
	keys, keyBytes := at(where.Keys.Data)
	subEnds, subEndCount := at(where.SubKeys.Ends)
	subs, subBytes := at(where.SubKeys.Data)
	stateGetMany(state, uint32(where.Count), keyEnds, keyEndCount, keys, keyBytes, subEnds, subEndCount, subs, subBytes, pointer(&returned))
	runtime.KeepAlive(where)
	m := memory{pointer(&returned)}
	return m.bytes(0), m.column(8)
}

func (wasmHost) PutMany(state uint32, where *contract.Addresses, column *contract.Column) {
	keyEnds, keyEndCount := at(where.Keys.Ends)
	keys, keyBytes := at(where.Keys.Data)
	subEnds, subEndCount := at(where.SubKeys.Ends)
	subs, subBytes := at(where.SubKeys.Data)
	valueEnds, valueEndCount := at(column.Ends)
	values, valueBytes := at(column.Data)
	statePutMany(state, uint32(where.Count), keyEnds, keyEndCount, keys, keyBytes, subEnds, subEndCount, subs, subBytes, valueEnds, valueEndCount, values, valueBytes)
	runtime.KeepAlive(where)
	runtime.KeepAlive(column)
}

func (wasmHost) AppendMany(state uint32, where *contract.Addresses, column *contract.Column) {
	keyEnds, keyEndCount := at(where.Keys.Ends)
	keys, keyBytes := at(where.Keys.Data)
	subEnds, subEndCount := at(where.SubKeys.Ends)
	subs, subBytes := at(where.SubKeys.Data)
	valueEnds, valueEndCount := at(column.Ends)
	values, valueBytes := at(column.Data)
	stateAppendMany(state, uint32(where.Count), keyEnds, keyEndCount, keys, keyBytes, subEnds, subEndCount, subs, subBytes, valueEnds, valueEndCount, values, valueBytes)
	runtime.KeepAlive(where)
	runtime.KeepAlive(column)
}

func (wasmHost) DeleteMany(state uint32, where *contract.Addresses) {
	keyEnds, keyEndCount := at(where.Keys.Ends)
	keys, keyBytes := at(where.Keys.Data)
	subEnds, subEndCount := at(where.SubKeys.Ends)
	subs, subBytes := at(where.SubKeys.Data)
	stateDeleteMany(state, uint32(where.Count), keyEnds, keyEndCount, keys, keyBytes, subEnds, subEndCount, subs, subBytes)
	runtime.KeepAlive(where)
}

func (wasmHost) Scan(state uint32, key, start []byte, limit uint32) (int, contract.Column, contract.Column, bool) {
	keyAt, keyBytes := at(key)
	startAt, startBytes := at(start)
	stateScan(state, keyAt, keyBytes, startAt, startBytes, limit, pointer(&returned))
	runtime.KeepAlive(key)
	runtime.KeepAlive(start)
	m := memory{pointer(&returned)}
	return int(m.u32(0)), m.column(4), m.column(20), byte(m.u32(36)) != 0
}

func (wasmHost) ClearKey(state uint32, key []byte) {
	keyAt, keyBytes := at(key)
	stateClearKey(state, keyAt, keyBytes)
	runtime.KeepAlive(key)
}

func (wasmHost) Get(state uint32, key, subKey []byte) ([]byte, bool) {
	keyAt, keyBytes := at(key)
	subAt, subBytes := at(subKey)
	stateGet(state, keyAt, keyBytes, subAt, subBytes, pointer(&returned))
	runtime.KeepAlive(key)
	runtime.KeepAlive(subKey)
	m := memory{pointer(&returned)}
	return m.bytes(4), byte(m.u32(0)) != 0
}

func (wasmHost) RegisterTimers(domain contract.Domain, timers *contract.TimerBatch) {
	callTimers(timersRegister, domain, timers)
}

func (wasmHost) DeleteTimers(domain contract.Domain, timers *contract.TimerBatch) {
	callTimers(timersDelete, domain, timers)
}

func callTimers(call func(uint32, uint32, pointer, uint32, pointer, uint32, pointer, uint32, pointer, uint32, pointer, uint32), domain contract.Domain, timers *contract.TimerBatch) {
	times, timeCount := at(timers.Times)
	keyEnds, keyEndCount := at(timers.Keys.Ends)
	keys, keyBytes := at(timers.Keys.Data)
	spaceEnds, spaceEndCount := at(timers.Namespaces.Ends)
	spaces, spaceBytes := at(timers.Namespaces.Data)
	call(uint32(domain), uint32(timers.Count), times, timeCount, keyEnds, keyEndCount, keys, keyBytes, spaceEnds, spaceEndCount, spaces, spaceBytes)
	runtime.KeepAlive(timers)
}

func (wasmHost) Emit(port uint32, batch *contract.Batch) {
	times, timeCount := at(batch.Timestamps)
	keyEnds, keyEndCount := at(batch.Keys.Ends)
	keys, keyBytes := at(batch.Keys.Data)
	valueEnds, valueEndCount := at(batch.Values.Ends)
	values, valueBytes := at(batch.Values.Data)
	outputEmit(port, uint32(batch.Count), times, timeCount, keyEnds, keyEndCount, keys, keyBytes, valueEnds, valueEndCount, values, valueBytes)
	runtime.KeepAlive(batch)
}

func (wasmHost) Observe(observations []contract.Observation) {
	type laidOut struct {
		operator, _ uint32
		max, mark   int64
	}
	var list []laidOut
	for _, o := range observations {
		list = append(list, laidOut{operator: o.Operator, max: o.MaxTimestamp, mark: o.Watermark})
	}
	watermarksObserve(at(list))
	runtime.KeepAlive(list)
}

func (wasmHost) Count(increments []contract.Increment) {
	type laidOut struct {
		operator, name, length, _ uint32
		amount                    uint64
	}
	var list []laidOut
	for _, i := range increments {
		name, length := atText(i.Name)
		list = append(list, laidOut{operator: i.Operator, name: uint32(uintptr(name)), length: length, amount: i.Amount})
	}
	metricsCount(at(list))
	runtime.KeepAlive(list)
	runtime.KeepAlive(increments)
}

func (wasmHost) Log(level uint32, message string) {
	text, length := atText(message)
	logWrite(level, text, length)
	runtime.KeepAlive(message)
}
