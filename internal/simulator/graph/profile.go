package graph

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The platforms of profiles and devices, as Graph's enumeration has them.
const (
	platformIOS      = "ios"
	platformMacOS    = "macOS"
	platformTvOS     = "tvOS"
	platformVisionOS = "visionOS"
)

// profile is one member of enrollmentProfiles: a classic profile, or the mirror of an enrollment policy.
type profile struct {
	guid      string
	seq       int
	typ       *profileType
	policy    bool // a mirror of a configurationPolicy
	values    map[string]any
	created   time.Time
	deleted   bool
	deletedAt time.Time
	shown     history[object]

	defined string // UUID of the newest definition at Apple; empty: none yet
}

// id is the id as it is listed.
func (p *profile) id(t *token) string {
	if p.policy {
		return "ECV2_" + t.id + "_" + p.guid
	}
	return t.id + "_" + p.guid
}

func (p *profile) name() string { return p.text("displayName") }

func (p *profile) text(name string) string { text, _ := p.values[name].(*string); return deref(text) }

// supervises: policies have no such setting, devices of current systems are always supervised.
func (p *profile) supervises() bool {
	return p.policy || p.values["supervisedModeEnabled"] == true
}

// entity is the profile as it is. A mirror never says that it is the default.
func (p *profile) entity(t *token) object {
	var o object
	if p.typ.wire.name != plainProfile {
		o = append(o, member{"@odata.type", "#microsoft.graph." + p.typ.wire.name})
	}
	o = append(o, member{"id", p.id(t)})
	for _, f := range p.typ.wire.fields {
		switch {
		case f.name == "id":
		case f.secret:
			o = append(o, member{f.name, nil})
		case f.name == "isDefault":
			o = append(o, member{f.name, !p.policy && t.defaults[p.typ.platform] == p})
		default:
			value, set := p.values[f.name]
			if !set {
				value = f.zero()
			}
			o = append(o, member{f.name, value})
		}
	}
	return o
}

// publish makes the profile as it is visible, after the delay for its kind.
func (p *profile) publish(s *Simulator, t *token) {
	p.shown.put(s.apple.Now().Add(s.profileDelay(p)), p.entity(t))
}

func (s *Simulator) profileDelay(p *profile) time.Duration {
	if p.policy {
		return time.Duration(s.settings.VisibleAfter.Policies)
	}
	return time.Duration(s.settings.VisibleAfter.Profiles)
}

// shownProfile is a profile as a reader sees it.
type shownProfile struct {
	*profile
	view object
}

func (c *call) profileCollection(t *token) collection[shownProfile] {
	c.s.mirror(t)
	t.profiles = slices.DeleteFunc(t.profiles, func(p *profile) bool { return p.deleted && p.shown.over(c.now) })
	var items []shownProfile
	for _, p := range t.profiles {
		if view, shows := p.shown.at(c.now); shows {
			items = append(items, shownProfile{p, view})
		}
	}
	return collection[shownProfile]{
		fragment: c.setting() + "/enrollmentProfiles", typeName: plainProfile, properties: allProfileProperties,
		items:    items,
		position: func(p shownProfile) int { return p.seq },
		property: func(p shownProfile, name string) any { return p.view.get(name) },
		entity:   func(p shownProfile) object { return p.view },
	}
}

func listProfiles(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	return listCollection(c, c.profileCollection(t))
}

func countProfiles(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	return countCollection(c, c.profileCollection(t))
}

func getProfile(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	of := c.profileCollection(t)
	for _, p := range of.items {
		if t.names(c.vars["profile"], p.profile) {
			return single(c, c.setting()+"/enrollmentProfiles/$entity", of, p)
		}
	}
	return *c.profileNotFound()
}

// names says whether an id is a name of the profile: its GUID, with or without the prefixes.
func (t *token) names(id string, p *profile) bool {
	lower := strings.TrimPrefix(strings.ToLower(id), "ecv2_")
	if len(lower) == len(id) || p.policy {
		return strings.TrimPrefix(lower, strings.ToLower(t.id)+"_") == strings.ToLower(p.guid)
	}
	return false
}

func (c *call) profileNotFound() *reply { return c.notFound("Profile not found") }

// profile finds the profile of the path, whether or not readers see it yet.
func (c *call) profile() (*token, *profile, *reply) {
	t, refusal := c.token()
	if refusal != nil {
		return nil, nil, refusal
	}
	c.s.mirror(t)
	for _, p := range t.profiles {
		if !p.deleted && t.names(c.vars["profile"], p) {
			return t, p, nil
		}
	}
	return nil, nil, c.profileNotFound()
}

// createProfile answers POST enrollmentProfiles.
func createProfile(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	if c.s.settings.ClassicCreateRefused || c.effects.refuseClassic {
		return *c.plain(http.StatusInternalServerError, "InternalServerError", "An internal server error has occurred.")
	}
	raw, refusal := c.decode()
	if refusal != nil {
		return *refusal
	}
	typ, refusal := c.profileType(raw, t)
	if refusal != nil {
		return *refusal
	}
	values, refusal := c.typed(typ.wire, raw)
	if refusal != nil {
		return *refusal
	}
	p, err := c.s.newProfile(t, typ, values)
	if err != nil {
		return *c.badRequest(err.Error())
	}
	return c.entity(http.StatusCreated, c.setting()+"/enrollmentProfiles/$entity", p.entity(t))
}

