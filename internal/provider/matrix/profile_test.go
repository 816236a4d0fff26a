package matrix

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// onlyInState is why what is for the provider alone does not drift.
const onlyInState = "it is in state only"

// firstToken and secondToken are the ids of the tokens of a world.
func firstToken(w *world) any  { return w.tokens[0].id }
func secondToken(w *world) any { return w.tokens[1].id }

// pems are certificates of computers with Apple Configurator, the same in every
// test of the run.
var pems = sync.OnceValue(func() [2]string {
	var out [2]string
	for i := range out {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: fmt.Sprintf("Cart %d", i+1)}, NotAfter: time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			panic(err)
		}
		out[i] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return out
})

// certificate is a list with one of the certificates.
func certificate(n int) func(*world) any {
	return func(*world) any { return []any{pems()[n]} }
}

// holdsCertificate accepts a list of one of the certificates, as Apple has it
// (base64 of DER) or as Graph has it (with a thumbprint).
func holdsCertificate(n int) func(any) bool {
	return func(v any) bool {
		list, _ := v.([]any)
		if len(list) != 1 {
			return false
		}
		text, _ := list[0].(string)
		if at, is := list[0].(map[string]any); is {
			text, _ = at["certificate"].(string)
		}
		block, _ := pem.Decode([]byte(pems()[n]))
		return text == base64.StdEncoding.EncodeToString(block.Bytes)
	}
}

// sentCertificate is what Graph is given to have one of the certificates.
func sentCertificate(n int) func(*world) any {
	return func(*world) any {
		block, _ := pem.Decode([]byte(pems()[n]))
		return []any{map[string]any{"thumbprint": fmt.Sprintf("%040d", n), "certificate": base64.StdEncoding.EncodeToString(block.Bytes)}}
	}
}

func profiles() specification {
	return specification{
		resource:   "asm_enrollment_profile",
		kinds:      []enrollment.Kind{enrollment.Embedded, enrollment.Intune},
		attributes: slices.Concat(profileAttributes(), sharedIPadAttributes(), embeddedProfileAttributes(), intuneProfileAttributes()),
		base: func(_ *testing.T, w *world, name string) config {
			return config{"token_id": w.tokens[0].id, "name": name}
		},
		truth: profileTruth,
		sent: func(_ *testing.T, w *world, s tftest.State) int {
			return len(definitions(w, s.At("name")))
		},
		drift: func(t *testing.T, w *world, s tftest.State, fields map[string]any) {
			body := map[string]any{"@odata.type": "#microsoft.graph.depIOSEnrollmentProfile"}
			maps.Copy(body, fields)
			w.atGraph(t, "PATCH", profilePath(s), body)
		},
		// Apple cannot change a profile: whether its devices have been sent to the new
		// definition shows after the apply.
		ripples: func(w *world, s *service) []string {
			if w.kind == enrollment.Embedded && s.field != "" {
				return []string{"status"}
			}
			return nil
		},
		importID: func(s tftest.State) string { return fmt.Sprintf("%s/%s", s.At("token_id"), s.At("id")) },
	}
}

func profilePath(s tftest.State) string {
	return fmt.Sprintf("/depOnboardingSettings/%s/enrollmentProfiles/%s", s.At("token_id"), s.At("id"))
}

// definitions are the definitions of a name at Apple, the oldest first.
func definitions(w *world, name any) []map[string]any {
	var out []map[string]any
	for _, p := range w.apple.Profiles() {
		var definition map[string]any
		if json.Unmarshal(p.Definition, &definition) == nil && definition["profile_name"] == name {
			definition["server"] = p.Server
			out = append(out, definition)
		}
	}
	return out
}

func profileTruth(t *testing.T, w *world, s tftest.State) map[string]any {
	t.Helper()
	if w.graph != nil {
		found := w.atGraph(t, "GET", profilePath(s), nil)
		found["token"], _, _ = strings.Cut(fmt.Sprint(found["id"]), "_")
		return found
	}
	all := definitions(w, s.At("name"))
	if len(all) == 0 {
		t.Fatalf("Apple has no profile %q", s.At("name"))
	}
	return all[len(all)-1]
}

func serverOf(n int) func(*world) any { return func(w *world) any { return w.tokens[n].server } }

