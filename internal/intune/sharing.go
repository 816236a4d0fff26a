package intune

import (
	"context"
	"fmt"
	"net/http"
)

// SetSDSSharing lets School Data Sync use a token, or no longer, and waits until it shows. A tenant shares one token: sharing
// another takes it away from the first. ErrNotShown is an error after Graph took the request.
func (s *Service) SetSDSSharing(ctx context.Context, tokenID string, shared bool) error {
	row, err := s.tokenRow(ctx, tokenID)
	if err != nil || row.SharedWithSDS == shared {
		return err
	}
	action, what := "shareForSchoolDataSyncService", fmt.Sprintf("share token %q with School Data Sync", row.Name)
	if !shared {
		action, what = "unshareForSchoolDataSyncService", fmt.Sprintf("stop sharing token %q with School Data Sync", row.Name)
	}
	if _, err := s.graph.Send(ctx, http.MethodPost, tokenPath(row.ID, action), nil, nil, true); err != nil {
		return s.failed(what, err)
	}
	shows, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		read, err := s.tokenRow(ctx, row.ID)
		return err == nil && read.SharedWithSDS == shared, err
	})
	return s.unseen(what, shows, err)
}
