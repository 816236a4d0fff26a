package assignment_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// spellings of one profile that Graph takes or gives.
func spellings(listed, guid string) []string {
	return []string{listed, guid, strings.ToUpper(guid), tenantToken + "_" + guid, "ECV2_" + tenantToken + "_" + guid}
}

func TestAProfileInAnySpellingIsTheSame(t *testing.T) {
	t.Parallel()
	for listed, guid := range map[string]string{classic: classicGUID, policy: policyGUID} {
		for _, written := range spellings(listed, guid) {
			t.Run(written, func(t *testing.T) {
				t.Parallel()
				s, _ := newTenant(t, ipads(1, 3)...)
				c := kept(ipads(1, 2)...).With(on(written))
				state := s.create(c)
				is(t, state, "profile_id", written)
				equal(t, "on the profile", s.on(listed), ipads(1, 2))
				s.settled(state, c)
				for _, other := range spellings(listed, guid) {
					s.unchanged(state, c.With(on(other))) // written in another way it is no change
				}
				// One that is there already is sent by nobody, and moves nobody.
				s.put(listed, "IPAD000003")
				before := len(s.requests)
				more := kept(ipads(1, 3)...).With(on(written)).With(tftest.Config{"max_changes": "0"})
				state, warnings := s.apply(state, more)
				equal(t, "warnings", warnings, nil)
				if len(s.requests) != before {
					t.Errorf("sent %v", s.requests[before:])
				}
				s.unchanged(state, more)
			})
		}
	}
}

func TestTakeOverFromAndFallbackInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, written := range spellings(policy, policyGUID) {
		t.Run(written, func(t *testing.T) {
			t.Parallel()
			s, _ := newTenant(t)
			s.put(policy, ipads(1, 2)...)
			c := falling(ipads(1, 2)...).With(tftest.Config{"take_over_from": []any{written}, "fallback_profile_id": written})
			plan := s.plan(tftest.State{}, c)
			mentions(t, plan.Diags.Warnings(), "2 devices get", fmt.Sprintf("2 from %q", policy))
			state := s.create(c)
			equal(t, "taken over", s.on(classic), ipads(1, 2))
			state, _ = s.apply(state, falling("IPAD000001").With(tftest.Config{"fallback_profile_id": written}))
			equal(t, "left", s.on(policy), []string{"IPAD000002"})
			if destroyed, diags := s.destroy(state); destroyed.Exists() || len(diags) > 0 {
				t.Error(diags.Errors(), diags.Warnings())
			}
			equal(t, "left", s.on(policy), ipads(1, 2))
		})
	}
}

// Devices whose fallback is the profile that they have keep it.
func TestAFallbackThatIsTheProfileItselfSendsNothing(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 2)...)
	c := func(devices ...string) tftest.Config {
		return falling(devices...).With(tftest.Config{"fallback_profile_id": classicGUID})
	}
	state := s.create(c(ipads(1, 2)...))
	i.asks = 0
	state, warnings := s.apply(state, c("IPAD000001"))
	equal(t, "warnings", warnings, nil)
	s.settled(state, c("IPAD000001"))
	if i.asks != 1 {
		t.Errorf("asked for %d assignments, and one is for the device that stays", i.asks)
	}
}

func TestMovingToAnotherProfileNeedsNoTakeOverFromItsOwn(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 3)...)
	state := s.create(kept(ipads(1, 3)...).With(on(classicGUID)))
	i.unseen["IPAD000002"] = true
	moved := kept(ipads(1, 3)...).With(on(policy))
	state, warnings := s.apply(state, moved)
	mentions(t, warnings, "1 device did not get the profile", "IPAD000002", "does not show the profile")
	is(t, state, "failed_count", int64(1))
	equal(t, "behind", s.on(classic), []string{"IPAD000002"})
	clear(i.unseen)
	clear(i.refuse)
	state, warnings = s.apply(state, moved)
	equal(t, "warnings", warnings, nil)
	equal(t, "moved", s.on(policy), ipads(1, 3))
	s.settled(state, moved)
}

