package enrollment

// PolicySpec is what a person says of an enrollment policy (Intune): the
// settings catalog's successor of the enrollment profile. A nil pointer, slice
// or map is "not managed": the template's default when the policy is made, and
// on a change whatever the policy has.
type PolicySpec struct {
	TokenID     string
	Platform    Platform
	Name        string
	Description *string

	UserAffinity     *bool
	LockedEnrollment *bool
	// SharedIPad and SharedDeviceMode are values of user affinity in the
	// template: at most one of the three may be on.
	SharedIPad       *SharedIPad
	SharedDeviceMode *bool

	AwaitDeviceConfigured *bool
	// DeviceNameTemplate and CarrierActivationURL are taken away with "".
	DeviceNameTemplate       *string
	CarrierActivationURL     *string
	Department               *string
	DepartmentPhone          *string
	ConfiguratorCertificates []string // PEM
	// SkipSetupItems are Apple's skip keys: those listed are hidden, every other
	// pane that this version knows is shown, and panes that it does not know
	// keep the template's default.
	SkipSetupItems []string
	// ScopeTagIDs are Intune's role scope tags; the default one is "0".
	ScopeTagIDs []string
	// Settings override any setting by its definition id. A choice is the id of
	// its option, a number its decimal form, a list a JSON array of strings.
	Settings map[string]string
	// Reset names attributes, in the provider's words, that are managed no more:
	// a change takes them back to the template's default. "settings.ID" is one of
	// Settings. What is also given a value gets that.
	Reset []string
}

// Policy is an enrollment policy.
type Policy struct {
	// ID is the policy's own id (a GUID).
	ID string
	PolicySpec
	// ProfileID is the id by which assignments and defaults know the policy:
	// ECV2_{token}_{policy}.
	ProfileID string
	// DefaultedSettings lists the settings that nobody named and that have the
	// template's default because this version does not know them, sorted.
	DefaultedSettings []string
	// ImpliedSettings lists the choices without an attribute that follow from what
	// is set below them, sorted. A list of policies does not have them.
	ImpliedSettings []string
	IsDefaultFor    []Platform
}

// PolicyTemplate is what enrollment policies of a platform may have, as the
// service has it today.
type PolicyTemplate struct {
	// ID is the template's id with its version.
	ID       string
	Platform Platform
	// Settings by definition id, those below options included.
	Settings map[string]PolicySetting
}

// PolicySettingKind is what a setting's value is.
type PolicySettingKind string

// The kinds of setting.
const (
	PolicyChoice PolicySettingKind = "choice"
	PolicyText   PolicySettingKind = "text"
	PolicyNumber PolicySettingKind = "number"
	PolicyList   PolicySettingKind = "list"
	// PolicyOther is a setting that this version cannot give a value: a group, or
	// a secret. A policy that has it keeps it.
	PolicyOther PolicySettingKind = "other"
)

// PolicySetting is one setting of a template.
type PolicySetting struct {
	ID          string
	DisplayName string
	Kind        PolicySettingKind
	// Options of a choice.
	Options []PolicyOption
	// Default is the value in the form of PolicySpec.Settings; empty for none.
	Default string
	// Required: the service refuses a policy without it (below an option: once
	// the option is chosen).
	Required bool
	// Minimum and Maximum bound a number, or the length of a text and of each
	// text of a list. A text with Maximum 0 is not bounded.
	Minimum, Maximum int64
	// MaximumCount bounds a list; 0 is any number.
	MaximumCount int64
	// Pattern is a regular expression for a text; empty is any.
	Pattern string
	// Under are the ids of the options that bring the setting up; empty at the
	// top.
	Under []string
}

// PolicyOption is a value of a choice.
type PolicyOption struct {
	ID          string
	DisplayName string
	// Under are the ids of the options, of a setting above, with which this one
	// is offered; empty is with any.
	Under []string
}
