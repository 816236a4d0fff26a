package graph

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// token is one depOnboardingSetting, and what hangs under it.
type token struct {
	id          string
	seq         int
	name        *string
	appleID     *string
	consent     bool
	scopeTags   []string
	shared      bool
	typ         string // depTokenType
	expires     time.Time
	modified    time.Time
	lastGood    time.Time
	triggered   time.Time
	errorCode   int
	synced      int
	key         *tokenKey
	credentials apple.Credentials // of the uploaded server token
	server      string            // id of the MDM server at Apple; empty: nothing uploaded

	profiles    []*profile
	defaults    map[string]*profile // by platform
	definitions map[string]*profile // by the UUID of each definition at Apple

	rows         []*row // in the order of their seq
	rowsBySerial map[string]*row
	forgotten    map[string]bool // deleted here while assigned at Apple: only a full sync brings them back
	sync         *syncRun        // nil: none under way
	lastFull     time.Time
	fullNext     bool

	deleted bool
	shown   history[object]
}

// tokenTypeName is the entity without its namespace.
const tokenTypeName = "depOnboardingSetting"

var tokenProperties = []string{
	"id", "appleIdentifier", "tokenExpirationDateTime", "lastModifiedDateTime", "lastSuccessfulSyncDateTime",
	"lastSyncTriggeredDateTime", "shareTokenWithSchoolDataSyncService", "lastSyncErrorCode", "tokenType", "tokenName",
	"syncedDeviceCount", "dataSharingConsentGranted", "roleScopeTagIds",
}

// entity is the token as it is, in the order of the documentation's examples.
func (t *token) entity() object {
	return object{
		{"id", t.id},
		{"appleIdentifier", t.appleID},
		{"tokenExpirationDateTime", t.expires},
		{"lastModifiedDateTime", t.modified},
		{"lastSuccessfulSyncDateTime", t.lastGood},
		{"lastSyncTriggeredDateTime", t.triggered},
		{"shareTokenWithSchoolDataSyncService", t.shared},
		{"lastSyncErrorCode", t.errorCode},
		{"tokenType", t.typ},
		{"tokenName", t.name},
		{"syncedDeviceCount", t.synced},
		{"dataSharingConsentGranted", t.consent},
		{"roleScopeTagIds", append([]string{}, t.scopeTags...)},
	}
}

// publish makes the token as it is visible, after the delay for tokens.
func (t *token) publish(s *Simulator) { t.publishFrom(s, s.apple.Now()) }

func (t *token) publishFrom(s *Simulator, now time.Time) {
	t.shown.put(now.Add(time.Duration(s.settings.VisibleAfter.Tokens)), t.entity())
}

// shownToken is a token as a reader sees it.
type shownToken struct {
	*token
	view object
}

// visibleTokens lists what readers see, in the order of creation.
func (s *Simulator) visibleTokens() []shownToken {
	now := s.apple.Now()
	s.tokens = slices.DeleteFunc(s.tokens, func(t *token) bool { return t.deleted && t.shown.over(now) })
	var out []shownToken
	if s.settings.ListNoneToken {
		out = append(out, shownToken{s.none, s.none.entity()})
	}
	for _, t := range s.tokens {
		if view, shows := t.shown.at(now); shows {
			out = append(out, shownToken{t, view})
		}
	}
	return out
}

func (c *call) tokenCollection() collection[shownToken] {
	return collection[shownToken]{
		fragment: "deviceManagement/depOnboardingSettings", typeName: tokenTypeName, properties: tokenProperties,
		items:    c.s.visibleTokens(),
		position: func(t shownToken) int { return t.seq },
		property: func(t shownToken, name string) any { return t.view.get(name) },
		entity:   func(t shownToken) object { return t.view },
		expand:   c.expandToken,
	}
}

func listTokens(c *call) reply  { return listCollection(c, c.tokenCollection()) }
func countTokens(c *call) reply { return countCollection(c, c.tokenCollection()) }

func getToken(c *call) reply {
	of := c.tokenCollection()
	for _, t := range of.items {
		if strings.EqualFold(t.id, c.vars["token"]) {
			return single(c, "deviceManagement/depOnboardingSettings/$entity", of, t)
		}
	}
	return *c.tokenNotFound()
}

