package enrollment

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reach is how many devices a change is about.
type Reach struct {
	Devices int
	// Activated ones, of those, notice it only after a factory reset.
	Activated int
}

// With counts one device more.
func (r Reach) With(d Device) Reach {
	r.Devices++
	if d.Activated() {
		r.Activated++
	}
	return r
}

// String is "5 devices" or "5 devices, 2 of them after a factory reset".
func (r Reach) String() string { return Count(r.Devices, "device") + r.afterReset() }

func (r Reach) afterReset() string {
	if r.Activated == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them after a factory reset", r.Activated)
}

// PolicyImpact warns of a changed enrollment policy with the number of its devices. attributes are what the change is about;
// naming tells that it is about nothing but the name template, which devices need no reset for.
func PolicyImpact(name string, r Reach, attributes []string, naming bool) (Warning, bool) {
	if r.Devices == 0 || len(attributes) == 0 {
		return Warning{}, false
	}
	about := fmt.Sprintf("The enrollment policy %q is on %s. ", name, Count(r.Devices, "device"))
	if naming {
		return Warning{
			Summary: "Enrollment policy change renames " + Count(r.Devices, "device"),
			Detail:  about + fmt.Sprintf("Devices that are enrolled are renamed too (%s): this needs no factory reset.", strings.Join(attributes, ", ")),
		}, true
	}
	detail := about + fmt.Sprintf("They take the change (%s) when they enroll the next time.", strings.Join(attributes, ", "))
	if r.Activated > 0 {
		detail += fmt.Sprintf(" %d of them are already enrolled and have to be wiped for it; a new device name template needs no wipe.", r.Activated)
	}
	return Warning{Summary: "Enrollment policy change reaches " + r.String(), Detail: detail}, true
}

// mostSources is how many profiles a message names that devices come from.
const mostSources = 5

// Sources counts devices by the name of the profile that they have, "" for none.
type Sources map[string]int

// String names the profiles that most devices come from: `12 from "library" and 3 without a profile`.
func (s Sources) String() string {
	names := slices.SortedFunc(maps.Keys(s), func(a, b string) int {
		return cmp.Or(s[b]-s[a], strings.Compare(a, b))
	})
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	var parts []string
	others := 0
	for i, name := range names {
		if i < mostSources || len(names) == mostSources+1 {
			parts = append(parts, fmt.Sprintf("%d from %q", s[name], name))
		} else {
			others += s[name]
		}
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%d from %d other profiles", others, len(names)-mostSources))
	}
	if s[""] > 0 {
		parts = append(parts, fmt.Sprintf("%d without a profile", s[""]))
	}
	return list(parts)
}

// moves tells whether a device comes from another profile.
func (s Sources) moves() bool {
	for name, n := range s {
		if name != "" && n > 0 {
			return true
		}
	}
	return false
}

// AssignmentImpact is what a change of an assignment does to devices, as far as the last sync knows.
type AssignmentImpact struct {
	// Profile is the name of the profile that the devices get, "" for one that the same apply makes, and Left of the one that
	// leaving devices have.
	Profile, Left string
	// Get are the devices that get the profile, From where they come from.
	Get  Reach
	From Sources
	// Held, of those, the assignment has on another profile: profile_id changed.
	Held int
	// Leave are the devices that leave the assignment and still have the profile.
	Leave    Reach
	OnLeave  OnLeave
	Fallback string // the name of the fallback profile
}

// Warning says it with the numbers; false where nothing happens to any device.
func (i AssignmentImpact) Warning() (Warning, bool) {
	var summary, detail []string
	if i.Get.Devices > 0 {
		summary, detail = append(summary, i.get()), append(detail, i.getDetail())
	}
	if i.Leave.Devices > 0 {
		summary, detail = append(summary, i.leave()), append(detail, i.leaveDetail())
	}
	return Warning{Summary: strings.Join(summary, "; "), Detail: strings.Join(detail, " ")}, len(summary) > 0
}

