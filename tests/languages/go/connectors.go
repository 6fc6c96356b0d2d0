package main

import (
	"fmt"
	"strconv"
	"strings"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
)

func connectors(env *wasmill.Env, o options) {
	numbers := wasmill.AddSource(env, func(*wasmill.ConnectorContext) wasmill.SourceFunction[int64, Next] {
		return &numbers{n: o.n, slow: o.rate != 0}
	})
	wasmill.AddSink(numbers.UID("numbers"), func(ctx *wasmill.ConnectorContext) wasmill.TwoPhaseSink[int64, Segment, Segment] {
		return &segments{files: ctx.Files()}
	}).UID("segments")
}

// Next is the position of a split: the next number and by how much it grows.
type Next struct{ Next, Step int64 }

// numbers is a parallel source of the numbers from 0 to n.
type numbers struct {
	n    int64
	slow bool
}

func (s *numbers) Splits(parallelism int) ([]Next, error) {
	var splits []Next
	for i := range parallelism {
		splits = append(splits, Next{int64(i), int64(parallelism)})
	}
	return splits, nil
}

func (s *numbers) Poll(at Next, out *wasmill.SourceOutput[int64]) (Next, wasmill.PollStatus, error) {
	room := out.Room()
	if s.slow {
		room = min(room, 50)
	}
	for ; room > 0 && at.Next < s.n; room-- {
		out.Emit(at.Next)
		at.Next += at.Step
	}
	switch {
	case at.Next >= s.n:
		return at, wasmill.Ended(), nil
	case s.slow:
		return at, wasmill.Wait(2), nil
	}
	return at, wasmill.More(), nil
}

// Segment is a hidden file being written, or prepared.
type Segment struct {
	Name    string
	Records int64
}

func (s Segment) hidden() string    { return "." + s.Name + ".open" }
func (s Segment) published() string { return "part-" + s.Name }

// segments is a sink that publishes files by renaming them.
type segments struct{ files *wasmill.Files }

func (s *segments) Begin(name string) (Segment, error) { return Segment{Name: name}, nil }

func (s *segments) Write(segment Segment, records []int64) (Segment, error) {
	var lines strings.Builder
	for _, record := range records {
		lines.WriteString(strconv.FormatInt(record, 10))
		lines.WriteByte('\n')
		segment.Records++
	}
	_, err := s.files.Append(segment.hidden(), []byte(lines.String()))
	return segment, err
}

func (s *segments) PreCommit(segment Segment, _ uint64) (Segment, error) {
	return segment, s.files.Sync(segment.hidden())
}

func (s *segments) Commit(segment Segment) error {
	if _, exists, err := s.files.Size(segment.hidden()); err != nil {
		return err
	} else if exists {
		return s.files.Rename(segment.hidden(), segment.published())
	}
	_, exists, err := s.files.Size(segment.published())
	if err == nil && !exists {
		err = fmt.Errorf("segment %s is gone", segment.published())
	}
	return err
}

func (s *segments) Abort(segment Segment) error { return s.files.Remove(segment.hidden()) }

func (s *segments) Recover(committed []Segment) error {
	keep := map[string]bool{}
	for _, segment := range committed {
		keep[segment.hidden()] = true
	}
	after := ""
	for {
		names, err := s.files.List(after, 1000)
		if err != nil || len(names) == 0 {
			return err
		}
		after = names[len(names)-1]
		for _, name := range names {
			if strings.HasSuffix(name, ".open") && !keep[name] {
				if err := s.files.Remove(name); err != nil {
					return err
				}
			}
		}
	}
}
