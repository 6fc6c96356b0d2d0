package row

import (
	"encoding/json"
	"reflect"
	"testing"
	"testing/quick"
	"unsafe"
)

type inner struct {
	Name  string
	Score float64
}

type everything struct {
	Long    int64
	Int     int32
	Double  float64
	Float   float32
	Yes     bool
	Text    string
	Raw     []byte
	Maybe   *int64
	MaybeT  *string
	Inner   inner
	List    []inner
	Numbers []int64
	Map     map[string]int64
}

func encoded[T any](t *testing.T, value T) []byte {
	t.Helper()
	c, err := Of[T]()
	if err != nil {
		t.Fatal(err)
	}
	return c.Append(nil, unsafe.Pointer(&value))
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	c, err := Of[everything]()
	if err != nil {
		t.Fatal(err)
	}
	comesBack := func(value everything) bool {
		bytes := c.Append(nil, unsafe.Pointer(&value))
		var back everything
		if err := c.Decode(bytes, unsafe.Pointer(&back)); err != nil {
			t.Error(err)
			return false
		}
		// Nothing and an empty list are the same bytes.
		again := c.Append(nil, unsafe.Pointer(&back))
		return string(again) == string(bytes) && back.Long == value.Long && back.Text == value.Text &&
			reflect.DeepEqual(back.Maybe, value.Maybe) && reflect.DeepEqual(back.MaybeT, value.MaybeT) &&
			len(back.Map) == len(value.Map) && len(back.List) == len(value.List)
	}
	if err := quick.Check(comesBack, nil); err != nil {
		t.Error(err)
	}
}

func TestBytesAreThoseOfTheContract(t *testing.T) {
	type pair struct{ A, B int64 }
	if got, want := encoded(t, pair{1, -1}), "\x01\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"; string(got) != want {
		t.Errorf("pair: %x", got)
	}
	type nullable struct {
		A *int64
		S string
	}
	// A word of null bits, a zero slot, and a slot of offset 24 and length 2.
	if got, want := encoded(t, nullable{nil, "hi"}), "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x18\x00\x00\x00\x02\x00\x00\x00hi"; string(got) != want {
		t.Errorf("nullable: %x", got)
	}
	if got, want := encoded(t, []bool{true}), "\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"; string(got) != want {
		t.Errorf("array: %x", got)
	}
}

func TestSchemasNameFieldsInSnakeCase(t *testing.T) {
	type renamed struct {
		UserID string
		Other  int64 `avro:"x"`
	}
	c, err := Of[renamed]()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(c.Schema())
	want := `{"fields":[{"name":"user_id","type":"string"},{"name":"x","type":"long"}],"name":"renamed","type":"record"}`
	if string(text) != want {
		t.Errorf("%s", text)
	}
}

func TestMalformedBytesAreErrors(t *testing.T) {
	c, err := Of[everything]()
	if err != nil {
		t.Fatal(err)
	}
	value := everything{Text: "text", Raw: []byte{1}, List: []inner{{"a", 1}}, Map: map[string]int64{"k": 1}}
	whole := c.Append(nil, unsafe.Pointer(&value))
	for cut := range whole {
		var back everything
		if c.Decode(whole[:cut], unsafe.Pointer(&back)) == nil {
			t.Errorf("%d of %d bytes were taken", cut, len(whole))
		}
	}
	for i := range whole {
		broken := append([]byte(nil), whole...)
		broken[i] ^= 0x80
		var back everything
		// It may be another value, but never a panic.
		_ = c.Decode(broken, unsafe.Pointer(&back))
	}
}

func TestTypesWithoutSchemaAreRefused(t *testing.T) {
	type loop struct{ Next []struct{ Up uint64 } }
	type hidden struct{ name string }
	for _, err := range []error{errOf[uint64](), errOf[loop](), errOf[hidden](), errOf[map[int64]string](), errOf[**int64]()} {
		if err == nil {
			t.Error("a type without schema was taken")
		}
	}
	_ = hidden{name: ""}
}

func errOf[T any]() error {
	_, err := Of[T]()
	return err
}
