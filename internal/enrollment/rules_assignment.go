package enrollment

import (
	"fmt"
	"strconv"
	"strings"
)

// OnLeave says what happens to devices that leave an assignment.
type OnLeave string

// What can happen to devices that leave.
const (
	// LeaveUnassign takes the profile from them.
	LeaveUnassign OnLeave = "unassign"
	// LeaveFallback gives them the fallback profile.
	LeaveFallback OnLeave = "fallback"
	// LeaveKeep lets them keep the profile.
	LeaveKeep OnLeave = "keep"
)

// CheckOnLeave refuses what a service cannot do with leaving devices.
func CheckOnLeave(kind Kind, onLeave OnLeave, hasFallback bool) []Violation {
	switch {
	case kind == Intune && onLeave == LeaveUnassign:
		return []Violation{{
			Field: "on_leave", Summary: "Intune cannot take a profile from a device",
			Detail: "Microsoft Graph has no request that unassigns. Set on_leave = \"fallback\" with fallback_profile_id, or on_leave = \"keep\".",
		}}
	case onLeave == LeaveFallback && !hasFallback:
		return []Violation{{
			Field: "fallback_profile_id", Summary: "A fallback profile is missing",
			Detail: "With on_leave = \"fallback\" devices that leave get this profile. Give its id.",
		}}
	case onLeave != LeaveFallback && hasFallback:
		return []Violation{{
			Field: "fallback_profile_id", Summary: "The fallback profile has no effect",
			Detail: fmt.Sprintf("Devices that leave are treated by on_leave = %q. Set on_leave = \"fallback\", or leave fallback_profile_id out.", onLeave),
		}}
	}
	return nil
}

// RecordsHolder tells whether a service knows which assignment gave a device its
// profile. Where it does not, a device's profile is all that is known: only what
// the assignments of one run announce tells who lets go of what.
func RecordsHolder(kind Kind) bool { return kind != Intune }

// FirstOnLeave is what an imported assignment does with devices that leave until
// its configuration says: what the service can do without being told more.
func FirstOnLeave(kind Kind) OnLeave {
	if kind == Intune {
		return LeaveKeep
	}
	return LeaveUnassign
}

// ChangeLimit is the fuse of an assignment: the most devices that may leave or
// move in one apply.
type ChangeLimit struct {
	// Count is a number of devices, Percent a share of those that are held; at
	// least AtLeast are always allowed.
	Count   int
	Percent float64
	AtLeast int
	percent bool
}

// DefaultChangeLimit is 10 % of what is held, and at least 50.
func DefaultChangeLimit() ChangeLimit { return ChangeLimit{Percent: 10, AtLeast: 50, percent: true} }

// ParseChangeLimit reads "200" or "25%".
func ParseChangeLimit(s string) (ChangeLimit, error) {
	bad := &Error{
		Kind: ErrInvalid, Field: "max_changes", What: fmt.Sprintf("%q is neither a number of devices nor a percentage", s),
		Do: `Write a whole number such as "200", or a percentage such as "25%".`,
	}
	if p, ok := strings.CutSuffix(strings.TrimSpace(s), "%"); ok {
		percent, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return ChangeLimit{}, bad
		}
		return ChangeLimit{Percent: percent, percent: true}, nil
	}
	count, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || count < 0 {
		return ChangeLimit{}, bad
	}
	return ChangeLimit{Count: count}, nil
}

// Of gives the limit in devices for a holding.
func (l ChangeLimit) Of(held int) int {
	if !l.percent {
		return l.Count
	}
	return max(int(float64(held)*l.Percent/100), l.AtLeast)
}

// AssignmentChange is what an apply would do to the devices of an assignment.
type AssignmentChange struct {
	// Held is the number of devices that the assignment has now, Wanted what it
	// is to have.
	Held   int
	Wanted int
	// Leaving devices are held and no longer wanted; Moving ones would be taken
	// from other profiles than the default one.
	Leaving int
	Moving  int
}

// CheckFuse stops an apply that would move or drop more devices than the limit,
// and one whose source is empty over devices that are held. The first fill is
// exempt.
func CheckFuse(c AssignmentChange, limit ChangeLimit, allowEmpty bool) error {
	if c.Held == 0 {
		return nil
	}
	if c.Wanted == 0 {
		if allowEmpty {
			return nil
		}
		return &Error{
			Kind: ErrConflict,
			What: fmt.Sprintf("The source of serial numbers is empty, and the assignment holds %s", Count(c.Held, "device")),
			Do:   "Look at the source first: an empty file or list is usually a mistake. If all of them are really to leave, set allow_empty = true.",
		}
	}
	changes, most := c.Leaving+c.Moving, limit.Of(c.Held)
	if changes <= most {
		return nil
	}
	return &Error{
		Kind: ErrConflict, Field: "max_changes",
		What: fmt.Sprintf("%s would leave and %d would move here from other profiles, and at most %d of the %d held may change in one apply",
			Count(c.Leaving, "device"), c.Moving, most, c.Held),
		Do: fmt.Sprintf("Look at the source of serial numbers first: a file that was cut short looks like this. If the change is meant, set max_changes = \"%d\" or more for this apply.", changes),
	}
}
