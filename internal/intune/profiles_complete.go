package intune

import (
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func checkProfile(spec enrollment.ProfileSpec) error {
	violations := enrollment.CheckWholeProfile(enrollment.Intune, spec)
	if len(violations) == 0 {
		return nil
	}
	v := violations[0]
	return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: v.Field, What: v.Summary, Do: v.Detail}
}

// withoutTaken leaves out the texts that a change takes away: an empty one breaks the rules on length.
func withoutTaken(spec enrollment.ProfileSpec) enrollment.ProfileSpec {
	spec.Department, spec.DepartmentPhone = said(spec.Department), said(spec.DepartmentPhone)
	return spec
}

// complete fills in what follows from the rest of a profile, and, for a change, from what it has now: whether a user signs
// in, whether enrollment is mandatory, and that nobody signs in without affinity.
func complete(spec, now enrollment.ProfileSpec) enrollment.ProfileSpec {
	if spec.UserAffinity == nil {
		switch {
		case enrollment.SignInNeedsAffinity(enrollment.Intune, spec.Authentication) && spec.SharedIPad == nil:
			spec.UserAffinity = new(true)
		case now.UserAffinity != nil && spec.SharedIPad == nil:
			spec.UserAffinity = now.UserAffinity
		default:
			spec.UserAffinity = new(enrollment.PlannedUserAffinity(enrollment.Intune, nil, spec.SharedIPad != nil))
		}
	}
	if !*spec.UserAffinity && spec.Authentication == nil {
		spec.Authentication = new(enrollment.Authentication(""))
	}
	spec.Mandatory = enrollment.PlannedMandatory(enrollment.Intune, spec.Mandatory, *spec.UserAffinity)
	return makeWay(spec, now)
}

// makeWay switches off what a profile has and nobody manages, where it cannot be beside what is asked for: left out, it is what
// the service needs.
func makeWay(spec, now enrollment.ProfileSpec) enrollment.ProfileSpec {
	if spec.Authentication != nil && *spec.Authentication != enrollment.AuthenticationCompanyPortal {
		if spec.CompanyPortalVPPTokenID == nil && said(now.CompanyPortalVPPTokenID) != nil {
			spec.CompanyPortalVPPTokenID = new("")
		}
		switchOff(&spec.SingleAppMode, now.SingleAppMode)
	}
	if *spec.UserAffinity || spec.SharedIPad != nil {
		switchOff(&spec.SharedDeviceMode, now.SharedDeviceMode)
	}
	if spec.SharedIPad != nil || value(spec.SharedDeviceMode) {
		switchOff(&spec.AwaitDeviceConfigured, now.AwaitDeviceConfigured)
	}
	return spec
}

func switchOff(asked **bool, now *bool) {
	if *asked == nil && value(now) {
		*asked = new(false)
	}
}

// beside adds what a change leaves as it is and what the rules look at: Graph holds the whole profile against them.
func beside(spec, now enrollment.ProfileSpec) enrollment.ProfileSpec {
	keep(&spec.Authentication, now.Authentication)
	keep(&spec.CompanyPortalVPPTokenID, now.CompanyPortalVPPTokenID)
	keep(&spec.SingleAppMode, now.SingleAppMode)
	keep(&spec.SharedDeviceMode, now.SharedDeviceMode)
	keep(&spec.AwaitDeviceConfigured, now.AwaitDeviceConfigured)
	return spec
}

func keep[T any](asked **T, now *T) {
	if *asked == nil {
		*asked = now
	}
}
