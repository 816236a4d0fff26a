package intune_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

func TestARefusalSaysWhatHappenedToWhatAndWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status    int
		body      string
		delegated bool
		want      error
		says      []string
	}{
		"401 of an application": {401, refusalBody("InvalidAuthenticationToken", "Access token has expired"), false, enrollment.ErrSignIn, []string{"401", "tenant_id"}},
		"401 of a person":       {401, refusalBody("InvalidAuthenticationToken", "Access token has expired"), true, enrollment.ErrSignIn, []string{"az login"}},
		"403 of an application": {403, refusalBody("Forbidden", "Application is not authorized"), false, enrollment.ErrPermission, []string{
			"An application was signed in", "DeviceManagementServiceConfig.Read.All or DeviceManagementServiceConfig.ReadWrite.All", "admin consent", "Application is not authorized",
		}},
		"403 of a person": {403, refusalBody("Forbidden", "x"), true, enrollment.ErrPermission, []string{"A person was signed in", "delegated", "Enrollment programs"}},
		"404": {404, refusalBody("ResourceNotFound", "x"), false, enrollment.ErrNotFound, []string{
			`There is no enrollment program token "` + districtID + `": GET `, "ResourceNotFound", "The data source asm_tokens lists those of this tenant.",
		}},
		"400":                          {400, refusalBody("BadRequest", "Bad value"), false, enrollment.ErrInvalid, []string{"Bad value"}},
		"400, no Intune":               {400, refusalBody("BadRequest", "Request not applicable to target tenant."), false, enrollment.ErrUnsupported, []string{"no active Intune license"}},
		"409":                          {409, refusalBody("Conflict", "x"), false, enrollment.ErrConflict, nil},
		"412":                          {412, refusalBody("PreconditionFailed", "x"), false, enrollment.ErrConflict, nil},
		"429":                          {429, refusalBody("TooManyRequests", "x"), false, enrollment.ErrThrottled, []string{"did not say how long"}},
		"429 with a time":              {429, `{"error":{"code":"TooManyRequests","message":"{\"Message\":\"x\",\"RetryAfter\":\"3600\"}"}}`, false, enrollment.ErrThrottled, []string{"2026-11-23T09:00:00Z"}},
		"500":                          {500, refusalBody("InternalServerError", "An error has occurred"), false, enrollment.ErrUnavailable, []string{"Apply again later", "by the request id"}},
		"503 with a time":              {503, `{"error":{"code":"ServiceUnavailable","message":"{\"Message\":\"x\",\"RetryAfter\":\"3600\"}"}}`, false, enrollment.ErrUnavailable, []string{"after 2026-11-23T09:00:00Z"}},
		"501":                          {501, refusalBody("NotImplemented", "x"), false, enrollment.ErrUnsupported, nil},
		"a success that is a web page": {200, "<html><title>Sign in</title></html>", false, enrollment.ErrUnavailable, []string{"proxies and web filters"}},
		"a success of something else":  {200, `{"value":{"id":"x"}}`, false, enrollment.ErrUnavailable, []string{"without an id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.show()
			g.fault = func(*http.Request) (int, string) { return c.status, c.body }
			s := g.open(func(config *intune.Config) { config.AppOnly = !c.delegated })
			_, err := s.ReadToken(t.Context(), districtID)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			says := c.says
			if c.status != 404 {
				says = append([]string{"read token " + districtID}, says...)
			}
			if c.status != 200 {
				says = append(says, "request id request-")
			}
			for _, part := range says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
			throttled := new(enrollment.ThrottledError)
			if timed := name == "429 with a time"; errors.As(err, &throttled) != timed {
				t.Errorf("a time to wait for: %t, want %t", !timed, timed)
			}
			if strings.Contains(err.Error(), bearer) || strings.Contains(err.Error(), "Activity ID") {
				t.Errorf("more than a person needs: %v", err)
			}
		})
	}
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	const readWrite = "DeviceManagementServiceConfig.ReadWrite.All"
	for name, c := range map[string]struct {
		refused string // path suffix
		call    func(context.Context, *intune.Service) error
		want    string
	}{
		"reading a token": {"/" + districtID, func(ctx context.Context, s *intune.Service) error { _, err := s.ReadToken(ctx, districtID); return err }, "permission DeviceManagementServiceConfig.Read.All or " + readWrite + " of"},
		"its public key":  {"getEncryptionPublicKey()", func(ctx context.Context, s *intune.Service) error { _, err := s.ReadToken(ctx, districtID); return err }, "permission DeviceManagementServiceConfig.Read.All or " + readWrite + " of"},
		"changing a token": {"/" + districtID, func(ctx context.Context, s *intune.Service) error {
			_, err := s.UpdateToken(ctx, districtID, spec("x"))
			return err
		}, "permission " + readWrite + " of"},
		"syncing": {syncAction, func(ctx context.Context, s *intune.Service) error {
			_, err := s.Sync(ctx, ask(enrollment.FullSync))
			return err
		}, "permission " + readWrite + " or DeviceManagementConfiguration.ReadWrite.All of"},
		"sharing":              {"/shareForSchoolDataSyncService", func(ctx context.Context, s *intune.Service) error { return s.SetSDSSharing(ctx, districtID, true) }, "permission " + readWrite + " of"},
		"the push certificate": {"/applePushNotificationCertificate", func(ctx context.Context, s *intune.Service) error { _, err := s.PushCertificate(ctx); return err }, "permission DeviceManagementConfiguration.Read.All or DeviceManagementManagedDevices.Read.All or " + readWrite + " of"},
		"the template of a policy": {"settingTemplates", func(ctx context.Context, s *intune.Service) error {
			_, err := s.PolicyTemplate(ctx, enrollment.IOS)
			return err
		}, "permission DeviceManagementConfiguration.Read.All or DeviceManagementConfiguration.ReadWrite.All of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			change := strings.HasPrefix(name, "changing")
			g.fault = func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, c.refused) && (!change || r.Method == http.MethodPatch) {
					return 403, refusalBody("Forbidden", "x")
				}
				return 0, ""
			}
			if err := c.call(t.Context(), g.open()); !errors.Is(err, enrollment.ErrPermission) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v\nwant %q in it", err, c.want)
			}
		})
	}
}

