//go:build wasip1

package wasmill

import (
	"runtime"

	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// The imports of wit/files.wit; see wasm_host.go.

//go:wasmimport wasmill:dataflow/files@0.1.0 append
func filesAppend(operator uint32, name pointer, length uint32, data pointer, dataBytes uint32, result pointer)

//go:wasmimport wasmill:dataflow/files@0.1.0 sync
func filesSync(operator uint32, name pointer, length uint32, result pointer)

//go:wasmimport wasmill:dataflow/files@0.1.0 rename
func filesRename(operator uint32, from pointer, fromBytes uint32, to pointer, toBytes uint32, result pointer)

//go:wasmimport wasmill:dataflow/files@0.1.0 size
func filesSize(operator uint32, name pointer, length uint32, result pointer)

//go:wasmimport wasmill:dataflow/files@0.1.0 read
func filesRead(operator uint32, name pointer, length uint32, offset uint64, count uint32, result pointer)

//go:wasmimport wasmill:dataflow/files@0.1.0 remove
func filesRemove(operator uint32, name pointer, length uint32, result pointer)

//go:wasmimport wasmill:dataflow/files@0.1.0 list
func filesList(operator uint32, after pointer, length uint32, limit uint32, result pointer)

// The error of a result whose payload begins at an offset.
func (m memory) fileError(offset uintptr) error {
	if byte(m.u32(0)) == 0 {
		return nil
	}
	failure := &contract.FileError{Case: uint32(byte(m.u32(offset)))}
	if failure.Case == contract.FileInvalidName || failure.Case == contract.FileIO {
		failure.Message = m.text(offset + 4)
	}
	return failure
}

func (wasmHost) Append(operator uint32, name string, data []byte) (uint64, error) {
	text, length := atText(name)
	bytes, count := at(data)
	filesAppend(operator, text, length, bytes, count, pointer(&returned))
	runtime.KeepAlive(name)
	runtime.KeepAlive(data)
	return returned[1], memory{pointer(&returned)}.fileError(8)
}

func (wasmHost) Sync(operator uint32, name string) error {
	text, length := atText(name)
	filesSync(operator, text, length, pointer(&returned))
	runtime.KeepAlive(name)
	return memory{pointer(&returned)}.fileError(4)
}

func (wasmHost) Rename(operator uint32, from, to string) error {
	fromAt, fromBytes := atText(from)
	toAt, toBytes := atText(to)
	filesRename(operator, fromAt, fromBytes, toAt, toBytes, pointer(&returned))
	runtime.KeepAlive(from)
	runtime.KeepAlive(to)
	return memory{pointer(&returned)}.fileError(4)
}

func (wasmHost) Size(operator uint32, name string) (uint64, bool, error) {
	text, length := atText(name)
	filesSize(operator, text, length, pointer(&returned))
	runtime.KeepAlive(name)
	m := memory{pointer(&returned)}
	if err := m.fileError(8); err != nil {
		return 0, false, err
	}
	return returned[2], byte(m.u32(8)) != 0, nil
}

func (wasmHost) Read(operator uint32, name string, offset uint64, count uint32) ([]byte, error) {
	text, length := atText(name)
	filesRead(operator, text, length, offset, count, pointer(&returned))
	runtime.KeepAlive(name)
	m := memory{pointer(&returned)}
	if err := m.fileError(4); err != nil {
		return nil, err
	}
	return m.bytes(4), nil
}

func (wasmHost) Remove(operator uint32, name string) error {
	text, length := atText(name)
	filesRemove(operator, text, length, pointer(&returned))
	runtime.KeepAlive(name)
	return memory{pointer(&returned)}.fileError(4)
}

func (wasmHost) List(operator uint32, after string, limit uint32) ([]string, error) {
	text, length := atText(after)
	filesList(operator, text, length, limit, pointer(&returned))
	runtime.KeepAlive(after)
	m := memory{pointer(&returned)}
	if err := m.fileError(4); err != nil {
		return nil, err
	}
	var names []string
	m.list(4, 8, func(m memory) { names = append(names, m.text(0)) })
	return names, nil
}
