package intune_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// TestATokensYear lives through what a school does with a token, with each thing that Microsoft does not document in one form
// and in the other.
func TestATokensYear(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*graph.Settings){
		"as documented": func(*graph.Settings) {},
		"on a slow day": func(s *graph.Settings) {
			s.VisibleAfter.Tokens, s.PatchStatus, s.SyncMinimum = graph.Duration(50*time.Second), 204, graph.Duration(4*time.Minute)
		},
		"keys in base64, made with the token": func(s *graph.Settings) { s.PublicKeyForm, s.KeyAtCreation = "base64", true },
		"no key is 404, an entry of Configurator": func(s *graph.Settings) {
			s.NoPublicKey, s.ListNoneToken = "not_found", true
		},
		"no key is empty, early syncs are 400": func(s *graph.Settings) { s.NoPublicKey, s.TooEarlyStatus = "empty", 400 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newSchool(t, 20)
			if err := n.UpdateSettings(func(s *graph.Settings) error { change(s); return nil }); err != nil {
				t.Fatal(err)
			}
			y := &year{school: n, Service: n.open()}
			y.begins()
			y.changes()
			y.syncs()
			y.renews()
			y.ends()
		})
	}
}

type year struct {
	school
	*intune.Service
	token  enrollment.Token
	server string
}

func (y *year) begins() {
	y.t.Helper()
	token, err := y.CreateToken(y.t.Context(), spec("District"))
	if err != nil || token.Status != enrollment.AwaitingServerToken || token.PublicKeyPEM == "" {
		y.t.Fatalf("%+v, %v", token, err)
	}
	if list, err := y.ListTokens(y.t.Context()); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], token) {
		y.t.Fatalf("the list is\n%+v, %v, want\n%+v", list, err, token)
	}
	server, err := y.Apple().CreateServer("District", []byte(token.PublicKeyPEM))
	if err != nil {
		y.t.Fatal(err)
	}
	y.token, y.server = token, server.ID
	y.assign(5)
	y.upload()
	if y.token.Status != enrollment.Active || y.token.DeviceCount != 5 || y.token.Type != enrollment.School {
		y.t.Fatalf("%+v", y.token)
	}
}

func (y *year) assign(n int) {
	y.t.Helper()
	if _, err := y.Apple().AssignDevices(y.server, apple.Selection{Count: n}); err != nil {
		y.t.Fatal(err)
	}
}

func (y *year) upload() {
	y.t.Helper()
	file, err := y.Apple().ServerToken(y.server)
	if err != nil {
		y.t.Fatal(err)
	}
	result, err := y.UploadServerToken(y.t.Context(), y.token.ID, enrollment.ServerTokenUpload{Contents: file, Type: enrollment.School})
	if err != nil || len(result.Warnings) > 0 || result.Sync == nil || result.Sync.State != enrollment.SyncFinished {
		y.t.Fatalf("%+v, %v", result, err)
	}
	y.token = result.Token
}

func (y *year) changes() {
	y.t.Helper()
	changed := spec("North District")
	changed.ScopeTagIDs = []string{"0", "4"}
	token, err := y.UpdateToken(y.t.Context(), y.token.ID, changed)
	if err != nil || token.Name != "North District" || len(token.ScopeTagIDs) != 2 {
		y.t.Fatalf("%+v, %v", token, err)
	}
}

// syncs: a second one within 15 minutes is joined or refused here, and Intune never sees it.
func (y *year) syncs() {
	y.t.Helper()
	if err := y.AdvanceClock(time.Hour); err != nil {
		y.t.Fatal(err)
	}
	y.assign(3)
	req := enrollment.SyncRequest{TokenID: y.token.ID, Kind: enrollment.IncrementalSync, Wait: true}
	run, err := y.Sync(y.t.Context(), req)
	if err != nil || run.State != enrollment.SyncFinished || run.Devices != 8 {
		y.t.Fatalf("%+v, %v", run, err)
	}
	if run, err = y.Sync(y.t.Context(), req); err != nil || !run.Joined { // it has ended since this process uploaded a server token
		y.t.Fatalf("right again: %+v, %v", run, err)
	}
	_, err = y.open().Sync(y.t.Context(), req)
	throttled := new(enrollment.ThrottledError)
	if !errors.As(err, &throttled) || throttled.Until.Before(y.Now()) || throttled.Until.After(y.Now().Add(15*time.Minute)) {
		y.t.Fatalf("another process: %v", err)
	}
	y.t.Cleanup(func() {
		if early := y.Requests(false).Violations; len(early) > 0 {
			y.t.Errorf("against the traffic rules: %+v", early)
		}
	})
}

