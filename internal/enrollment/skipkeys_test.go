package enrollment_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func keysFor(t *testing.T, platform enrollment.Platform, version string) []string {
	t.Helper()
	keys, err := enrollment.SkipKeysFor(platform, version)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Each pane at its edges (Apple: SkipKeys, Available and Removed).
func TestSkipKeysForComeAndGoWithTheVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key      string
		platform enrollment.Platform
		without  []string
		with     []string
	}{
		{"AppleID", enrollment.IOS, []string{"6", "6.9.9"}, []string{"7", "7.0", "7.0.0", "12", "27", "99"}},
		{"DisplayTone", enrollment.IOS, []string{"9", "9.3.1"}, []string{"9.3.2", "10", "26"}},
		{"AppStore", enrollment.IOS, []string{"14", "14.2"}, []string{"14.3", "14.10", "15"}},
		{"SafetyAndHandling", enrollment.IOS, []string{"18", "18.3"}, []string{"18.4", "26"}},
		{"WebContentFiltering", enrollment.IOS, []string{"18.1", "26.1", "27"}, []string{"18.2", "26", "26.0.1"}},
		{"OSShowcase", enrollment.IOS, []string{"18", "27", "27.1"}, []string{"26", "26.4"}},
		{"OSShowcase", enrollment.MacOS, []string{"26", "27"}, []string{"26.1"}},
		{"DeviceFeaturesTour", enrollment.IOS, []string{"26.9"}, []string{"27"}},
		{"Biometric", enrollment.MacOS, []string{"10.12.3", "10.9"}, []string{"10.12.4", "10.13", "11"}},
		{"Wallpaper", enrollment.MacOS, []string{"14", "26"}, []string{"14.1", "15.7"}},
		{"UpdateCompleted", enrollment.MacOS, []string{"26"}, []string{"26.1"}},
		{"FileVault", enrollment.IOS, []string{"7", "27"}, nil},
		{"TVRoom", enrollment.TVOS, []string{"11.3"}, []string{"11.4", "26"}},
		{"Passcode", enrollment.TVOS, []string{"26"}, nil},
		{"Tips", enrollment.VisionOS, []string{"2", "25"}, []string{"26"}},
	} {
		for _, version := range c.without {
			if slices.Contains(keysFor(t, c.platform, version), c.key) {
				t.Errorf("%s %s has no pane %s", c.platform, version, c.key)
			}
		}
		for _, version := range c.with {
			if !slices.Contains(keysFor(t, c.platform, version), c.key) {
				t.Errorf("%s %s has the pane %s", c.platform, version, c.key)
			}
		}
	}
}

func TestSkipKeysForWholePlatforms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		platform enrollment.Platform
		version  string
		want     string
	}{
		{enrollment.IOS, "7", "AppleID Diagnostics Location Passcode Restore Siri TOS"},
		{enrollment.MacOS, "10.9", "AppleID Diagnostics Passcode Restore TOS"},
		{enrollment.TVOS, "26", "AppleID Diagnostics Location Privacy ScreenSaver Siri TOS TVHomeScreenSync TVProviderSignIn TVRoom TapToSetup"},
		{enrollment.VisionOS, "26", "AppleID Biometric Diagnostics Intelligence Location Passcode Payment Privacy ScreenTime Siri SoftwareUpdate TOS Tips Welcome Zoom"},
		{enrollment.VisionOS, "2.4", ""},
	} {
		got := keysFor(t, c.platform, c.version)
		if strings.Join(got, " ") != c.want || got == nil {
			t.Errorf("%s %s: %q", c.platform, c.version, got)
		}
	}
	// The rows of Apple's page with iOS, less what 27 no longer has.
	if n := len(keysFor(t, enrollment.IOS, "27")); n != 40 {
		t.Errorf("iOS 27 has %d keys", n)
	}
}

func TestNoKeyThatSkipKeysForGivesIsWarnedOf(t *testing.T) {
	t.Parallel()
	for _, platform := range enrollment.Platforms() {
		for _, version := range []string{"10.9", "18", "26", "27"} {
			for _, key := range keysFor(t, platform, version) {
				if w, warned := enrollment.UnknownSkipKey(key); warned {
					t.Errorf("%s: %s", key, w.Summary)
				}
			}
		}
	}
}

// Intune's panes are Apple's: what a policy can hide is a pane of that platform.
func TestPanesOfPoliciesAreApples(t *testing.T) {
	t.Parallel()
	for _, platform := range enrollment.Platforms() {
		known := slices.Concat(keysFor(t, platform, "26"), keysFor(t, platform, "26.1"), keysFor(t, platform, "27"))
		for _, key := range enrollment.PolicySkipKeys(platform) {
			// Apple's page had it for iOS 18 for a while.
			if !slices.Contains(known, key) && (platform != enrollment.IOS || key != "TapToSetup") {
				t.Errorf("policies hide %s on %s, where Apple has no such pane", key, platform)
			}
		}
	}
}

func TestSkipKeysForRefusesWhatIsNoVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "x", "26.", ".1", "26.1.2.3", "-1", "+26", "26.1b2", " 26", "v26", "99999999", "26,1"} {
		_, err := enrollment.SkipKeysFor(enrollment.IOS, version)
		if !errors.Is(err, enrollment.ErrInvalid) || !strings.Contains(err.Error(), `"18.4"`) {
			t.Errorf("%q: %v", version, err)
		}
	}
}
