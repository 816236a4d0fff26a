package graph

import (
	"errors"
	"net/http"
)

// uploadWire are the parameters of uploadDepToken.
var uploadWire = wireType{name: "uploadDepToken", fields: []field{
	{name: "appleId", kind: kindText, nullable: true}, {name: "depToken", kind: kindText, nullable: true},
}}

// uploadToken answers uploadDepToken: the first server token of a setting, and each renewal. A sync follows by itself.
func uploadToken(c *call) reply {
	t, refusal := c.appleToken()
	if refusal != nil {
		return *refusal
	}
	body, refusal := c.decodeAs(uploadWire)
	if refusal != nil {
		return *refusal
	}
	file, _ := body["depToken"].(*string)
	if file == nil || *file == "" {
		return *c.badRequest("The DEP token is required")
	}
	appleID, _ := body["appleId"].(*string)
	err := c.s.acceptServerToken(t, *file, appleID)
	switch {
	case errors.Is(err, errWrongKey):
		return *c.badRequest("The uploaded DEP token could not be decrypted. " +
			"It was not encrypted with the current public key of this token")
	case err != nil:
		return *c.badRequest("The uploaded DEP token is invalid: " + err.Error())
	}
	c.s.beginSync(t, c.now)
	return noContent()
}

// acceptServerToken takes a server token into use. Whether Apple still lets it in shows in the sync that follows.
func (s *Simulator) acceptServerToken(t *token, file string, appleID *string) error {
	if t.key == nil {
		return &Error{http.StatusBadRequest, "no encryption public key was generated for this token"}
	}
	opened, err := openServerToken(file, t.key)
	if err != nil {
		return err
	}
	server, known := s.apple.ServerOf(opened.Credentials)
	if !known {
		return &Error{http.StatusBadRequest, "Apple does not know it"}
	}
	if server != t.server {
		t.forgetDefinitions()
	}
	t.credentials, t.server, t.expires, t.modified = opened.Credentials, server, opened.Expiry, s.apple.Now()
	if appleID != nil {
		t.appleID = appleID
	}
	t.typ = "dep"
	if s.apple.Organization().OrgType == "edu" {
		t.typ = "appleSchoolManager"
	}
	t.fullNext = true
	return nil
}
