package token

import (
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestSpecOf(t *testing.T) {
	cases := map[string]struct {
		in   model
		want enrollment.TokenSpec
	}{
		"all":         {model{Name: types.StringValue("District"), AppleID: types.StringValue("it@school.example"), Type: types.StringValue("business")}, enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.Business}},
		"no apple_id": {model{Name: types.StringValue("District"), AppleID: types.StringNull(), Type: types.StringValue("school")}, enrollment.TokenSpec{Name: "District", Type: enrollment.School}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := specOf(c.in); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	at := time.Date(2027, time.November, 2, 9, 0, 0, 5, time.FixedZone("CET", 3600))
	cases := map[string]struct {
		in   enrollment.Token
		want observed
	}{
		"awaiting": {
			enrollment.Token{Status: enrollment.AwaitingServerToken, PublicKeyPEM: "pem", PublicKeySHA256: "sha"},
			observed{
				PublicKeyPEM: types.StringValue("pem"), PublicKeySHA256: types.StringValue("sha"), StagedPublicKeyPEM: types.StringNull(),
				Status: types.StringValue("awaiting_server_token"), ExpiresAt: timetypes.NewRFC3339Null(), Organization: types.StringNull(), ServerName: types.StringNull(),
			},
		},
		"active": {
			enrollment.Token{Status: enrollment.Active, PublicKeyPEM: "pem", PublicKeySHA256: "sha", StagedPublicKeyPEM: "next", ExpiresAt: at, Organization: "School", ServerName: "iPads"},
			observed{
				PublicKeyPEM: types.StringValue("pem"), PublicKeySHA256: types.StringValue("sha"), StagedPublicKeyPEM: types.StringValue("next"),
				Status: types.StringValue("active"), ExpiresAt: timetypes.NewRFC3339ValueMust("2027-11-02T08:00:00Z"), Organization: types.StringValue("School"), ServerName: types.StringValue("iPads"),
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := observe(c.in); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestOrActualKeepsWhatIsKnownAndNull(t *testing.T) {
	actual := observe(enrollment.Token{Status: enrollment.Active, PublicKeyPEM: "new", PublicKeySHA256: "new", StagedPublicKeyPEM: "new", Organization: "new", ServerName: "new", ExpiresAt: time.Unix(0, 0)})
	planned := awaiting()
	want := planned
	want.PublicKeyPEM, want.PublicKeySHA256 = actual.PublicKeyPEM, actual.PublicKeySHA256
	if got := planned.orActual(actual); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := planned.withKeyUnknown().withServerTokenUnknown().orActual(actual); !reflect.DeepEqual(got, actual) {
		t.Errorf("got %+v, want %+v", got, actual)
	}
}

func TestRefreshedKeepsWhatNoServiceKeeps(t *testing.T) {
	state := model{
		KeyRotation: types.StringValue("2026"), ServerTokenWOVersion: types.StringValue("v1"), PrivateKeyWOVersion: types.StringValue("k1"),
		CertificatePEM: types.StringValue("pem"), DeletionProtection: types.BoolValue(false), ExpiryWarningDays: types.Int64Value(7), AppleID: types.StringValue("old"),
	}
	got := state.refreshed(enrollment.Token{ID: "t", TokenSpec: enrollment.TokenSpec{Name: "District", Type: enrollment.School}})
	want := state
	want.ID, want.Name, want.Type, want.AppleID = types.StringValue("t"), types.StringValue("District"), types.StringValue("school"), types.StringNull()
	want.ScopeTagIDs = types.SetNull(types.StringType)
	want.observed = observe(enrollment.Token{})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRefreshedKeepsAPublicKeyThatTheServiceDoesNotGive(t *testing.T) {
	state := model{ID: types.StringValue("t"), observed: observed{PublicKeyPEM: types.StringValue("pem"), PublicKeySHA256: types.StringValue("sha")}}
	for name, c := range map[string]struct {
		read     enrollment.Token
		pem, sha types.String
	}{
		"none":           {enrollment.Token{ID: "t"}, types.StringValue("pem"), types.StringValue("sha")},
		"another":        {enrollment.Token{ID: "t", PublicKeyPEM: "new", PublicKeySHA256: "newsha"}, types.StringValue("new"), types.StringValue("newsha")},
		"of another one": {enrollment.Token{ID: "other"}, types.StringNull(), types.StringNull()},
	} {
		if got := state.refreshed(c.read); !got.PublicKeyPEM.Equal(c.pem) || !got.PublicKeySHA256.Equal(c.sha) {
			t.Errorf("%s: got %s (%s)", name, got.PublicKeyPEM, got.PublicKeySHA256)
		}
	}
}

func TestPendingHidesOnlyWhatWasNotDelivered(t *testing.T) {
	state := model{ServerTokenWOVersion: types.StringValue("v1"), PrivateKeyWOVersion: types.StringValue("k1")}
	cases := map[string]struct {
		pending    pending
		token, key bool
	}{
		"nothing":      {pending{}, false, false},
		"server token": {pending{ServerToken: true}, true, false},
		"private key":  {pending{PrivateKey: true}, false, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := c.pending.hide(state)
			if got.ServerTokenWOVersion.IsNull() != c.token || got.PrivateKeyWOVersion.IsNull() != c.key {
				t.Errorf("got %v and %v", got.ServerTokenWOVersion, got.PrivateKeyWOVersion)
			}
		})
	}
}

func TestFingerprintTellsSecretsApartAndHidesThem(t *testing.T) {
	a, again := fingerprintOf("secret"), fingerprintOf("secret")
	if !a.matches("secret") || a.matches("Secret") || a.matches("") {
		t.Error("the fingerprint does not tell secrets apart")
	}
	if string(a.Sum) == string(again.Sum) {
		t.Error("two fingerprints of one secret are equal: the key is not random")
	}
}

func TestDaysLeftIsNullBeforeTheFirstUpload(t *testing.T) {
	if got := daysLeft(time.Time{}, time.Unix(0, 0)); !got.IsNull() {
		t.Errorf("got %v", got)
	}
}
