package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store/storetest"
)

func TestASchemaThatIsThereNeedsNoRightToMakeOne(t *testing.T) {
	address := storetest.Postgres(t)
	db, err := sql.Open("pgx", address)
	check(t, err)
	defer func() { _ = db.Close() }()
	for _, statement := range []string{"CREATE ROLE school LOGIN", "CREATE SCHEMA school AUTHORIZATION school"} {
		_, err := db.ExecContext(t.Context(), statement)
		check(t, err)
	}
	u, err := url.Parse(address)
	check(t, err)
	query := u.Query()
	query.Set("user", "school")
	query.Set("search_path", "school")
	u.RawQuery = query.Encode()
	s := open(t, u.String())
	if _, err := s.Make(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestATokenIsLockedAgainstOtherProcesses(t *testing.T) {
	address := storetest.Postgres(t)
	one, two := open(t, address), open(t, address)
	locked := func(s *store.Store, token string, within time.Duration) (func(), error) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return s.LockToken(ctx, token)
	}
	const inTime = time.Minute // a busy machine is no failure
	unlock, err := locked(one, "t", inTime)
	check(t, err)
	if _, err := locked(two, "t", 200*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a token that another process has: %v", err)
	}
	other, err := locked(two, "another", inTime)
	check(t, err)
	other()
	unlock()
	again, err := locked(two, "t", inTime)
	check(t, err)
	again()
}
