package main

import (
	"reflect"
	"testing"

	"github.com/wasmill/wasmill/guest-sdk/go/wasmilltest"
)

func TestPaymentsOfAnAccountAddUp(t *testing.T) {
	h := wasmilltest.Start(t, "{{name}}", job, nil)
	wasmilltest.Push(h, "payments", Payment{"anna", 5}, Payment{"bert", 7}, Payment{"anna", 3})
	totals := wasmilltest.Output[Total](h, "print")
	if want := []Total{{"anna", 5}, {"bert", 7}, {"anna", 8}}; !reflect.DeepEqual(totals, want) {
		t.Errorf("got %v, want %v", totals, want)
	}
}
