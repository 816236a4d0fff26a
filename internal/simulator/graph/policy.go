package graph

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

// Enrollment policies live in the settings catalog, and are mirrored among the enrollment profiles of their token.

// Catalog is the tenant's settings catalog: for settings made required overnight, and changes on the server's side.
func (s *Simulator) Catalog() *catalog.Catalog { return s.catalog }

func newCatalog(s *Simulator) *catalog.Catalog {
	c := catalog.New(s.apple.Now)
	c.SetHooks(catalog.Hooks{
		TokenExists: s.hasToken, Refuse: s.refusePolicy, OnChange: s.policyChanged,
		AppOnly: func(r *http.Request) bool {
			c, known := r.Context().Value(callerKey{}).(*call)
			return known && c.caller.appOnly()
		},
		Error: func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
			if c, ok := r.Context().Value(callerKey{}).(*call); ok {
				s.write(w, *c.refuse(status, code, message), c.ids)
			}
		},
	})
	return c
}

// callerKey carries the call through the catalog.
type callerKey struct{}

func (s *Simulator) hasToken(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokenByID(id)
	return t != nil && t != s.none
}

// refusePolicy: the limit of profiles counts both kinds. Whether Intune refuses to delete a policy in use is not known: a
// setting.
func (s *Simulator) refusePolicy(action catalog.Action, p catalog.Policy) *catalog.Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokenByID(p.TokenID)
	if t == nil {
		return nil
	}
	s.mirror(t)
	if action == catalog.ActionCreate && t.profileCount() >= maximumProfiles {
		return &catalog.Refusal{
			Status: http.StatusBadRequest, Code: "BadRequest",
			Message: "The maximum number of enrollment profiles of the DEP token is reached",
		}
	}
	mirror := t.mirrorOf(p.ID)
	if action == catalog.ActionDelete && s.settings.RefuseUsedProfileDelete && mirror != nil && t.uses(mirror) {
		return &catalog.Refusal{
			Status: http.StatusBadRequest, Code: "BadRequest",
			Message: "The policy is assigned to devices or is a default profile and cannot be deleted",
		}
	}
	return nil
}

// policyChanged brings the mirrors up to date; what changed goes to Apple for the devices that have it.
func (s *Simulator) policyChanged(action catalog.Action, p catalog.Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokenByID(p.TokenID)
	if t == nil {
		return
	}
	s.mirror(t)
	if mirror := t.mirrorOf(p.ID); mirror != nil && action != catalog.ActionCreate {
		s.redefine(t, mirror)
	}
}

func (t *token) mirrorOf(policyID string) *profile {
	for _, p := range t.profiles {
		if p.policy && !p.deleted && strings.EqualFold(p.guid, policyID) {
			return p
		}
	}
	return nil
}

// isCatalog says whether a path below the version segment is the catalog's.
func isCatalog(path string) bool { return catalog.Serves(path) }

// serveCatalog answers a call that was let in. No lock is held: the catalog has its own, and asks back.
func (s *Simulator) serveCatalog(ctx context.Context, c *call) reply {
	r := c.r.Clone(context.WithValue(ctx, callerKey{}, c))
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	out := &recorder{header: http.Header{}, status: http.StatusOK}
	s.catalog.Handler().ServeHTTP(out, r)
	answer := reply{
		status: out.status, body: out.body.Bytes(), contentType: out.header.Get("Content-Type"), header: map[string]string{},
	}
	for name := range out.header {
		answer.header[name] = out.header.Get(name)
	}
	return answer
}

// mirrorTypes are the types of the mirrors, by the platform of the policy.
var mirrorTypes = map[string]string{
	"ios": "depIOSEnrollmentProfile", "macos": "depMacOSEnrollmentProfile", "tvos": "depTvOSEnrollmentProfile",
	"visionos": "depVisionOSEnrollmentProfile",
}

// mirror makes the mirrors among a token's profiles what its policies are.
func (s *Simulator) mirror(t *token) {
	current := s.catalog.Policies(t.id)
	for _, policy := range current {
		p := t.mirrorOf(policy.ID)
		switch {
		case p == nil:
			s.addMirror(t, policy)
		case p.name() != policy.Name || p.text("description") != policy.Description:
			p.values["displayName"], p.values["description"] = new(policy.Name), new(policy.Description)
			p.publish(s, t)
		}
	}
	for _, p := range t.profiles {
		is := func(policy catalog.Policy) bool { return strings.EqualFold(policy.ID, p.guid) }
		if p.policy && !p.deleted && !slices.ContainsFunc(current, is) {
			s.dropProfile(t, p)
		}
	}
}

func (s *Simulator) addMirror(t *token, policy catalog.Policy) {
	typ := profileTypes[mirrorTypes[strings.ToLower(policy.Platform)]]
	if typ == nil {
		return // no platform of the enrollment program
	}
	s.seq++
	p := &profile{
		guid: policy.ID, seq: s.seq, typ: typ, policy: true, created: s.apple.Now(),
		values: map[string]any{"displayName": new(policy.Name), "description": new(policy.Description)},
	}
	t.profiles = append(t.profiles, p)
	p.publish(s, t)
}