// token finds the token of the path, whether or not readers see it yet: the service that writes knows what it took.
func (c *call) token() (*token, *reply) {
	id := c.vars["token"]
	if uuid.Validate(id) != nil {
		return nil, c.badRequest("Invalid depOnboardingSetting id '" + id + "'")
	}
	if t := c.s.tokenByID(id); t != nil {
		return t, nil
	}
	return nil, c.tokenNotFound()
}

func (c *call) tokenNotFound() *reply {
	return c.notFound("DepOnboardingSetting " + c.vars["token"] + " not found")
}

// tokenByID gives nil for a token that is unknown or deleted.
func (s *Simulator) tokenByID(id string) *token {
	if strings.EqualFold(id, s.none.id) {
		return s.none
	}
	for _, t := range s.tokens {
		if !t.deleted && strings.EqualFold(t.id, id) {
			return t
		}
	}
	return nil
}

// tokenWrites are what a client may set; everything else of the type is taken and ignored, as the service owns it.
func (t *token) set(body map[string]any) {
	if v, given := body["tokenName"]; given {
		t.name, _ = v.(*string)
	}
	if v, given := body["appleIdentifier"]; given {
		t.appleID, _ = v.(*string)
	}
	if v, given := body["dataSharingConsentGranted"].(bool); given {
		t.consent = v
	}
	if v, given := body["roleScopeTagIds"].([]string); given {
		t.scopeTags = v
	}
}

// tokenWire is the type of each property in a request.
var tokenWire = wireType{
	name: tokenTypeName,
	fields: []field{
		{name: "id", kind: kindText},
		{name: "appleIdentifier", kind: kindText, nullable: true},
		{name: "tokenExpirationDateTime", kind: kindDate},
		{name: "lastModifiedDateTime", kind: kindDate},
		{name: "lastSuccessfulSyncDateTime", kind: kindDate},
		{name: "lastSyncTriggeredDateTime", kind: kindDate},
		{name: "shareTokenWithSchoolDataSyncService", kind: kindBool},
		{name: "lastSyncErrorCode", kind: kindInt},
		{name: "tokenType", kind: kindEnum, values: []string{"none", "dep", "appleSchoolManager"}},
		{name: "tokenName", kind: kindText, nullable: true},
		{name: "syncedDeviceCount", kind: kindInt},
		{name: "dataSharingConsentGranted", kind: kindBool},
		{name: "roleScopeTagIds", kind: kindTexts},
	},
}

// createToken answers POST depOnboardingSettings. How the portal makes a first token is nowhere public; this is what the
// contract allows: the row waits, of type none, for its key and its server token. The portal asks for consent to the
// sharing of data first, so that a body without it is refused here.
func createToken(c *call) reply {
	body, refusal := c.decodeAs(tokenWire)
	if refusal != nil {
		return *refusal
	}
	if body["dataSharingConsentGranted"] != true {
		return *c.badRequest("Data sharing consent must be granted before a DEP token is created")
	}
	if counted(c.s.tokens, func(t *token) bool { return !t.deleted }) >= c.s.settings.MaximumDepTokens {
		return *c.badRequest("The maximum number of DEP tokens is reached")
	}
	t, err := c.s.newToken()
	if err != nil {
		return *c.refuse(http.StatusInternalServerError, "InternalServerError", "An error has occurred")
	}
	t.set(body)
	t.publish(c.s)
	return c.entity(http.StatusCreated, "deviceManagement/depOnboardingSettings/$entity", t.entity())
}

// newToken adds a token that waits for its server token.
func (s *Simulator) newToken() (*token, error) {
	s.seq++
	t := &token{
		id: uuid.NewString(), seq: s.seq, typ: "none", scopeTags: []string{"0"}, modified: s.apple.Now(),
		defaults: map[string]*profile{}, definitions: map[string]*profile{},
		rowsBySerial: map[string]*row{}, forgotten: map[string]bool{},
	}
	if s.settings.KeyAtCreation {
		if err := t.newKey(); err != nil {
			return nil, err
		}
	}
	s.tokens = append(s.tokens, t)
	return t, nil
}

// updateToken answers PATCH. The page lists every property; the service owns most of them.
func updateToken(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	body, refusal := c.decodeAs(tokenWire)
	if refusal != nil {
		return *refusal
	}
	if id, given := body["id"].(*string); given && !strings.EqualFold(*id, t.id) {
		return *c.badRequest("The id of a DEP token cannot be changed")
	}
	t.set(body)
	t.publish(c.s)
	if c.s.settings.PatchStatus == http.StatusNoContent {
		return noContent()
	}
	return c.entity(http.StatusOK, "deviceManagement/depOnboardingSettings/$entity", t.entity())
}

