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

func TestPlansKnowAProfileInEverySpelling(t *testing.T) {
	t.Parallel()
	const guid = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
	const listed, mirrored, other = "8d3b0a10-6f1e-4c56-9a51-0c2f7d9e1b01_" + guid, "ECV2_8d3b0a10-6f1e-4c56-9a51-0c2f7d9e1b01_" + guid, "8d3b0a10-6f1e-4c56-9a51-0c2f7d9e1b01"
	p := tf.NewPlans()
	p.Claim("t1", listed, []string{"A"}, []string{"B"})
	if taken := p.Claim("t1", guid, []string{"A"}, nil); len(taken) > 0 {
		t.Errorf("one profile claims against itself: %v", taken)
	}
	if taken := p.Claim("t1", other, []string{"A"}, nil); len(taken) != 1 {
		t.Error("the token's own GUID is no profile of it")
	}
	if !p.Releases("t1", mirrored, "B") || p.Releases("t1", other, "B") {
		t.Error("a release is known by the profile, not by how it is written")
	}
	p.Share("t1", listed, "one", []string{"A", "C"})
	if both := p.Share("t1", mirrored, "two", []string{"C"}); !slices.Equal(both, []string{"C"}) {
		t.Errorf("shared: %v", both)
	}
}

func TestPlansOfDevicesThatAnybodyMayHave(t *testing.T) {
	t.Parallel()
	p := tf.NewPlans()
	p.Claim("t1", "p1", nil, []string{"A"})
	p.Claim("t1", "p2", nil, []string{"B"})
	p.Follow("t1", "p1", "spare")
	p.Follow("t1", "p1", "spare") // asked again at apply
	for _, c := range []struct {
		token, profile, serial string
		want                   bool
	}{
		{"t1", "p1", "A", true},
		{"t1", "spare", "A", true},
		{"t1", "p2", "A", false},    // somebody else has it by now
		{"t1", "spare", "B", false}, // nothing follows p2
		{"t1", "p1", "C", false},    // nobody gives it up
		{"t1", "", "A", false},
		{"t2", "p1", "A", false},
	} {
		if got := p.GivenUp(c.token, c.profile, c.serial); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
