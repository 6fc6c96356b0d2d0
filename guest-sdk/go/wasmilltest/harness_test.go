package wasmilltest_test

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"sort"
	"strings"
	"testing"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
	"github.com/wasmill/wasmill/guest-sdk/go/wasmilltest"
)

type click struct {
	User string
	At   int64
}

func clicks(env *wasmill.Env) *wasmill.KeyedStream[string, click] {
	source := wasmill.Source[click](env, wasmill.JSONLines("in")).UID("clicks")
	timed := wasmill.AssignTimestamps(source, wasmill.BoundedOutOfOrderness(0), func(c click) int64 { return c.At })
	return wasmill.KeyBy(timed, func(c click) string { return c.User })
}

func windows(assigner wasmill.WindowAssigner) wasmill.Job {
	return func(env *wasmill.Env) error {
		counts := wasmill.Aggregate(clicks(env), assigner, wasmill.Count[click]()).UID("windows")
		counts.Sink(wasmill.Print()).UID("out")
		wasmill.Side(counts, wasmill.LateOutput[click]()).Sink(wasmill.Print()).UID("late")
		return nil
	}
}

type counted = wasmill.Windowed[string, int64]

// Each record in a window by itself, as the definition says.
func naive(clicks []click, size, slide int64) []counted {
	counts := map[counted]int64{}
	for _, c := range clicks {
		for start := c.At - c.At%slide; start > c.At-size; start -= slide {
			counts[counted{Key: c.User, WindowStart: start, WindowEnd: start + size}]++
		}
	}
	var all []counted
	for window, count := range counts {
		window.Value = count
		all = append(all, window)
	}
	return sorted(all)
}

func naiveSessions(clicks []click, gap int64) []counted {
	byUser := map[string][]int64{}
	for _, c := range clicks {
		byUser[c.User] = append(byUser[c.User], c.At)
	}
	var all []counted
	for user, times := range byUser {
		sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
		session := counted{Key: user, WindowStart: times[0], WindowEnd: times[0] + gap, Value: 1}
		for _, time := range times[1:] {
			if time > session.WindowEnd {
				all = append(all, session)
				session = counted{Key: user, WindowStart: time, Value: 0}
			}
			session.WindowEnd, session.Value = time+gap, session.Value+1
		}
		all = append(all, session)
	}
	return sorted(all)
}

func sorted(all []counted) []counted {
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return a.Key < b.Key || a.Key == b.Key && a.WindowStart < b.WindowStart
	})
	return all
}

func TestWindowsCountAsTheirDefinitionSays(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	var all []click
	for i := range 2000 {
		all = append(all, click{fmt.Sprint("user", random.Intn(7)), int64(i)*5 + random.Int63n(100)})
	}
	cases := map[string]struct {
		assigner wasmill.WindowAssigner
		want     []counted
	}{
		"tumbling": {wasmill.Tumbling(100), naive(all, 100, 100)},
		"sliding":  {wasmill.Sliding(100, 30), naive(all, 100, 30)},
		"session":  {wasmill.Session(20), naiveSessions(all, 20)},
	}
	for name, c := range cases {
		h := wasmilltest.Start(t, name, windows(c.assigner), nil)
		for i := 0; i < len(all); i += 100 {
			wasmilltest.Push(h, "clicks", all[i:i+100]...)
			// Nothing that follows is at or before this.
			h.Watermark(int64(i+100)*5 - 1)
		}
		h.Finish()
		if got := sorted(wasmilltest.Output[counted](h, "out")); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %d results, want %d", name, len(got), len(c.want))
		}
		if late := wasmilltest.Output[click](h, "late"); len(late) > 0 {
			t.Errorf("%s: %d records are late", name, len(late))
		}
	}
}

func TestLateRecordsGoToTheSideOutputAndAreCounted(t *testing.T) {
	for _, assigner := range []wasmill.WindowAssigner{wasmill.Tumbling(10), wasmill.Session(10)} {
		h := wasmilltest.Start(t, "late", windows(assigner), nil)
		wasmilltest.Push(h, "clicks", click{"a", 5})
		h.Watermark(100)
		wasmilltest.Push(h, "clicks", click{"a", 6}, click{"a", 101})
		h.Finish()
		if late := wasmilltest.Output[click](h, "late"); len(late) != 1 || late[0].At != 6 {
			t.Errorf("late: %v", late)
		}
		if count := h.Counter("windows", "late_records"); count != 1 {
			t.Errorf("%d late records were counted", count)
		}
		if got := wasmilltest.Output[counted](h, "out"); len(got) != 2 {
			t.Errorf("results: %v", got)
		}
	}
}

// What a user did, told by a timer; every state in one function.
type history struct {
	count *wasmill.ValueState[int64]
	times *wasmill.ListState[int64]
	tens  *wasmill.MapState[int64, int64]
}

func histories(env *wasmill.Env) error {
	told := wasmill.Process(clicks(env), func(ctx *wasmill.OpenContext) wasmill.KeyedProcessFunction[string, click, string] {
		return &history{wasmill.NewValueState[int64](ctx, "count"), wasmill.NewListState[int64](ctx, "times"),
			wasmill.NewMapState[int64, int64](ctx, "tens")}
	})
	told.Sink(wasmill.Print()).UID("out")
	return nil
}

