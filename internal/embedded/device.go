package embedded

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
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
	rest := filter
	rest.SerialNumbers = nil // the rows are chosen by them, and the filter would look through its list for each
	return s.eachRow(ctx, tokenID, filter, func(row store.Device) bool {
		d := domainDevice(row, defaults)
		d.InDoubt = doubtful[d.SerialNumber]
		if !d.ThrottledUntil.After(s.now()) {
			d.ThrottledUntil = time.Time{}
		}
		return !rest.Matches(d) || yield(d)
	})
}

// eachRow gives the rows that may match, by serial number, until yield says false. Of a token with many devices it reads
// no more than it has to.
func (s *Service) eachRow(ctx context.Context, tokenID string, filter enrollment.DeviceFilter, yield func(store.Device) bool) error {
	named := slices.ContainsFunc(filter.Assignment, func(selector string) bool {
		return selector == enrollment.SelectUnassigned || selector == enrollment.SelectDefault
	})
	switch {
	case filter.SerialNumbers != nil:
		return s.eachNumbered(ctx, tokenID, filter.SerialNumbers, yield)
	case filter.Assignment != nil && !named:
		return s.eachOnProfiles(ctx, tokenID, filter.Assignment, yield)
	}
	for after := ""; ; {
		page, err := s.devicePage(ctx, func(q *store.Queries) ([]store.Device, error) {
			return q.Devices(ctx, tokenID, after, devicePage)
		})
		if err != nil || len(page) == 0 || !eachOf(page, yield) {
			return err
		}
		after = page[len(page)-1].SerialNumber
	}
}

// eachNumbered looks devices up by their serial numbers.
func (s *Service) eachNumbered(ctx context.Context, tokenID string, serials []string, yield func(store.Device) bool) error {
	for chunk := range slices.Chunk(sorted(serials), devicePage) {
		page, err := s.devicePage(ctx, func(q *store.Queries) ([]store.Device, error) {
			found, err := q.DevicesBySerial(ctx, tokenID, chunk)
			return slices.SortedFunc(maps.Values(found), bySerial), err
		})
		if err != nil || !eachOf(page, yield) {
			return err
		}
	}
	return nil
}

// eachOnProfiles looks devices up by all definitions that their profiles have or had. A profile that this service did not
// make has Apple's id as its own.
func (s *Service) eachOnProfiles(ctx context.Context, tokenID string, profileIDs []string, yield func(store.Device) bool) error {
	for after := ""; ; {
		full := false
		page, err := s.devicePage(ctx, func(q *store.Queries) ([]store.Device, error) {
			uuids := slices.Clone(profileIDs)
			for _, id := range profileIDs {
				mapped, err := q.UUIDsOf(ctx, id)
				if err != nil {
					return nil, err
				}
				uuids = append(uuids, mapped...)
			}
			page, upTo, err := mergedPage(sorted(uuids), func(uuid string) ([]store.Device, error) {
				return q.DevicesByUUID(ctx, tokenID, uuid, after, devicePage)
			})
			after, full = upTo, upTo != ""
			return page, err
		})
		if err != nil || !eachOf(page, yield) || !full {
			return err
		}
	}
}

// mergedPage makes one page, by serial number, of the next pages of several definitions. Where one of them has more, the
// page ends at the serial number upTo, to which all are complete.
func mergedPage(uuids []string, next func(uuid string) ([]store.Device, error)) (page []store.Device, upTo string, err error) {
	for _, uuid := range uuids {
		part, err := next(uuid)
		if err != nil {
			return nil, "", err
		}
		if len(part) == devicePage {
			if last := part[len(part)-1].SerialNumber; upTo == "" || last < upTo {
				upTo = last
			}
		}
		page = append(page, part...)
	}
	slices.SortFunc(page, bySerial)
	if upTo != "" {
		page = slices.DeleteFunc(page, func(d store.Device) bool { return d.SerialNumber > upTo })
	}
	return page, upTo, nil
}

func (s *Service) devicePage(ctx context.Context, read func(*store.Queries) ([]store.Device, error)) (page []store.Device, err error) {
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		page, err = read(q)
		return err
	})
	return page, err
}

func eachOf(page []store.Device, yield func(store.Device) bool) (more bool) {
	return !slices.ContainsFunc(page, func(d store.Device) bool { return !yield(d) })
}

func bySerial(a, b store.Device) int { return strings.Compare(a.SerialNumber, b.SerialNumber) }

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