func (i AssignmentImpact) get() string {
	verb := " get "
	if i.Get.Devices == 1 {
		verb = " gets "
	}
	out := Count(i.Get.Devices, "device") + verb + i.target() + i.Get.afterReset()
	if i.From.moves() {
		out += ": " + i.From.String()
	}
	return out
}

func (i AssignmentImpact) target() string { return orNew(i.Profile) }

func orNew(profile string) string {
	if profile == "" {
		return "an enrollment profile that is made in this apply"
	}
	return fmt.Sprintf("enrollment profile %q", profile)
}

func (i AssignmentImpact) getDetail() string {
	out := fmt.Sprintf("The devices that get %s: %s.", i.target(), i.From)
	if i.Get.Activated > 0 {
		out += fmt.Sprintf(" %d of the %d are activated already and take it only after a factory reset; the others take it when they are set up.", i.Get.Activated, i.Get.Devices)
	} else {
		out += " They take it when they are set up."
	}
	if i.Held > 0 {
		out += fmt.Sprintf(" A changed profile_id moves every device that the assignment holds and keeps (%d); max_changes does not limit this.", i.Held)
	}
	return out
}

func (i AssignmentImpact) leave() string {
	verb, keep, profile := " leave ", "keep ", "it"
	if i.Leave.Devices == 1 {
		verb, keep = " leaves ", "keeps "
	}
	if i.Get.Devices == 0 || i.Left != i.Profile {
		profile = orNew(i.Left)
	}
	out := Count(i.Leave.Devices, "device") + verb
	switch i.OnLeave {
	case LeaveKeep:
		return out + "the assignment and " + keep + orNew(i.Left)
	case LeaveFallback:
		return out + profile + " for " + orNew(i.Fallback) + i.Leave.afterReset()
	default:
		return out + profile + " for none" + i.Leave.afterReset()
	}
}

func (i AssignmentImpact) leaveDetail() string {
	if i.OnLeave == LeaveKeep {
		return "What leaves keeps its profile (on_leave = \"keep\"), and no assignment answers for it any more."
	}
	return fmt.Sprintf("What becomes of devices that leave is on_leave = %q; one that another assignment of this plan takes goes there instead.", i.OnLeave)
}

// AssignsNobody warns of a new assignment whose source names no device: nothing else would tell a selection that does not
// match, or a file that is empty by mistake.
func AssignsNobody(profile string) Warning {
	return Warning{
		Summary: "0 devices get " + orNew(profile) + ": the source of serial numbers is empty",
		Detail: "The assignment is made and does nothing. Look at the file, or at the filter of the asm_devices that it comes from: a selection that matches nothing looks like this, and so does a token that was never synced. " +
			"Serial numbers that come later are a change of the next plan.",
	}
}

// WaitsFor warns of serial numbers that a token does not have and that are waited for: a misspelt one would be for ever.
func WaitsFor(token string, serials []string) Warning {
	const most = 3
	named := strings.Join(serials[:min(len(serials), most)], ", ")
	if more := len(serials) - most; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return Warning{
		Summary: fmt.Sprintf("%s that token %q does not have: pending until a sync brings them in (%s)", Count(len(serials), "serial number"), token, named),
		Detail: "With missing_devices = \"wait\" nothing fails while they do not come. Look whether they are spelt right, and whether the devices are on the token's server in Apple School Manager. " +
			"The first of them: " + strings.Join(serials[:min(len(serials), 10)], ", ") + ".",
	}
}

// DestroyedAssignment warns of the devices that a destroy lets go, which no fuse limits; false where nothing happens to any.
func DestroyedAssignment(profile string, r Reach, how OnLeave, fallback string) (Warning, bool) {
	if r.Devices == 0 || how == LeaveKeep {
		return Warning{}, false
	}
	next, leaves := "no profile", "leaves them without one"
	if how == LeaveFallback {
		next = fmt.Sprintf("the profile %q", fallback)
		leaves = fmt.Sprintf("gives them %q", fallback)
	}
	return Warning{
		Summary: fmt.Sprintf("Destroying takes enrollment profile %q from %s, and %s (on_leave = %q)", profile, r, leaves, how),
		Detail: "The assignment is planned to be destroyed. Its devices then have " + next + ", except those that another assignment of this plan takes. " +
			"If that is not meant, look whether a file is missing that its count depends on, such as token.p7m.",
	}, true
}