func (h *history) ProcessElement(ctx *wasmill.KeyedContext[string], c click, out wasmill.Collector[string]) error {
	if c.At < 0 {
		return errors.New("time before time")
	}
	if c.User == "boom" {
		panic("boom")
	}
	count, _ := h.count.Get()
	h.count.Set(count + 1)
	h.times.Add(c.At)
	n, _ := h.tens.Get(c.At / 10)
	h.tens.Put(c.At/10, n+1)
	ctx.DeleteEventTimer(100)
	ctx.RegisterEventTimer(100)
	ctx.RegisterEventTimer(90)
	ctx.DeleteEventTimer(90)
	return nil
}

func (h *history) OnTimer(ctx *wasmill.KeyedContext[string], _ wasmill.Domain, out wasmill.Collector[string]) error {
	count, _ := h.count.Get()
	var tens []string
	for ten, n := range h.tens.All() {
		tens = append(tens, fmt.Sprintf("%d:%d", ten, n))
	}
	out.Emit(fmt.Sprint(ctx.Key(), " ", ctx.TimerTime(), " ", count, " ", h.times.Get(), " ", strings.Join(tens, ",")))
	h.count.Clear()
	h.times.Clear()
	h.tens.Clear()
	return nil
}

func TestStateLivesInTheHostAndTimersFireOnce(t *testing.T) {
	h := wasmilltest.Start(t, "histories", histories, nil)
	wasmilltest.Push(h, "clicks", click{"ann", 31}, click{"bob", 5}, click{"ann", 12})
	wasmilltest.Push(h, "clicks", click{"ann", 33})
	h.Watermark(99)
	if got := wasmilltest.Output[string](h, "out"); len(got) != 0 {
		t.Errorf("a timer fired early: %v", got)
	}
	h.Watermark(100)
	want := []string{"ann 100 3 [31 12 33] 1:1,3:2", "bob 100 1 [5] 0:1"}
	got := wasmilltest.Output[string](h, "out")
	sort.Strings(got)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	wasmilltest.Push(h, "clicks", click{"ann", 101})
	h.Finish()
	if got := wasmilltest.Output[string](h, "out"); got[len(got)-1] != "ann 100 1 [101] 10:1" {
		t.Errorf("state was not cleared: %v", got)
	}
}

func TestAFailedRecordIsNamedAndItsCallUndone(t *testing.T) {
	h := wasmilltest.Start(t, "histories", histories, nil)
	wasmilltest.Push(h, "clicks", click{"ann", 1})
	for _, bad := range []click{{"ann", -1}, {"boom", 1}} {
		err := wasmilltest.TryPush(h, "clicks", click{"ann", 2}, bad)
		if err == nil || !strings.Contains(err.Error(), map[bool]string{true: "time before time", false: "panic: boom"}[bad.At < 0]) {
			t.Errorf("error: %v", err)
		}
	}
	h.Finish()
	if got := wasmilltest.Output[string](h, "out"); len(got) != 1 || got[0] != "ann 100 1 [1] 0:1" {
		t.Errorf("got %v", got)
	}
}

func TestParametersAreCheckedByName(t *testing.T) {
	job := func(env *wasmill.Env) error {
		limit := env.Param("limit").Int()
		env.Param("name").StringOr("x")
		numbers := wasmill.Source[int64](env, wasmill.NewConnector("numbers"))
		numbers.Filter(func(n int64) bool { return n < limit }).Sink(wasmill.Print()).UID("out")
		return nil
	}
	for _, c := range []struct{ name, value, want string }{
		{"", "", "parameter limit: it is missing, give a long"},
		{"limit", "many", "parameter limit: `many` is no long"},
	} {
		arguments := []wasmill.Argument{}
		if c.name != "" {
			arguments = append(arguments, wasmill.Argument{Name: c.name, Value: c.value})
		}
		if _, err := wasmill.NewComponent("job", job).Plan(arguments); err == nil || err.Error() != c.want {
			t.Errorf("error: %v", err)
		}
	}
	unknown := []wasmill.Argument{{Name: "limit", Value: "3"}, {Name: "limt", Value: "3"}}
	if _, err := wasmill.NewComponent("job", job).Plan(unknown); err == nil || !strings.Contains(err.Error(), "no such parameter, it has: limit, name") {
		t.Errorf("error: %v", err)
	}
	h := wasmilltest.Start(t, "job", job, map[string]string{"limit": "3"})
	wasmilltest.Push[int64](h, "numbers-0", 1, 2, 3, 4)
	if got := wasmilltest.Output[int64](h, "out"); !reflect.DeepEqual(got, []int64{1, 2}) {
		t.Errorf("got %v", got)
	}
}

func TestAJobWithATypeWithoutSchemaIsRefused(t *testing.T) {
	job := func(env *wasmill.Env) error {
		wasmill.Source[uint64](env, wasmill.NewConnector("numbers")).Sink(wasmill.Print())
		return nil
	}
	if _, err := wasmill.NewComponent("job", job).Plan(nil); err == nil || !strings.Contains(err.Error(), "uint64 has no Avro schema") {
		t.Errorf("error: %v", err)
	}
}
