package matrix

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// phase is a part of an attribute's life.
type phase string

// The phases, in the order that they are lived in.
const (
	// set: created with it. State and the truth have it, and the plan is empty.
	set phase = "set"
	// imported: by id and by identity, which give the same. The plan is empty.
	imported phase = "imported"
	// drifted: changed by somebody else. A refresh shows that and nothing else, and
	// the next apply repairs it.
	drifted phase = "drifted"
	// changed: another value. Only what changes is planned.
	changed phase = "changed"
	// removed: taken out of the configuration.
	removed phase = "removed"
	// unknown: known after apply, on creation and on a change.
	unknown phase = "unknown"
)

var phases = []phase{set, imported, drifted, changed, removed, unknown}

// reasons say why an attribute does not have a phase.
type reasons map[phase]string

// required is the reason why an attribute cannot be removed.
const required = "a required attribute"

// attribute is what one attribute does.
type attribute struct {
	path string
	// with is what the attribute cannot do without.
	with config
	// set and change are two values; a func(*world) any makes one. changeWith goes
	// with the second.
	set, change      any
	changeWith       config
	embedded, intune *service
	// elsewhere is in the error on a service that does not have the attribute, which
	// is at it, or at blames.
	elsewhere, blames string
	// leftOut are phases without a meaning for it on any service.
	leftOut reasons
	// reads is what a computed attribute shows of an object of the least
	// configuration; a func(*testing.T, *world, tftest.State) any looks it up.
	reads any
	// later: what goes with the attribute takes an object that is there already. It
	// is created without, and the attribute is set by the first change.
	later func(t *testing.T, w *world, s tftest.State) config
	// creating is done before each creation.
	creating func(t *testing.T, w *world)
}

// service is what a service makes of an attribute.
type service struct {
	// with, set and change go before those of the attribute.
	with        config
	set, change any

	// field is its name at Apple or Graph, "" where it has none there. has, becomes
	// and without are its values there when it is set, changed and removed; nil is
	// the value of the attribute itself, and for without that there is none.
	field                 string
	has, becomes, without any
	// gone is what state has when it is removed; nil is null. stays: removing it
	// changes nothing.
	gone  any
	stays bool
	// also are attributes that change with it: planned, and when it drifted read.
	also, alsoRead []string
	// alsoOn replaces also in a phase.
	alsoOn map[phase][]string
	// differs are the attributes that a plan after an import changes.
	differs []string
	// drift are the fields that somebody else changes; nil is the field itself.
	drift map[string]any
	// writeOnly: state never has it.
	writeOnly bool
	// reads, where it is not what the attribute reads elsewhere.
	reads   any
	leftOut reasons
}

func (s *service) allReasons(a attribute) reasons {
	out := maps.Clone(a.leftOut)
	if out == nil {
		out = reasons{}
	}
	maps.Copy(out, s.leftOut)
	return out
}

// valueOf is the value of an attribute in a phase.
func (a attribute) valueOf(s *service, p phase) any {
	own, common := s.set, a.set
	if p == changed {
		own, common = s.change, a.change
	}
	if own != nil {
		return own
	}
	return common
}

// specification is a resource and its attributes.
type specification struct {
	resource   string
	attributes []attribute
	// kinds are the services that have the resource.
	kinds []enrollment.Kind
	// devices are on each token.
	devices int
	// prepare makes what all cases of a world need beside it.
	prepare func(t *testing.T, w *world)
	// alone: the cases of a world cannot be lived beside each other.
	alone bool
	// base is the least configuration of an object with a name of its own.
	base func(t *testing.T, w *world, name string) config
	// truth is what Apple or Graph has of an object.
	truth func(t *testing.T, w *world, s tftest.State) map[string]any
	// sent counts what was sent to Apple or Graph of an object, for attributes that
	// have no field there; nil does not count.
	sent func(t *testing.T, w *world, s tftest.State) int
	// drift changes fields at Graph; on the embedded service, and where it is nil, a
	// colleague with another state applies a changed configuration.
	drift func(t *testing.T, w *world, s tftest.State, fields map[string]any)
	// ripples are what is planned to change beside an attribute, unless it says so
	// itself.
	ripples func(w *world, s *service) []string
	// open are what is not known beside an attribute that is not known yet.
	open []string
	// importID is the id to import by.
	importID func(s tftest.State) string
	// destroyFirst: a replacement cannot be made beside what it replaces.
	destroyFirst bool
	// differs are the attributes that a plan after every import changes, whatever
	// the attribute of the case.
	differs func(w *world, path string) []string
	// madeUp: the id is the state's own, and an import makes another.
	madeUp bool
	// before is done before each apply.
	before func(t *testing.T, w *world)
}

