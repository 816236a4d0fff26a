package intune

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// aboutDevices is what a token says that matters to its devices.
type aboutDevices struct {
	// defaults are the ids of the default profiles, in whatever spelling.
	defaults map[enrollment.Platform]string
	// size is the number of devices as of the last sync; it may lag.
	size int
}

// isDefault tells whether a profile is the default of a platform.
func (a aboutDevices) isDefault(platform enrollment.Platform, id string) bool {
	def := a.defaults[platform]
	return def != "" && !noProfile(id) && keyOf(def) == keyOf(id)
}

// tokenWithDefaults is a depOnboardingSetting with its default profiles expanded. That is the only way to see one that is the
// mirror of an enrollment policy: isDefault is never true on those.
type tokenWithDefaults struct {
	SyncedDeviceCount int        `json:"syncedDeviceCount"`
	IOS               *profileID `json:"defaultIosEnrollmentProfile"`
	MacOS             *profileID `json:"defaultMacOsEnrollmentProfile"`
	TVOS              *profileID `json:"defaultTvOSEnrollmentProfile"`
	VisionOS          *profileID `json:"defaultVisionOSEnrollmentProfile"`
}

type profileID struct {
	ID string `json:"id"`
}

func (s *Service) aboutDevices(ctx context.Context, tokenID string) (aboutDevices, error) {
	t, err := s.readDefaults(ctx, tokenID)
	if err != nil {
		return aboutDevices{}, s.failed("read the default profiles of token "+tokenID, err)
	}
	about := aboutDevices{defaults: map[enrollment.Platform]string{}, size: t.SyncedDeviceCount}
	for platform, p := range map[enrollment.Platform]*profileID{
		enrollment.IOS: t.IOS, enrollment.MacOS: t.MacOS, enrollment.TVOS: t.TVOS, enrollment.VisionOS: t.VisionOS,
	} {
		if p != nil && !noProfile(p.ID) {
			about.defaults[platform] = p.ID
		}
	}
	return about, nil
}

const (
	mainDefaults = "defaultIosEnrollmentProfile,defaultMacOsEnrollmentProfile"
	allDefaults  = mainDefaults + ",defaultTvOSEnrollmentProfile,defaultVisionOSEnrollmentProfile"
)

// readDefaults asks for all default profiles. Those for Apple TV and Vision Pro are newer than the others, and clouds that do
// not have them yet refuse the whole request: they are asked for the others alone from then on.
func (s *Service) readDefaults(ctx context.Context, tokenID string) (t tokenWithDefaults, err error) {
	if !s.mainDefaultsOnly.Load() {
		err = s.graph.Get(ctx, tokenPath(tokenID), url.Values{"$expand": {allDefaults}}, &t)
		if graph.StatusOf(err) != http.StatusBadRequest {
			return t, err
		}
	}
	if err = s.graph.Get(ctx, tokenPath(tokenID), url.Values{"$expand": {mainDefaults}}, &t); err == nil {
		s.mainDefaultsOnly.Store(true)
	}
	return t, err
}

// defaultKeys gives the key of the default profile of each platform that has one.
func (s *Service) defaultKeys(ctx context.Context, tokenID string) (map[enrollment.Platform]string, error) {
	about, err := s.aboutDevices(ctx, tokenID)
	keys := map[enrollment.Platform]string{}
	for platform, id := range about.defaults {
		keys[platform] = keyOf(id)
	}
	return keys, err
}

// DefaultProfile implements enrollment.ProfileService. The id is the one under which Graph lists the profile.
func (s *Service) DefaultProfile(ctx context.Context, tokenID string, platform enrollment.Platform) (string, error) {
	about, err := s.aboutDevices(ctx, tokenID)
	if err != nil {
		return "", err
	}
	return s.listedID(ctx, tokenID, about.defaults[platform])
}

// SetDefaultProfile implements enrollment.ProfileService, for classic profiles and mirrored policies. Devices that later
// syncs bring get the profile, those that are there keep what they have. Graph answers 404 for up to a minute after a
// profile was made (Config.VisibleWithin bounds it). ErrNotShown is an error after Graph took the request.
func (s *Service) SetDefaultProfile(ctx context.Context, tokenID string, platform enrollment.Platform, profileID string) error {
	if err := s.checkDefault(ctx, tokenID, platform, profileID); err != nil {
		return err
	}
	about, err := s.aboutDevices(ctx, tokenID)
	if err != nil || about.isDefault(platform, profileID) {
		return err
	}
	what := fmt.Sprintf("make profile %s the default for %s of token %s", profileID, platform, tokenID)
	if err := s.sendDefault(ctx, tokenID, profileID); err != nil {
		return s.failed(what, err)
	}
	shows, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		about, err := s.aboutDevices(ctx, tokenID)
		return about.isDefault(platform, profileID), err
	})
	return s.unseen(what, shows, err)
}

// sendDefault names a mirrored policy without its prefix, as other programs that work with Graph do.
func (s *Service) sendDefault(ctx context.Context, tokenID, id string) error {
	path := profilePath(tokenID, strings.TrimPrefix(spelled(tokenID, id), mirrorPrefix)) + "/setDefaultProfile"
	return s.onceThere(ctx, tokenID, id, func(ctx context.Context) error {
		_, err := s.graph.Send(ctx, http.MethodPost, path, nil, nil, true)
		return err
	})
}

// onceThere repeats a request on a profile while the answer is 404 and the profile is there to be read: it may just have been
// made. One that is not there at all is not waited for.
func (s *Service) onceThere(ctx context.Context, tokenID, id string, send func(ctx context.Context) error) error {
	var last error
	looked := false
	_, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		last = send(ctx)
		if graph.StatusOf(last) != http.StatusNotFound {
			return true, last
		}
		if !looked {
			looked = true
			_, _, err := s.findProfile(ctx, enrollment.ProfileRef{TokenID: tokenID, ID: id})
			return false, err
		}
		return false, nil
	})
	if err == nil {
		err = last
	}
	return err
}

// checkDefault refuses a platform that a profile cannot be the default of: Graph would make it the default of its own.
func (s *Service) checkDefault(ctx context.Context, tokenID string, platform enrollment.Platform, id string) error {
	if !slices.Contains(enrollment.Platforms(), platform) {
		return &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "platform", What: fmt.Sprintf("%q is no platform", platform),
			Do: fmt.Sprintf("Use one of %v.", enrollment.Platforms()),
		}
	}
	p, err := s.known(ctx, tokenID, id)
	if err != nil || p.platform == "" || p.platform == platform {
		return err
	}
	return &enrollment.Error{
		Kind: enrollment.ErrInvalid, Field: "platform", What: fmt.Sprintf("Profile %q (%s) is for %s and cannot be the default for %s", p.Name, p.ID, p.platform, platform),
		Do: fmt.Sprintf("Set platform = %q, or choose a profile for %s.", p.platform, platform),
	}
}

// UnsetDefaultProfile implements enrollment.ProfileService: Graph has no request for it.
func (s *Service) UnsetDefaultProfile(context.Context, string, enrollment.Platform) error {
	return enrollment.Unsupported(enrollment.Intune, "cannot take a default profile away: Microsoft Graph has no request for it",
		"Make another profile the default instead.")
}
