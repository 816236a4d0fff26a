package graph

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// aadError is an error of the token endpoint. Codes and words are Entra's (AADSTS error codes).
type aadError struct {
	status  int
	kind    string // OAuth's error code
	code    int
	message string
}

func (s *Simulator) signInError(w http.ResponseWriter, e aadError) {
	trace, correlation := uuid.NewString(), uuid.NewString()
	at := s.Now().Format("2006-01-02 15:04:05Z")
	code := strconv.Itoa(e.code)
	writeJSON(w, e.status, map[string]any{
		"error": e.kind,
		"error_description": "AADSTS" + code + ": " + e.message + " Trace ID: " + trace + " Correlation ID: " + correlation +
			" Timestamp: " + at,
		"error_codes": []int{e.code}, "timestamp": at, "trace_id": trace, "correlation_id": correlation,
		"error_uri": "https://login.microsoftonline.com/error?code=" + code,
	})
}

func noTenant(name string) aadError {
	return aadError{
		http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '" + name + "' not found. Check to make sure you have the " +
			"correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may " +
			"happen if there are no active subscriptions for the tenant.",
	}
}

func (s *Simulator) noApplication(id string) *aadError {
	return &aadError{
		http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" + id + "' was not found in the " +
			"directory '" + s.tenantID + "'. This can happen if the application has not been installed by the administrator " +
			"of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the " +
			"wrong tenant.",
	}
}

func missing(parameter string) *aadError {
	return &aadError{
		http.StatusBadRequest, "invalid_request", 900144,
		"The request body must contain the following parameter: '" + parameter + "'.",
	}
}

func badScope(scope string) *aadError {
	return &aadError{
		http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope " + scope + " is not valid. Client " +
			"credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
	}
}

func invalidClient(code int, message string) *aadError {
	return &aadError{http.StatusUnauthorized, "invalid_client", code, message}
}

// noFederation: what is presented has to be what the application trusts, letter by letter.
func noFederation(code int, what, presented string) *aadError {
	return invalidClient(code, "No matching federated identity record found for presented assertion "+what+" '"+presented+
		"'. Please note that the matching is done using a case-sensitive comparison. Check your federated identity credential "+
		"Subject, Audience and Issuer against the presented assertion.")
}
