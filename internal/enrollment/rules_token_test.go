package enrollment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestOrgType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want    enrollment.TokenType
		org     string
		refused bool
	}{
		{enrollment.School, "edu", false},
		{enrollment.School, "org", true},
		{enrollment.School, "tvprovider", true},
		{enrollment.Business, "org", false},
		{enrollment.School, "", false}, // Apple did not say
	} {
		err := enrollment.CheckOrgType(c.want, c.org, "Contoso")
		if (err != nil) != c.refused || (err != nil && !errors.Is(err, enrollment.ErrWrongAccount)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRenewalUnderAnotherAppleID(t *testing.T) {
	t.Parallel()
	if w, warned := enrollment.AppleIDChanged("it@school.example", "new@school.example"); !warned || !strings.Contains(w.Detail, "new@school.example") {
		t.Errorf("not warned: %+v", w)
	}
	for _, same := range []string{"it@school.example", "IT@School.example ", ""} {
		if w, warned := enrollment.AppleIDChanged("it@school.example", same); warned {
			t.Errorf("%q: %+v", same, w)
		}
	}
	if _, warned := enrollment.AppleIDChanged("", "it@school.example"); warned {
		t.Error("nothing was recorded")
	}
}

func TestSchoolBesideBusiness(t *testing.T) {
	t.Parallel()
	business := enrollment.Token{TokenSpec: enrollment.TokenSpec{Name: "Old DEP", Type: enrollment.Business}}
	school := enrollment.Token{TokenSpec: enrollment.TokenSpec{Name: "Primary", Type: enrollment.School}}
	w, warned := enrollment.MixedPrograms("District", enrollment.School, []enrollment.Token{school, business})
	if !warned || !strings.Contains(w.Detail, `"District" enrolls through Apple School Manager and "Old DEP"`) {
		t.Errorf("warned %t: %+v", warned, w)
	}
	if _, warned := enrollment.MixedPrograms("District", enrollment.School, []enrollment.Token{school}); warned {
		t.Error("two schools get along")
	}
	if _, warned := enrollment.MixedPrograms("District", enrollment.School, []enrollment.Token{{TokenSpec: enrollment.TokenSpec{Name: "New"}}}); warned {
		t.Error("a token of a type that is not known yet is neither")
	}
	w, warned = enrollment.MixedPrograms("Old DEP", enrollment.Business, []enrollment.Token{school})
	if !warned || !strings.Contains(w.Detail, `"Primary" enrolls through Apple School Manager and "Old DEP"`) {
		t.Errorf("warned %t: %+v", warned, w)
	}
}

func TestDaysLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		left time.Duration
		days int
		soon bool
	}{
		{31 * day, 31, false},
		{30 * day, 30, false},
		{30*day - time.Second, 29, true},
		{time.Hour, 0, true},
		{-time.Hour, -1, true},
		{-24 * time.Hour, -1, true},
	} {
		at := noon.Add(c.left)
		if got := enrollment.DaysLeft(at, noon); got != c.days {
			t.Errorf("%s: %d days, want %d", c.left, got, c.days)
		}
		if got := enrollment.ExpiresSoon(at, noon, 30); got != c.soon {
			t.Errorf("%s: soon %t, want %t", c.left, got, c.soon)
		}
	}
	if enrollment.ExpiresSoon(time.Time{}, noon, 30) {
		t.Error("a token without a server token does not expire")
	}
}

func TestInUseNamesTheNumbers(t *testing.T) {
	t.Parallel()
	if err := enrollment.InUse("District", 0, 0, 0); err != nil {
		t.Error(err)
	}
	err := enrollment.InUse("District", 250, 2, 1)
	if !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), "250 devices, 2 enrollment profiles and 1 default profile. First give the devices") {
		t.Error(err)
	}
}

func TestAStoreIsNeverSilentlyAnotherStore(t *testing.T) {
	t.Parallel()
	open := enrollment.Store{ID: "Y", Location: "sqlite:.asm/enrollment.db", Tokens: 1}
	if err := enrollment.CheckStore("Y", open); err != nil {
		t.Error(err)
	}
	if err := enrollment.CheckStore("", open); err != nil {
		t.Error("state that names no store yet: ", err)
	}
	for _, c := range []struct {
		open enrollment.Store
		says string
	}{
		{open, "state belongs to store X, and sqlite:.asm/enrollment.db is store Y"},
		{enrollment.Store{Location: "sqlite:.asm/enrollment.db"}, "is empty"},
		{enrollment.Store{ID: "Z", Location: "sqlite:.asm/enrollment.db"}, "is empty"},
	} {
		err := enrollment.CheckStore("X", c.open)
		if !errors.Is(err, enrollment.ErrWrongStore) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.open, err)
		}
		if !strings.Contains(err.Error(), "written with Microsoft Intune, its store is the tenant: give the provider block `intune` again.") {
			t.Errorf("state of Intune in an embedded store: %v", err)
		}
	}
	open.Kind = enrollment.Intune
	if err := enrollment.CheckStore("X", open); !strings.Contains(err.Error(), "Sign in to the tenant") || strings.Contains(err.Error(), "`intune` again") {
		t.Errorf("another tenant: %v", err)
	}
}
