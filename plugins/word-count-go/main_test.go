package main

import (
	"reflect"
	"sort"
	"testing"

	"github.com/wasmill/wasmill/guest-sdk/go/wasmilltest"
)

func TestEveryWordIsCountedOnceAtTheEnd(t *testing.T) {
	h := wasmilltest.Start(t, "word-count-go", wordCount, map[string]string{"path": "in"})
	wasmilltest.Push(h, "text-files-0", "To be, or NOT to be.", "")
	if early := wasmilltest.Output[string](h, "print-5"); len(early) > 0 {
		t.Errorf("counts came before the end: %v", early)
	}
	h.Finish()
	counts := wasmilltest.Output[string](h, "print-5")
	sort.Strings(counts)
	if want := []string{"be 2", "not 1", "or 1", "to 2"}; !reflect.DeepEqual(counts, want) {
		t.Errorf("got %v, want %v", counts, want)
	}
}