func (y *year) renews() {
	y.t.Helper()
	if err := y.AdvanceClock(300 * 24 * time.Hour); err != nil {
		y.t.Fatal(err)
	}
	before := y.token
	y.upload()
	if y.token.PublicKeySHA256 != before.PublicKeySHA256 || !y.token.ExpiresAt.After(before.ExpiresAt) {
		y.t.Fatalf("%+v", y.token)
	}
	for _, shared := range []bool{true, false} {
		if err := y.SetSDSSharing(y.t.Context(), y.token.ID, shared); err != nil {
			y.t.Fatal(err)
		}
	}
}

func (y *year) ends() {
	y.t.Helper()
	if err := y.DeleteToken(y.t.Context(), y.token.ID); !errors.Is(err, enrollment.ErrInUse) {
		y.t.Fatalf("with devices: %v", err)
	}
	if _, err := y.Apple().UnassignDevices(y.server, apple.Selection{Count: 8}); err != nil {
		y.t.Fatal(err)
	}
	if err := y.AdvanceClock(time.Hour); err != nil {
		y.t.Fatal(err)
	}
	if _, err := y.Sync(y.t.Context(), enrollment.SyncRequest{TokenID: y.token.ID, Kind: enrollment.FullSync, Wait: true}); err != nil {
		y.t.Fatal(err)
	}
	if err := y.DeleteToken(y.t.Context(), y.token.ID); err != nil {
		y.t.Fatal(err)
	}
	if list, err := y.ListTokens(y.t.Context()); err != nil || len(list) != 0 {
		y.t.Fatalf("%+v, %v", list, err)
	}
}

func TestLostAnswersAtTheSimulator(t *testing.T) {
	t.Parallel()
	for _, kind := range []graph.FaultKind{graph.FaultDropAfter, graph.FaultFailAfter} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			n := newSchool(t, 20)
			if err := n.UpdateSettings(func(s *graph.Settings) error { s.VisibleAfter.Tokens = graph.Duration(20 * time.Second); return nil }); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/depOnboardingSettings", "/generateEncryptionPublicKey", "/syncWithAppleDeviceEnrollmentProgram"} {
				if _, err := n.AddFaults(graph.Fault{Kind: kind, Method: http.MethodPost, Path: path, Times: 1}); err != nil {
					t.Fatal(err)
				}
			}
			y := &year{school: n, Service: n.open()}
			y.begins()
			y.syncs()
			if posts, keys := n.requests("POST", "/depOnboardingSettings"), n.requests("POST", "/generateEncryptionPublicKey"); posts != 1 || keys != 1 {
				t.Errorf("%d tokens and %d keys were asked for", posts, keys)
			}
		})
	}
}

func TestPrerequisitesAtTheSimulator(t *testing.T) {
	t.Parallel()
	n := newSchool(t, 5)
	token, err := n.AddToken(graph.TokenSeed{Name: "District", Devices: 5})
	if err != nil {
		t.Fatal(err)
	}
	n.SetDomain(graph.Domain{Name: "on.example", Federated: true, UsernameMixed: true})
	n.SetDomain(graph.Domain{Name: "off.example", Federated: true})
	n.SetDomain(graph.Domain{Name: "cloud.example"})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(n.CACertificatePEM())
	transport := httpx.NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	s, err := intune.Open(intune.Config{
		Endpoint: n.GraphURL(), Transport: transport, Now: n.Now, Token: func(context.Context) (string, error) { return n.AccessToken(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	found := verdicts(t, s, enrollment.PrerequisitesRequest{TokenID: token.ID, WarningDays: 30, FederatedDomains: []string{"on.example", "off.example", "cloud.example"}})
	for item, want := range map[string]enrollment.Verdict{
		"data_sharing_consent": enrollment.Met, "token_type": enrollment.Met, "token_expiry": enrollment.Met,
		"ws_trust:on.example": enrollment.Met, "ws_trust:off.example": enrollment.Unmet, "ws_trust:cloud.example": enrollment.Warn,
	} {
		if got := found[item]; got.Verdict != want {
			t.Errorf("%s: %+v, want %q", item, got, want)
		}
	}
}
