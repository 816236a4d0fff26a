package bench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// embeddedService is ours.
type embeddedService struct {
	now  func() time.Time
	sync func(ctx context.Context, job SyncJob) (measurement, error)
}

// SyncJob tells the process that syncs what to sync.
type SyncJob struct {
	Store    string `json:"store"`
	StoreKey string `json:"store_key"`
	AppleURL string `json:"apple_url"`
	TokenID  string `json:"token_id"`
}

// synced is what that process answers.
type synced struct {
	Devices int `json:"devices"`
}

func (j SyncJob) open(ctx context.Context, now func() time.Time, http httpx.Options) (*embedded.Service, error) {
	service, err := embedded.Open(ctx, embedded.Config{
		Store: j.Store, StoreKey: j.StoreKey, AppleURL: j.AppleURL, MDMURL: "https://mdm.school.example/", Version: "bench", Now: now, HTTP: http,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the embedded service: %w", err)
	}
	return service, nil
}

// Sync syncs for the first time and gives the number of devices that are in the store then.
func (j SyncJob) Sync(ctx context.Context, now func() time.Time) (devices int, err error) {
	service, err := j.open(ctx, now, httpx.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	run, err := service.Sync(ctx, enrollment.SyncRequest{TokenID: j.TokenID, Kind: enrollment.FullSync, Wait: true})
	if err != nil {
		return 0, fmt.Errorf("syncing: %w", err)
	}
	status, err := service.SyncStatus(ctx, j.TokenID)
	if err != nil {
		return 0, fmt.Errorf("reading how the sync ended: %w", err)
	}
	if run.Kind != enrollment.FullSync || run.State != enrollment.SyncFinished || run.Added != status.DeviceCount || len(run.Warnings) > 0 {
		return 0, fmt.Errorf("the sync is not a whole first one: %+v", run)
	}
	return status.DeviceCount, nil
}

// ServeSync syncs as SyncJob on in says, and answers on out: the side of the process of its own.
func ServeSync(ctx context.Context, in io.Reader, out io.Writer, now func() time.Time) error {
	var job SyncJob
	if err := json.NewDecoder(in).Decode(&job); err != nil {
		return fmt.Errorf("reading what to sync: %w", err)
	}
	devices, err := job.Sync(ctx, now)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(synced{Devices: devices}); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	return nil
}

// prepare makes a store with a token whose server token is uploaded. Apple refuses the fetch of the sync that belongs
// to the upload, so that the sync that is measured is the first.
func (e embeddedService) prepare(ctx context.Context, dir string, apple *simulator) (server string, sync syncFunc, err error) {
	key, err := storeKey()
	if err != nil {
		return "", nil, err
	}
	job := SyncJob{Store: "sqlite:" + filepath.Join(dir, "enrollment.db"), StoreKey: key, AppleURL: apple.AppleURL}
	service, err := job.open(ctx, e.now, httpx.Options{MaxRetries: -1})
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	token, err := service.CreateToken(ctx, enrollment.TokenSpec{Name: "District", Type: enrollment.School})
	if err != nil {
		return "", nil, fmt.Errorf("creating a token: %w", err)
	}
	job.TokenID = token.ID
	if server, err = apple.AddServer(ctx, "District", token.PublicKeyPEM); err != nil {
		return "", nil, err
	}
	if err := e.upload(ctx, service, token.ID, server, apple); err != nil {
		return "", nil, errors.Join(err, apple.deleteServer(ctx, server))
	}
	return server, func(ctx context.Context) (measurement, error) { return e.sync(ctx, job) }, nil
}

func (e embeddedService) upload(ctx context.Context, service *embedded.Service, tokenID, server string, apple *simulator) error {
	file, err := apple.ServerToken(ctx, server)
	if err != nil {
		return err
	}
	if err := apple.refuseFetches(ctx, server); err != nil {
		return err
	}
	result, err := service.UploadServerToken(ctx, tokenID, enrollment.ServerTokenUpload{Contents: file})
	if err != nil {
		return fmt.Errorf("uploading the server token: %w", err)
	}
	if result.Sync != nil && result.Sync.State == enrollment.SyncFinished {
		return errors.New("uploading the server token synced already: there is no first sync left to measure")
	}
	return apple.allowFetches(ctx)
}

// storeKey makes a key for the secrets of a store, so that nothing is written outside its directory.
func storeKey() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("making a store key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(key), nil
}
