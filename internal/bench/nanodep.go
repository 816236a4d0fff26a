package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/program"
)

// depsyncer is nanodep's program that syncs, with a depserver that keeps its keys and server tokens in files. Each
// round is a name of its own in that storage.
type depsyncer struct {
	programs Programs
	storage  string
	url      string
	server   *exec.Cmd
	rounds   int
	now      func() time.Time
}

const (
	depserverKey = "bench"
	// depserverStarts is how long depserver may take until it listens.
	depserverStarts = 30 * time.Second
)

// startDepserver starts depserver on a free port and waits until it listens.
func startDepserver(ctx context.Context, programs Programs, dir string, now func() time.Time) (*depsyncer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("finding a port for depserver: %w", err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, fmt.Errorf("finding a port for depserver: %w", err)
	}
	d := &depsyncer{programs: programs, storage: filepath.Join(dir, "nanodep"), url: "http://" + address, now: now}
	d.server = exec.CommandContext(ctx, programs.Depserver, "-api", depserverKey, "-listen", address, "-storage", "filekv", "-storage-dsn", d.storage) //nolint:gosec // built from the pinned tool module
	if err := d.server.Start(); err != nil {
		return nil, fmt.Errorf("starting depserver: %w", err)
	}
	if err := awaitListener(ctx, address); err != nil {
		return nil, errors.Join(fmt.Errorf("starting depserver: %w", err), d.stop())
	}
	return d, nil
}

func awaitListener(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, depserverStarts)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not listen on %s: %w", address, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop ends depserver. It handles no signal, so that its exit status says nothing.
func (d *depsyncer) stop() error {
	if err := d.server.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping depserver: %w", err)
	}
	_ = d.server.Wait()
	return nil
}

// prepare takes the way that a person takes: a key pair from depserver, the MDM server at Apple, its server token.
func (d *depsyncer) prepare(ctx context.Context, _ string, apple *simulator) (server string, sync syncFunc, err error) {
	d.rounds++
	name := "round-" + strconv.Itoa(d.rounds)
	config := `{"base_url":` + strconv.Quote(apple.AppleURL+"/") + `}`
	if _, err := d.call(ctx, http.MethodPut, "/v1/config/"+name, []byte(config)); err != nil {
		return "", nil, err
	}
	publicKey, err := d.call(ctx, http.MethodGet, "/v1/tokenpki/"+name+"?"+url.Values{"cn": {name}}.Encode(), nil)
	if err != nil {
		return "", nil, err
	}
	if server, err = apple.AddServer(ctx, "District", string(publicKey)); err != nil {
		return "", nil, err
	}
	file, err := apple.ServerToken(ctx, server)
	if err == nil {
		_, err = d.call(ctx, http.MethodPut, "/v1/tokenpki/"+name, file)
	}
	if err != nil {
		return "", nil, errors.Join(err, apple.deleteServer(ctx, server))
	}
	return server, func(ctx context.Context) (measurement, error) { return d.sync(ctx, name) }, nil
}

func (d *depsyncer) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	answer, err := program.Ask(ctx, method, d.url+path, body, func(r *http.Request) {
		r.SetBasicAuth("depserver", depserverKey)
		r.Header.Set("User-Agent", "asm-bench/1") // what it proxies to Apple
	})
	if err != nil {
		return nil, fmt.Errorf("depserver: %w", err)
	}
	return answer, nil
}

// fetchedPage is depsyncer's line about a page of a fetch.
var fetchedPage = regexp.MustCompile(`phase=fetch more=(?:true|false) .*devices=(\d+)`)

func (d *depsyncer) sync(ctx context.Context, name string) (measurement, error) {
	args := []string{"-duration", "0", "-limit", strconv.Itoa(pageLimit), "-storage", "filekv", "-storage-dsn", d.storage, name}
	process := exec.CommandContext(ctx, d.programs.Depsyncer, args...) //nolint:gosec // built from the pinned tool module
	m, _, log, err := run(process, d.now)
	if err != nil {
		return m, err
	}
	for _, match := range fetchedPage.FindAllSubmatch(log, -1) {
		n, err := strconv.Atoi(string(match[1]))
		if err != nil {
			return m, fmt.Errorf("reading depsyncer's log: %w", err)
		}
		m.Devices += n
	}
	return m, nil
}