func TestWhatIsNotAnsweredIsToldApart(t *testing.T) {
	t.Parallel()
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := newGraph(t).openAt(server.URL).ReadToken(t.Context(), districtID)
		if !errors.Is(err, enrollment.ErrUnavailable) || !strings.Contains(err.Error(), "could not be reached") {
			t.Fatal(err)
		}
	})
	t.Run("the connection breaks", func(t *testing.T) {
		t.Parallel()
		g := newGraph(t)
		g.addDistrict(nil)
		g.fault = func(*http.Request) (int, string) { panic(http.ErrAbortHandler) }
		_, err := g.open().ReadToken(t.Context(), districtID)
		if !errors.Is(err, enrollment.ErrUnanswered) {
			t.Fatal(err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		g := newGraph(t)
		g.addDistrict(nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := g.open().ReadToken(ctx, districtID)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted") {
			t.Fatal(err)
		}
	})
	t.Run("nobody signed in", func(t *testing.T) {
		t.Parallel()
		g := newGraph(t)
		g.addDistrict(nil)
		refused := &enrollment.Error{Kind: enrollment.ErrSignIn, What: "AADSTS7000222", Field: "intune.client_secret"}
		s := g.open(func(c *intune.Config) { c.Token = func(context.Context) (string, error) { return "", refused } })
		if _, err := s.ReadToken(t.Context(), districtID); !errors.Is(err, enrollment.ErrSignIn) || err.Error() != refused.Error() {
			t.Fatalf("the sign-in's own error has to stay as it is: %v", err)
		}
	})
}

func TestTheTenantIsTheStore(t *testing.T) {
	t.Parallel()
	// A token as Microsoft Entra makes it, with nothing but {"tid":"AAAA..."} in it, and no signature that anybody would take.
	const signed = "eyJhbGciOiJub25lIn0.eyJ0aWQiOiJBQUFBQUFBQS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ.c2ln"
	const tenant = "aaaaaaaa-0000-4000-8000-000000000001"
	for name, c := range map[string]struct {
		token, configured, want string
	}{
		"the access token says":               {signed, "", tenant},
		"its word goes before the configured": {signed, "contoso.example", tenant},
		"it cannot be read":                   {"opaque", "Contoso.example", "contoso.example"},
		"it does not say":                     {"e30.e30.x", tenant, tenant},
		"nobody says":                         {"opaque", "", ""},
		"it is damaged":                       {"a.%%%.c", tenant, tenant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			s := g.open(func(config *intune.Config) {
				config.TenantID, config.Token = c.configured, func(context.Context) (string, error) { return c.token, nil }
			})
			store, err := s.Store(t.Context())
			if c.want == "" {
				if !errors.Is(err, enrollment.ErrSignIn) || !strings.Contains(err.Error(), "tenant_id") {
					t.Fatal(err)
				}
				return
			}
			if want := (enrollment.Store{ID: c.want, Location: "Intune tenant " + c.want, Kind: enrollment.Intune}); err != nil || store != want {
				t.Fatalf("%+v, %v, want %+v", store, err, want)
			}
			if len(g.requests) != 0 {
				t.Errorf("requests %v", g.requests)
			}
		})
	}
}

func TestDatesOfNever(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	for text, want := range map[string]time.Time{
		"0001-01-01T00:00:00Z": {}, "0001-01-01T08:00:00+08:00": {}, "2026-12-31T23:59:54.0590989-08:00": time.Date(2027, 1, 1, 7, 59, 54, 59098900, time.UTC),
	} {
		g.addDistrict(object{"lastSuccessfulSyncDateTime": text})
		if token, err := g.open().ReadToken(t.Context(), districtID); err != nil || token.LastSyncedAt != want {
			t.Errorf("%s: %s, %v", text, token.LastSyncedAt, err)
		}
	}
	g.addDistrict(object{"lastSuccessfulSyncDateTime": "yesterday"})
	if _, err := g.open().ReadToken(t.Context(), districtID); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Error(err)
	}
}
