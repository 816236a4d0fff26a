package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// attribute is one that a policy may leave out: null is not managed.
type attribute struct {
	name  string
	value func(model) attr.Value
	// take copies the value from another model.
	take func(to *model, from model)
}

func field[T attr.Value](name string, at func(*model) *T) attribute {
	return attribute{
		name:  name,
		value: func(m model) attr.Value { return *at(&m) },
		take:  func(to *model, from model) { *at(to) = *at(&from) },
	}
}

// attributes are those at the top, and then those of shared_ipad.
func attributes() []attribute {
	all := []attribute{
		field("description", func(m *model) *types.String { return &m.Description }),
		field("user_affinity", func(m *model) *types.Bool { return &m.UserAffinity }),
		field("locked_enrollment", func(m *model) *types.Bool { return &m.LockedEnrollment }),
		field("shared_ipad", func(m *model) *types.Object { return &m.SharedIPad }),
		field("shared_device_mode", func(m *model) *types.Bool { return &m.SharedDeviceMode }),
		field("await_device_configured", func(m *model) *types.Bool { return &m.AwaitDeviceConfigured }),
		field("device_name_template", func(m *model) *types.String { return &m.DeviceNameTemplate }),
		field("carrier_activation_url", func(m *model) *types.String { return &m.CarrierActivationURL }),
		field("department", func(m *model) *types.String { return &m.Department }),
		field("department_phone", func(m *model) *types.String { return &m.DepartmentPhone }),
		field("configurator_certificates", func(m *model) *types.List { return &m.ConfiguratorCertificates }),
		field("skip_setup_items", func(m *model) *types.Set { return &m.SkipSetupItems }),
		field("scope_tag_ids", func(m *model) *types.Set { return &m.ScopeTagIDs }),
		field("settings", func(m *model) *types.Map { return &m.Settings }),
	}
	for _, name := range slices.Sorted(maps.Keys(sharedIPadTypes())) {
		all = append(all, inSharedIPad(name))
	}
	return all
}

// inSharedIPad is null where shared_ipad is, and is not taken then.
func inSharedIPad(name string) attribute {
	null := map[bool]attr.Value{true: types.BoolNull(), false: types.Int64Null()}[name == temporarySessionsOnly]
	return attribute{
		name: "shared_ipad." + name,
		value: func(m model) attr.Value {
			if v, ok := m.SharedIPad.Attributes()[name]; ok {
				return v
			}
			return null
		},
		take: func(to *model, from model) {
			if to.SharedIPad.IsNull() || to.SharedIPad.IsUnknown() {
				return
			}
			members := to.SharedIPad.Attributes() // a copy
			if members[name] = null; from.SharedIPad.Attributes()[name] != nil {
				members[name] = from.SharedIPad.Attributes()[name]
			}
			to.SharedIPad = types.ObjectValueMust(sharedIPadTypes(), members)
		},
	}
}

// reachesDevices tells the attributes that a device gets to see.
func (a attribute) reachesDevices() bool {
	return a.name != "description" && a.name != "scope_tag_ids"
}

// changed names the attributes whose values differ, those of shared_ipad only
// where there is one on both sides.
func changed(state, plan model) []string {
	var names []string
	for _, a := range attributes() {
		inner := strings.HasPrefix(a.name, "shared_ipad.")
		switch {
		case !a.reachesDevices(), a.value(state).Equal(a.value(plan)):
		case a.name == "shared_ipad" && !state.SharedIPad.IsNull() && !plan.SharedIPad.IsNull() && !plan.SharedIPad.IsUnknown():
		case inner && (state.SharedIPad.IsNull() || plan.SharedIPad.IsNull() || plan.SharedIPad.IsUnknown()):
		case a.value(plan).IsNull():
			names = append(names, a.name+" (back to the default)")
		default:
			names = append(names, a.name)
		}
	}
	return names
}