// Nobody tells whose a device is. Whatever the order, and whether or not the other
// one has been planned in this process yet, the device ends where it is wanted.
func TestOnIntuneReleaseHandsDevicesOver(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(...string) tftest.Config{"keep": kept, "fallback": falling} {
		for _, order := range []string{"the giver first", "the taker first", "the giver is destroyed first", "the giver is destroyed second"} {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				s, _ := newTenant(t, ipads(1, 2)...)
				giver := s.create(how(ipads(1, 2)...))
				to := how("IPAD000002").With(on(policy))
				// The taker is planned first: nobody has announced anything.
				s.restart()
				giver, _ = s.refresh(giver)
				take := s.d.Plan(kind, tftest.State{}, to)
				mentions(t, take.Diags.Warnings(), "take_over_from", "1 device on another profile", "IPAD000002 (on "+classic+")")
				equal(t, "errors at plan", take.Diags.Errors(), nil)
				give := s.d.Plan(kind, giver, how("IPAD000001")).Apply
				if strings.Contains(order, "destroyed") { // which core does not plan again
					give = func() (tftest.State, tftest.Diags) { return s.d.Destroy(giver) }
				}
				s.restart() // each apply is another process
				act := func() {
					state, diags := give()
					if len(diags.Errors()) > 0 {
						t.Error(diags.Errors())
					}
					giver = state
				}
				second := strings.HasSuffix(order, "second") || order == "the taker first"
				if second {
					after, waited := s.rt.After, 0
					s.rt.After = func(d time.Duration) <-chan time.Time {
						if waited++; waited == 3 {
							act()
						}
						return after(d)
					}
				} else {
					act()
				}
				start := s.clock
				taker, diags := take.Apply()
				if waited := s.clock.Sub(start); !second && waited > 0 {
					t.Errorf("waited %s for what is free", waited)
				}
				equal(t, "errors", diags.Errors(), nil)
				equal(t, "warnings", onlyApply(diags), nil)
				is(t, taker, "failed_count", int64(0))
				equal(t, "with the taker", s.on(policy), []string{"IPAD000002"})
				s.settled(taker, to)
				if giver.Exists() {
					s.settled(giver, how("IPAD000001"))
				}
			})
		}
	}
}

// onlyApply leaves out what core heard at plan already.
func onlyApply(diags tftest.Diags) []string {
	return slices.DeleteFunc(diags.Warnings(), func(w string) bool { return strings.Contains(w, "on another profile:") })
}

func TestOnIntuneADeviceThatNobodyGivesUpIsLeftAfterHalfAMinute(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, "IPAD000001")
	s.put(policy, "IPAD000002")
	plan := s.plan(tftest.State{}, kept(ipads(1, 2)...))
	equal(t, "errors at plan", plan.Diags.Errors(), nil)
	start := s.clock
	state, diags := plan.Apply()
	equal(t, "errors", diags.Errors(), nil)
	mentions(t, onlyApply(diags), "take_over_from", "1 device left with another profile", "IPAD000002 (on "+policy+")")
	if waited := s.clock.Sub(start); waited != 30*time.Second || i.asks != 1 {
		t.Errorf("waited %s and asked %d times", waited, i.asks)
	}
	is(t, state, "failed_count", int64(1))
	equal(t, "not taken", s.on(policy), []string{"IPAD000002"})
	// Update has nothing to lose: there it is an error.
	_, diags = s.plan(state, kept(ipads(1, 2)...)).Apply()
	mentions(t, diags.Errors(), "1 device left with another profile")
	// Named, it comes.
	all := kept(ipads(1, 2)...).With(tftest.Config{"take_over_from": []any{policyGUID}})
	state, warnings := s.apply(state, all)
	equal(t, "warnings", warnings, nil)
	s.settled(state, all)
}

// Another profile than the one that the giver had or gives is somebody else's.
func TestADeviceThatSomebodyElseTookMeanwhileIsNotGivenUp(t *testing.T) {
	t.Parallel()
	s, _ := newTenant(t, ipads(1, 2)...)
	giver := s.create(kept(ipads(1, 2)...))
	s.restart()
	less, take := s.d.Plan(kind, giver, kept("IPAD000001")), s.d.Plan(kind, tftest.State{}, kept("IPAD000002").With(on(policy)))
	s.put(spare, "IPAD000002")
	less.Apply()
	_, diags := take.Apply()
	mentions(t, onlyApply(diags), "1 device left with another profile", "IPAD000002 (on "+spare+")")
	equal(t, "with somebody else", s.on(spare), []string{"IPAD000002"})
}

