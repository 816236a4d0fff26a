package apple_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// The programs of github.com/micromdm/nanodep, which schools run against Apple's service, against the simulator. They are
// a tool module of their own (tools/nanodep); building them needs the go command.

// patience is how long the tests wait for another process.
const patience = time.Minute

// buildNanoDEP builds all tools of the tool module and returns their directory.
func buildNanoDEP(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-C", filepath.Join("..", "..", "..", "tools", "nanodep"), "-o", dir, "tool")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the nanodep tools: %v\n%s", err, out)
	}
	return dir
}

func TestDeptokensDecryptsTheServerToken(t *testing.T) {
	tools, dir := buildNanoDEP(t), t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		command := exec.Command(filepath.Join(tools, "deptokens"), args...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("deptokens %v: %v\n%s", args, err, out)
		}
		return out
	}
	run("-cn", "school")
	pem, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	must(t, err)
	sim := apple.New(apple.Options{Now: func() time.Time { return opening }})
	server, err := sim.CreateServer("District", pem)
	must(t, err)
	file, err := sim.ServerToken(server.ID)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "token.p7m"), file, 0o600))
	var token serverToken
	must(t, json.Unmarshal(run("-token", "token.p7m"), &token))
	equal(t, "consumer key", token.ConsumerKey, server.ConsumerKey)
	equal(t, "expiry", token.AccessTokenExpiry, opening.AddDate(1, 0, 0))
	for prefix, value := range map[string]string{
		"CS_": token.ConsumerSecret, "AT_": token.AccessToken, "AS_": token.AccessSecret,
	} {
		if !strings.HasPrefix(value, prefix) {
			t.Errorf("got %q, want it to begin with %s", value, prefix)
		}
	}
}

// nanoMDM is a depserver with its storage, set up for a simulator.
type nanoMDM struct {
	*school
	tools, storage, url string
}

// newNanoMDM starts a depserver, has it make the public key, and gives it the server token.
func newNanoMDM(t *testing.T, devices, assigned int) *nanoMDM {
	t.Helper()
	sim := apple.New(apple.Options{Devices: devices, Seed: 11})
	sim.Start(t)
	n := &nanoMDM{school: &school{Simulator: sim, t: t}, tools: buildNanoDEP(t), storage: t.TempDir()}
	n.startDepserver()
	n.call("PUT", "/v1/config/school", `{"base_url":"`+sim.AppleURL()+`/"}`)
	server, err := sim.CreateServer("District", []byte(n.call("GET", "/v1/tokenpki/school?cn=school&validity_days=1", "")))
	must(t, err)
	n.server = server
	n.upload("")
	if assigned > 0 {
		_, err = sim.AssignDevices(server.ID, apple.Selection{Count: assigned})
		must(t, err)
	}
	return n
}

// upload gives depserver a fresh server token.
func (n *nanoMDM) upload(query string) {
	n.t.Helper()
	file, err := n.ServerToken(n.server.ID)
	must(n.t, err)
	n.call("PUT", "/v1/tokenpki/school"+query, string(file))
}

func (n *nanoMDM) startDepserver() {
	n.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(n.t, err)
	addr := l.Addr().String()
	must(n.t, l.Close())
	n.url = "http://" + addr
	n.start("depserver", "-api", "key", "-listen", addr, "-storage", "filekv", "-storage-dsn", n.storage)
	deadline := time.After(patience)
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-deadline:
			n.t.Fatalf("depserver does not listen on %s: %v", addr, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// start runs a tool until the test ends and returns its log lines.
func (n *nanoMDM) start(tool string, args ...string) (log <-chan string) {
	n.t.Helper()
	command := exec.Command(filepath.Join(n.tools, tool), args...)
	stderr, err := command.StderrPipe()
	must(n.t, err)
	must(n.t, command.Start())
	lines := make(chan string, 10_000)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	n.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGKILL)
		_ = command.Wait()
	})
	return lines
}

// call uses depserver's API and returns the body of a success.
func (n *nanoMDM) call(method, path, body string) string {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, n.url+path, strings.NewReader(body))
	must(n.t, err)
	request.SetBasicAuth("depserver", "key")
	request.Header.Set("User-Agent", "school-script/1")
	resp, err := http.DefaultClient.Do(request)
	must(n.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	must(n.t, err)
	if resp.StatusCode/100 != 2 {
		n.t.Fatalf("depserver %s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return string(text)
}

func TestDepserverTalksToTheService(t *testing.T) {
	n := newNanoMDM(t, 1, 1)
	serial := n.SerialNumbers()[0]
	var account map[string]any
	must(t, json.Unmarshal([]byte(n.call("GET", "/proxy/school/account", "")), &account))
	equal(t, "server_name", account["server_name"], any("District"))

	var defined assignment
	must(t, json.Unmarshal([]byte(n.call("POST", "/proxy/school/profile",
		`{"profile_name":"Carts","url":"https://mdm.school.example/","devices":["`+serial+`"]}`)), &defined))
	device, err := n.Device(serial)
	must(t, err)
	equal(t, "profile", device.ProfileUUID, defined.UUID)
	n.call("DELETE", "/proxy/school/profile/devices", `{"devices":["`+serial+`"]}`)
	device, err = n.Device(serial)
	must(t, err)
	equal(t, "status", device.ProfileStatus, "removed")

	n.upload("") // the renewed token has the same consumer key, or depserver would refuse it
	must(t, n.AdvanceClock(10*time.Minute))
	n.call("GET", "/proxy/school/account", "") // and it logs in again after the session expired
}

// deviceEvent is what depsyncer's webhook sends.
type deviceEvent struct {
	Topic string `json:"topic"`
	Event struct {
		Response page `json:"device_response"`
	} `json:"device_response_event"`
}

// webhook receives depsyncer's events.
func webhook(t *testing.T) (url string, events <-chan deviceEvent) {
	t.Helper()
	out := make(chan deviceEvent, 1000)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e deviceEvent
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Errorf("webhook: %v", err)
		}
		out <- e
	}))
	t.Cleanup(receiver.Close)
	return receiver.URL, out
}

