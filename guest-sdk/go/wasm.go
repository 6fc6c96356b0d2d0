//go:build wasip1

package wasmill

import (
	"unsafe"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// The exports of the component, by the contract's names. Arguments lie in memory that the host has asked realloc for;
// results lie in the areas below until the next call.

// Memory that the host has asked for and nothing of Go's points to yet.
var received [][]uint64

// A result of a call, as the canonical ABI lays it out; and what it points to.
var (
	area     [8]uint64
	retained []any
)

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, newSize uint32) unsafe.Pointer {
	if newSize == 0 {
		return unsafe.Pointer(uintptr(align))
	}
	// Words, so that it is aligned for everything; the host moves nothing, so old is always empty.
	block := make([]uint64, (newSize+7)/8)
	received = append(received, block)
	return unsafe.Pointer(unsafe.SliceData(block))
}

// Begins a call once its arguments have been wrapped: from here on what refers to them keeps them alive.
func beginCall() {
	clear(received)
	received = received[:0]
	clear(retained)
	retained = retained[:0]
}

func put32(at uintptr, value uint32) {
	*(*uint32)(unsafe.Add(unsafe.Pointer(&area), at)) = value
}

func putBytes(at uintptr, bytes []byte) {
	put32(at, uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))))
	put32(at+4, uint32(len(bytes)))
	retained = append(retained, bytes)
}

func putColumn(at uintptr, column *contract.Column) {
	put32(at, uint32(uintptr(unsafe.Pointer(unsafe.SliceData(column.Ends)))))
	put32(at+4, uint32(len(column.Ends)))
	retained = append(retained, column.Ends)
	putBytes(at+8, column.Data)
}

// Lays out result<_, failure>; at is where the payload of ok would begin.
func answer(failure *contract.Failure) unsafe.Pointer {
	area = [8]uint64{}
	if failure == nil {
		return unsafe.Pointer(&area)
	}
	put32(0, 1)
	message := []byte(failure.Message)
	if failure.Record >= 0 {
		put32(8, uint32(failure.Record))
		putBytes(12, message)
	} else {
		put32(4, 1)
		putBytes(8, message)
	}
	return unsafe.Pointer(&area)
}

func answerCount(count int, failure *contract.Failure) unsafe.Pointer {
	at := answer(failure)
	if failure == nil {
		put32(4, uint32(count))
	}
	return at
}

func answerBytes(bytes []byte, failure *contract.Failure) unsafe.Pointer {
	at := answer(failure)
	if failure == nil {
		putBytes(4, bytes)
	}
	return at
}

// Words of the host's memory, read where a record of the canonical ABI lies.
type memory struct{ at unsafe.Pointer }

func (m memory) u32(offset uintptr) uint32 { return *(*uint32)(unsafe.Add(m.at, offset)) }

func (m memory) bytes(offset uintptr) []byte {
	return bytesAt(m.u32(offset), m.u32(offset+4))
}

func (m memory) text(offset uintptr) string { return string(m.bytes(offset)) }

func (m memory) column(offset uintptr) contract.Column {
	return columnAt(m.u32(offset), m.u32(offset+4), m.u32(offset+8), m.u32(offset+12))
}

// The elements of a list, each `size` bytes.
func (m memory) list(offset, size uintptr, each func(memory)) {
	start, count := uintptr(m.u32(offset)), uintptr(m.u32(offset+4))
	for i := range count {
		each(memory{unsafe.Pointer(start + i*size)})
	}
}

func bytesAt(at, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), length)
}

func columnAt(ends, endCount, data, length uint32) contract.Column {
	column := contract.Column{Data: bytesAt(data, length)}
	if endCount > 0 {
		column.Ends = unsafe.Slice((*uint32)(unsafe.Pointer(uintptr(ends))), endCount)
	}
	return column
}

func timesAt(at, count uint32) []int64 {
	if count == 0 {
		return nil
	}
	return unsafe.Slice((*int64)(unsafe.Pointer(uintptr(at))), count)
}

func listOfBytes(at, count uint32) [][]byte {
	var list [][]byte
	for i := range uintptr(count) {
		list = append(list, memory{unsafe.Pointer(uintptr(at) + 8*i)}.bytes(0))
	}
	return list
}

//go:wasmexport wasmill:dataflow/manifest@0.1.0#describe
func exportDescribe() unsafe.Pointer {
	beginCall()
	area = [8]uint64{}
	putBytes(0, []byte(component.Describe()))
	return unsafe.Pointer(&area)
}

