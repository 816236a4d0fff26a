package catalog

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// policy is an enrollment policy. The settings are as they were sent, and valid when they were.
type policy struct {
	id                string
	name              string
	description       *string
	template          templateRecord
	tokenID           string
	scopeTags         []string
	settings          []setting
	created, modified time.Time
	groupID           string
}

const creationSourcePrefix = "DepTokenId_"

func (p *policy) creationSource() string { return creationSourcePrefix + p.tokenID }

func (p *policy) public() Policy {
	public := Policy{
		ID: p.id, Name: p.name, Platform: p.template.Platforms, TemplateID: p.template.ID, TokenID: p.tokenID,
		ScopeTagIDs: slices.Clone(p.scopeTags), Created: p.created, Modified: p.modified, GroupID: p.groupID, Settings: map[string]any{},
	}
	if p.description != nil {
		public.Description = *p.description
	}
	for _, s := range p.settings {
		flatten(s.SettingInstance, public.Settings)
	}
	return public
}

// flatten puts the values of a setting and of all below it into one map.
func flatten(i instance, into map[string]any) {
	switch {
	case i.Choice != nil:
		into[i.DefinitionID] = i.Choice.Value
		for _, below := range i.Choice.Children {
			flatten(below, into)
		}
	case i.Simple != nil:
		into[i.DefinitionID] = plain(*i.Simple)
	case i.Collection != nil:
		values := []string{}
		for _, v := range *i.Collection {
			if s, isText := plain(v).(string); isText {
				values = append(values, s)
			}
		}
		into[i.DefinitionID] = values
	}
}

// plain is a checked value as a string or an int64.
func plain(v simpleValue) any {
	if n, err := strconv.ParseInt(string(v.Value), 10, 64); err == nil {
		return n
	}
	var s string
	_ = json.Unmarshal(v.Value, &s) // what is kept was checked
	return s
}

