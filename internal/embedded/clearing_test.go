package embedded_test

import (
	"context"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func fault(status int, body, path, method string) simulator.Fault {
	return simulator.Fault{Kind: simulator.FaultStatus, Status: status, Body: body, Path: path, Method: method}
}

func TestAChangeCanTakeValuesAway(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 1)
	full := enrollment.ProfileSpec{
		TokenID: home.id, Name: "Students", Supervised: true, Description: new("carts"), Department: new("IT"), DepartmentPhone: new("1"),
		SupportEmail: new("a@b.example"), OrgMagic: new("M"), Language: new("de"), Region: new("AT"), Mandatory: new(true),
		ConfigurationWebURL: new("https://web.example"), EnrollmentURL: new("https://enroll.example"), SkipSetupItems: []string{"Siri"},
		Pairing: &enrollment.Pairing{Mode: enrollment.PairingDeny},
	}
	created, err := s.CreateProfile(t.Context(), full)
	check(t, created, err)
	ref := enrollment.ProfileRef{ID: created.Profile.ID}
	bare := enrollment.ProfileSpec{
		TokenID: home.id, Name: "Students", Supervised: true, Description: new(""), Department: new(""), DepartmentPhone: new(""),
		SupportEmail: new(""), OrgMagic: new(""), Language: new(""), Region: new(""), Mandatory: new(false), ConfigurationWebURL: new(""),
		EnrollmentURL: new(""), SkipSetupItems: []string{}, AnchorCertificates: []string{}, Pairing: &enrollment.Pairing{Mode: enrollment.PairingAllow},
	}
	result, err := s.UpdateProfile(t.Context(), ref, bare)
	check(t, result, err)
	// Not managing anything afterwards brings nothing back.
	again, err := s.UpdateProfile(t.Context(), ref, enrollment.ProfileSpec{TokenID: home.id, Name: "Students", Supervised: true})
	if check(t, again, err); again.Profile.AppleUUID != result.Profile.AppleUUID {
		t.Fatal("it was defined once more")
	}
	for name, text := range map[string]*string{
		"description": again.Profile.Description, "department": again.Profile.Department, "department_phone": again.Profile.DepartmentPhone,
		"support_email": again.Profile.SupportEmail, "org_magic": again.Profile.OrgMagic, "language": again.Profile.Language,
		"region": again.Profile.Region, "configuration_web_url": again.Profile.ConfigurationWebURL,
	} {
		if text != nil {
			t.Errorf("%s reads %q", name, *text)
		}
	}
	if url := again.Profile.EnrollmentURL; url == nil || *url != "https://mdm.example.edu/enroll" {
		t.Errorf("enrollment_url reads %v", url)
	}
	session, err := s.Session(t.Context(), home.id)
	check(t, 0, err)
	there, err := session.Profile(t.Context(), again.Profile.AppleUUID)
	check(t, 0, err)
	if there.Department+there.SupportPhoneNumber+there.SupportEmailAddress+there.OrgMagic+there.Language+there.Region+there.ConfigurationWebURL != "" ||
		len(there.SkipSetupItems) != 0 || (there.IsMandatory != nil && *there.IsMandatory) || (there.AllowPairing != nil && !*there.AllowPairing) {
		t.Errorf("Apple has %+v", there)
	}
}

func TestAProcessThatDiesWhileItMakesAProfileLeavesNone(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 20)
		s := w.open()
		home := w.enroll(s, 1)
		s.DieBefore(func(store.Op, int) bool { return true })
		_, _ = s.CreateProfile(t.Context(), spec(home.id, "Lost"))
		check(t, 0, s.Kill())
		s = w.open()
		w.profile(s, home.id, "Found")
		for p, err := range s.Profiles(t.Context(), home.id) {
			if check(t, 0, err); p.Name != "Found" {
				t.Fatalf("profile %+v is recorded", p)
			}
		}
	})
}

func TestAProfileWhoseAnswerIsLostOutlivesItsProcess(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 1)
	w.Fault(t, simulator.Fault{Kind: simulator.FaultDropAfter, Path: "/profile", Method: "POST"})
	lost, err := s.CreateProfile(t.Context(), spec(home.id, "Students"))
	check(t, lost, err)
	w.sim.ClearFaults()
	check(t, 0, s.Close())
	s = w.open()
	w.profile(s, home.id, "Other")
	if p, err := s.ReadProfile(t.Context(), enrollment.ProfileRef{ID: lost.Profile.ID}); err != nil || p.Status != enrollment.ProfileUndefined || p.DeviceCount != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	check(t, 0, s.DeleteProfile(t.Context(), enrollment.ProfileRef{ID: lost.Profile.ID})) // devices without a profile do not have this one
}

func TestAProfileThatMayExistIsNeverAnError(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 1)
	s.DieBefore(func(store.Op, int) bool { _ = s.Kill(); return false }) // the store goes away while Apple answers
	result, err := s.CreateProfile(t.Context(), spec(home.id, "Students"))
	if err != nil || result.Profile.ID == "" || result.Profile.TokenID != home.id || result.Profile.Status != enrollment.ProfileUndefined || len(result.Warnings) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
}

func TestAnUploadThatNobodyWaitsForIsReadBack(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	token, err := s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School})
	check(t, token, err)
	server := w.AddServer(t, "District", token.PublicKeyPEM)
	w.AddDevices(t, server, 5)
	w.Fault(t, simulator.Fault{Kind: simulator.FaultLatency, Latency: simulator.Duration(200e6), Path: "/server/devices"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for w.calls("POST /server/devices") == 0 && ctx.Err() == nil {
			_ = poll(ctx, 0)
		}
		cancel()
	}()
	result, err := s.UploadServerToken(ctx, token.ID, enrollment.ServerTokenUpload{Contents: w.ServerToken(t, server)})
	if ctx.Err() == nil || err != nil || result.Token.ServerTokenSHA256 == "" || len(result.Warnings) == 0 {
		t.Fatalf("%+v, %v", result, err)
	}
}
