package apple_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// A token from the portal to an assigned profile, against a server that shares no code with this client.
func TestAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	const devices = 2500
	opening := time.Date(2026, 8, 24, 7, 30, 0, 0, time.UTC)
	sim := simulator.New(simulator.Options{Devices: devices, Seed: 1, Now: func() time.Time { return opening }})
	sim.Start(t)
	pair, err := servertoken.NewKeyPair("District", opening)
	if err != nil {
		t.Fatal(err)
	}
	server, err := sim.CreateServer("District", pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	p7m, err := sim.ServerToken(server.ID)
	if err != nil {
		t.Fatal(err)
	}
	token, err := servertoken.Decrypt(p7m, pair.Certificate, pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.AssignDevices(server.ID, simulator.Selection{Count: devices}); err != nil {
		t.Fatal(err)
	}
	client, err := apple.NewClient(apple.Options{
		BaseURL: sim.AppleURL(), Version: "test", Now: sim.Now,
		HTTP: httpx.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
	})
	if err != nil {
		t.Fatal(err)
	}
	session := client.Session(apple.Credentials{
		ConsumerKey: token.ConsumerKey, ConsumerSecret: token.ConsumerSecret, AccessToken: token.AccessToken,
		AccessSecret: token.AccessSecret,
	})
	serials, cursor := simulatorFetch(t, session, devices)
	simulatorAssign(t, session, serials)

	if err := sim.AdvanceClock(time.Hour); err != nil { // sessions end: a new login, unnoticed
		t.Fatal(err)
	}
	changed := 0
	for page, err := range session.Sync(t.Context(), cursor, 0) {
		if err != nil {
			t.Fatal(err)
		}
		changed += len(page.Devices)
	}
	t.Logf("%d changes since the fetch", changed)
	if _, err := session.FetchDevices(t.Context(), cursor, 0); !errors.Is(err, apple.ErrExhaustedCursor) {
		t.Errorf("a finished cursor: %v", err)
	}
	if _, err := session.SyncDevices(t.Context(), "", 0); !errors.Is(err, apple.ErrCursorRequired) {
		t.Errorf("no cursor: %v", err)
	}
	if err := sim.AdvanceClock(8 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := session.SyncDevices(t.Context(), cursor, 0); !errors.Is(err, apple.ErrExpiredCursor) {
		t.Errorf("an old cursor: %v", err)
	}
	sim.SetTerms(false)
	if err := sim.AdvanceClock(time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Account(t.Context()); !errors.Is(err, apple.ErrTermsNotSigned) {
		t.Errorf("terms not signed: %v", err)
	}
}

func simulatorFetch(t *testing.T, session *apple.Session, devices int) (serials []string, cursor string) {
	t.Helper()
	account, err := session.Account(t.Context())
	if err != nil || account.OrgType != apple.OrgTypeEducation {
		t.Fatalf("%+v, %v", account, err)
	}
	_, limit := account.Limit("/server/devices")
	for page, err := range session.Fetch(t.Context(), "", limit) {
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Devices {
			serials = append(serials, d.SerialNumber)
		}
		cursor = page.Cursor
	}
	if len(serials) != devices {
		t.Fatalf("fetched %d of %d devices", len(serials), devices)
	}

	return serials, cursor
}

func simulatorAssign(t *testing.T, session *apple.Session, serials []string) {
	t.Helper()
	no := false
	if _, err := session.DefineProfile(t.Context(), apple.Profile{
		ProfileName: "x", URL: "https://mdm.school.example", IsMDMRemovable: &no,
	}); !errors.Is(err, apple.ErrProfileRefused) {
		t.Errorf("locked without supervised: %v", err)
	}
	defined, err := session.DefineProfile(t.Context(), apple.Profile{ProfileName: "Classroom", URL: "https://mdm.school.example"})
	if err != nil {
		t.Fatal(err)
	}
	assigned, err := session.AssignProfile(t.Context(), defined.ProfileUUID, append(serials[:10:10], "NOSUCHSERIAL"))
	if err != nil || assigned.Devices[serials[0]] != apple.StatusSuccess ||
		assigned.Devices["NOSUCHSERIAL"] != apple.StatusNotAccessible {
		t.Errorf("%+v, %v", assigned, err)
	}
	details, err := session.DeviceDetails(t.Context(), serials[:1])
	if err != nil || details[serials[0]].ProfileUUID != defined.ProfileUUID {
		t.Errorf("%+v, %v", details, err)
	}
	if profile, err := session.Profile(t.Context(), defined.ProfileUUID); err != nil || profile.ProfileName != "Classroom" {
		t.Errorf("%+v, %v", profile, err)
	}
	if _, err := session.Profile(t.Context(), "00000000000000000000000000000000"); !errors.Is(err, apple.ErrNotFound) {
		t.Errorf("a profile that is not there: %v", err)
	}
	removed, err := session.RemoveProfile(t.Context(), serials[:1], defined.ProfileUUID)
	if err != nil || removed[serials[0]] != apple.StatusSuccess {
		t.Errorf("%v, %v", removed, err)
	}
}