// decodePolicy reads a body. A property that a policy does not have, or not for a client, is refused as OData does.
func decodePolicy(body io.Reader) (policyBody, *Refusal) {
	var sent policyBody
	content, err := io.ReadAll(body)
	if err != nil {
		return sent, badRequest("The body could not be read.")
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return sent, badRequest("The body is not a deviceManagementConfigurationPolicy: %s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	return sent, nil
}

// examine checks all of a body and gives the policy that it makes. The caller holds the lock.
func (c *Catalog) examine(sent policyBody) (*policy, *Refusal) {
	if sent.TemplateReference == nil || c.template(sent.TemplateReference.TemplateID) == nil {
		return nil, badRequest("The templateReference does not name a template.")
	}
	t := c.template(sent.TemplateReference.TemplateID)
	family := sent.TemplateReference.TemplateFamily
	switch {
	case strings.TrimSpace(sent.Name) == "":
		return nil, badRequest("The policy has no name.")
	case sent.ODataType != "" && sent.ODataType != graphType+"Policy":
		return nil, badRequest("The body has the type '%s'.", sent.ODataType)
	case len(t.settings) == 0:
		return nil, badRequest("The simulator does not have the settings of the template '%s'.", t.ID)
	case family != "" && family != templateFamily:
		return nil, badRequest("The template '%s' is not of the family '%s'.", t.ID, family)
	case sent.Platforms != t.Platforms:
		return nil, badRequest("The template '%s' is for the platform '%s', not '%s'.", t.ID, t.Platforms, sent.Platforms)
	case sent.Technologies != t.Technologies:
		return nil, badRequest("The template '%s' is for the technology '%s', not '%s'.", t.ID, t.Technologies, sent.Technologies)
	}
	if refusal := (checker{c.definitions, t}).settings(sent.Settings); refusal != nil {
		return nil, refusal
	}
	p := &policy{
		name: sent.Name, description: sent.Description, template: t.templateRecord, settings: sent.Settings,
		tokenID: strings.TrimPrefix(sent.CreationSource, creationSourcePrefix), scopeTags: sent.RoleScopeTagIDs,
	}
	if len(p.scopeTags) == 0 {
		p.scopeTags = []string{"0"} // the tag that Intune calls Default
	}
	return p, nil
}

// namesToken checks a creationSource: it is how a policy is tied to its token.
func namesToken(source string, hooks Hooks) *Refusal {
	id, has := strings.CutPrefix(source, creationSourcePrefix)
	if _, err := uuid.Parse(id); !has || err != nil {
		return badRequest("The creationSource '%s' does not name an enrollment program token.", source)
	}
	if hooks.TokenExists != nil && !hooks.TokenExists(id) {
		return badRequest("There is no enrollment program token '%s'.", id)
	}
	return nil
}

// create makes a policy. Hooks are asked without the lock.
func (c *Catalog) create(sent policyBody) (*policy, *Refusal) {
	hooks := c.currentHooks()
	if refusal := namesToken(sent.CreationSource, hooks); refusal != nil {
		return nil, refusal
	}
	p, refusal := c.examined(sent)
	if refusal != nil {
		return nil, refusal
	}
	p.id, p.created = uuid.NewString(), c.now()
	p.modified = p.created
	if refusal := asked(hooks, ActionCreate, p.public()); refusal != nil {
		return nil, refusal
	}
	c.mu.Lock()
	c.policies = append(c.policies, p)
	answer := *p
	c.mu.Unlock()
	tell(hooks, ActionCreate, answer.public())
	return &answer, nil
}

func (c *Catalog) examined(sent policyBody) (*policy, *Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.examine(sent)
}

func asked(hooks Hooks, action Action, p Policy) *Refusal {
	if hooks.Refuse == nil {
		return nil
	}
	return hooks.Refuse(action, p)
}

func tell(hooks Hooks, action Action, p Policy) {
	if hooks.OnChange != nil {
		hooks.OnChange(action, p)
	}
}

// replace puts a whole policy in the place of another. What ties it to its token and its platform stays.
func (c *Catalog) replace(id string, sent policyBody) (*policy, *Refusal) {
	hooks := c.currentHooks()
	next, refusal := c.successor(id, sent)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := asked(hooks, ActionReplace, next.public()); refusal != nil {
		return nil, refusal
	}
	c.mu.Lock()
	old := c.policy(id)
	if old == nil {
		c.mu.Unlock()
		return nil, noPolicy(id)
	}
	next.groupID = old.groupID
	*old = *next
	c.mu.Unlock()
	tell(hooks, ActionReplace, next.public())
	return next, nil
}

func (c *Catalog) successor(id string, sent policyBody) (*policy, *Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.policy(id)
	if old == nil {
		return nil, noPolicy(id)
	}
	if sent.CreationSource != old.creationSource() {
		return nil, badRequest("The creationSource '%s' is not that of the policy.", sent.CreationSource)
	}
	next, refusal := c.examine(sent)
	if refusal != nil {
		return nil, refusal
	}
	if next.template.ID != old.template.ID {
		return nil, badRequest("The policy was made from the template '%s', not '%s'.", old.template.ID, next.template.ID)
	}
	next.id, next.created, next.modified = old.id, old.created, c.now()
	return next, nil
}

func (c *Catalog) remove(id string) *Refusal {
	hooks := c.currentHooks()
	p, found := c.Policy(id)
	if !found {
		return noPolicy(id)
	}
	if refusal := asked(hooks, ActionDelete, p); refusal != nil {
		return refusal
	}
	c.mu.Lock()
	c.policies = slices.DeleteFunc(c.policies, func(p *policy) bool { return p.id == id })
	c.mu.Unlock()
	tell(hooks, ActionDelete, p)
	return nil
}

func noPolicy(id string) *Refusal {
	return &Refusal{http.StatusNotFound, "ResourceNotFound", "There is no configuration policy '" + id + "'."}
}
