package graph

import (
	"slices"
	"time"
)

// job is something that Intune does later.
type job struct {
	due   time.Time
	token *token
	do    func()
}

// at plans a job.
func (s *Simulator) at(due time.Time, t *token, do func()) {
	s.jobs = append(s.jobs, job{due, t, do})
}

// Settle carries out what is due. Every request does it; a test that looks at Apple's truth instead calls it, or
// AdvanceClock.
func (s *Simulator) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
}

// settle carries out the jobs that are due, the earliest first; a job may plan another.
func (s *Simulator) settle() {
	now := s.apple.Now()
	s.planAutomaticSyncs(now)
	for {
		next := -1
		for i := range s.jobs {
			if !s.jobs[i].due.After(now) && (next < 0 || s.jobs[i].due.Before(s.jobs[next].due)) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		do := s.jobs[next].do
		s.jobs = slices.Delete(s.jobs, next, next+1)
		do()
	}
}

// planAutomaticSyncs starts the sync that Intune does by itself. Of several that have fallen due while nobody looked, only
// the last is carried out: what the others would have found cannot be told any more.
func (s *Simulator) planAutomaticSyncs(now time.Time) {
	every := time.Duration(s.settings.AutomaticSync)
	if every == 0 {
		return
	}
	for _, t := range s.tokens {
		if gap := now.Sub(t.triggered); !t.deleted && t.server != "" && t.sync == nil && gap >= every {
			s.beginSync(t, t.triggered.Add(gap.Truncate(every)))
		}
	}
}

// forgetJobs drops what is planned for a token.
func (s *Simulator) forgetJobs(t *token) {
	s.jobs = slices.DeleteFunc(s.jobs, func(j job) bool { return j.token == t })
}
