package contract

import (
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"
)

// Validator checks exchanges with Graph and keeps what it found. It is safe for concurrent use.
type Validator struct {
	documents *documents
	name      string // of its report among those of other validators
	// partial takes answers that lack not nullable properties.
	partial bool

	mu         sync.Mutex
	messages   int
	violations []Violation
	operations map[string]int
}

// New gives a validator that has seen nothing yet. The error is a defect of the embedded documents.
func New() (*Validator, error) {
	documents, err := loadDocuments()
	if err != nil {
		return nil, err
	}
	return &Validator{documents: documents, name: uuid.NewString(), operations: map[string]int{}}, nil
}

// Report gives what has been seen so far.
func (v *Validator) Report() Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Report{
		Messages:   v.messages,
		Violations: slices.Clone(v.violations),
		Operations: maps.Clone(v.operations),
		Unused:     unused(v.documents.complete, v.operations),
	}
}

// record takes what was found in one exchange: a request, and its answer if there was one.
func (v *Validator) record(messages int, operation string, succeeded bool, found []Violation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.messages += messages
	v.violations = append(v.violations, found...)
	if succeeded && operation != "" {
		v.operations[operation]++
	}
}