// The giver may be planned again while the taker waits, and act later.
func TestADeviceIsTakenAsSoonAsItIsAnnounced(t *testing.T) {
	t.Parallel()
	s, _ := newTenant(t, ipads(1, 2)...)
	s.create(kept(ipads(1, 2)...))
	s.restart()
	take := s.d.Plan(kind, tftest.State{}, kept("IPAD000002").With(on(policy)))
	after, waited := s.rt.After, 0
	s.rt.After = func(d time.Duration) <-chan time.Time {
		if waited++; waited == 3 {
			s.rt.Plans.Claim(tenantToken, classic, nil, []string{"IPAD000002"})
		}
		return after(d)
	}
	taker, diags := take.Apply()
	equal(t, "errors", diags.Errors(), nil)
	is(t, taker, "failed_count", int64(0))
	if waited != 3 {
		t.Errorf("looked %d times", waited)
	}
}

// Compare and act: between the look and the request somebody else may take it.
func TestADeviceThatIsGivenUpIsTakenOnlyFromWhereItWas(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 2)...)
	giver := s.create(kept(ipads(1, 2)...))
	s.restart()
	less, take := s.d.Plan(kind, giver, kept("IPAD000001")), s.d.Plan(kind, tftest.State{}, kept("IPAD000002").With(on(policy)))
	s.restart()
	less.Apply()
	i.before = func() { s.put(spare, "IPAD000002") }
	_, diags := take.Apply()
	mentions(t, onlyApply(diags), "1 device left with another profile", "IPAD000002 (on "+spare+")")
	equal(t, "with somebody else", s.on(spare), []string{"IPAD000002"})
}

// What is taken may fail, or a request may: nothing is lost from state.
func TestATakenDeviceThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(*tenant){
		"it never shows":    func(i *tenant) { i.unseen["IPAD000002"] = true },
		"the request fails": func(i *tenant) { i.failAt = len(i.requests) + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, i := newTenant(t, ipads(1, 2)...)
			giver := s.create(kept(ipads(1, 2)...))
			to := kept("IPAD000002").With(on(policy))
			s.restart()
			less, take := s.d.Plan(kind, giver, kept("IPAD000001")), s.d.Plan(kind, tftest.State{}, to)
			s.restart() // the giver does not know who wants it
			giver, _ = less.Apply()
			fails(i)
			taker, diags := take.Apply()
			equal(t, "errors, which would taint", diags.Errors(), nil)
			if warnings := onlyApply(diags); len(warnings) != 1 {
				t.Error(warnings)
			}
			is(t, taker, "failed_count", int64(1))
			s.settled(giver, kept("IPAD000001"))
			if s.plan(taker, to).Empty() {
				t.Error("the next plan does not try again")
			}
		})
	}
}

// Graph may show late what it took. Then nothing is wrong any more, and a pipeline
// that fails on failed_count has to pass.
func TestAFailedDeviceThatHasTheProfileByNowIsNoLongerFailed(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 150)
	s, i := newTenant(t, devices...)
	for _, d := range devices[:120] {
		i.unseen[d] = true
	}
	state, warnings := s.apply(tftest.State{}, kept(devices...))
	mentions(t, warnings, "120 devices did not get the profile", "IPAD000001")
	is(t, state, "failed_count", int64(120))
	if plan := s.plan(state, kept(devices...)); plan.Empty() {
		t.Error("failed devices are not tried again")
	}
	s.put(classic, devices[:119]...)
	state, _ = s.refresh(state)
	is(t, state, "failed_count", int64(1))
	if got, _ := state.Get("failed_serial_numbers").([]any); len(got) != 1 || got[0] != devices[119] {
		t.Errorf("failed_serial_numbers %v", got)
	}
	if s.plan(state, kept(devices...)).Empty() {
		t.Error("the last one is not tried again")
	}
	s.put(classic, devices[119])
	state, _ = s.refresh(state)
	is(t, state, "failed_count", int64(0))
	s.settled(state, kept(devices...))
}

