//go:build wasip1

package wasmill

import (
	"unsafe"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// The exports of sources and sinks of the component; see wasm.go.

//go:wasmexport wasmill:dataflow/source@0.1.0#splits
func exportSplits(operator, parallelism uint32) unsafe.Pointer {
	beginCall()
	splits, failure := component.Splits(parallelism)
	at := answer(failure)
	if failure == nil {
		list := make([]uint32, 0, 2*len(splits))
		for _, split := range splits {
			list = append(list, uint32(uintptr(unsafe.Pointer(unsafe.SliceData(split)))), uint32(len(split)))
			retained = append(retained, split)
		}
		retained = append(retained, list)
		put32(4, uint32(uintptr(unsafe.Pointer(unsafe.SliceData(list)))))
		put32(8, uint32(len(splits)))
	}
	return at
}

//go:wasmexport wasmill:dataflow/source@0.1.0#poll
func exportPoll(processingTime, watermark int64, operator, split uint32, position unsafe.Pointer, length, maxRecords uint32) unsafe.Pointer {
	from := bytesAt(uint32(uintptr(position)), length)
	beginCall()
	now := contract.Moment{ProcessingTime: processingTime, Watermark: watermark}
	batch, next, status, failure := component.Poll(now, split, from, maxRecords)
	at := answer(failure)
	if failure == nil {
		put32(4, uint32(batch.Count))
		put32(8, uint32(uintptr(unsafe.Pointer(unsafe.SliceData(batch.Timestamps)))))
		put32(12, uint32(len(batch.Timestamps)))
		retained = append(retained, batch)
		putColumn(16, &batch.Keys)
		putColumn(32, &batch.Values)
		putBytes(48, next)
		put32(56, status.Kind)
		put32(60, status.WaitMs)
	}
	return at
}

//go:wasmexport wasmill:dataflow/source@0.1.0#close
func exportCloseSource(operator uint32) unsafe.Pointer {
	beginCall()
	return answer(component.CloseSource())
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#begin
func exportBegin(processingTime, watermark int64, operator uint32, name unsafe.Pointer, length uint32) unsafe.Pointer {
	text := string(bytesAt(uint32(uintptr(name)), length))
	beginCall()
	return answerBytes(component.Begin(contract.Moment{ProcessingTime: processingTime, Watermark: watermark}, text))
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#write
func exportWrite(processingTime, watermark int64, operator, transaction, length, count, times, timeCount, keyEnds, keyEndCount,
	keys, keyBytes, valueEnds, valueEndCount, values, valueBytes uint32) unsafe.Pointer {
	batch := contract.Batch{Count: int(count), Timestamps: timesAt(times, timeCount),
		Keys:   columnAt(keyEnds, keyEndCount, keys, keyBytes),
		Values: columnAt(valueEnds, valueEndCount, values, valueBytes)}
	before := bytesAt(transaction, length)
	beginCall()
	return answerBytes(component.Write(contract.Moment{ProcessingTime: processingTime, Watermark: watermark}, before, &batch))
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#pre-commit
func exportPreCommit(operator, transaction, length uint32, checkpoint uint64) unsafe.Pointer {
	bytes := bytesAt(transaction, length)
	beginCall()
	return answerBytes(component.PreCommit(bytes, checkpoint))
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#commit
func exportCommit(operator, committables, count uint32) unsafe.Pointer {
	list := listOfBytes(committables, count)
	beginCall()
	return answer(component.Commit(list))
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#abort
func exportAbort(operator, transaction, length uint32) unsafe.Pointer {
	bytes := bytesAt(transaction, length)
	beginCall()
	return answer(component.Abort(bytes))
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#recover
func exportRecover(operator, committables, count uint32) unsafe.Pointer {
	list := listOfBytes(committables, count)
	beginCall()
	return answer(component.Recover(list))
}

//go:wasmexport wasmill:dataflow/sink@0.1.0#close
func exportCloseSink(operator uint32) unsafe.Pointer {
	beginCall()
	return answer(component.CloseSink())
}
