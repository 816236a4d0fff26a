package sync_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	asmsync "github.com/asm-enrollment/terraform-provider-asm/internal/provider/sync"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/schoolportal"
)

// school is a token with devices, with a real service between the action and
// the simulators.
type school struct {
	*testing.T
	apple   *apple.Simulator
	graph   *graph.Simulator // nil on the embedded service
	tokenID string
	// another opens the service as another process does.
	another func() enrollment.Service
	// wait is how the service waits.
	wait func(ctx context.Context, d time.Duration) error
}

// pageSize makes many pages of few devices.
const pageSize = 20

func newSchool(t *testing.T, kind enrollment.Kind, devices int) *school {
	t.Helper()
	began := time.Now()
	s := &school{T: t, apple: apple.New(apple.Options{Devices: 2 * devices, Seed: 1, Now: func() time.Time { return start.Add(time.Since(began)) }})}
	s.apple.Start(t)
	err := s.apple.UpdateSettings(func(c *apple.Settings) error {
		c.LimitDefault, c.LimitMaximum, c.AdvertisedLimitDefault, c.AdvertisedLimitMaximum = pageSize, pageSize, pageSize, pageSize
		return nil
	})
	s.must(err)
	if kind == enrollment.Intune {
		s.onIntune(devices)
	} else {
		s.embedded(devices)
	}
	s.advance(8 * 24 * time.Hour) // a full sync is due
	s.apple.ClearRequests()
	if s.graph != nil {
		s.graph.ClearRequests()
	}
	return s
}

func (s *school) embedded(devices int) {
	s.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	config := embedded.Config{
		Store: "sqlite:" + s.TempDir() + "/enrollment.db", AppleURL: s.apple.AppleURL(), StoreKey: "dGhpcyBpcyBhIGtleSBmb3IgdGVzdHMgb25seSAhISE=",
		UserConfigDir: s.TempDir(), Now: s.apple.Now, HTTP: httpx.Options{MaxRetries: 1, Wait: s.wait},
	}
	s.another = func() enrollment.Service {
		service, err := embedded.Open(s.Context(), config)
		s.must(err)
		s.Cleanup(func() { _ = service.Close() })
		return service
	}
	service := s.another()
	token, err := service.CreateToken(s.Context(), enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School})
	s.must(err)
	s.tokenID = token.ID
	portal := schoolportal.Portal{Apple: s.apple}
	server := portal.AddServer(s.T, "District", token.PublicKeyPEM)
	portal.AddDevices(s.T, server, devices)
	_, err = service.UploadServerToken(s.Context(), token.ID, enrollment.ServerTokenUpload{Contents: portal.ServerToken(s.T, server)})
	s.must(err)
}

func (s *school) onIntune(devices int) {
	validator, err := contract.New()
	s.must(err)
	validator.FailOn(s.T)
	s.graph = graph.New(graph.Options{Apple: s.apple, Seed: 1, Middleware: validator.Middleware})
	s.graph.Start(s.T)
	token, err := s.graph.AddToken(graph.TokenSeed{Name: "District", Devices: devices})
	s.must(err)
	s.tokenID = token.ID
	s.wait = func(ctx context.Context, d time.Duration) error { s.advance(d); return ctx.Err() }
	s.another = func() enrollment.Service {
		service, err := intune.Open(intune.Config{
			Endpoint: s.graph.GraphURL(), Token: func(context.Context) (string, error) { return s.graph.AccessToken(), nil }, Now: s.graph.Now,
			Wait: func(ctx context.Context, d time.Duration) error { return s.wait(ctx, d) },
		})
		s.must(err)
		s.Cleanup(func() { _ = service.Close() })
		return service
	}
}

func (s *school) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *school) advance(d time.Duration) {
	s.Helper()
	s.must(s.apple.AdvanceClock(d))
}

