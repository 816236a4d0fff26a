package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// filled is the state after a change: what was planned, with what the plan left
// open.
func (m model) filled(p enrollment.Policy) model {
	m.ID, m.ProfileID = types.StringValue(p.ID), types.StringValue(p.ProfileID)
	if m.DefaultedSettings.IsUnknown() {
		m.DefaultedSettings = m.defaulted(p)
	}
	return m
}

// defaulted leaves out what settings names.
func (m model) defaulted(p enrollment.Policy) types.List {
	named := settingsOf(m.Settings)
	ids := []attr.Value{}
	for _, id := range p.DefaultedSettings {
		if _, ok := named[id]; !ok {
			ids = append(ids, types.StringValue(id))
		}
	}
	return types.ListValueMust(types.StringType, ids)
}

// read is the state of what the service says: what the state manages, in the
// spelling that it has already where both mean the same. An import reads
// everything.
func (m model) read(p enrollment.Policy) model {
	k := keeper{everything: m.imported()}
	was := m
	m.ID, m.ProfileID, m.TokenID = types.StringValue(p.ID), types.StringValue(p.ProfileID), k.tokenID(m.TokenID, p.TokenID)
	m.Platform, m.Name = types.StringValue(string(p.Platform)), types.StringValue(p.Name)
	m.Description = k.text(m.Description, p.Description)
	m.UserAffinity = k.flag(m.UserAffinity, p.UserAffinity)
	if p.SharedDeviceMode != nil || m.SharedDeviceMode.ValueBool() { // Macs and others do not have it: false is what they have
		m.SharedDeviceMode = k.flag(m.SharedDeviceMode, p.SharedDeviceMode)
	}
	m.SharedIPad = k.sharedIPad(m.SharedIPad, p.SharedIPad)
	if !k.everything {
		m = m.otherUse(was, p)
	}
	m.LockedEnrollment = k.flag(m.LockedEnrollment, p.LockedEnrollment)
	m.AwaitDeviceConfigured = k.flag(m.AwaitDeviceConfigured, p.AwaitDeviceConfigured)
	m.DeviceNameTemplate = k.text(m.DeviceNameTemplate, p.DeviceNameTemplate)
	m.CarrierActivationURL = k.text(m.CarrierActivationURL, p.CarrierActivationURL)
	m.Department = k.text(m.Department, p.Department)
	m.DepartmentPhone = k.text(m.DepartmentPhone, p.DepartmentPhone)
	m.ConfiguratorCertificates = k.certificates(m.ConfiguratorCertificates, p.ConfiguratorCertificates)
	m.SkipSetupItems = k.set(m.SkipSetupItems, p.SkipSetupItems)
	m.ScopeTagIDs = k.set(m.ScopeTagIDs, p.ScopeTagIDs)
	m.Settings = k.settings(m.Settings, p)
	m.DefaultedSettings = m.defaulted(p)
	return m
}

// otherUse shows how a policy is used instead, where user_affinity = false would
// look as if nothing had changed: without affinity, in shared device mode and as
// a Shared iPad are three values of one setting.
func (m model) otherUse(was model, p enrollment.Policy) model {
	if was.UserAffinity.IsNull() || was.UserAffinity.ValueBool() {
		return m
	}
	if was.SharedDeviceMode.IsNull() && p.SharedDeviceMode != nil && *p.SharedDeviceMode {
		m.SharedDeviceMode = types.BoolValue(true)
	}
	if was.SharedIPad.IsNull() && p.SharedIPad != nil {
		m.SharedIPad = keeper{everything: true}.sharedIPad(m.SharedIPad, p.SharedIPad)
	}
	return m
}

// keeper decides, value by value, what state keeps of what the service says.
type keeper struct {
	// everything: state has nothing to keep yet, as after an import.
	everything bool
}

// managed tells whether a value is to be read at all.
func (k keeper) managed(state attr.Value) bool { return k.everything || !state.IsNull() }

// tokenID keeps the spelling: a GUID may be written in upper case.
func (k keeper) tokenID(state types.String, said string) types.String {
	if state.IsNull() {
		return types.StringValue(said)
	}
	return state
}

