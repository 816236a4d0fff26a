package embedded

import (
	"context"
	"iter"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// devicePage is how many devices are read from the store at once.
const devicePage = 2000

// Devices yields the devices of the view that match, by serial number. The store is read in pages, so that the caller may
// take its time and change things meanwhile.
func (s *Service) Devices(ctx context.Context, tokenID string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		if err := s.eachDevice(ctx, tokenID, filter, func(d enrollment.Device) bool { return yield(d, nil) }); err != nil {
			yield(enrollment.Device{}, err)
		}
	}
}

func (s *Service) eachDevice(ctx context.Context, tokenID string, filter enrollment.DeviceFilter, yield func(enrollment.Device) bool) error {
	var defaults map[enrollment.Platform]string
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		if _, err = q.Token(ctx, tokenID); err == nil {
			defaults, err = defaultsOf(ctx, q, tokenID)
		}
		return err
	})
	if err != nil {
		return err
	}
	entries, err := s.openEntries(ctx, tokenID)
	if err != nil {
		return err
	}
	doubtful := map[string]bool{}
	for _, e := range entries {
		for _, serial := range e.SerialNumbers {
			doubtful[serial] = true
		}
	}
	wanted := wantedSerials(&filter)
	for after := ""; ; {
		var page []store.Device
		err := s.store.Read(ctx, func(q *store.Queries) (err error) {
			page, err = q.Devices(ctx, tokenID, after, devicePage)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		now := s.now()
		for _, row := range page {
			if wanted != nil && !wanted[row.SerialNumber] {
				continue
			}
			d := domainDevice(row, defaults)
			d.InDoubt = doubtful[d.SerialNumber]
			if !d.ThrottledUntil.After(now) {
				d.ThrottledUntil = time.Time{}
			}
			if filter.Matches(d) && !yield(d) {
				return nil
			}
		}
		after = page[len(page)-1].SerialNumber
	}
}

// wantedSerials takes the serial numbers out of a filter and gives them as a set, nil for any: the filter by itself
// would look through its list for each device.
func wantedSerials(filter *enrollment.DeviceFilter) map[string]bool {
	if filter.SerialNumbers == nil {
		return nil
	}
	out := make(map[string]bool, len(filter.SerialNumbers))
	for _, serial := range filter.SerialNumbers {
		out[serial] = true
	}
	filter.SerialNumbers = nil
	return out
}

func defaultsOf(ctx context.Context, q *store.Queries, tokenID string) (map[enrollment.Platform]string, error) {
	list, err := q.Defaults(ctx, tokenID)
	out := make(map[enrollment.Platform]string, len(list))
	for _, d := range list {
		out[d.Platform] = d.ProfileID
	}
	return out, err
}

// domainDevice is a row of the view in the words of the domain. A device that took a profile once and was assigned
// again takes the new one only after a reset.
func domainDevice(d store.Device, defaults map[enrollment.Platform]string) enrollment.Device {
	return enrollment.Device{
		SerialNumber: d.SerialNumber, Model: d.Model, Description: d.Description, Color: d.Color, AssetTag: d.AssetTag,
		Family: d.Family, OS: d.OS, ProfileID: d.ProfileID, ProfileStatus: d.ProfileStatus,
		OnDefault:         d.ProfileID != "" && defaults[enrollment.PlatformOf(d.Family)] == d.ProfileID,
		ProfileAssignedAt: d.ProfileAssignedAt, ProfilePushedAt: d.ProfilePushedAt,
		AssignedToServerAt: d.ServerAssignedAt, AssignedToServerBy: d.ServerAssignedBy,
		NeedsReset: d.Activated && d.ProfileStatus == enrollment.StatusAssigned,
		Holder:     d.Holder, ThrottledUntil: d.ThrottledUntil,
	}
}

// deviceRow is a device of Apple's as the view keeps it.
func deviceRow(d apple.Device) store.Device {
	status := enrollment.ProfileStatus(d.ProfileStatus)
	if status == "" {
		status = enrollment.StatusEmpty
	}
	row := store.Device{
		SerialNumber: d.SerialNumber, Model: d.Model, Description: d.Description, Color: d.Color, AssetTag: d.AssetTag,
		Family: d.DeviceFamily, OS: d.OS, ServerAssignedAt: d.DeviceAssignedDate, ServerAssignedBy: d.DeviceAssignedBy,
		AppleUUID: d.ProfileUUID, ProfileStatus: status, ProfileAssignedAt: d.ProfileAssignTime, ProfilePushedAt: d.ProfilePushTime,
		Activated: status == enrollment.StatusPushed || !d.ProfilePushTime.IsZero(), OpDate: d.OpDate,
	}
	if status == enrollment.StatusRemoved || status == enrollment.StatusEmpty {
		row.AppleUUID = "" // a removed profile's id can still be named
	}
	return row
}
