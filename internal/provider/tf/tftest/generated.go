package tftest

import "slices"

// Generated is the configuration that core writes for an object that was listed.
func (d *Driver) Generated(one Listed) Config {
	d.t.Helper()
	generated, said := d.Generate(one.State)
	d.mustBeClean(said)
	config, _ := plain(generated).(map[string]any)
	return config
}

// BringIn does with an object that was listed what its generated configuration
// and import block do. It fails the test where the list showed something else
// than the import reads (but for the attributes that an import makes anew), and
// where the generated configuration is refused, or plans a change.
func (d *Driver) BringIn(one Listed, anew ...string) (State, Config) {
	d.t.Helper()
	config := d.Generated(one)
	if bad := d.Validate(one.State.Type, config).Errors(); len(bad) > 0 {
		d.t.Fatalf("%s: the generated configuration is refused: %q\n%v", one.Name, bad, config)
	}
	imported, diags := d.ImportIdentity(one.State.Type, d.IdentityOf(one.State))
	d.mustBeClean(diags)
	read := members(imported.Value)
	for name, listed := range members(one.State.Value) {
		if !slices.Contains(anew, name) && !listed.Equal(read[name]) {
			d.t.Errorf("%s: %s is listed as %s and imported as %s", one.Name, name, listed, read[name])
		}
	}
	plan := d.Plan(one.State.Type, imported, config)
	if bad := append(plan.Diags.Errors(), plan.Invalid()); len(bad) > 1 || bad[0] != "" {
		d.t.Fatalf("%s: the generated configuration is not planned: %q\n%v", one.Name, bad, config)
	}
	if !plan.Empty() {
		d.t.Errorf("%s: the generated configuration plans a change:\nread    %s\nplanned %s", one.Name, imported.Value, plan.Value)
	}
	return imported, config
}