// deleteToken answers DELETE. The preconditions are those of the portal.
func deleteToken(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	c.s.mirror(t)
	switch {
	case t == c.s.none:
		return *c.badRequest("The DEP token cannot be deleted")
	case t.profileCount() > 0:
		return *c.badRequest("The DEP token cannot be deleted because enrollment profiles are associated with it")
	case slices.ContainsFunc(t.rows, (*row).present):
		return *c.badRequest("The DEP token cannot be deleted because devices are associated with it")
	}
	t.deleted = true
	c.s.forgetJobs(t)
	t.shown.end(c.now.Add(time.Duration(c.s.settings.VisibleAfter.Tokens)))
	return noContent()
}

// profileCount counts both kinds.
func (t *token) profileCount() int {
	return counted(t.profiles, func(p *profile) bool { return !p.deleted })
}

// shareToken answers shareForSchoolDataSyncService: one token of a tenant at most is shared.
func shareToken(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	for _, other := range c.s.tokens {
		if other.shared && other != t && !other.deleted {
			other.shared = false
			other.publish(c.s)
		}
	}
	t.shared = true
	t.publish(c.s)
	return noContent()
}

func unshareToken(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	t.shared = false
	t.publish(c.s)
	return noContent()
}

// countVPPTokens answers getExpiringVppTokenCount: this school buys no apps.
func countVPPTokens(c *call) reply { return c.value("Edm.Int32", 0) }

// defaultNavigations lead from a token to its default profile of a platform.
var defaultNavigations = []defaultNavigation{
	{"defaultIosEnrollmentProfile", platformIOS},
	{"defaultMacOsEnrollmentProfile", platformMacOS},
	{"defaultTvOSEnrollmentProfile", platformTvOS},
	{"defaultVisionOSEnrollmentProfile", platformVisionOS},
}

type defaultNavigation struct{ name, platform string }

// shownDefault is the default profile of a platform as readers see it, nil for none.
func (t *token) shownDefault(platform string, now time.Time) object {
	p := t.defaults[platform]
	if p == nil {
		return nil
	}
	view, _ := p.shown.at(now)
	return view
}

func getDefaultProfile(c *call, d defaultNavigation) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	view := t.shownDefault(d.platform, c.now)
	if view == nil {
		return *c.notFound("The DEP token has no default enrollment profile for " + d.platform)
	}
	return c.entity(http.StatusOK, c.setting()+"/"+d.name+"/$entity", view)
}

// expandToken adds navigation properties. The devices of an expansion end with the first page, as a link leads on.
func (c *call) expandToken(t shownToken, o object, names []string) (object, *reply) {
	for _, name := range names {
		i := slices.IndexFunc(defaultNavigations, func(d defaultNavigation) bool { return strings.EqualFold(d.name, name) })
		switch {
		case i >= 0:
			var value any
			if view := t.shownDefault(defaultNavigations[i].platform, c.now); view != nil {
				value = view
			}
			o = o.with(defaultNavigations[i].name, value)
		case strings.EqualFold(name, "enrollmentProfiles"):
			var views []object
			for _, p := range c.profileCollection(t.token).items {
				views = append(views, p.view)
			}
			o = o.with("enrollmentProfiles", append([]object{}, views...))
		case strings.EqualFold(name, "importedAppleDeviceIdentities"):
			of := c.deviceCollection(t.token)
			views := []object{}
			for _, r := range of.items[:min(len(of.items), c.s.settings.PageSize)] {
				views = append(views, of.entity(r))
			}
			o = o.with("importedAppleDeviceIdentities", views)
			if len(of.items) > len(views) {
				o = o.with("importedAppleDeviceIdentities@odata.nextLink", c.root()+"/beta"+settingsPath+"/"+t.id+
					"/importedAppleDeviceIdentities?$skiptoken="+skipToken(of.position(of.items[len(views)-1])))
			}
		default:
			return nil, c.plain(http.StatusBadRequest, "BadRequest",
				"Parsing OData Select and Expand failed: Could not find a property named '"+name+
					"' on type 'microsoft.graph."+tokenTypeName+"'.")
		}
	}
	return o, nil
}