// UnsetsDefault tells whether a service can leave a platform without a default profile.
func UnsetsDefault(kind Kind) bool { return kind != Intune }

// DefaultChange is another default profile of a platform. Was and Is are names, Is "" for none.
type DefaultChange struct {
	Platform Platform
	Was, Is  string
	// Makes: the same apply makes the next default, which has no name yet.
	Makes bool
	// Stay is the number of devices that have the former default, or
	// DeviceCountUnknown.
	Stay int
}

// Warning says what new devices get, and how many devices are not touched.
func (c DefaultChange) Warning() Warning {
	next := "no enrollment profile"
	if c.Is != "" || c.Makes {
		next = orNew(c.Is)
	}
	stay := "devices that have it keep it"
	switch {
	case c.Stay == 1:
		stay = "1 device that has it keeps it"
	case c.Stay != DeviceCountUnknown:
		stay = Count(c.Stay, "device") + " that have it keep it"
	}
	return Warning{
		Summary: fmt.Sprintf("New %s devices get %s from now on and no longer %q; %s", c.Platform, next, c.Was, stay),
		Detail: fmt.Sprintf("Devices that a later sync brings in get %s. Nothing is sent to devices that are there: those on %q stay on it. They are then on a profile that is not the default, "+
			"so that an assignment takes them only if its take_over_from names that profile. To move them, assign them with an asm_device_assignment.", next, c.Was),
	}
}

func haveOrHas(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// DestroyInUse warns before a profile or a policy is destroyed that devices have, or that is a default: the service refuses it
// then. thing is "enrollment profile" or "enrollment policy".
func DestroyInUse(kind Kind, thing, name string, devices int, defaults []Platform) (Warning, bool) {
	var in []string
	if devices > 0 {
		in = append(in, Count(devices, "device")+" "+haveOrHas(devices)+" it")
	}
	if len(defaults) > 0 {
		var names []string
		for _, p := range defaults {
			names = append(names, string(p))
		}
		in = append(in, "it is the default for "+list(names))
	}
	if len(in) == 0 {
		return Warning{}, false
	}
	return Warning{
		Summary: fmt.Sprintf("Destroying %s %q is refused while %s", thing, name, list(in)),
		Detail:  "It works only if this apply, or one before it, ends that first. " + LetGoOfProfile(kind),
	}, true
}

// LetGoOfProfile says how a profile gets free to be deleted.
func LetGoOfProfile(kind Kind) string {
	do := "Give the devices another profile, or take this one from them (asm_device_assignment), make another profile the default (asm_default_profile), apply, and destroy then. "
	if kind == Intune {
		do = "Give the devices another profile (asm_device_assignment), make another profile the default (asm_default_profile), apply, and destroy then. " +
			"Intune cannot take a profile from a device, and devices whose profile is gone fail to enroll. "
	}
	return do + "Where a change replaces the profile, set create_before_destroy in its lifecycle block."
}

// DestroyedToken warns before a token is destroyed that still has something: the service refuses it then, after everything
// else of the same plan was destroyed.
func DestroyedToken(t Token) (Warning, bool) {
	if t.DeviceCount == 0 && t.ProfileCount == 0 {
		return Warning{}, false
	}
	var has []string
	if t.DeviceCount > 0 {
		has = append(has, Count(t.DeviceCount, "device"))
	}
	if t.ProfileCount > 0 {
		has = append(has, Count(t.ProfileCount, "enrollment profile"))
	}
	detail := "What else this plan destroys is destroyed before that. "
	if t.DeviceCount > 0 {
		detail += "Devices leave a token in Apple School Manager only: give them to another server there and sync first. "
	}
	return Warning{
		Summary: fmt.Sprintf("Destroying token %q is refused while it has %s", t.Name, list(has)),
		Detail:  detail + "To keep the token and only stop managing it here, use a removed block or state rm.",
	}, true
}
