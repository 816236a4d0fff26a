package profile

import (
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// insteadOf shows the enrollment policy that says the same as a classic profile,
// for tenants that make no more of those. Every line of the configuration is
// indented: command line tools then leave its line breaks alone.
func insteadOf(spec enrollment.ProfileSpec) string {
	var b strings.Builder
	b.WriteString("Enrollment policies have taken the place of classic enrollment profiles. Replace this resource by the policy below, and give its profile_id " +
		"to whatever has this profile's id (asm_device_assignment, asm_default_profile):\n\n")
	for line := range strings.Lines(equivalentPolicy(spec)) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// equivalentPolicy writes a profile as an asm_enrollment_policy in HCL. What a
// policy has no place for is in comments.
func equivalentPolicy(spec enrollment.ProfileSpec) string {
	var b block
	b.text("token_id", &spec.TokenID)
	b.text("name", &spec.Name)
	b.text("description", spec.Description)
	b.affinity(spec)
	b.set("locked_enrollment", fmt.Sprint(spec.LockedEnrollment))
	if spec.SharedIPad == nil { // a policy for Shared iPad has no such setting
		b.flag("await_device_configured", spec.AwaitDeviceConfigured)
	}
	b.text("device_name_template", spec.DeviceNameTemplate)
	b.text("carrier_activation_url", spec.CarrierActivationURL)
	b.text("department", spec.Department)
	b.text("department_phone", spec.DepartmentPhone)
	hidden, without := panes(spec.SkipSetupItems)
	b.set("skip_setup_items", "["+strings.Join(hidden, ", ")+"]")

	var out strings.Builder
	fmt.Fprintf(&out, "resource \"asm_enrollment_policy\" %s {\n%s", quoted(label(spec.Name)), b.lines())
	if spec.Pairing != nil {
		out.WriteString(certificateLines(spec.Pairing.ConfiguratorCertificates))
	}
	if lost := append(noCounterpart(spec), without...); len(lost) > 0 {
		out.WriteString("\n  # A policy has no place for:\n")
		for _, what := range lost {
			fmt.Fprintf(&out, "  # * %s\n", what)
		}
	}
	out.WriteString("}\n")
	return out.String()
}

// affinity is one choice of four in a policy, so one attribute at most says it.
func (b *block) affinity(spec enrollment.ProfileSpec) {
	switch {
	case spec.SharedIPad != nil:
		b.set("shared_ipad", sharedHCL(*spec.SharedIPad))
	case spec.SharedDeviceMode != nil && *spec.SharedDeviceMode:
		b.flag("shared_device_mode", spec.SharedDeviceMode)
	default:
		b.flag("user_affinity", spec.UserAffinity)
	}
}

// sharedHCL leaves out what a policy has no setting for beside the kind of
// session that it has.
func sharedHCL(s enrollment.SharedIPad) string {
	var parts []string
	number := func(name string, v *int64) {
		if v != nil {
			parts = append(parts, fmt.Sprintf("%s = %d", name, *v))
		}
	}
	if s.TemporarySessionsOnly != nil && *s.TemporarySessionsOnly {
		parts = append(parts, temporarySessionsOnly+" = true")
		number(temporarySessionTimeout, s.TemporarySessionTimeout)
	} else {
		number(maximumCachedUsers, s.MaximumCachedUsers)
		number(userSessionTimeout, s.UserSessionTimeout)
		number(passcodeLockGracePeriod, s.PasscodeLockGracePeriod)
	}
	if len(parts) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// panes tells the keys that a policy hides from those it has no pane for.
func panes(keys []string) (hidden, without []string) {
	for _, key := range keys {
		if _, ok := enrollment.PolicyPane(enrollment.IOS, key); ok {
			hidden = append(hidden, quoted(key))
		} else {
			without = append(without, fmt.Sprintf("skip_setup_items %s: no such pane", quoted(key)))
		}
	}
	return hidden, without
}

// noCounterpart names what a classic profile says and a policy cannot
// (Microsoft's settings catalog, template of iOS ADE policies).
func noCounterpart(spec enrollment.ProfileSpec) []string {
	var lost []string
	add := func(set bool, what string) {
		if set {
			lost = append(lost, what)
		}
	}
	on := func(v *bool) bool { return v != nil && *v }
	add(!spec.Supervised, "supervised = false: devices are always supervised")
	add(spec.Pairing != nil && spec.Pairing.Mode != enrollment.PairingAllow, "pairing.mode: restrict pairing in a device restrictions profile of Intune")
	add(spec.Authentication != nil && *spec.Authentication != enrollment.AuthenticationModern, "authentication: users sign in with modern authentication")
	add(on(spec.RequireCompanyPortal), "require_company_portal: assign the app to the devices in Intune")
	add(spec.CompanyPortalVPPTokenID != nil && *spec.CompanyPortalVPPTokenID != "", "company_portal_vpp_token_id: assign the app to the devices in Intune")
	add(on(spec.SingleAppMode), "single_app_mode")
	add(spec.Mandatory != nil && !*spec.Mandatory, "mandatory = false")
	add(len(spec.EnrollmentTimeGroupIDs) > 0, "enrollment_time_group_ids: choose the group of the policy in the admin center")
	return lost
}

// block is the one-line attributes of a block, in the layout of "terraform fmt".
type block struct{ names, values []string }

func (b *block) set(name, value string) {
	b.names, b.values = append(b.names, name), append(b.values, value)
}

func (b *block) text(name string, v *string) {
	if v != nil && *v != "" {
		b.set(name, quoted(*v))
	}
}

func (b *block) flag(name string, v *bool) {
	if v != nil {
		b.set(name, fmt.Sprint(*v))
	}
}

func (b *block) lines() string {
	longest := 0
	for _, name := range b.names {
		longest = max(longest, len(name))
	}
	var out strings.Builder
	for i, name := range b.names {
		fmt.Fprintf(&out, "  %-*s = %s\n", longest, name, b.values[i])
	}
	return out.String()
}

func certificateLines(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("  configurator_certificates = [\n")
	for _, text := range texts {
		// What Graph keeps is the certificate, not the text around it.
		if der, err := tf.CertificateDER(text); err == nil {
			text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		fmt.Fprintf(&out, "    %s,\n", quoted(text))
	}
	out.WriteString("  ]\n")
	return out.String()
}

// quoted writes a string of HCL: besides the quotes, it keeps "${" and "%{" from
// beginning a template.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case r == '"', r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ', r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		case (r == '$' || r == '%') && i+1 < len(runes) && runes[i+1] == '{':
			b.WriteRune(r)
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

var notInLabel = regexp.MustCompile(`[^a-z0-9]+`)

// label makes a name for the block of the profile's own.
func label(name string) string {
	name = strings.Trim(notInLabel.ReplaceAllString(strings.ToLower(name), "_"), "_")
	switch {
	case name == "":
		return "profile"
	case name[0] >= '0' && name[0] <= '9':
		return "profile_" + name
	}
	return name
}
