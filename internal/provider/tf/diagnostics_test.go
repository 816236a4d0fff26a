package tf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

func TestFieldPath(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]path.Path{
		"on_leave":     path.Root("on_leave"),
		"pairing.mode": path.Root("pairing").AtName("mode"),
		"a.b.c":        path.Root("a").AtName("b").AtName("c"),
	} {
		if got := tf.FieldPath(field); !got.Equal(want) {
			t.Errorf("%s is read as %s", field, got)
		}
	}
}

func TestAddError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		at     path.Path
		detail string
	}{
		"an error":              {errors.New("the disk is full"), path.Empty(), "The disk is full."},
		"one that says nothing": {errors.New(""), path.Empty(), "No reason was given."},
		"one of ours": {
			&enrollment.Error{Kind: enrollment.ErrInvalid, What: "Apple refused it", Do: "Look again."}, path.Empty(), "Apple refused it. Look again.",
		},
		"one that blames an attribute": {
			&enrollment.Error{Kind: enrollment.ErrInvalid, Field: "pairing.mode", What: "No such mode"}, path.Root("pairing").AtName("mode"), "No such mode.",
		},
		"the same, wrapped": {
			fmt.Errorf("read x: %w", &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "name", What: "Too long"}), path.Root("name"), "Read x: Too long.",
		},
	} {
		var diags diag.Diagnostics
		tf.AddError(&diags, "create", "the profile", c.err)
		if len(diags) != 1 || diags[0].Severity() != diag.SeverityError || diags[0].Summary() != "Unable to create the profile" || diags[0].Detail() != c.detail {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		at := path.Empty()
		if d, ok := diags[0].(diag.DiagnosticWithPath); ok {
			at = d.Path()
		}
		if !at.Equal(c.at) {
			t.Errorf("%s stands at %q, want %q", name, at, c.at)
		}
	}
}

// After the first irreversible step of a Create an error would taint.
func TestWhatMayNotBeAnErrorIsAWarning(t *testing.T) {
	t.Parallel()
	var errs, diags diag.Diagnostics
	errs.AddError("Broken", "It broke.")
	errs.AddWarning("Odd", "It is odd.")
	diags.Append(tf.AsWarnings(errs, "Apply again.")...)
	tf.AddErrorAsWarning(&diags, "finish", "the thing", errors.New("it stopped"), "Apply again.")
	tf.AddWarnings(&diags, []enrollment.Warning{{Summary: "Late", Detail: "It was late."}})
	if diags.HasError() || len(diags) != 4 {
		t.Fatal(diags)
	}
	for i, want := range []string{"Broken: It broke. Apply again.", "Odd: It is odd.", "Unable to finish the thing: It stopped. Apply again.", "Late: It was late."} {
		if got := diags[i].Summary() + ": " + diags[i].Detail(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestViolationsStandAtTheirAttributes(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	tf.AddViolations(&diags, []enrollment.Violation{{Field: "shared_ipad.maximum_cached_users", Summary: "Needs Shared iPad", Detail: "It does."}})
	d, ok := diags[0].(diag.DiagnosticWithPath)
	if !ok || !d.Path().Equal(path.Root("shared_ipad").AtName("maximum_cached_users")) || d.Severity() != diag.SeverityError {
		t.Error(diags)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, ""}, {[]string{"a", "b"}, "a, b"}, {strings.Fields("a b c d e"), "a, b and 3 more"},
	} {
		if got := tf.Named(c.names, 2); got != c.want {
			t.Errorf("%v is named %q", c.names, got)
		}
	}
}