// What an error kept from being reached is no holding, and is failed all the same.
func TestDevicesThatWereNotReachedStayFailedAcrossARefresh(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 3000)
	s, _ := newTenant(t, devices...)
	s.failAt = 2
	state, _ := s.apply(tftest.State{}, kept(devices...))
	is(t, state, "failed_count", int64(2000))
	state, _ = s.refresh(state)
	is(t, state, "failed_count", int64(2000))
	is(t, state, "device_count", int64(1000))
	s.put(classic, devices[1000:1500]...)
	state, _ = s.refresh(state)
	is(t, state, "failed_count", int64(1500))
	state, warnings := s.apply(state, kept(devices...))
	equal(t, "warnings", warnings, nil)
	is(t, state, "failed_count", int64(0))
	if s.sends[devices[0]] != 1 {
		t.Error("what was done is sent again")
	}
	s.unchanged(state, kept(devices...))
}

// The same after updates: one that was carried out, and one that an error stopped.
func TestFailedDevicesOfAnUpdate(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 6)...)
	state := s.create(kept(ipads(1, 2)...))
	i.unseen["IPAD000003"], i.unseen["IPAD000004"] = true, true
	four := kept(ipads(1, 4)...)
	state, _ = s.apply(state, four)
	is(t, state, "failed_count", int64(2))
	s.put(classic, "IPAD000003")
	state, _ = s.refresh(state)
	is(t, state, "failed_count", int64(1))

	s.failAt = len(s.requests) + 1
	stopped, diags := s.plan(state, kept(ipads(1, 6)...)).Apply()
	mentions(t, diags.Errors(), "503")
	is(t, stopped, "failed_count", int64(1)) // attributes as they were
	s.put(classic, "IPAD000004")
	stopped, _ = s.refresh(stopped)
	is(t, stopped, "failed_count", int64(0))
}

// Intune keeps nothing pending: the plan shows the device once a sync has brought
// it in, also where that gave it the default profile.
func TestOnIntuneAWaitedForDeviceIsAssignedByTheApplyThatFindsIt(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]string{"without a profile": "", "on the default profile": spare} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, i := newTenant(t, "IPAD000001")
			i.defaultID = spare
			c := kept("IPAD000001", "LATER00001").With(tftest.Config{"missing_devices": "wait"})
			state := s.create(c)
			is(t, state, "pending_count", int64(1))
			is(t, state, "failed_count", int64(0))
			s.settled(state, c)
			s.put(arrives, "LATER00001")
			plan := s.plan(state, c)
			if plan.Empty() {
				t.Fatal("the plan does not show the device that came")
			}
			is(t, plan.State, "pending_count", tftest.Unknown)
			equal(t, "errors", plan.Diags.Errors(), nil)
			state, warnings := s.apply(state, c)
			equal(t, "warnings", warnings, nil)
			is(t, state, "pending_count", int64(0))
			equal(t, "on the profile", s.on(classic), []string{"IPAD000001", "LATER00001"})
			s.settled(state, c)
		})
	}
}

func TestImportingFromIntuneInAnySpellingShowsNoChange(t *testing.T) {
	t.Parallel()
	for listed, guid := range map[string]string{classic: classicGUID, policy: policyGUID} {
		for _, written := range spellings(listed, guid) {
			t.Run(written, func(t *testing.T) {
				t.Parallel()
				s, _ := newTenant(t, "IPAD000009")
				s.put(listed, ipads(1, 3)...)
				state, diags := s.d.Import(kind, tenantToken+"/"+written)
				equal(t, "errors", diags.Errors(), nil)
				is(t, state, "serial_number_list", strings.Join(ipads(1, 3), " "))
				is(t, state, "on_leave", "keep") // Intune cannot unassign
				s.settled(state, kept(ipads(1, 3)...).With(on(listed)))
				next, warnings := s.apply(state, falling(ipads(1, 3)...).With(on(listed)))
				equal(t, "warnings", warnings, nil)
				s.unchanged(next, falling(ipads(1, 3)...).With(on(listed)))
				if len(s.requests) > 0 {
					t.Errorf("sent %v", s.requests)
				}
			})
		}
	}
}

