package pushcertificate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/pushcertificate"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_push_certificate"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type fake struct {
	enrollment.Service
	certificate enrollment.PushCertificate
	err         error
}

func (f *fake) PushCertificate(context.Context) (enrollment.PushCertificate, error) {
	return f.certificate, f.err
}

func drive(t *testing.T, rt *tf.Runtime) *tftest.Driver {
	t.Helper()
	return tftest.New(t, rt, nil, []func() datasource.DataSource{pushcertificate.NewDataSource})
}

// expiring is a tenant whose certificate ends after that time.
func expiring(t *testing.T, after time.Duration) *tftest.Driver {
	t.Helper()
	return drive(t, &tf.Runtime{Now: func() time.Time { return noon }, Service: &fake{certificate: enrollment.PushCertificate{
		AppleID: "it@school.example", SerialNumber: "3F2A", Topic: "com.apple.mgmt.External.1", ExpiresAt: noon.Add(after), ModifiedAt: noon.AddDate(0, -6, 0),
	}}})
}

// mentions wants exactly one message, with all parts in it.
func mentions(t *testing.T, messages []string, parts ...string) {
	t.Helper()
	if len(messages) != 1 {
		t.Fatalf("want one message with %q, have %q", parts, messages)
	}
	for _, part := range parts {
		if !strings.Contains(messages[0], part) {
			t.Errorf("want %q in: %s", part, messages[0])
		}
	}
}

const day = 24 * time.Hour

func TestTheCertificateIsReadWithoutAWordWhileItIsGood(t *testing.T) {
	t.Parallel()
	state, diags := expiring(t, 90*day+time.Hour).ReadData(kind, nil)
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	for name, want := range map[string]any{
		"apple_id": "it@school.example", "serial_number": "3F2A", "topic": "com.apple.mgmt.External.1", "expires_at": "2026-05-30T13:00:00Z", "days_left": int64(90),
		"modified_at": "2025-09-01T12:00:00Z", "expiry_warning_days": nil,
	} {
		if got := state.Get(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestNearExpiryIsAWarningThatSaysHowToRenew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left    time.Duration
		days    any
		summary string // "" for none
	}{
		"31 days":               {31 * day, nil, ""},
		"30 days":               {30 * day, nil, ""},
		"less than 30":          {30*day - time.Minute, nil, "expires in 29 days"},
		"tomorrow":              {day + time.Hour, nil, "expires in 1 day"},
		"over":                  {-time.Hour, nil, "has expired"},
		"60 asked for":          {45 * day, 60, "expires in 45 days"},
		"10 asked for":          {20 * day, 10, ""},
		"only after it":         {time.Hour, 0, ""},
		"only after it, and is": {-time.Hour, 0, "has expired"},
	} {
		state, diags := expiring(t, c.left).ReadData(kind, tftest.Config{"expiry_warning_days": c.days})
		if len(diags.Errors()) > 0 || !strings.HasPrefix(state.Get("expires_at").(string), "20") {
			t.Errorf("%s: an expiry is no error: %v", name, diags.Errors())
		}
		if c.summary == "" {
			if len(diags) > 0 {
				t.Errorf("%s: %v", name, diags.Warnings())
			}
			continue
		}
		mentions(t, diags.Warnings(), "Apple MDM push certificate "+c.summary+":", "it@school.example", "3F2A", "com.apple.mgmt.External.1", "Renew")
	}
	state, _ := expiring(t, -time.Hour).ReadData(kind, nil)
	if got := state.Get("days_left"); got != int64(-1) {
		t.Errorf("an hour after the end there are %v days left", got)
	}
}

func TestWhatTheServiceCannotSayIsNull(t *testing.T) {
	t.Parallel()
	d := drive(t, &tf.Runtime{Now: func() time.Time { return noon }, Service: &fake{}})
	state, diags := d.ReadData(kind, nil)
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	for _, name := range []string{"apple_id", "serial_number", "topic", "expires_at", "days_left", "modified_at"} {
		if got := state.Get(name); got != nil {
			t.Errorf("%s is %v", name, got)
		}
	}
	near := drive(t, &tf.Runtime{Now: func() time.Time { return noon }, Service: &fake{certificate: enrollment.PushCertificate{ExpiresAt: noon.Add(day)}}})
	_, diags = near.ReadData(kind, nil)
	mentions(t, diags.Warnings(), "as the Apple account that it was made with")
}

func TestErrorsOfTheService(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"embedded":    {enrollment.Unsupported(enrollment.Embedded, "has no push certificate to look at", "Your MDM has it: look there."), []string{"embedded service", "Your MDM has it"}},
		"none":        {&enrollment.Error{Kind: enrollment.ErrNotFound, What: "The tenant has no push certificate", Do: "Upload one."}, []string{"has no push certificate", "Upload one."}},
		"unreachable": {errors.New("graph is down"), []string{"Graph is down."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := drive(t, &tf.Runtime{Now: func() time.Time { return noon }, Service: &fake{err: c.err}})
			_, diags := d.ReadData(kind, nil)
			mentions(t, diags.Errors(), append(c.want, "Unable to read the Apple MDM push certificate")...)
		})
	}
	_, diags := drive(t, &tf.Runtime{NotReady: "intune.client_id"}).ReadData(kind, nil)
	mentions(t, diags.Errors(), "intune.client_id", "depends_on")
}

func TestWarningDaysAreDaysOfOneYear(t *testing.T) {
	t.Parallel()
	for _, days := range []int{-1, 366} {
		_, diags := expiring(t, day).ReadData(kind, tftest.Config{"expiry_warning_days": days})
		mentions(t, diags.Errors(), "expiry_warning_days", "365")
	}
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	t.Parallel()
	for path, description := range expiring(t, day).Descriptions(kind) {
		if len(description) < 10 {
			t.Errorf("%s is described as %q", path, description)
		}
	}
}
