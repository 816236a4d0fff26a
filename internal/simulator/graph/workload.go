package graph

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What stands beside a workload: GitHub's identity tokens in a runner, a managed identity in Azure.

const (
	githubPath = "/github/idtoken"
	msiPath    = "/msi/token"
	imdsPath   = "/metadata/identity/oauth2/token"
)

func (s *Simulator) handleWorkloads(mux *http.ServeMux) {
	mux.HandleFunc("GET "+githubPath, s.serveGitHub)
	mux.HandleFunc("GET "+msiPath, s.serveMSI)
	mux.HandleFunc("POST "+msiPath, s.serveMSI)
	mux.HandleFunc("GET "+imdsPath, s.serveMSI)
}

// serveGitHub answers the request of a workflow run for its identity token (GitHub: OpenID Connect reference).
func (s *Simulator) serveGitHub(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.EqualFold(scheme, "bearer") || token != s.federal.requestToken {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
		return
	}
	audience := r.URL.Query().Get("audience")
	if audience == "" {
		audience = "https://github.com/school"
	}
	value := s.workflowToken(audience)
	writeJSON(w, http.StatusOK, map[string]any{"count": len(value), "value": value})
}

// serveMSI answers a workload with a managed identity: App Service (X-IDENTITY-HEADER), its predecessor (secret), Cloud
// Shell and virtual machines (Metadata: true).
func (s *Simulator) serveMSI(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, kind, message string) {
		writeJSON(w, status, map[string]string{"error": kind, "error_description": message})
	}
	if err := r.ParseForm(); err != nil {
		refuse(http.StatusBadRequest, "invalid_request", "Malformed form")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	header := r.Header.Get("X-Identity-Header") + r.Header.Get("Secret")
	identity := r.Form.Get("client_id") + r.Form.Get("clientid")
	resource := strings.TrimSuffix(r.Form.Get("resource"), "/")
	switch {
	case header != s.app.msiHeader && (header != "" || !strings.EqualFold(r.Header.Get("Metadata"), "true")):
		refuse(http.StatusUnauthorized, "unauthorized", "Required header is missing or wrong")
	case identity != "" && !strings.EqualFold(identity, s.app.managedIdentity):
		refuse(http.StatusBadRequest, "invalid_request", "Identity not found")
	case resource != graphAudiences[0]:
		refuse(http.StatusBadRequest, "invalid_resource", "AADSTS500011: The resource principal named "+resource+
			" was not found in the tenant.")
	default:
		s.ledger.signedIn("managed_identity")
		writeJSON(w, http.StatusOK, s.managedIdentityToken())
	}
}

// managedIdentityToken is the answer of the endpoints for managed identities: numbers are strings in it.
func (s *Simulator) managedIdentityToken() map[string]string {
	const life = 24 * time.Hour
	now := time.Now() //nolint:forbidigo // expires_on is compared with the client's clock, which is the real one
	seconds := strconv.Itoa(int(life.Seconds()))
	return map[string]string{
		"access_token": s.appToken(s.app.managedIdentity, life), "client_id": s.app.managedIdentity,
		"expires_in": seconds, "ext_expires_in": seconds, "expires_on": strconv.FormatInt(now.Add(life).Unix(), 10),
		"not_before": strconv.FormatInt(now.Unix(), 10), "resource": graphAudiences[0], "token_type": "Bearer",
	}
}