// provider is a provider process over a service of its own.
func (s *school) provider() (*tftest.Driver, enrollment.Service) {
	s.Helper()
	service := s.another()
	rt := &tf.Runtime{Service: service, Now: s.apple.Now, Plans: tf.NewPlans(), After: func(d time.Duration) <-chan time.Time {
		s.advance(d)
		fired := make(chan time.Time, 1)
		fired <- time.Time{}
		return fired
	}}
	return tftest.New(s.T, rt, []func() resource.Resource{asmsync.NewResource}, []func() datasource.DataSource{asmsync.NewDataSource}, tftest.WithActions(asmsync.NewAction)), service
}

func (s *school) full() tftest.Config {
	return tftest.Config{"token_id": s.tokenID, "kind": "full"}
}

// stuckAt makes Apple not answer after so many pages.
func (s *school) stuckAt(pages int) {
	s.Helper()
	_, err := s.apple.AddFaults(apple.Fault{Kind: apple.FaultLatency, Path: "/server/devices", After: pages, Latency: apple.Duration(time.Hour)})
	s.must(err)
}

// until waits for something that happens elsewhere.
func (s *school) until(what string, happened func() bool) {
	s.Helper()
	deadline := time.After(20 * time.Second)
	for !happened() {
		select {
		case <-deadline:
			s.Fatalf("it did not happen: %s", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// atWork counts the goroutines that invoke an action or run a sync.
func atWork() int {
	stacks := make([]byte, 1<<22)
	stacks = stacks[:runtime.Stack(stacks, true)]
	n := 0
	for one := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(one, "fwserver.(*Server).InvokeAction(") || strings.Contains(one, "provider/sync.tell.") ||
			strings.Contains(one, "embedded.(*runner)") || strings.Contains(one, "intune.(*Service).follow(") {
			n++
		}
	}
	return n
}

func (s *school) wantNobodyAtWork() {
	s.Helper()
	s.until("everybody has gone home", func() bool { return atWork() == 0 })
}

// answersInTime invokes the action, interrupts it when it has come so far, and
// expects an answer within a second.
func (s *school) interrupted(d *tftest.Driver, soFar func() bool) tftest.Diags {
	s.Helper()
	ctx, interrupt := context.WithCancel(s.Context())
	answered := make(chan tftest.Diags, 1)
	go func() { answered <- d.Invoke(ctx, syncType, s.full(), nil) }()
	s.until("the sync has come so far", soFar)
	began := time.Now()
	interrupt()
	said := <-answered
	if took := time.Since(began); took > time.Second {
		s.Errorf("the answer took %s", took)
	}
	return said
}

func (s *school) pages(service enrollment.Service) int {
	s.Helper()
	status, err := service.SyncStatus(s.Context(), s.tokenID)
	s.must(err)
	if status.Running == nil {
		return 0
	}
	return status.Running.Pages
}

func TestAnInterruptLosesNothing(t *testing.T) {
	s := newSchool(t, enrollment.Embedded, 10*pageSize)
	s.stuckAt(4)
	d, service := s.provider()
	said := s.interrupted(d, func() bool { return s.pages(service) == 4 })
	wantOne(t, "errors", said.Errors(), "It was interrupted", "full sync that started at", "4 pages with 80 devices", "goes on from the page where it stopped")
	s.wantNobodyAtWork()
	status, err := service.SyncStatus(t.Context(), s.tokenID)
	if err != nil || status.Running != nil || status.LastError != "" || !status.NextSyncAt.IsZero() {
		t.Fatalf("the lease is not released: %+v, %v", status, err)
	}
	s.apple.ClearFaults()
	another, service := s.provider()
	var lines []string
	said = another.Invoke(t.Context(), syncType, tftest.Config{"token_id": s.tokenID}, func(line string) { lines = append(lines, line) })
	wantNone(t, "errors", said.Errors())
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "full sync finished: 120 devices, 0 added, 0 removed") {
		t.Errorf("the last line is %q", last)
	}
	requests := s.apple.Requests(false)
	if len(requests.FetchChains) != 1 || len(requests.Violations) != 0 {
		t.Errorf("%d full fetches, violations %+v", len(requests.FetchChains), requests.Violations)
	}
	if status, err := service.SyncStatus(t.Context(), s.tokenID); err != nil || status.DeviceCount != 200 {
		t.Errorf("%d devices, %v", status.DeviceCount, err)
	}
}

// A core that is killed reads no more, and takes no line that is on its way.
func TestACoreThatGoesAwayLeavesNothingBehind(t *testing.T) {
	s := newSchool(t, enrollment.Embedded, 10*pageSize)
	s.stuckAt(4)
	d, service := s.provider()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		d.InvokeAndLeave(syncType, s.full())
	}()
	<-gone
	s.wantNobodyAtWork()
	status, err := service.SyncStatus(t.Context(), s.tokenID)
	if err != nil || status.Running != nil {
		t.Fatalf("the lease is not released: %+v, %v", status, err)
	}
}

func TestAnInterruptOnIntuneLeavesTheSyncToIntune(t *testing.T) {
	s := newSchool(t, enrollment.Intune, 30)
	s.must(s.graph.UpdateSettings(func(c *graph.Settings) error { c.SyncMinimum = graph.Duration(10 * time.Minute); return nil }))
	advancing := s.wait
	looks, stuck := make(chan struct{}, 100), make(chan struct{}, 1)
	s.wait = func(ctx context.Context, d time.Duration) error {
		looks <- struct{}{}
		if len(looks) < 4 {
			return advancing(ctx, d)
		}
		stuck <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	d, _ := s.provider()
	said := s.interrupted(d, func() bool { return len(stuck) == 1 })
	wantOne(t, "errors", said.Errors(), "It was interrupted", "goes on without anybody waiting", "asm_sync_status")
	s.wantNobodyAtWork()
	s.wait = advancing
	another, _ := s.provider()
	var lines []string
	said = another.Invoke(t.Context(), syncType, tftest.Config{"token_id": s.tokenID}, func(line string) { lines = append(lines, line) })
	wantNone(t, "errors", said.Errors())
	if !strings.Contains(strings.Join(lines, "\n"), "joined the") || !strings.Contains(lines[len(lines)-1], "that was joined finished: the token has 30 devices") {
		t.Errorf("said %q", lines)
	}
	s.wantOneRequest()
}

// wantOneRequest expects that Intune was asked for one sync, or Apple for one
// full fetch, and no rule was broken.
func (s *school) wantOneRequest() {
	s.Helper()
	requests := s.apple.Requests(false)
	n, violations := len(requests.FetchChains), len(requests.Violations)
	if s.graph != nil {
		ledger := s.graph.Requests(false)
		n, violations = 0, violations+len(ledger.Violations)
		for call, count := range ledger.Requests {
			if strings.Contains(call, "syncWithAppleDeviceEnrollmentProgram") {
				n += count
			}
		}
	}
	if n != 1 || violations != 0 {
		s.Errorf("%d syncs, %d violations", n, violations)
	}
}

func TestTwoInvokesAtOnceSyncOnce(t *testing.T) {
	for name, c := range map[string]struct {
		kind        enrollment.Kind
		sameProcess bool
	}{
		"one process":            {enrollment.Embedded, true},
		"two processes":          {enrollment.Embedded, false},
		"Intune, one process":    {enrollment.Intune, true},
		"Intune, two processes ": {enrollment.Intune, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSchool(t, c.kind, 8*pageSize)
			running, joined := make(chan struct{}), make(chan struct{})
			if s.graph == nil {
				_, err := s.apple.AddFaults(apple.Fault{Kind: apple.FaultLatency, Path: "/server/devices", Latency: apple.Duration(60 * time.Millisecond)})
				s.must(err)
			} else {
				s.must(s.graph.UpdateSettings(func(c *graph.Settings) error { c.SyncMinimum = graph.Duration(5 * time.Minute); return nil }))
				advancing := s.wait
				s.wait = func(ctx context.Context, d time.Duration) error {
					select { // nobody's clock moves until both are there
					case <-joined:
					case <-ctx.Done():
					}
					return advancing(ctx, d)
				}
			}
			first, _ := s.provider()
			second := first
			if !c.sameProcess {
				second, _ = s.provider()
			}
			var both sync.WaitGroup
			both.Go(func() {
				said := first.Invoke(t.Context(), syncType, s.full(), when("so far|running for", running))
				wantNoErrors(t, said)
			})
			both.Go(func() {
				<-running
				said := second.Invoke(t.Context(), syncType, s.full(), when("joined the", joined))
				wantNoErrors(t, said)
			})
			both.Wait()
			select {
			case <-joined:
			default:
				t.Error("the second did not join the first")
			}
			s.wantOneRequest()
		})
	}
}

func wantNoErrors(t *testing.T, said tftest.Diags) {
	t.Helper()
	for _, one := range said.Errors() {
		t.Error(one)
	}
}

// when closes a channel at the first line that has one of the texts.
func when(texts string, seen chan struct{}) func(string) {
	var once sync.Once
	return func(line string) {
		for text := range strings.SplitSeq(texts, "|") {
			if strings.Contains(line, text) {
				once.Do(func() { close(seen) })
			}
		}
	}
}

func TestInvokingFiftyTimesBreaksNoRule(t *testing.T) {
	pauses := []time.Duration{time.Minute, 14 * time.Minute, 3 * time.Minute, time.Hour, 15 * time.Minute, 30 * time.Hour, 6 * time.Minute, 50 * time.Hour}
	for _, kind := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		t.Run(string(kind), func(t *testing.T) {
			s := newSchool(t, kind, 2*pageSize)
			warnings := map[string]int{}
			for i := range 50 {
				d, service := s.provider() // each a process of its own
				config := tftest.Config{"token_id": s.tokenID, "kind": []string{"full", "incremental"}[i%2]}
				planned := d.PlanAction(syncType, config)
				wantNone(t, "errors at plan", planned.Errors())
				var lines []string
				said := d.Invoke(t.Context(), syncType, config, func(line string) { lines = append(lines, line) })
				wantNone(t, "errors", said.Errors())
				wantForeseen(t, planned, said)
				for _, warning := range said.Warnings() {
					warnings[strings.SplitN(warning, ":", 2)[0]]++
				}
				if len(lines) < 2 || slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "\n") }) {
					t.Errorf("said %q", lines)
				}
				s.must(service.Close())
				s.advance(pauses[i%len(pauses)])
			}
			requests := s.apple.Requests(false)
			if len(requests.Violations) != 0 {
				t.Errorf("violations %+v", requests.Violations)
			}
			if kind == enrollment.Embedded {
				if n := len(requests.FetchChains); n != 3 || warnings["The full sync ran as an incremental one"] != 25-n {
					t.Errorf("%d full fetches, warnings %v", n, warnings)
				}
				return
			}
			ledger := s.graph.Requests(false)
			if len(ledger.Violations) != 0 || len(ledger.Syncs) == 0 || warnings["The sync was skipped"] == 0 {
				t.Errorf("violations %+v, %d syncs, warnings %v", ledger.Violations, len(ledger.Syncs), warnings)
			}
		})
	}
}

// wantForeseen: what an action warns of was said at plan, as nothing happened in
// between.
func wantForeseen(t *testing.T, planned, said tftest.Diags) {
	t.Helper()
	if (len(planned.Warnings()) > 0) != (len(said.Warnings()) > 0) {
		t.Errorf("planned with %q, ended with %q", planned.Warnings(), said.Warnings())
	}
}
