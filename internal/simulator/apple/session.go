package apple

import (
	"net/http"
	"strings"
	"time"
)

// sessionHeader carries the session on every call but /session, and, in a response, its successor.
const sessionHeader = "X-Adm-Auth-Session" // canonical form of X-ADM-Auth-Session

// session is one login with a server token.
type session struct {
	id      string
	token   *token
	expires time.Time // zero: never
}

// openSession answers GET /session.
func (s *Simulator) openSession(r *http.Request) reply {
	params, ok := parseOAuth(r.Header.Get("Authorization"))
	if !ok {
		return failure(http.StatusBadRequest, bodyOAuthBadRequest)
	}
	t, known := s.tokens[params["oauth_token"]]
	if !known || t.server.consumerKey != params["oauth_consumer_key"] {
		return failure(http.StatusUnauthorized, bodyOAuthUnauthorized)
	}
	// The document says 401 for a wrong signature; what people see is 403 signature_invalid.
	if !params.signedBy(r, t.server.consumerSecret, t.accessSecret) {
		return failure(http.StatusForbidden, "signature_invalid")
	}
	n := nonce{t.access, params["oauth_timestamp"], params["oauth_nonce"]}
	if _, used := s.nonces[n]; used {
		return failure(http.StatusUnauthorized, bodyOAuthUnauthorized)
	}
	s.nonces[n] = struct{}{}
	if refusal, refused := s.refusal(t); refused {
		return refusal
	}
	if s.settings.SingleSession {
		s.endSessions(func(other *session) bool { return other.token.server == t.server })
	}
	return jsonReply([]byte(`{"auth_session_token":"` + s.newSession(t).id + `"}`))
}

// refusal is why a well signed token is not let in, if it is not.
func (s *Simulator) refusal(t *token) (reply, bool) {
	switch {
	case t.revoked || t.server.current != nil && t.server.current.revoked:
		return failure(http.StatusForbidden, "token_rejected"), true
	case t.replaced:
		return failure(http.StatusForbidden, s.settings.ReplacedTokenError), true
	case !s.clock.now().Before(t.expiry):
		return failure(http.StatusForbidden, "token_expiredForbidden"), true
	case !s.terms:
		return failure(http.StatusForbidden, "T_C_NOT_SIGNED"), true
	}
	return reply{}, false
}

func (s *Simulator) newSession(t *token) *session {
	now := s.clock.now()
	created := &session{id: randomHex(20, false), token: t}
	if life := time.Duration(s.settings.SessionLifetime); life > 0 {
		created.expires = now.Add(life)
	}
	s.sessions[created.id] = created
	return created
}

// endSessions ends the sessions that match.
func (s *Simulator) endSessions(match func(*session) bool) {
	for id, candidate := range s.sessions {
		if match(candidate) {
			delete(s.sessions, id)
		}
	}
}

// livingSession is the session that a request names, nil if it is absent, unknown or expired. A session is no longer
// than its token.
func (s *Simulator) livingSession(r *http.Request) *session {
	found := s.sessions[r.Header.Get(sessionHeader)]
	if found == nil {
		return nil
	}
	now := s.clock.now()
	if !found.expires.IsZero() && !now.Before(found.expires) || !now.Before(found.token.expiry) {
		delete(s.sessions, found.id)
		return nil
	}
	return found
}

// rotate replaces a session by a new one, which goes out in the response header.
func (s *Simulator) rotate(old *session) string {
	next := s.newSession(old.token)
	if !s.settings.KeepRotatedSessions {
		delete(s.sessions, old.id)
	}
	return next.id
}

// userAgentError is the code for a User-Agent that Apple refuses, or empty. Apple documents the two codes, not the rule:
// here a User-Agent is a product as in RFC 9110, and none of Settings.RefusedUserAgents.
func (s *Simulator) userAgentError(r *http.Request) string {
	agent := strings.TrimSpace(r.Header.Get("User-Agent"))
	if agent == "" {
		return "USER_AGENT_MISSING"
	}
	product, _, _ := strings.Cut(agent, "/")
	if product == "" || strings.ContainsAny(product, " \t\"(),:;<=>?@[\\]{}") {
		return "USER_AGENT_INVALID"
	}
	for _, refused := range s.settings.RefusedUserAgents {
		if strings.Contains(agent, refused) {
			return "USER_AGENT_INVALID"
		}
	}
	return ""
}
