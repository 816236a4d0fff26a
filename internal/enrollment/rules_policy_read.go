package enrollment

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strconv"
	"strings"
)

// Spec reads the attributes of a policy out of its settings. What the policy has
// no setting for is nil. Settings has all of them, also those that an attribute
// says.
func (v PolicyValues) Spec(platform Platform) PolicySpec {
	spec := PolicySpec{Platform: platform, Settings: map[string]string{}}
	maps.Copy(spec.Settings, v)
	v.readUse(&spec)
	spec.LockedEnrollment = v.on(setLocked)
	for _, id := range awaitSettings() {
		if on := v.on(id); on != nil {
			spec.AwaitDeviceConfigured = on
		}
	}
	spec.DeviceNameTemplate = v.textBelow(setNaming, setNameTemplate)
	spec.CarrierActivationURL = v.textBelow(setCellular, setCarrierURL)
	spec.Department = v.textOf(setDepartment)
	spec.DepartmentPhone = v.textOf(setPhone)
	spec.ConfiguratorCertificates = v.certificates()
	spec.SkipSetupItems = v.hiddenPanes(platform)
	return spec
}

// readUse: shared device mode is a kind of use that only iPhone and iPad have.
func (v PolicyValues) readUse(spec *PolicySpec) {
	for _, id := range affinitySettings() {
		option, ok := strings.CutPrefix(v[id], id)
		if !ok {
			continue
		}
		spec.UserAffinity = new(option == optAffinity)
		if spec.Platform == IOS {
			spec.SharedDeviceMode = new(option == optSharedMode)
		}
		if option == optSharedIPad {
			spec.SharedIPad = &SharedIPad{
				TemporarySessionsOnly:   v.on(setGuestsOnly),
				MaximumCachedUsers:      v.number(setCachedUsers),
				UserSessionTimeout:      v.number(setUserTimeout),
				TemporarySessionTimeout: v.number(setGuestTimeout),
				PasscodeLockGracePeriod: v.number(setPasscodePeriod),
			}
		}
		return
	}
}

// on reads a switch; nil where there is none, or where it has an option that this
// version does not know.
func (v PolicyValues) on(id string) *bool {
	switch v[id] {
	case id + optOn:
		return new(true)
	case id + optOff:
		return new(false)
	}
	return nil
}

func (v PolicyValues) number(id string) *int64 {
	n, err := strconv.ParseInt(v[id], 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

func (v PolicyValues) textOf(id string) *string {
	if v[id] == "" {
		return nil
	}
	return new(v[id])
}

func (v PolicyValues) textBelow(choice, id string) *string {
	if on := v.on(choice); on == nil || !*on {
		return nil
	}
	return v.textOf(id)
}

// certificates writes what the service keeps as base64 in PEM again. Something
// else is left out: it is in Settings.
func (v PolicyValues) certificates() []string {
	var encoded, texts []string
	if json.Unmarshal([]byte(v[setCertificates]), &encoded) != nil {
		return nil
	}
	for _, one := range encoded {
		if der, err := base64.StdEncoding.DecodeString(one); err == nil {
			texts = append(texts, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		}
	}
	return texts
}

// hiddenPanes is nil where the policy has no pane at all.
func (v PolicyValues) hiddenPanes(platform Platform) []string {
	var hidden []string
	for _, key := range PolicySkipKeys(platform) {
		id, _ := PolicyPane(platform, key)
		if shown := v.on(id); shown != nil && hidden == nil {
			hidden = []string{}
		}
		if v[id] == id+optOff {
			hidden = append(hidden, key)
		}
	}
	return hidden
}
