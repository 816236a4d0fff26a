package contract

import (
	"fmt"
	"maps"
	"slices"
)

// Which side of an exchange broke the contract.
const (
	PartRequest  = "request"
	PartResponse = "response"
)

// Violation is one message that is not as the contract says.
type Violation struct {
	Method string `json:"method"`
	// Path is as it was sent, without the query.
	Path string `json:"path"`
	// Operation is the operationId, empty where the documents do not have the path.
	Operation string `json:"operation,omitempty"`
	Part      string `json:"part"`
	// Detail says where and what, by rule and property. It never quotes a body, which may hold a secret.
	Detail string `json:"detail"`
}

func (v Violation) String() string {
	return fmt.Sprintf("%s %s: %s: %s", v.Method, v.Path, v.Part, v.Detail)
}

// Report is what was seen.
type Report struct {
	// Messages counts requests and responses.
	Messages   int         `json:"messages"`
	Violations []Violation `json:"violations,omitempty"`
	// Operations counts the successes of each operationId.
	Operations map[string]int `json:"operations,omitempty"`
	// Unused are the operations of the documents that never succeeded, sorted.
	Unused []string `json:"unused,omitempty"`
}

// Merge gives both reports as one.
func (r Report) Merge(other Report) Report {
	merged := Report{
		Messages:   r.Messages + other.Messages,
		Violations: slices.Concat(r.Violations, other.Violations),
		Operations: map[string]int{},
	}
	for _, operations := range []map[string]int{r.Operations, other.Operations} {
		for id, count := range operations {
			merged.Operations[id] += count
		}
	}
	for _, id := range slices.Concat(r.Unused, other.Unused) {
		if merged.Operations[id] == 0 && !slices.Contains(merged.Unused, id) {
			merged.Unused = append(merged.Unused, id)
		}
	}
	slices.Sort(merged.Unused)
	return merged
}

func unused[V any](all map[string]V, used map[string]int) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(id string) bool { return used[id] > 0 })
}