// collect waits for events of a topic until they have told want devices, and returns "serial op_type" of each, sorted.
func collect(t *testing.T, events <-chan deviceEvent, topic string, want int) []string {
	t.Helper()
	var got []string
	deadline := time.After(patience)
	for len(got) < want {
		select {
		case e := <-events:
			if e.Topic != topic && len(e.Event.Response.Devices) > 0 {
				t.Fatalf("got %d devices by %s, want %s", len(e.Event.Response.Devices), e.Topic, topic)
			}
			for _, d := range e.Event.Response.Devices {
				got = append(got, strings.TrimSpace(fmt.Sprint(d["serial_number"], " ", op(d))))
			}
		case <-deadline:
			t.Fatalf("%s: got %d devices, want %d", topic, len(got), want)
		}
	}
	slices.Sort(got)
	return got
}

func op(device map[string]any) string {
	v, _ := device["op_type"].(string)
	return v
}

// each is every serial number with a suffix, sorted.
func each(serials []string, suffix string) []string {
	var out []string
	for _, serial := range serials {
		out = append(out, serial+suffix)
	}
	slices.Sort(out)
	return out
}

// awaitAssigned reads depsyncer's log until its assigner has given a profile to want devices.
func awaitAssigned(t *testing.T, log <-chan string, want int) {
	t.Helper()
	assigned := regexp.MustCompile(`msg=profile assigned .*devices=(\d+) success=(\d+)`)
	deadline := time.After(patience)
	for got := 0; got < want; {
		select {
		case line, running := <-log:
			if !running {
				t.Fatal("depsyncer ended")
			}
			if m := assigned.FindStringSubmatch(line); m != nil {
				var n int
				_, _ = fmt.Sscan(m[2], &n)
				got += n
			} else if strings.Contains(line, "err=") {
				t.Errorf("depsyncer: %s", line)
			}
		case <-deadline:
			t.Fatalf("depsyncer assigned %d devices, want %d", got, want)
		}
	}
}

func TestDepsyncerFetchesSyncsAndAssigns(t *testing.T) {
	n := newNanoMDM(t, 2600, 2500)
	serials := n.SerialNumbers()
	var defined assignment
	must(t, json.Unmarshal([]byte(n.call("POST", "/proxy/school/profile",
		`{"profile_name":"Carts","url":"https://mdm.school.example/"}`)), &defined))
	n.call("PUT", "/v1/assigner/school?profile_uuid="+defined.UUID, "")

	url, events := webhook(t)
	log := n.start("depsyncer", "-duration", "1", "-limit", "1000", "-storage", "filekv", "-storage-dsn", n.storage,
		"-webhook-url", url, "school")
	same(t, "fetched", collect(t, events, "dep.FetchDevices", 2500), each(serials[:2500], ""))

	_, err := n.AssignDevices(n.server.ID, apple.Selection{Count: 100})
	must(t, err)
	same(t, "synced", collect(t, events, "dep.SyncDevices", 100), each(serials[2500:], " added"))
	awaitAssigned(t, log, 100)
	summary, err := n.Devices(n.server.ID, false)
	must(t, err)
	same(t, "devices by profile", summary.ByProfile, map[string]int{"": 2500, defined.UUID: 100})
	same(t, "synced after the assignment", collect(t, events, "dep.SyncDevices", 100), each(serials[2500:], " modified"))

	_, err = n.UnassignDevices(n.server.ID, apple.Selection{SerialNumbers: serials[:30]})
	must(t, err)
	same(t, "synced at last", collect(t, events, "dep.SyncDevices", 30), each(serials[:30], " deleted"))
	equal(t, "full fetches", len(n.Requests(false).FetchChains), 1)
}

func TestDepsyncerStartsAgainFromItsCursorAndRecoversFromAnExpiredOne(t *testing.T) {
	n := newNanoMDM(t, 250, 200)
	once := func() string {
		t.Helper()
		var out []string
		lines := n.start("depsyncer", "-duration", "0", "-storage", "filekv", "-storage-dsn", n.storage, "school")
		phase := regexp.MustCompile(`phase=(fetch|sync) more=(true|false) .*devices=(\d+)`)
		for line := range lines {
			if m := phase.FindStringSubmatch(line); m != nil {
				out = append(out, m[1]+" "+m[3])
			}
		}
		return strings.Join(out, ", ")
	}
	equal(t, "first run", once(), "fetch 100, fetch 100, sync 0")
	_, err := n.AssignDevices(n.server.ID, apple.Selection{Count: 50})
	must(t, err)
	equal(t, "second run", once(), "sync 50")
	must(t, n.AdvanceClock(8*24*time.Hour))
	equal(t, "a week later", once(), "fetch 100, fetch 100, fetch 50, sync 0")
	equal(t, "full fetches", len(n.Requests(false).FetchChains), 2)
}
