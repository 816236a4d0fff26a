package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

type config = tftest.Config

// mdmURL is the provider's mdm_url on the embedded service.
const mdmURL = "https://mdm.example.edu/enroll"

// world is a service on its simulator, with two tokens in use.
type world struct {
	kind   enrollment.Kind
	apple  *apple.Simulator
	graph  *graph.Simulator // nil on the embedded service
	store  embedded.Config  // of the embedded service
	tokens []schoolToken
	// directory is for files.
	directory string

	made  sync.Map   // what once made, by name
	takes sync.Mutex // guards the serial numbers that are left
}

// once makes what the cases of a world share, or one case has in all its phases.
func once[T any](w *world, name string, build func() T) T {
	value, _ := w.made.LoadOrStore(name, sync.OnceValue(func() any { return build() }))
	made, _ := value.(func() any)
	out, _ := made().(T)
	return out
}

// profile is an enrollment profile of a token for iPads.
func (w *world) profile(t *testing.T, token int, name string) string {
	t.Helper()
	return once(w, fmt.Sprintf("profile %d %s", token, name), func() string {
		spec := enrollment.ProfileSpec{TokenID: w.tokens[token].id, Name: name, Supervised: true}
		return ok(w.open(t).CreateProfile(t.Context(), spec))(t).Profile.ID
	})
}

// take gives devices of a token that nobody else in the test gets.
func (w *world) take(token, n int, name string) []string {
	return once(w, fmt.Sprintf("devices %d %d %s", token, n, name), func() []string {
		w.takes.Lock()
		defer w.takes.Unlock()
		taken := w.tokens[token].serials[:n]
		w.tokens[token].serials = w.tokens[token].serials[n:]
		return taken
	})
}

// schoolToken is a token in use.
type schoolToken struct {
	id, server string // the server at Apple
	serials    []string

	profile string   // a profile
	others  []string // more of them
}

// newWorld makes a world with so many devices on each token.
func newWorld(t *testing.T, kind enrollment.Kind, devices int) *world {
	t.Helper()
	start, began := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC), time.Now()
	w := &world{kind: kind, directory: t.TempDir(), apple: apple.New(apple.Options{Devices: 20 * (devices + 2), Seed: 1, Now: func() time.Time { return start.Add(time.Since(began)) }})}
	w.apple.Start(t)
	if kind == enrollment.Embedded {
		w.store = embedded.Config{
			Store: "sqlite:" + t.TempDir() + "/.asm/enrollment.db", AppleURL: w.apple.AppleURL(), MDMURL: mdmURL,
			StoreKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", Version: "test", UserConfigDir: t.TempDir(), Now: w.apple.Now,
			Wait: brieflyWait, HTTP: httpx.Options{MaxRetries: 2, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
		}
	} else {
		w.graph = graph.New(graph.Options{Apple: w.apple, Seed: 1})
		w.graph.Start(t)
	}
	for _, name := range []string{"North", "South"} {
		w.tokens = append(w.tokens, w.addToken(t, name, devices))
	}
	return w
}

// brieflyWait gives others a moment, whatever the time that is asked for.
func brieflyWait(ctx context.Context, _ time.Duration) error {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// addToken makes a token in use.
func (w *world) addToken(t *testing.T, name string, devices int) schoolToken {
	t.Helper()
	if w.graph != nil {
		made := ok(w.graph.AddToken(graph.TokenSeed{Name: name, Devices: devices}))(t)
		return schoolToken{id: made.ID, server: made.ServerID, serials: ok(w.graph.SerialNumbers(made.ID))(t)}
	}
	p := w.process(t)
	token := ok(p.service.CreateToken(t.Context(), enrollment.TokenSpec{Name: name, AppleID: "it@school.example", Type: enrollment.School}))(t)
	server := ok(w.apple.CreateServer(name, []byte(token.PublicKeyPEM)))(t)
	var serials []string
	if devices > 0 {
		serials = ok(w.apple.AssignDevices(server.ID, apple.Selection{Count: devices}))(t)
	}
	ok(p.service.UploadServerToken(t.Context(), token.ID, enrollment.ServerTokenUpload{Contents: ok(w.apple.ServerToken(server.ID))(t)}))(t)
	return schoolToken{id: token.ID, server: server.ID, serials: serials}
}

// process is one run of the command line tool: a provider of its own, with a
// service of its own.
type process struct {
	*tftest.Driver

	service enrollment.Service
}

func (w *world) process(t testing.TB) process {
	t.Helper()
	rt := &tf.Runtime{Service: w.open(t), Now: w.apple.Now, After: time.After, Plans: tf.NewPlans()}
	if w.kind == enrollment.Embedded {
		rt.MDMURL = w.store.MDMURL
	}
	p := provider.New("test")()
	return process{tftest.New(t, rt, p.Resources(t.Context()), p.DataSources(t.Context()), tftest.WithActions(servedActions(t.Context())...)), rt.Service}
}

func (w *world) open(t testing.TB) enrollment.Service {
	t.Helper()
	var service enrollment.Service
	var err error
	if w.kind == enrollment.Embedded {
		service, err = embedded.Open(t.Context(), w.store)
	} else {
		service, err = intune.Open(intune.Config{
			Endpoint: w.graph.GraphURL(), TenantID: w.graph.TenantID(), AppOnly: true, Version: "test", Now: w.graph.Now,
			Token: func(context.Context) (string, error) { return w.accessToken(), nil },
			Wait: func(ctx context.Context, d time.Duration) error {
				if err := w.graph.AdvanceClock(d); err != nil {
					return err
				}
				return ctx.Err()
			},
		})
	}
	if err != nil {
		t.Fatalf("opening the service: %v", err)
	}
	t.Cleanup(func() { _ = service.Close() })
	return service
}

// accessToken is one for half an hour: to sign one is most of what a request
// costs.
func (w *world) accessToken() string {
	half := w.apple.Now().Truncate(30 * time.Minute)
	return once(w, "access token of "+half.String(), w.graph.AccessToken)
}

// atGraph is a request of an administrator, who knows nothing of Terraform.
func (w *world) atGraph(t testing.TB, method, path string, body any) map[string]any {
	t.Helper()
	var sent io.Reader
	if body != nil {
		sent = bytes.NewReader(ok(json.Marshal(body))(t))
	}
	request := ok(http.NewRequestWithContext(t.Context(), method, w.graph.GraphURL()+"/beta/deviceManagement"+path, sent))(t)
	request.Header.Set("Authorization", "Bearer "+w.accessToken())
	request.Header.Set("Content-Type", "application/json")
	response := ok(http.DefaultClient.Do(request))(t)
	defer func() { _ = response.Body.Close() }()
	text := ok(io.ReadAll(response.Body))(t)
	if response.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	var out map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// ok fails the test when a step that is not the point of it goes wrong.
func ok[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}
