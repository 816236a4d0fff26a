package graph

import (
	"encoding/base64"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The Entra side, as far as a client that signs in by itself needs it: OpenID discovery and the token endpoint (Microsoft
// identity platform: client credentials flow).

func (s *Simulator) signInHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /common/discovery/instance", s.serveInstances)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.serveConfiguration)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", s.serveKeys)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.serveToken)
	mux.HandleFunc("GET /federation/{domain}/adfs/services/trust/mex", s.serveMEX)
	s.handleWorkloads(mux)
	return mux
}

// serveInstances tells a client that the simulator's host is an authority to be trusted.
func (s *Simulator) serveInstances(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + r.Host + "/common/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{
			{"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host}},
		},
	})
}

func (s *Simulator) serveConfiguration(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	if !s.isTenant(tenant) {
		s.signInError(w, noTenant(tenant))
		return
	}
	base := "https://" + r.Host + "/" + tenant
	writeJSON(w, http.StatusOK, map[string]any{
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"issuer":                                "https://" + r.Host + "/" + s.tenantID + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"response_types_supported":              []string{"code", "id_token", "token"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"subject_types_supported":               []string{"pairwise"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
	})
}

// isTenant: a tenant is named by its id or by one of its domains.
func (s *Simulator) isTenant(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.domain(name)
	return known || strings.EqualFold(name, s.tenantID)
}

func (s *Simulator) serveKeys(w http.ResponseWriter, _ *http.Request) {
	public := s.keys.access.PublicKey
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "kid": accessKeyID,
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

// serveToken is the token endpoint.
func (s *Simulator) serveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.signInError(w, aadError{http.StatusBadRequest, "invalid_request", 900144, "The request body must be a form."})
		return
	}
	if tenant := r.PathValue("tenant"); !s.isTenant(tenant) {
		refusal := noTenant(tenant)
		refusal.kind = "invalid_request"
		s.signInError(w, refusal)
		return
	}
	token, life, refusal := s.issue(r)
	if refusal != nil {
		s.signInError(w, *refusal)
		return
	}
	seconds := int(life.Seconds()) - 1
	w.Header().Set("Cache-Control", "no-store, no-cache")
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
	})
}

// issue gives an access token to a client that proves who it is.
func (s *Simulator) issue(r *http.Request) (token string, life time.Duration, refusal *aadError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := s.checkClient(r); refusal != nil {
		return "", 0, refusal
	}
	s.ledger.signedIn(grantKind(r))
	life = time.Duration(s.settings.AccessTokenLifetime)
	return s.appToken(s.app.clientID, life), life, nil
}

// grantKind names the way of signing in, for the counters.
func grantKind(r *http.Request) string {
	if r.PostForm.Get("client_assertion") == "" {
		return "client_secret"
	}
	if t, err := parseJWT(r.PostForm.Get("client_assertion")); err == nil && t.header.KeyID == githubKeyID {
		return "federated"
	}
	return "client_certificate"
}

// checkClient is why a client is not let in, nil if it is.
func (s *Simulator) checkClient(r *http.Request) *aadError {
	form := r.PostForm
	id := form.Get("client_id")
	switch {
	case form.Get("grant_type") != "client_credentials":
		return &aadError{
			http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '" + form.Get("grant_type") + "'.",
		}
	case id == "":
		return missing("client_id")
	case !strings.EqualFold(id, s.app.clientID):
		return s.noApplication(id)
	case !asksForDefault(form.Get("scope")):
		return badScope(form.Get("scope"))
	case form.Get("client_assertion") == "":
		return s.checkSecret(id, form.Get("client_secret"))
	case form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
		return missing("client_assertion_type")
	}
	return s.checkAssertion(form.Get("client_assertion"), "https://"+r.Host+r.URL.Path)
}

func (s *Simulator) checkSecret(id, secret string) *aadError {
	switch {
	case secret == "":
		return invalidClient(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case secret != s.app.secret:
		return invalidClient(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the "+
			"client secret value, not the client secret ID, for a secret added to app '"+id+"'.")
	case s.app.secretExpired:
		return invalidClient(7000222, "The provided client secret keys for app '"+id+"' are expired. Visit the Azure portal to "+
			"create new keys for your app, or consider using certificate credentials for added security.")
	}
	return nil
}

// asksForDefault: one scope of a client credential flow is {resource}/.default. Microsoft's own libraries add OpenID's
// scopes, in any order, which such a flow has no use for and the service takes.
func asksForDefault(scope string) bool {
	resources := slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return slices.Contains([]string{"openid", "offline_access", "profile", "email"}, s)
	})
	return len(resources) == 1 && strings.HasSuffix(resources[0], "/.default")
}
