// Package catalog simulates Intune's settings catalog as far as Apple enrollment policies use it: policy templates with
// what settings a policy must have and may have, and the policies themselves, below /deviceManagement/configurationPolicies
// and /deviceManagement/configurationPolicyTemplates of Microsoft Graph's beta.
//
// It refuses what Intune refuses: a policy that lacks a setting which its template requires, however new the requirement
// is; a child of an option that was not chosen; a value out of bounds; a template id that is not the setting's; a PUT
// that changes the token. Where Intune's words or choices are not publicly known, a comment says that they were chosen here.
//
// settings.json holds the definitions of the settings and the templates, condensed from a daily public dump of the catalog
// (its "source"). template-ids.json holds the ids of instance and value templates from traffic of the Intune admin
// center (its "source"); those that are not in it are derived from the setting's id, so that they are the same in each run.
//
// The package shares no code or types with the client that is tested against it. It knows nothing of tokens, devices,
// or who calls: the host that mounts it says so through Hooks.
package catalog