//go:wasmexport wasmill:dataflow/plan@0.1.0#plan
func exportPlan(arguments unsafe.Pointer, count uint32) unsafe.Pointer {
	list := argumentsAt(uint32(uintptr(arguments)), count)
	beginCall()
	document, err := component.Plan(list)
	area = [8]uint64{}
	if err != nil {
		put32(0, 1)
		document = err.Error()
	}
	putBytes(4, []byte(document))
	return unsafe.Pointer(&area)
}

func argumentsAt(at, count uint32) []contract.Argument {
	var list []contract.Argument
	for i := range uintptr(count) {
		m := memory{unsafe.Pointer(uintptr(at) + 16*i)}
		list = append(list, contract.Argument{Name: m.text(0), Value: m.text(8)})
	}
	return list
}

//go:wasmexport wasmill:dataflow/operator@0.1.0#open
func exportOpen(at unsafe.Pointer) unsafe.Pointer {
	m := memory{at}
	port := func(m memory) contract.Port { return contract.Port{Operator: m.u32(0), Index: m.u32(4)} }
	spec := &contract.TaskSpec{
		Job: m.text(0), Subtask: m.u32(8), Parallelism: m.u32(12), MaxParallelism: m.u32(16), Attempt: m.u32(20),
		Arguments:       argumentsAt(m.u32(24), m.u32(28)),
		OutputSoftBytes: m.u32(64),
	}
	m.list(32, 4, func(m memory) { spec.Operators = append(spec.Operators, m.u32(0)) })
	m.list(40, 8, func(m memory) {
		var ports []contract.Port
		m.list(0, 8, func(m memory) { ports = append(ports, port(m)) })
		spec.Inputs = append(spec.Inputs, ports)
	})
	m.list(48, 8, func(m memory) { spec.Outputs = append(spec.Outputs, port(m)) })
	m.list(56, 16, func(m memory) {
		spec.States = append(spec.States, contract.StateNumber{Operator: m.u32(0), Name: m.text(4), Number: m.u32(12)})
	})
	beginCall()
	return answer(component.Open(spec, wasmHost{}))
}

//go:wasmexport wasmill:dataflow/operator@0.1.0#process
func exportProcess(processingTime, watermark int64, input, count, times, timeCount, keyEnds, keyEndCount, keys, keyBytes,
	valueEnds, valueEndCount, values, valueBytes uint32) unsafe.Pointer {
	batch := contract.Batch{Count: int(count), Timestamps: timesAt(times, timeCount),
		Keys:   columnAt(keyEnds, keyEndCount, keys, keyBytes),
		Values: columnAt(valueEnds, valueEndCount, values, valueBytes)}
	beginCall()
	return answerCount(component.Process(contract.Moment{ProcessingTime: processingTime, Watermark: watermark}, input, &batch))
}

//go:wasmexport wasmill:dataflow/operator@0.1.0#on-timers
func exportOnTimers(processingTime, watermark int64, domain, count, times, timeCount, keyEnds, keyEndCount, keys, keyBytes,
	namespaceEnds, namespaceEndCount, namespaces, namespaceBytes uint32) unsafe.Pointer {
	timers := contract.TimerBatch{Count: int(count), Times: timesAt(times, timeCount),
		Keys:       columnAt(keyEnds, keyEndCount, keys, keyBytes),
		Namespaces: columnAt(namespaceEnds, namespaceEndCount, namespaces, namespaceBytes)}
	beginCall()
	now := contract.Moment{ProcessingTime: processingTime, Watermark: watermark}
	return answerCount(component.OnTimers(now, contract.Domain(domain), &timers))
}

//go:wasmexport wasmill:dataflow/operator@0.1.0#on-watermark
func exportOnWatermark(processingTime, nowWatermark int64, operator uint32, watermark int64) unsafe.Pointer {
	beginCall()
	return answer(component.OnWatermark(contract.Moment{ProcessingTime: processingTime, Watermark: nowWatermark}, operator, watermark))
}

//go:wasmexport wasmill:dataflow/operator@0.1.0#finish
func exportFinish(processingTime, watermark int64) unsafe.Pointer {
	beginCall()
	return answer(component.Finish(contract.Moment{ProcessingTime: processingTime, Watermark: watermark}))
}
