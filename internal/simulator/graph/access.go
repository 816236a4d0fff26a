package graph

import (
	"net/http"
	"slices"
	"strings"
)

// graphAudiences are the two names of Microsoft Graph in an access token.
var graphAudiences = []string{"https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"}

// admit checks the bearer of a call, after the throttle, which looks at nothing else.
func (s *Simulator) admit(c *call) *reply {
	if c.effects.reply != nil {
		r := c.effects.answer(c)
		return &r
	}
	if refusal := s.throttled(c); refusal != nil {
		return refusal
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(c.r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return c.unauthenticated("Access token is empty.")
	}
	who, err := s.keys.openJWT(strings.TrimSpace(token))
	switch {
	case err != nil:
		return c.unauthenticated("CompactToken parsing failed with error code: 80049217")
	case !slices.Contains(graphAudiences, who.Audience):
		return c.unauthenticated("Access token validation failure. Invalid audience.")
	case who.TenantID != s.tenantID:
		return c.unauthenticated("Access token validation failure. Invalid tenant.")
	case c.now.Unix() >= who.Expires || c.effects.expiredSignIn:
		return c.unauthenticated("Lifetime validation failed, the token is expired.")
	}
	c.caller = who
	return nil
}

// unauthenticated is the gateway's 401.
func (c *call) unauthenticated(message string) *reply {
	r := c.plain(http.StatusUnauthorized, "InvalidAuthenticationToken", message)
	r.header = map[string]string{
		"WWW-Authenticate": `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", ` +
			`client_id="00000003-0000-0000-c000-000000000000"`,
	}
	return r
}

// authorise checks that the caller has one of the permissions. Domains are not Intune's: their refusal has Graph's form.
func (c *call) authorise(needs []string) *reply {
	if slices.ContainsFunc(needs, c.caller.may) {
		return nil
	}
	if len(needs) > 0 && needs[0] == roleDomainRead {
		return c.plain(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	return c.refuse(http.StatusForbidden, "Forbidden",
		"Application is not authorized to perform this operation. Application must have one of the following scopes: "+
			strings.Join(needs, ", "))
}