func profileAttributes() []attribute {
	return []attribute{
		{
			path: "id", embedded: &service{}, intune: &service{},
			reads: func(t *testing.T, w *world, _ tftest.State) any {
				for p, err := range w.open(t).Profiles(t.Context(), w.tokens[0].id) {
					if err == nil && p.Name == "id" {
						return p.ID
					}
				}
				return "the id of a profile that is listed"
			},
		},
		{
			path: "token_id", set: firstToken, change: secondToken, leftOut: reasons{removed: required, drifted: "a profile cannot move to another token"},
			embedded: &service{field: "server", has: serverOf(0), becomes: serverOf(1), alsoOn: map[phase][]string{changed: {"status"}}},
			intune:   &service{field: "token", alsoOn: map[phase][]string{changed: {"status"}}},
		},
		{
			path: "name", set: "Year 7", change: "Year 8", leftOut: reasons{removed: required},
			embedded: &service{field: "profile_name"}, intune: &service{field: "displayName"},
		},
		{path: "description", set: "For year 7", change: "For year 8", embedded: &service{}, intune: &service{field: "description"}},
		{
			path: "user_affinity", set: true, change: false, embedded: &service{gone: false},
			intune: &service{
				field: "requiresUserAuthentication", gone: false, without: false, alsoRead: []string{"mandatory"},
				drift:  map[string]any{"requiresUserAuthentication": false, "isMandatory": true},
				alsoOn: map[phase][]string{unknown: {"mandatory"}},
			},
		},
		{
			path: "supervised", set: false, change: true,
			embedded: &service{field: "is_supervised", gone: true, without: true}, intune: &service{field: "supervisedModeEnabled", gone: true, without: true},
		},
		{
			path: "locked_enrollment", set: true, change: false,
			embedded: &service{field: "is_mdm_removable", has: false, becomes: true, gone: false, without: true},
			intune:   &service{field: "profileRemovalDisabled", gone: false, without: false},
		},
		{
			path: "pairing", set: config{"mode": "deny"}, change: func(*world) any { return config{"mode": "certificate", "configurator_certificates": []any{pems()[0]}} },
			embedded: &service{field: "allow_pairing", has: false, becomes: false, without: true},
			intune: &service{
				field: "iTunesPairingMode", has: "disallow", becomes: "requiresCertificate", without: "allow",
				drift: map[string]any{"iTunesPairingMode": "requiresCertificate", "managementCertificates": sentCertificate(0)},
			},
		},
		{
			path: "pairing.mode", set: "deny", change: "allow", leftOut: reasons{removed: required},
			embedded: &service{field: "allow_pairing", has: false, becomes: true}, intune: &service{field: "iTunesPairingMode", has: "disallow", becomes: "allow"},
		},
		{
			path: "pairing.configurator_certificates", with: config{"pairing": config{"mode": "certificate"}}, set: certificate(0), change: certificate(1),
			leftOut:  reasons{removed: "mode certificate needs it, and every other mode refuses it"},
			embedded: &service{field: "supervising_host_certs", has: holdsCertificate(0), becomes: holdsCertificate(1)},
			intune: &service{
				field: "managementCertificates", has: holdsCertificate(0), becomes: holdsCertificate(1), drift: map[string]any{"managementCertificates": sentCertificate(1)},
			},
		},
		{path: "department", set: "IT", change: "Library", embedded: &service{field: "department"}, intune: &service{field: "supportDepartment"}},
		{path: "department_phone", set: "555 0100", change: "555 0199", embedded: &service{field: "support_phone_number"}, intune: &service{field: "supportPhoneNumber"}},
		{
			path: "skip_setup_items", set: []any{"Siri", "Zoom"}, change: []any{"Siri"},
			embedded: &service{field: "skip_setup_items", without: isOff},
			intune:   &service{field: "zoomDisabled", has: true, becomes: false, without: false},
		},
		{
			path: "await_device_configured", set: true, change: false,
			embedded: &service{field: "await_device_configured", becomes: isOff, without: isOff},
			intune:   &service{field: "waitForDeviceConfiguredConfirmation", without: false},
		},
		{
			path: "mandatory", set: true, change: false,
			embedded: &service{field: "is_mandatory", becomes: isOff, without: isOff},
			intune: &service{
				field: "isMandatory", with: config{"user_affinity": true}, gone: true, without: true, stays: true,
			},
		},
		{path: "status", embedded: &service{}, intune: &service{}, reads: "current"},
		{
			path: "timeouts", set: config{"create": "20m"}, change: config{"create": "10m", "update": "10m"},
			leftOut: reasons{drifted: onlyInState}, embedded: &service{differs: []string{"timeouts"}}, intune: &service{differs: []string{"timeouts"}},
		},
		{
			path: "timeouts.create", set: "20m", change: "10m", leftOut: reasons{drifted: onlyInState},
			embedded: &service{differs: []string{"timeouts"}}, intune: &service{differs: []string{"timeouts"}},
		},
		{
			path: "timeouts.update", set: "20m", change: "10m", leftOut: reasons{drifted: onlyInState},
			embedded: &service{differs: []string{"timeouts"}}, intune: &service{differs: []string{"timeouts"}},
		},
	}
}