func TestAnUnusedImportIsDestroyedWithoutAWord(t *testing.T) {
	t.Parallel()
	s, _ := newTenant(t)
	s.put(classic, ipads(1, 2)...)
	state, _ := s.d.Import(kind, tenantToken+"/"+classic)
	if destroyed, diags := s.destroy(state); destroyed.Exists() || len(diags) > 0 {
		t.Error(diags.Errors(), diags.Warnings())
	}
	equal(t, "on the profile", s.on(classic), ipads(1, 2))
}

// Nobody records whose devices they were, so there is nothing to ask for.
func TestKeepingOnIntuneReadsNoFleet(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 3)...)
	state := s.create(kept(ipads(1, 3)...))
	s.restart()
	s.join(tftest.State{}, kept("IPAD000002").With(on(classicGUID))) // it stays for another one
	i.reads = 0
	destroyed, diags := s.d.Destroy(state)
	if destroyed.Exists() || len(diags) > 0 || i.reads > 0 || i.letGos > 0 {
		t.Errorf("%d reads, %d requests, %v", i.reads, i.letGos, diags.Errors())
	}
	equal(t, "on the profile", s.on(classic), ipads(1, 3))
}

func TestDestroyingOnIntune(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 3)...)
	state := s.create(falling(ipads(1, 3)...))
	s.lose("IPAD000003")
	i.unseen["IPAD000002"] = true
	still, diags := s.destroy(state)
	mentions(t, diags.Errors(), "still with the profile (1)", "IPAD000002", `on_leave = "keep"`)
	if !still.Exists() {
		t.Error("a device that could not be released is forgotten")
	}
	clear(i.unseen)
	clear(i.refuse)
	if destroyed, diags := s.destroy(state); destroyed.Exists() || len(diags.Errors()) > 0 {
		t.Error(diags.Errors())
	}
	equal(t, "on the fallback", s.on(spare), ipads(1, 2))
}

func TestTwoAssignmentsOfOneProfileOnIntune(t *testing.T) {
	t.Parallel()
	s, i := newTenant(t, ipads(1, 3)...)
	one, two := s.create(falling(ipads(1, 2)...)), s.create(falling(ipads(2, 2)...).With(on(classicGUID)))
	s.restart()
	first := s.d.Plan(kind, one, falling(ipads(1, 2)...))
	equal(t, "warnings", first.Diags.Warnings(), nil)
	second := s.d.Plan(kind, two, falling(ipads(2, 2)...).With(on(classicGUID)))
	mentions(t, second.Diags.Warnings(), "1 device also in another assignment of the same profile", "Intune does not record whose a device is", "IPAD000002")
	equal(t, "errors", second.Diags.Errors(), nil)
	// Announced in the same run, it stays with the one that wants it.
	s.restart()
	s.join(two, falling(ipads(2, 2)...).With(on(classicGUID)))
	i.asks = 0
	one, diags := s.join(one, falling("IPAD000001")).Apply()
	equal(t, "errors", diags.Errors(), nil)
	if i.asks != 1 {
		t.Errorf("asked for %d assignments, and one is for the device that stays", i.asks)
	}
	equal(t, "on the profile", s.on(classic), ipads(1, 3))
	s.settled(one, falling("IPAD000001"))
	s.settled(two, falling(ipads(2, 2)...).With(on(classicGUID)))
}

func TestTwoAssignmentsThatClaimOneDeviceInAnySpelling(t *testing.T) {
	t.Parallel()
	s, _ := newTenant(t, "IPAD000001")
	equal(t, "errors", s.join(tftest.State{}, kept("IPAD000001")).Diags.Errors(), nil)
	equal(t, "errors of the same profile", s.join(tftest.State{}, kept("IPAD000001").With(on(classicGUID))).Diags.Errors(), nil)
	mentions(t, s.join(tftest.State{}, kept("IPAD000001").With(on(policyGUID))).Diags.Errors(), "Two assignments claim")
}

func TestDevicesInUseAreCountedByWhatIntuneSaysOfThem(t *testing.T) {
	t.Parallel()
	s, _ := newTenant(t, ipads(1, 4)...)
	s.devices["IPAD000001"].ProfileStatus = enrollment.StatusPushed // enrolled
	s.devices["IPAD000002"].NeedsReset = true                       // pendingReset
	plan := s.plan(tftest.State{}, kept(ipads(1, 4)...))
	mentions(t, plan.Diags.Warnings(), "profile_id", "2 of them after a factory reset", "2 of the 4")
}
