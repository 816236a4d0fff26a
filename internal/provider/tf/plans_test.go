package tf_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

func TestPlansOfUploadsAndSyncs(t *testing.T) {
	t.Parallel()
	p := tf.NewPlans()
	if p.WillUpload("t1") || p.WillSync("t1") {
		t.Error("something is announced by nobody")
	}
	p.Sync("t1")
	if !p.WillSync("t1") || p.WillUpload("t1") || p.WillSync("t2") {
		t.Error("a sync of one token is that, and no upload")
	}
	p.Upload("t2")
	if !p.WillUpload("t2") || !p.WillSync("t2") || p.WillUpload("t1") {
		t.Error("an upload syncs too")
	}
}

func TestPlansOfAssignmentsThatShareAProfile(t *testing.T) {
	t.Parallel()
	p := tf.NewPlans()
	for i, step := range []struct {
		token, profile, holder string
		wanted, both           []string
	}{
		{"t1", "p1", "one", []string{"A", "B"}, nil},
		{"t1", "p1", "one", []string{"A", "B"}, nil}, // asked again
		{"t1", "p1", "", []string{"A", "B"}, nil},    // its replacement
		{"t1", "p1", "two", []string{"B", "C"}, []string{"B"}},
		{"t1", "p1", "", []string{"C", "D"}, []string{"C"}},
		{"t1", "p2", "three", []string{"A"}, nil},
		{"t2", "p1", "four", []string{"A"}, nil},
	} {
		if both := p.Share(step.token, step.profile, step.holder, step.wanted); !slices.Equal(both, step.both) {
			t.Errorf("step %d: %v, want %v", i, both, step.both)
		}
	}
}

func TestPlansOfDevices(t *testing.T) {
	t.Parallel()
	p := tf.NewPlans()
	for _, step := range []struct {
		token, profile  string
		wanted, leaving []string
		taken           []tf.Claim
	}{
		{"t1", "p1", []string{"A", "B"}, []string{"C"}, nil},
		{"t1", "p1", []string{"A", "B"}, nil, nil}, // asked again, or another assignment of the same profile
		{"t1", "p2", []string{"B", "C"}, nil, []tf.Claim{{SerialNumber: "B", ProfileID: "p1"}}},
		{"t2", "p2", []string{"A"}, nil, nil}, // another token
	} {
		if got := p.Claim(step.token, step.profile, step.wanted, step.leaving); !slices.Equal(got, step.taken) {
			t.Errorf("%+v is answered %v", step, got)
		}
	}
	for serial, want := range map[string]string{"A": "p1", "B": "p1", "C": "p2", "D": ""} {
		if got := p.ClaimedBy("t1", serial); got != want {
			t.Errorf("%s is claimed for %q, want %q", serial, got, want)
		}
	}
	if !p.Releases("t1", "p1", "C") || p.Releases("t1", "p2", "C") || p.Releases("t2", "p1", "C") || p.Releases("t1", "p1", "A") || p.Releases("t1", "", "Z") {
		t.Error("only what leaves is released, and only by the profile that it leaves")
	}
}

// Core plans ten resources at a time.
func TestPlansAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	p := tf.NewPlans()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			serial := []string{fmt.Sprint("S", i)}
			p.Claim("t1", "p1", serial, serial)
			p.Upload("t1")
			p.Sync("t1")
			_ = p.WillSync("t1") && p.WillUpload("t1") && p.Releases("t1", "p1", serial[0]) && p.ClaimedBy("t1", serial[0]) == ""
		})
	}
	all.Wait()
}