func sharedIPadAttributes() []attribute {
	shared := config{"shared_ipad": config{}}
	return []attribute{
		{
			path: "shared_ipad", set: config{"maximum_cached_users": 5}, change: config{"maximum_cached_users": 6},
			embedded: &service{
				field: "is_multi_user", has: true, becomes: true, without: isOff,
				alsoOn: map[phase][]string{drifted: nil, changed: nil, removed: {"status", "user_affinity"}, unknown: {"status", "user_affinity"}},
			},
			intune: &service{
				field: "enableSharedIPad", has: true, becomes: true, without: false, drift: map[string]any{"sharedIPadMaximumUserCount": 6},
				alsoOn: map[phase][]string{unknown: {"mandatory", "user_affinity"}},
			},
		},
		{
			path: "shared_ipad.maximum_cached_users", with: shared, set: 6, change: 4,
			embedded: &service{}, intune: &service{field: "sharedIPadMaximumUserCount", without: 6},
		},
		{
			path: "shared_ipad.temporary_sessions_only", with: shared, set: true, change: false,
			embedded: &service{}, intune: &service{field: "forceTemporarySession", without: true},
		},
		{
			path: "shared_ipad.user_session_timeout", with: shared, set: 600, change: 300,
			embedded: &service{}, intune: &service{field: "userSessionTimeoutInSeconds", without: 600},
		},
		{
			path: "shared_ipad.temporary_session_timeout", with: shared, set: 600, change: 300,
			embedded: &service{}, intune: &service{field: "temporarySessionTimeoutInSeconds", without: 600},
		},
		{
			path: "shared_ipad.passcode_lock_grace_period", with: shared, set: 300, change: 60,
			embedded: &service{}, intune: &service{field: "passcodeLockGracePeriodInSeconds", without: 300},
		},
	}
}

func embeddedProfileAttributes() []attribute {
	const elsewhere = "is an attribute of the embedded service"
	text := func(path, field, set, change string) attribute {
		return attribute{path: path, set: set, change: change, embedded: &service{field: field}, elsewhere: elsewhere}
	}
	flag := func(path, field string) attribute {
		return attribute{path: path, set: true, change: false, embedded: &service{field: field, becomes: isOff, without: isOff}, elsewhere: elsewhere}
	}
	url := text("enrollment_url", "url", "https://mdm.school.example/a", "https://mdm.school.example/b")
	url.embedded.gone, url.embedded.without = mdmURL, mdmURL
	region := text("region", "region", "CH", "AT")
	region.with = config{"language": "de"}
	return []attribute{
		url,
		text("configuration_web_url", "configuration_web_url", "https://mdm.school.example/signin", "https://mdm.school.example/login"),
		text("support_email", "support_email_address", "help@school.example", "it@school.example"),
		text("org_magic", "org_magic", "primary", "secondary"),
		text("language", "language", "de", "fr"),
		region,
		{
			path: "anchor_certificates", set: certificate(0), change: certificate(1), elsewhere: elsewhere,
			embedded: &service{field: "anchor_certs", has: holdsCertificate(0), becomes: holdsCertificate(1), without: isOff},
		},
		flag("auto_advance", "auto_advance_setup"),
		flag("return_to_service", "is_return_to_service"),
		flag("do_not_use_profile_from_backup", "do_not_use_profile_from_backup"),
	}
}

func intuneProfileAttributes() []attribute {
	const elsewhere = "is an attribute of Intune"
	const group, other = "8f7a2c1e-5a0b-4f0e-9d4c-0a1b2c3d4e5f", "0d9b6c55-1f1e-4d32-8f1a-6b7c8d9e0f10"
	portal := config{"authentication": "company_portal"}
	return []attribute{
		{
			path: "authentication", set: "modern", change: "company_portal", elsewhere: elsewhere,
			intune: &service{
				field: "configurationWebUrl", has: true, becomes: false, without: false,
				drift:  map[string]any{"configurationWebUrl": false, "enableAuthenticationViaCompanyPortal": true},
				alsoOn: map[phase][]string{removed: {"mandatory", "user_affinity"}, unknown: {"mandatory", "user_affinity"}},
			},
		},
		{path: "require_company_portal", set: true, change: false, elsewhere: elsewhere, intune: &service{field: "requireCompanyPortalOnSetupAssistantEnrolledDevices", without: false}},
		{path: "device_name_template", set: "{{SERIAL}}", change: "iPad-{{SERIAL}}", elsewhere: elsewhere, intune: &service{field: "deviceNameTemplate"}},
		{path: "company_portal_vpp_token_id", with: portal, set: group, change: other, elsewhere: elsewhere, intune: &service{field: "companyPortalVppTokenId"}},
		{
			path: "single_app_mode", with: config{"authentication": "company_portal", "company_portal_vpp_token_id": group}, set: true, change: false, elsewhere: elsewhere,
			intune: &service{field: "enableSingleAppEnrollmentMode", without: false},
		},
		{path: "shared_device_mode", set: true, change: false, elsewhere: elsewhere, intune: &service{field: "userlessSharedAadModeEnabled", without: false}},
		{path: "carrier_activation_url", set: "https://a.carrier.example", change: "https://b.carrier.example", elsewhere: elsewhere, intune: &service{field: "carrierActivationUrl"}},
		{
			path: "enrollment_time_group_ids", set: []any{group}, change: []any{group, other}, elsewhere: elsewhere,
			intune: &service{field: "enrollmentTimeAzureAdGroupIds", without: []any{}},
		},
	}
}
