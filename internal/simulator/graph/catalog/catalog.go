package catalog

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Catalog is the settings catalog of one tenant. Its methods may be called at any time, from any goroutine.
type Catalog struct {
	now func() time.Time

	mu          sync.Mutex // guards all below
	hooks       Hooks
	settings    Settings
	definitions map[string]*definition
	templates   []*template
	policies    []*policy // as created
}

// Hooks are what the catalog asks its host, and tells it. Each may be nil. They are called on the goroutine of the request
// or method that brought them about, and never under the catalog's own lock, so they may call its methods.
type Hooks struct {
	// TokenExists tells whether the tenant has an enrollment program token with this id. Nil: every id is one.
	TokenExists func(id string) bool
	// Refuse may refuse to create, replace or delete a policy, as for one that devices still have, or one too many.
	Refuse func(action Action, p Policy) *Refusal
	// OnChange is told after a policy was created, replaced, deleted or changed by SetSetting.
	OnChange func(action Action, p Policy)
	// AppOnly tells a call by an application from one by a person. Nil: all are by a person.
	AppOnly func(r *http.Request) bool
	// GroupReady tells whether a group is static and Intune's service principal owns it. Nil: every group is ready.
	GroupReady func(id string) bool
	// Error writes an error in the host's shape. Nil: Graph's, without Intune's own document inside.
	Error func(w http.ResponseWriter, r *http.Request, status int, code, message string)
}

// Settings are the choices that Intune's documentation leaves open.
type Settings struct {
	// ReplaceAnswers is the status of a successful PUT: 204 (the default), or 200 with the policy.
	ReplaceAnswers int
	// AppOnlyAnswers is the status with which the calls for the enrollment time group fail for applications: 500 (the
	// default, as one project saw) or 403.
	AppOnlyAnswers int
}

// Action is what happens to a policy.
type Action int

// The actions. ActionChange is a change on the server's side, by SetSetting.
const (
	ActionCreate Action = iota + 1
	ActionReplace
	ActionDelete
	ActionChange
)

// Refusal is an error answer.
type Refusal struct {
	Status        int
	Code, Message string
}

// Error implements error.
func (r *Refusal) Error() string { return "catalog simulator: " + r.Message }

// Policy is a policy as a host mirrors it.
type Policy struct {
	ID, Name, Description string
	// Platform is iOS, macOS, tvOS or visionOS.
	Platform   string
	TemplateID string
	// TokenID is the enrollment program token that the policy was created for.
	TokenID string
	// ScopeTagIDs are the role scope tags.
	ScopeTagIDs       []string
	Created, Modified time.Time
	// GroupID is the group that devices join at enrollment, or empty.
	GroupID string
	// Settings has each setting of the policy, those below options too: the itemId of the chosen option, a string, an
	// int64, or a []string.
	Settings map[string]any
}

// New gives the catalog of a tenant without policies. The clock stamps them.
func New(now func() time.Time) *Catalog {
	d := loadData()
	c := &Catalog{
		now: now, definitions: map[string]*definition{}, templates: newTemplates(d),
		settings: Settings{ReplaceAnswers: http.StatusNoContent, AppOnlyAnswers: http.StatusInternalServerError},
	}
	for _, definition := range d.definitions {
		c.definitions[definition.ID] = definition
	}
	return c
}

// SetHooks replaces the hooks.
func (c *Catalog) SetHooks(h Hooks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = h
}

// Settings gives the settings.
func (c *Catalog) Settings() Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings
}

// UpdateSettings changes the settings.
func (c *Catalog) UpdateSettings(change func(*Settings)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.settings)
}

func (c *Catalog) currentHooks() Hooks {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hooks
}

// Policies gives the policies of a token in the order in which they were made; of all tokens if tokenID is empty.
func (c *Catalog) Policies(tokenID string) []Policy {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []Policy
	for _, p := range c.policies {
		if tokenID == "" || p.tokenID == tokenID {
			found = append(found, p.public())
		}
	}
	return found
}

// Policy gives one policy.
func (c *Catalog) Policy(id string) (Policy, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.policy(id); p != nil {
		return p.public(), true
	}
	return Policy{}, false
}

func (c *Catalog) policy(id string) *policy {
	at := slices.IndexFunc(c.policies, func(p *policy) bool { return p.id == id })
	if at < 0 {
		return nil
	}
	return c.policies[at]
}

func (c *Catalog) template(id string) *template {
	at := slices.IndexFunc(c.templates, func(t *template) bool { return t.ID == id })
	if at < 0 {
		return nil
	}
	return c.templates[at]
}
