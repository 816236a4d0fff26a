// Package storetest gives tests a PostgreSQL server of their own: one for the test binary, made of the programs that the
// system has, on a socket that nobody else sees, gone when the tests are.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver for waiting until the server is up
)

// server is a running PostgreSQL.
type server struct {
	dir  string
	stop io.Closer
	done chan struct{}
	err  error
}

var (
	once    sync.Once
	running *server
	absent  string // why there is none
	schemas atomic.Int64
)

// Main runs the tests of a package and ends the server afterwards. Use it as TestMain's body.
func Main(m *testing.M) {
	code := m.Run()
	if running != nil {
		_ = running.stop.Close()
		<-running.done
		_ = os.RemoveAll(running.dir)
	}
	os.Exit(code)
}

// Postgres gives the address of an empty store in PostgreSQL. Without the programs of PostgreSQL the test is skipped.
func Postgres(t *testing.T) string {
	t.Helper()
	once.Do(func() { running, absent = start(t.Context()) })
	if absent != "" {
		t.Skip("PostgreSQL: " + absent)
	}
	if running.err != nil {
		t.Fatalf("starting PostgreSQL: %v", running.err)
	}
	return running.address(fmt.Sprintf("test_%d", schemas.Add(1)))
}

func (s *server) address(schema string) string {
	query := url.Values{"host": {s.dir}, "user": {"asm"}, "sslmode": {"disable"}}
	if schema != "" {
		query.Set("search_path", schema)
	}
	return "postgres:///postgres?" + query.Encode()
}

// program finds a program of PostgreSQL, which is often not in the path.
func program(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1]
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return ""
}

func start(ctx context.Context) (s *server, absent string) {
	initdb, postgres := program("initdb"), program("postgres")
	if initdb == "" || postgres == "" {
		return nil, "initdb and postgres are neither in the path nor in /usr/lib/postgresql"
	}
	s = &server{done: make(chan struct{})}
	// A short path: that of a socket may have 107 bytes.
	if s.dir, s.err = os.MkdirTemp("/tmp", "asm-pg"); s.err != nil {
		return s, ""
	}
	if err := unprivileged(s.dir); err != nil {
		return nil, err.Error()
	}
	data := filepath.Join(s.dir, "data")
	//nolint:gosec // one of PostgreSQL's own programs
	create := exec.CommandContext(ctx, initdb, "-D", data, "-U", "asm", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions")
	out, err := asUnprivileged(create, s.dir).CombinedOutput()
	if err != nil {
		s.err = fmt.Errorf("initdb: %w: %s", err, out)
		return s, ""
	}
	s.run(ctx, postgres, data)
	return s, ""
}

// run starts the server below a shell that ends it when its standard input is closed: when the tests end it, and also
// when they die.
func (s *server) run(ctx context.Context, postgres, data string) {
	const script = `"$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid`
	//nolint:gosec // as above; it is for all tests, not for the first one
	server := asUnprivileged(exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", script, "sh", postgres, "-D", data, "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=300", "-c", "log_min_messages=fatal"), s.dir)
	var log strings.Builder
	server.Stderr = &log
	if s.stop, s.err = server.StdinPipe(); s.err != nil {
		return
	}
	if s.err = server.Start(); s.err != nil {
		return
	}
	go func() {
		defer close(s.done)
		_ = server.Wait()
	}()
	s.err = s.await(ctx)
}

// await waits until the server takes connections.
func (s *server) await(ctx context.Context) error {
	db, err := sql.Open("pgx", s.address(""))
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-s.done:
			return fmt.Errorf("the server ended: %w", err)
		case <-poll.C:
		}
	}
}