// cell is one attribute on one service.
type cell struct {
	specification
	attribute
	*service

	world *world
	name  string
	state tftest.State
	extra config // what later gave
}

// TestEveryAttribute lives through the phases of every attribute of every
// resource on every service.
func TestEveryAttribute(t *testing.T) {
	t.Parallel()
	for _, s := range specifications() {
		for _, kind := range s.kinds {
			t.Run(s.resource+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, kind, s.devices)
				if s.prepare != nil {
					s.prepare(t, w)
				}
				for _, a := range s.attributes {
					t.Run(a.path, func(t *testing.T) {
						if !s.alone {
							t.Parallel()
						}
						w.live(t, s, a)
					})
				}
			})
		}
	}
}

func (w *world) live(t *testing.T, s specification, a attribute) {
	here := a.embedded
	if w.kind == enrollment.Intune {
		here = a.intune
	}
	c := &cell{specification: s, attribute: a, service: here, world: w, name: a.path}
	switch {
	case here == nil:
		c.refused(t)
	case a.reads != nil:
		c.computed(t)
	default:
		c.life(t)
	}
}

// life is every phase of an attribute that can be configured.
func (c *cell) life(t *testing.T) {
	live := map[phase]func(*testing.T){
		set: c.whenSet, imported: c.whenImported, drifted: c.whenDrifted, changed: c.whenChanged, removed: c.whenRemoved, unknown: c.whenUnknown,
	}
	for _, p := range phases {
		went := t.Run(string(p), func(t *testing.T) {
			if why, left := c.allReasons(c.attribute)[p]; left {
				t.Skip(why)
			}
			live[p](t)
		})
		if !went {
			return // what follows begins where this ended
		}
	}
	c.destroy(t, c.state)
}

// refused: an attribute of the other service is an error at plan, at its path.
func (c *cell) refused(t *testing.T) {
	cfg := c.base(t, c.world, c.name)
	for name, v := range c.attribute.with {
		cfg[name] = c.value(v)
	}
	put(cfg, c.path, c.value(c.attribute.set))
	plan := c.world.process(t).Plan(c.resource, tftest.State{}, cfg)
	at := c.path
	if c.blames != "" {
		at = c.blames
	}
	for _, problem := range plan.Diags.Errors() {
		if (at == anywhere || strings.HasPrefix(problem, at+": ")) && strings.Contains(problem, c.elsewhere) {
			return
		}
	}
	t.Errorf("refused with %q, want an error at %s with %q", plan.Diags.Errors(), at, c.elsewhere)
}

// anywhere is blamed where a service does not have the resource at all.
const anywhere = "*"

// computed: an attribute that nobody can set has its value after a creation, after
// a refresh and after an import.
func (c *cell) computed(t *testing.T) {
	cfg := c.config(t, removed)
	state := c.apply(t, tftest.State{}, cfg, nil)
	want := c.attribute.reads
	if c.service.reads != nil {
		want = c.service.reads
	}
	if look, looks := want.(func(*testing.T, *world, tftest.State) any); looks {
		want = look(t, c.world, state)
	}
	c.quiet(t, state, cfg)
	c.is(t, "in state", state.At(c.path), want)
	if c.importID != nil {
		if imported := c.importState(t, state); !c.madeUp || c.path != "id" {
			c.is(t, "imported", imported.At(c.path), want)
		}
	}
	c.destroy(t, state)
}

func (c *cell) whenSet(t *testing.T) {
	if c.later != nil {
		c.state = c.apply(t, tftest.State{}, c.base(t, c.world, c.name), nil)
		c.extra = c.later(t, c.world, c.state)
	}
	cfg := c.config(t, set)
	c.state = c.apply(t, c.state, cfg, nil)
	c.stands(t, cfg, set)
}

