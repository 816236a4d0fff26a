package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// build compiles the program once per test that runs it.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "asm-simulator")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return path
}

func TestAppleServesUntilASignal(t *testing.T) {
	program := build(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command := exec.Command(program, "apple", "--devices", "1234", "--seed", "3", "--latency", "1ms")
		stdout, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = command.Process.Kill() }) // if the test fails before the signal
		output := bufio.NewReader(stdout)
		line, err := output.ReadString('\n')
		if err != nil {
			t.Fatalf("reading the addresses: %v", err)
		}
		var addresses struct {
			AppleURL  string `json:"apple_url"`
			PortalURL string `json:"portal_url"`
		}
		if err := json.Unmarshal([]byte(line), &addresses); err != nil {
			t.Fatalf("first line %q: %v", line, err)
		}
		want(t, addresses.PortalURL+"/devices", 200, `"total":1234,`)
		want(t, addresses.AppleURL+"/account", 401, "")
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(output)
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: more on standard output: %q, %v", signal, rest, err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v, want a clean end", signal, err)
		}
	}
}

func want(t *testing.T, url string, status int, text string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status || !strings.Contains(string(body), text) {
		t.Errorf("GET %s: got %d %q, want %d with %q", url, resp.StatusCode, body, status, text)
	}
}

func TestWhatIsWrongOnTheCommandLineIsSaid(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "want a command, one of: apple, graph"},
		{[]string{"pear"}, `unknown command "pear"`},
		{[]string{"apple", "--listen", "0.0.0.0:0"}, "not a loopback address"},
		{[]string{"apple", "--listen", "192.0.2.1:8080"}, "not a loopback address"},
		{[]string{"apple", "--portal-listen", ":8080"}, "not a loopback address"},
		{[]string{"apple", "--devices", "-1"}, "want 0 to 2000000 devices"},
		{[]string{"apple", "--devices", "2000001"}, "want 0 to 2000000 devices"},
		{[]string{"apple", "--latency", "-1s"}, "no negative latency"},
		{[]string{"apple", "--latency", "soon"}, "invalid value"},
		{[]string{"apple", "more"}, `unexpected argument "more"`},
		{[]string{"graph", "--listen", "0.0.0.0:0"}, "not a loopback address"},
		{[]string{"graph", "--sign-in-listen", ":8080"}, "not a loopback address"},
		{[]string{"graph", "--admin-listen", "192.0.2.1:8080"}, "not a loopback address"},
		{[]string{"graph", "--portal-listen", "0.0.0.0:0"}, "not a loopback address"},
		{[]string{"graph", "--devices", "2000001"}, "want 0 to 2000000 devices"},
		{[]string{"graph", "--latency", "-1s"}, "no negative latency"},
		{[]string{"graph", "more"}, `unexpected argument "more"`},
	} {
		err := run(t.Context(), test.args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: got error %v, want %q", test.args, err, test.want)
		}
	}
}