// newProfile adds a classic profile if its rules are kept.
func (s *Simulator) newProfile(t *token, typ *profileType, values map[string]any) (*profile, error) {
	typ.dropOwned(values)
	if err := typ.check(values); err != nil {
		return nil, err
	}
	if t.profileCount() >= maximumProfiles {
		return nil, badRequest("The maximum number of enrollment profiles of the DEP token is reached")
	}
	s.seq++
	p := &profile{guid: uuid.NewString(), seq: s.seq, typ: typ, values: values, created: s.apple.Now()}
	if t == s.none {
		p.values["configurationEndpointUrl"] = new("https://appleconfigurator2.manage.microsoft.com/EnrollmentServer/" +
			"MDMServiceConfig?id=" + t.id + "&AADTenantId=" + s.tenantID)
	}
	t.profiles = append(t.profiles, p)
	p.publish(s, t)
	return p, nil
}

// maximumProfiles is the published limit for one token.
const maximumProfiles = 1000

// updateProfile answers PATCH: what is not in the body stays. The new definition goes to Apple for the devices that have
// the profile.
func updateProfile(c *call) reply {
	t, p, refusal := c.profile()
	if refusal != nil {
		return *refusal
	}
	if p.policy {
		return *c.badRequest("The enrollment profile is managed by a configuration policy")
	}
	raw, refusal := c.decode()
	if refusal != nil {
		return *refusal
	}
	typ := profileTypes[plainProfile]
	if named := odataType(raw); named != "" {
		typ = profileTypes[named]
	}
	if typ == nil || typ != p.typ && typ.wire.name != plainProfile {
		return *c.badRequest("The type of an enrollment profile cannot be changed")
	}
	changes, refusal := c.typed(typ.wire, raw)
	if refusal != nil {
		return *refusal
	}
	if id, given := changes["id"].(*string); given && !t.names(*id, p) {
		return *c.badRequest("The id of an enrollment profile cannot be changed")
	}
	typ.dropOwned(changes)
	merged := maps.Clone(p.values)
	maps.Copy(merged, changes)
	if err := p.typ.check(merged); err != nil {
		return *c.badRequest(err.Error())
	}
	p.values = merged
	p.publish(c.s, t)
	c.s.redefine(t, p)
	if c.s.settings.PatchStatus == http.StatusNoContent {
		return noContent()
	}
	return c.entity(http.StatusOK, c.setting()+"/enrollmentProfiles/$entity", p.entity(t))
}

// deleteProfile answers DELETE. Whether Intune refuses it while devices have the profile is not known: a setting.
func deleteProfile(c *call) reply {
	t, p, refusal := c.profile()
	if refusal != nil {
		return *refusal
	}
	if p.policy {
		return *c.badRequest("The enrollment profile is managed by a configuration policy")
	}
	if c.s.settings.RefuseUsedProfileDelete && t.uses(p) {
		return *c.badRequest("The enrollment profile is assigned to devices or is a default profile and cannot be deleted")
	}
	c.s.dropProfile(t, p)
	return noContent()
}

// uses says whether devices have the profile or it is a default.
func (t *token) uses(p *profile) bool {
	return t.defaults[p.typ.platform] == p ||
		slices.ContainsFunc(t.rows, func(r *row) bool { return r.present() && r.wanted == p })
}

func (s *Simulator) dropProfile(t *token, p *profile) {
	now := s.apple.Now()
	p.deleted, p.deletedAt = true, now
	if t.defaults[p.typ.platform] == p {
		delete(t.defaults, p.typ.platform)
	}
	p.shown.end(now.Add(s.profileDelay(p)))
}

// settled refuses what comes too soon after the creation: the parts of Intune learn of a profile one after the other.
func (c *call) settled(p *profile) *reply {
	if c.now.Sub(p.created) < time.Duration(c.s.settings.NotFoundAfterCreate) {
		return c.profileNotFound()
	}
	return nil
}

// setDefaultProfile answers the action of that name: one default per platform over both kinds, and no way to have none.
func setDefaultProfile(c *call) reply {
	t, p, refusal := c.profile()
	if refusal != nil {
		return *refusal
	}
	if refusal := c.settled(p); refusal != nil {
		return *refusal
	}
	if p.typ.platform == "" {
		return *c.badRequest("The enrollment profile cannot be a default profile")
	}
	t.makeDefault(c.s, p)
	return noContent()
}

func (t *token) makeDefault(s *Simulator, p *profile) {
	old := t.defaults[p.typ.platform]
	t.defaults[p.typ.platform] = p
	for _, changed := range []*profile{old, p} {
		if changed != nil && !changed.deleted {
			changed.publish(s, t)
		}
	}
}

// exportMobileConfig answers the function of that name, for Apple Configurator profiles.
func exportMobileConfig(c *call) reply {
	_, p, refusal := c.profile()
	if refusal != nil {
		return *refusal
	}
	url, _ := p.values["configurationEndpointUrl"].(*string)
	if p.typ.wire.name != plainProfile || url == nil {
		return *c.badRequest("The enrollment profile cannot be exported")
	}
	return c.value("Edm.String", mobileConfig(p.name(), *url))
}

// mobileConfig is an enrollment profile for Apple Configurator (Apple: MDM payload), cut to what names the server.
func mobileConfig(name, url string) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` + "\n" +
		`<plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string><key>PayloadVersion</key>` +
		`<integer>1</integer><key>PayloadDisplayName</key><string>` + escape(name) + `</string><key>PayloadContent</key>` +
		`<dict><key>URL</key><string>` + escape(url) + `</string></dict></dict></plist>` + "\n"
}