// text holds "" and nothing for the same.
func (k keeper) text(state types.String, said *string) types.String {
	switch {
	case !k.managed(state):
		return types.StringNull()
	case said == nil && !state.IsNull() && state.ValueString() == "":
		return state
	}
	return types.StringPointerValue(said)
}

func (k keeper) flag(state types.Bool, said *bool) types.Bool {
	if !k.managed(state) {
		return types.BoolNull()
	}
	return types.BoolPointerValue(said)
}

func (k keeper) number(state types.Int64, said *int64) types.Int64 {
	if !k.managed(state) {
		return types.Int64Null()
	}
	return types.Int64PointerValue(said)
}

func (k keeper) sharedIPad(state types.Object, said *enrollment.SharedIPad) types.Object {
	if !k.managed(state) || said == nil {
		return types.ObjectNull(sharedIPadTypes())
	}
	whole := func(name string, n *int64) attr.Value { return k.number(member[types.Int64](state, name), n) }
	return types.ObjectValueMust(sharedIPadTypes(), map[string]attr.Value{
		maximumCachedUsers:      whole(maximumCachedUsers, said.MaximumCachedUsers),
		temporarySessionsOnly:   k.flag(member[types.Bool](state, temporarySessionsOnly), said.TemporarySessionsOnly),
		userSessionTimeout:      whole(userSessionTimeout, said.UserSessionTimeout),
		temporarySessionTimeout: whole(temporarySessionTimeout, said.TemporarySessionTimeout),
		passcodeLockGracePeriod: whole(passcodeLockGracePeriod, said.PasscodeLockGracePeriod),
	})
}

// certificates holds the same certificates in any order, and empty and nothing,
// for the same.
func (k keeper) certificates(state types.List, said []string) types.List {
	switch {
	case !k.managed(state):
		return types.ListNull(types.StringType)
	case !state.IsNull() && tf.SameCertificates(texts(state), said):
		return state
	case said == nil:
		return types.ListNull(types.StringType)
	}
	return types.ListValueMust(types.StringType, values(said))
}

func (k keeper) set(state types.Set, said []string) types.Set {
	if !k.managed(state) || said == nil {
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, values(slices.Compact(slices.Sorted(slices.Values(said)))))
}

// settings reads the keys that state has; an import reads what no attribute says,
// what is not the template's default, and what does not follow from the rest.
func (k keeper) settings(state types.Map, p enrollment.Policy) types.Map {
	found := map[string]attr.Value{}
	if k.everything {
		for id, value := range p.Settings {
			itself := slices.Contains(p.DefaultedSettings, id) || slices.Contains(p.ImpliedSettings, id)
			if value != "" && !itself && !enrollment.HasPolicyAttribute(p.Platform, id) {
				found[id] = types.StringValue(value)
			}
		}
	}
	for id, was := range settingsOf(state) {
		if value, ok := p.Settings[id]; ok && sameSetting(was, value) {
			found[id] = types.StringValue(was)
		} else if ok {
			found[id] = types.StringValue(value)
		}
	}
	if state.IsNull() && len(found) == 0 {
		return types.MapNull(types.StringType)
	}
	return types.MapValueMust(types.StringType, found)
}

// sameSetting tells whether two texts are one value: numbers and lists can be
// written in several ways.
func sameSetting(a, b string) bool {
	if a == b {
		return true
	}
	m, errA := strconv.ParseInt(a, 10, 64)
	n, errB := strconv.ParseInt(b, 10, 64)
	if errA == nil && errB == nil {
		return m == n
	}
	var listA, listB []string
	return json.Unmarshal([]byte(a), &listA) == nil && json.Unmarshal([]byte(b), &listB) == nil && slices.Equal(listA, listB)
}

func values(texts []string) []attr.Value {
	out := make([]attr.Value, 0, len(texts))
	for _, t := range texts {
		out = append(out, types.StringValue(t))
	}
	return out
}

// names of the attributes that have a value.
func (m model) names() []string {
	found := map[string]bool{}
	for _, a := range attributes() {
		if !a.value(m).IsNull() {
			found[a.name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
