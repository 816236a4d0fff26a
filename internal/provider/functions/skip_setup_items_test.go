package functions_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const skipItems = "skip_setup_items"

func keysOf(t *testing.T, arguments ...string) []string {
	t.Helper()
	got, failed := call(t, skipItems, arguments...)
	if failed != nil {
		t.Fatalf("%q: %+v", arguments, failed)
	}
	var values []tftypes.Value
	if err := got.As(&values); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, value := range values {
		keys = append(keys, text(t, value))
	}
	return keys
}

func TestSkipSetupItemsAreTheDomains(t *testing.T) {
	t.Parallel()
	for _, platform := range enrollment.Platforms() {
		want, err := enrollment.SkipKeysFor(platform, "26.1")
		got := keysOf(t, string(platform), "26.1")
		if err != nil || !slices.Equal(got, want) || !slices.IsSorted(got) || len(got) < 11 {
			t.Errorf("%s: %v, want %v, %v", platform, got, want, err)
		}
	}
	if !slices.Equal(keysOf(t, "ipados", "18.4"), keysOf(t, "ios", "18.4.0")) {
		t.Error("iPadOS has other panes than iOS")
	}
	if got := keysOf(t, "visionos", "2"); len(got) != 0 {
		t.Errorf("visionOS 2: %v", got)
	}
}

func TestSkipSetupItemsSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, platform := range []string{"", "iOS", "iPad", "watchos"} {
		_, err := call(t, skipItems, platform, "26")
		fails(t, err, 0, `"`+platform+`"`, `"ios", "ipados", "macos", "tvos", "visionos"`)
	}
	for _, version := range []string{"", "latest", "26.x", "1.2.3.4"} {
		_, err := call(t, skipItems, "ios", version)
		fails(t, err, 1, `"`+version+`"`, `"18.4"`)
	}
}