func (c *cell) whenImported(t *testing.T) {
	cfg := c.config(t, set)
	found := c.importState(t, c.state)
	process := c.world.process(t)
	plan := process.Plan(c.resource, found, cfg)
	c.clean(t, plan.Diags)
	want := slices.Clone(c.service.differs)
	if c.specification.differs != nil {
		want = append(want, c.specification.differs(c.world, c.path)...)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got := tftest.Differences(found, plan.State); !slices.Equal(got, want) {
		t.Fatalf("the plan after the import changes %v, want %v%s", got, want, printed(found, plan.State))
	}
	if len(want) > 0 {
		sent := c.sentSoFar(t)
		c.state = c.apply(t, found, cfg, nil)
		if now := c.sentSoFar(t); now != sent {
			t.Errorf("the import was paid with %d changes", now-sent)
		}
		c.stands(t, cfg, set)
	}
}

// importState imports by id and by identity, which have to give the same.
func (c *cell) importState(t *testing.T, state tftest.State) tftest.State {
	t.Helper()
	process := c.world.process(t)
	byID, diags := process.Import(c.resource, c.importID(state))
	c.clean(t, diags)
	byIdentity, diags := process.ImportIdentity(c.resource, process.IdentityOf(state))
	c.clean(t, diags)
	different := tftest.Differences(byID, byIdentity)
	if c.madeUp {
		different = slices.DeleteFunc(different, func(path string) bool { return path == "id" })
	}
	if !byID.Exists() || len(different) > 0 {
		t.Fatalf("an import by identity gives something else than one by id:%s", printed(byID, byIdentity))
	}
	c.is(t, "identity", process.IdentityOf(byID), process.IdentityOf(state))
	return byID
}

func (c *cell) whenDrifted(t *testing.T) {
	cfg := c.config(t, set)
	drifts := c.config(t, changed)
	if c.specification.drift == nil || c.world.kind == enrollment.Embedded {
		process := c.world.process(t)
		theirs, diags := process.Import(c.resource, c.importID(c.state))
		c.clean(t, diags)
		c.apply(t, theirs, drifts, nil)
	} else {
		fields := map[string]any{}
		for name, value := range c.service.drift {
			fields[name] = c.value(value)
		}
		if len(fields) == 0 {
			fields[c.field] = c.expected(changed)
		}
		c.specification.drift(t, c.world, c.state, fields)
	}
	found, diags := c.world.process(t).Refresh(c.state)
	c.clean(t, diags)
	c.only(t, "the refresh shows", c.state, found, c.alsoRead)
	c.is(t, "refreshed", found.At(c.path), c.value(c.valueOf(c.service, changed)))
	c.state = c.apply(t, found, cfg, func(plan tftest.Plan) { c.only(t, "the plan repairs", found, plan.State, c.beside(drifted)) })
	c.stands(t, cfg, set)
}

func (c *cell) whenChanged(t *testing.T) {
	first, second := c.config(t, set), c.config(t, changed)
	sent := c.sentSoFar(t)
	c.state = c.apply(t, c.state, second, func(plan tftest.Plan) { c.only(t, "the plan changes", c.state, plan.State, c.beside(changed)) })
	c.stands(t, second, changed)
	if now := c.sentSoFar(t); c.field == "" && now != sent {
		t.Errorf("a change of what has no field was sent %d times", now-sent)
	}
	if _, left := c.allReasons(c.attribute)[removed]; !left {
		c.state = c.apply(t, c.state, first, nil)
	}
}

func (c *cell) whenRemoved(t *testing.T) {
	cfg := c.config(t, removed)
	c.state = c.apply(t, c.state, cfg, func(plan tftest.Plan) {
		if !c.stays {
			c.only(t, "the plan changes", c.state, plan.State, c.beside(removed))
		} else if !plan.Empty() {
			t.Fatalf("the plan changes%s", printed(c.state, plan.State))
		}
	})
	c.stands(t, cfg, removed)
}

// whenUnknown: known only when the object is created, then only when it is
// changed, then it turns out to be nothing.
func (c *cell) whenUnknown(t *testing.T) {
	c.destroy(t, c.state)
	c.name += " (unknown)"
	first, second := c.config(t, set), c.config(t, changed)
	c.state = c.applyOpen(t, tftest.State{}, c.withUnknown(first), first)
	c.stands(t, first, set)
	c.state = c.applyOpen(t, c.state, c.withUnknown(second), second)
	c.stands(t, second, changed)
	if _, left := c.allReasons(c.attribute)[removed]; !left && !c.stays {
		none := clone(first)
		put(none, c.path, nil)
		c.state = c.apply(t, c.state, first, nil)
		c.state = c.applyOpen(t, c.state, c.withUnknown(first), none)
		c.stands(t, none, removed)
	}
}

// withUnknown is a configuration in which the attribute is not known yet.
func (c *cell) withUnknown(cfg config) config {
	out := clone(cfg)
	put(out, c.path, tftest.Unknown)
	return out
}

// applyOpen plans with a value that is not known and applies when it is.
func (c *cell) applyOpen(t *testing.T, prior tftest.State, open, known config) tftest.State {
	t.Helper()
	process, prior := c.begin(t, prior)
	plan := process.Plan(c.resource, prior, open)
	c.clean(t, plan.Diags)
	if invalid := plan.Invalid(); invalid != "" {
		t.Fatalf("core refuses the plan: %s", invalid)
	}
	if got := plan.At(c.path); got != tftest.Unknown && !c.writeOnly {
		t.Fatalf("planned %v, want that it is not known", got)
	}
	if len(plan.Replaces) > 0 {
		return c.replace(t, prior, open, known)
	}
	if prior.Exists() {
		for _, other := range tftest.Differences(prior, plan.State) {
			if !within(other, c.path) && !slices.Contains(c.beside(unknown), other) {
				t.Errorf("the plan changes %s too, to %v", other, plan.At(other))
			}
		}
	}
	state, diags := plan.ApplyWith(known)
	c.clean(t, diags)
	return state
}

// apply plans and applies, as two processes after each other do.
func (c *cell) apply(t *testing.T, prior tftest.State, cfg config, check func(tftest.Plan)) tftest.State {
	t.Helper()
	process, prior := c.begin(t, prior)
	plan := process.Plan(c.resource, prior, cfg)
	c.clean(t, plan.Diags)
	if invalid := plan.Invalid(); invalid != "" {
		t.Fatalf("core refuses the plan: %s", invalid)
	}
	if check != nil {
		check(plan)
	}
	if len(plan.Replaces) > 0 {
		return c.replace(t, prior, cfg, cfg)
	}
	state, diags := plan.Apply()
	c.clean(t, diags)
	return state
}

// begin is a process that plans, after what has to happen before that.
func (c *cell) begin(t *testing.T, prior tftest.State) (process, tftest.State) {
	t.Helper()
	if c.before != nil {
		c.before(t, c.world)
	}
	if c.creating != nil && !prior.Exists() {
		c.creating(t, c.world)
	}
	if c.before == nil || !prior.Exists() {
		return c.world.process(t), prior
	}
	process := c.world.process(t)
	found, diags := process.Refresh(prior)
	c.clean(t, diags)
	c.state = found
	return process, found
}

// replace makes an object beside what it replaces, or in its place.
func (c *cell) replace(t *testing.T, prior tftest.State, planned, applied config) tftest.State {
	t.Helper()
	process := c.world.process(t)
	if c.destroyFirst {
		c.destroyWith(t, process, prior)
	}
	plan := process.Plan(c.resource, tftest.State{}, planned)
	c.clean(t, plan.Diags)
	state, diags := plan.ApplyWith(applied)
	c.clean(t, diags)
	if !c.destroyFirst {
		c.destroyWith(t, process, prior)
	}
	return state
}

func (c *cell) destroyWith(t *testing.T, process process, state tftest.State) {
	t.Helper()
	_, diags := process.Destroy(state)
	c.clean(t, diags)
}

func (c *cell) destroy(t *testing.T, state tftest.State) {
	t.Helper()
	if !state.Exists() {
		return
	}
	plan := c.world.process(t).PlanDestroy(state)
	c.clean(t, plan.Diags)
	_, diags := plan.Apply()
	c.clean(t, diags)
}

// stands: what a phase ends with is in state and where it belongs, and nothing is
// left to do.
func (c *cell) stands(t *testing.T, cfg config, p phase) {
	t.Helper()
	want := c.value(c.valueOf(c.service, p))
	switch {
	case p == removed:
		want = c.value(c.gone)
	case c.writeOnly:
		want = nil
	}
	c.is(t, "in state", c.state.At(c.path), want)
	if c.field != "" {
		c.is(t, c.field+" is in truth", c.truth(t, c.world, c.state)[c.field], c.expected(p))
	}
	c.quiet(t, c.state, cfg)
}

// quiet: a refresh changes nothing, and a plan is empty, twice.
func (c *cell) quiet(t *testing.T, state tftest.State, cfg config) {
	t.Helper()
	for range 2 {
		process := c.world.process(t)
		found, diags := process.Refresh(state)
		c.clean(t, diags)
		if !found.Value.Equal(state.Value) {
			t.Fatalf("a refresh changes%s", printed(state, found))
		}
		plan := process.Plan(c.resource, found, cfg)
		c.clean(t, plan.Diags)
		if !plan.Empty() {
			t.Fatalf("the next plan changes%s", printed(found, plan.State))
		}
		state = found
	}
	c.state = state
}

// expected is the truth about the field in a phase.
func (c *cell) expected(p phase) any {
	at := map[phase]any{set: c.has, changed: c.becomes, removed: c.without}[p]
	if at == nil && p != removed {
		at = c.valueOf(c.service, p)
	}
	return c.value(at)
}

// only holds what differs to the attribute and what goes with it.
func (c *cell) only(t *testing.T, what string, from, to tftest.State, also []string) {
	t.Helper()
	var others []string
	for _, path := range tftest.Differences(from, to) {
		if !within(path, c.path) {
			others = append(others, path)
		}
	}
	if len(others) == len(tftest.Differences(from, to)) {
		t.Fatalf("%s %v, and not %s", what, others, c.path)
	}
	if !slices.Equal(others, slices.Sorted(slices.Values(also))) {
		t.Fatalf("%s %v too, want %v%s", what, others, also, printed(from, to))
	}
}

// printed shows what is different.
func printed(from, to tftest.State) string {
	var out strings.Builder
	for _, path := range tftest.Differences(from, to) {
		fmt.Fprintf(&out, "\n  %s: %v -> %v", path, from.At(path), to.At(path))
	}
	return out.String()
}

// within tells whether a difference is one of the attribute: in it, or in an
// object around it that comes or goes.
func within(difference, path string) bool {
	return difference == path || strings.HasPrefix(difference, path+".") || strings.HasPrefix(path, difference+".")
}

func (c *cell) beside(p phase) []string {
	if also, has := c.alsoOn[p]; has {
		return also
	}
	also := c.also
	if c.ripples != nil {
		also = slices.Concat(also, c.ripples(c.world, c.service))
	}
	if p == unknown {
		also = slices.Concat(also, c.open)
	}
	return also
}

func (c *cell) sentSoFar(t *testing.T) int {
	t.Helper()
	if c.sent == nil {
		return 0
	}
	return c.sent(t, c.world, c.state)
}

// config is the least configuration with the attribute as a phase has it.
func (c *cell) config(t *testing.T, p phase) config {
	t.Helper()
	cfg := c.base(t, c.world, c.name)
	parts := []config{c.attribute.with, c.service.with}
	switch p {
	case changed:
		parts = append(parts, c.extra, c.changeWith)
	case removed: // without what made it come later
	default:
		parts = append(parts, c.extra)
	}
	for _, more := range parts {
		for name, v := range more {
			cfg[name] = c.value(v)
		}
	}
	if p == removed {
		put(cfg, c.path, nil)
	} else if v := c.value(c.valueOf(c.service, p)); v != nil {
		put(cfg, c.path, v)
	}
	return cfg
}

// value makes a value of the world where it is one.
func (c *cell) value(v any) any {
	if made, makes := v.(func(*world) any); makes {
		return made(c.world)
	}
	return v
}

func (c *cell) clean(t *testing.T, diags tftest.Diags) {
	t.Helper()
	if errs := diags.Errors(); len(errs) > 0 {
		t.Fatalf("errors:\n%s", strings.Join(errs, "\n"))
	}
}

func (c *cell) is(t *testing.T, what string, got, want any) {
	t.Helper()
	if accepts, judges := want.(func(any) bool); judges {
		if !accepts(got) {
			t.Fatalf("%s: %v", what, got)
		}
		return
	}
	if g, w := canonical(got), canonical(want); !reflect.DeepEqual(g, w) {
		t.Fatalf("%s: %v, want %v", what, g, w)
	}
}

// canonical makes values comparable that come from a configuration, from state
// and from JSON: numbers of one type, sequences sorted, without what is null.
func canonical(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case float64:
		return int64(v)
	case config:
		return canonical(map[string]any(v))
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if c := canonical(member); c != nil {
				out[name] = c
			}
		}
		return out
	case []any:
		out := []string{}
		for _, element := range v {
			out = append(out, fmt.Sprint(canonical(element)))
		}
		slices.Sort(out)
		return out
	}
	return v
}

// put sets an attribute of a configuration, with dots that lead into objects.
func put(cfg config, path string, value any) {
	first, rest, deeper := strings.Cut(path, ".")
	if deeper {
		inner := config{}
		if there, is := cfg[first].(config); is {
			inner = clone(there)
		}
		put(inner, rest, value)
		if _, there := cfg[first]; value != nil || there {
			cfg[first] = inner
		}
		return
	}
	if value == nil {
		delete(cfg, first)
		return
	}
	cfg[first] = value
}

func clone(cfg config) config { return maps.Clone(cfg) }

// isOff accepts what Apple leaves out and Graph says.
func isOff(v any) bool {
	list, is := v.([]any)
	return v == nil || v == false || v == "" || is && len(list) == 0
}
