package enrollment

import (
	"strings"
	"testing"
	"time"
)

func TestAServerTokenThatIsOfNoUseIsWarnedOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	later, before := now.Add(time.Hour), now.Add(-time.Hour)
	for name, c := range map[string]struct {
		status    TokenStatus
		expiresAt time.Time
		want      string // of the summary; "" is silent
	}{
		"active":                          {Active, later, ""},
		"active, without an expiry":       {Active, time.Time{}, ""},
		"awaiting":                        {AwaitingServerToken, time.Time{}, ""},
		"awaiting, by an old record":      {AwaitingServerToken, before, ""},
		"expired by the clock":            {Active, before, `The server token of "District" expired on 2026-05-31T23:00:00Z`},
		"expired at this moment":          {Active, now, `expired on 2026-06-01T00:00:00Z`},
		"expired by Apple's word":         {Expired, later, `The server token of "District" expired on 2026-06-01T01:00:00Z`},
		"expired, nobody knows when":      {Expired, time.Time{}, `The server token of "District" expired: nothing`},
		"revoked":                         {Revoked, later, `Apple refuses the server token of "District"`},
		"revoked, and expired since":      {Revoked, before, "expired on"},
		"terms not accepted":              {TermsNotAccepted, later, `New terms wait to be accepted for "District"`},
		"terms not accepted, and expired": {TermsNotAccepted, before, "expired on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, warned := TokenTrouble("District", c.status, c.expiresAt, now)
			switch {
			case warned != (c.want != ""):
				t.Errorf("warned %v: %+v", warned, w)
			case warned && (!strings.Contains(w.Summary, c.want) || !strings.Contains(w.Summary, "nothing is synced or assigned until")):
				t.Errorf("the summary is %q, want %q and what it means in it", w.Summary, c.want)
			}
		})
	}
}

func TestAPushCertificateThatExpiresSoonIsWarnedOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		left time.Duration
		days int
		want string
	}{
		"in time":              {30 * day, 30, ""},
		"a second later":       {30*day - time.Second, 30, "expires in 29 days: renew it as it@school.example"},
		"on the last day":      {time.Hour, 30, "expires in 0 days"},
		"expired":              {-time.Second, 30, "has expired: renew it as it@school.example"},
		"expired, with 0 days": {-time.Second, 0, "has expired"},
		"not yet, with 0 days": {time.Second, 0, ""},
	} {
		w, warned := PushCertificateExpires(PushCertificate{AppleID: "it@school.example", Topic: "com.apple.mgmt.1", ExpiresAt: now.Add(c.left)}, now, c.days)
		if warned != (c.want != "") || !strings.Contains(w.Summary, c.want) || warned && !strings.Contains(w.Detail, "com.apple.mgmt.1") {
			t.Errorf("%s: %v %+v", name, warned, w)
		}
	}
	if w, warned := PushCertificateExpires(PushCertificate{}, now, 30); warned {
		t.Errorf("a certificate without an end: %+v", w)
	}
}
