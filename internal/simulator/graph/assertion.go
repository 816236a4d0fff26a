package graph

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// audience is a claim that is a string or a list.
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(text, &many); err != nil {
		return fmt.Errorf("audience: %w", err)
	}
	*a = many
	return nil
}

// assertion are the claims of a client assertion (RFC 7523).
type assertion struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expires  int64    `json:"exp"`
}

// checkAssertion takes an assertion signed with a registered certificate, or an identity token of the trusted workflow.
// Lifetimes are not compared with the clock: clients live in real time, the simulator in virtual time.
func (s *Simulator) checkAssertion(text, endpoint string) *aadError {
	malformed := invalidClient(50027, "JWT token is invalid or malformed.")
	t, err := parseJWT(text)
	if err != nil {
		return malformed
	}
	var claimed assertion
	if json.Unmarshal(t.payload, &claimed) != nil || claimed.Expires == 0 {
		return malformed
	}
	if strings.EqualFold(claimed.Issuer, s.app.clientID) {
		return s.checkCertificate(t, claimed, endpoint)
	}
	return s.checkFederated(t, claimed)
}

func (s *Simulator) checkCertificate(t *jwt, claimed assertion, endpoint string) *aadError {
	for _, cert := range s.app.certificates {
		if !t.namesCertificate(cert) {
			continue
		}
		public, ok := cert.PublicKey.(*rsa.PublicKey)
		switch {
		case !ok || !t.verify(public):
			return invalidClient(700027, "The certificate with identifier used to sign the client assertion is not registered "+
				"on application. [Reason - The provided signature value did not match the expected signature value.]")
		case !strings.EqualFold(claimed.Subject, s.app.clientID):
			return invalidClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
		case !slices.Contains(claimed.Audience, endpoint):
			return invalidClient(700023, "Client assertion audience claim does not match Realm issuer.")
		}
		return nil
	}
	return invalidClient(700027, "The certificate with identifier used to sign the client assertion is not registered on "+
		"application. [Reason - The key was not found.]")
}

func (s *Simulator) checkFederated(t *jwt, claimed assertion) *aadError {
	trust := s.federal
	switch {
	case claimed.Issuer != trust.issuer:
		return noFederation(700211, "issuer", claimed.Issuer)
	case !slices.Contains(claimed.Audience, trust.audience):
		return noFederation(700212, "audience", strings.Join(claimed.Audience, ","))
	case claimed.Subject != trust.subject:
		return noFederation(700213, "subject", claimed.Subject)
	case !t.verify(&githubKey().PublicKey):
		return invalidClient(50013, "Assertion failed signature validation. [Reason - The key was not found.]")
	}
	return nil
}
