package intune

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Store is the tenant. Its id is what the access token says (tid), which no configuration can contradict; a token that does
// not say leaves the configured tenant. Microsoft Graph is not asked, so that the number of tokens is left out.
func (s *Service) Store(ctx context.Context) (enrollment.Store, error) {
	token, err := s.config.Token(ctx)
	if err != nil {
		return enrollment.Store{}, s.failed("sign in", err)
	}
	tenant := tenantOf(token)
	if tenant == "" {
		tenant = strings.ToLower(strings.TrimSpace(s.config.TenantID))
	}
	if tenant == "" {
		return enrollment.Store{}, &enrollment.Error{
			Kind: enrollment.ErrSignIn, Field: "intune.tenant_id", What: "The access token does not say which tenant it is for",
			Do: "Set tenant_id in the provider's intune configuration.",
		}
	}
	return enrollment.Store{ID: tenant, Location: "Intune tenant " + tenant, Kind: enrollment.Intune}, nil
}

// tenantOf reads the claim tid of an access token, "" where it cannot be read. The signature is Microsoft Graph's to check:
// nothing is granted here.
func tenantOf(accessToken string) string {
	parts := strings.Split(accessToken, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return ""
	}
	var claims struct {
		Tenant string `json:"tid"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return strings.ToLower(claims.Tenant)
}
