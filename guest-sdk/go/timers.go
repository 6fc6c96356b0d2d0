package wasmill

import (
	"github.com/wasmill/wasmill/guest-sdk/go/internal/contract"
)

// Domain says which time a timer waits for.
type Domain = contract.Domain

// The domains.
const (
	EventTime      = contract.EventTime
	ProcessingTime = contract.ProcessingTime
)

type timerID struct {
	domain Domain
	slot   uint32
	time   int64
}

// Timers registered and deleted in the call. Of two changes of one timer the later one holds, so one bulk call of each
// kind carries them all.
type timerService struct {
	space   *keySpace
	changes map[timerID]bool
	order   []timerID
	batch   contract.TimerBatch
}

func newTimerService(space *keySpace) *timerService {
	return &timerService{space: space, changes: map[timerID]bool{}}
}

func (s *timerService) change(domain Domain, slot uint32, time int64, register bool) {
	id := timerID{domain, slot, time}
	if _, known := s.changes[id]; !known {
		s.order = append(s.order, id)
	}
	s.changes[id] = register
}

// Must be called before the keys are forgotten.
func (s *timerService) flush() {
	if len(s.order) == 0 {
		return
	}
	for domain := EventTime; domain <= ProcessingTime; domain++ {
		s.send(domain, false, s.space.task.host.DeleteTimers)
		s.send(domain, true, s.space.task.host.RegisterTimers)
	}
	s.order = s.order[:0]
	clear(s.changes)
}

func (s *timerService) send(domain Domain, register bool, call func(Domain, *contract.TimerBatch)) {
	b := &s.batch
	b.Count, b.Times = 0, b.Times[:0]
	b.Keys.Clear()
	for _, id := range s.order {
		if id.domain == domain && s.changes[id] == register {
			b.Count++
			b.Times = append(b.Times, id.time)
			b.Keys.Push(s.space.keys[id.slot], s.space.fixed)
		}
	}
	if b.Count > 0 {
		call(domain, b)
	}
}
