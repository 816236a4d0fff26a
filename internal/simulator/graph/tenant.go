package graph

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// getDeviceManagement answers the singleton, with the members of a captured answer.
func getDeviceManagement(c *call) reply {
	o := object{
		{"id", "deviceManagement"},
		{"settings", nil},
		{"maximumDepTokens", c.s.settings.MaximumDepTokens},
		{"intuneAccountId", c.s.accountID},
		{"lastReportAggregationDateTime", time.Time{}},
		{"deviceComplianceReportSummarizationDateTime", time.Time{}},
		{"legacyPcManangementEnabled", false}, // spelt so
		{"unlicensedAdminstratorsEnabled", true},
	}
	names := make([]string, 0, len(o))
	for _, m := range o {
		names = append(names, m.name)
	}
	return single(c, "deviceManagement", collection[object]{
		typeName: "deviceManagement", properties: names, entity: func(o object) object { return o },
	}, o)
}

// consent is one agreement to share data with another service.
type consent struct {
	seq                  int
	id, service, terms   string
	granted              bool
	grantedAt            time.Time
	grantedBy, grantedID *string
}

// DEPConsentID is the consent for Apple's enrollment programs. Which id stands for it in a real tenant is not known:
// clients have to find it by its serviceDisplayName.
const DEPConsentID = "appleDeviceEnrollmentProgram"

func defaultConsents(now time.Time) []*consent {
	by, id := "admin@school.example", "8a3d2c4b-1f6e-4d0a-9c57-3b2e1f0a9d84"
	return []*consent{
		{
			seq: 1, id: DEPConsentID, service: "Apple Device Enrollment Program",
			terms:   "https://www.apple.com/legal/enterprise/datatransfer/",
			granted: true, grantedAt: now.Truncate(time.Second), grantedBy: &by, grantedID: &id,
		},
		{
			seq: 2, id: "appleVolumePurchaseProgram", service: "Apple Volume Purchase Program",
			terms: "https://www.apple.com/legal/enterprise/datatransfer/",
		},
	}
}

// SetConsent grants or withdraws a data sharing consent.
func (s *Simulator) SetConsent(id string, granted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, consent := range s.consents {
		if consent.id == id {
			consent.granted = granted
			return nil
		}
	}
	return notFound("no data sharing consent %q", id)
}

var consentProperties = []string{
	"id", "serviceDisplayName", "termsUrl", "granted", "grantDateTime", "grantedByUpn", "grantedByUserId",
}

func (n *consent) entity() object {
	o := object{
		{"id", n.id},
		{"serviceDisplayName", n.service},
		{"termsUrl", n.terms},
		{"granted", n.granted},
		{"grantDateTime", n.grantedAt},
		{"grantedByUpn", n.grantedBy},
		{"grantedByUserId", n.grantedID},
	}
	if !n.granted {
		o[4].value, o[5].value, o[6].value = time.Time{}, nil, nil
	}
	return o
}

func (c *call) consentCollection() collection[*consent] {
	return collection[*consent]{
		fragment: "deviceManagement/dataSharingConsents", typeName: "dataSharingConsent", properties: consentProperties,
		items:    c.s.consents,
		position: func(n *consent) int { return n.seq },
		property: func(n *consent, name string) any { return n.entity().get(name) },
		entity:   (*consent).entity,
	}
}

func listConsents(c *call) reply { return listCollection(c, c.consentCollection()) }

func (c *call) consent() (*consent, *reply) {
	i := slices.IndexFunc(c.s.consents, func(n *consent) bool { return strings.EqualFold(n.id, c.vars["consent"]) })
	if i < 0 {
		return nil, c.notFound("DataSharingConsent " + c.vars["consent"] + " not found")
	}
	return c.s.consents[i], nil
}

func getConsent(c *call) reply {
	n, refusal := c.consent()
	if refusal != nil {
		return *refusal
	}
	return single(c, "deviceManagement/dataSharingConsents/$entity", c.consentCollection(), n)
}

func grantConsent(c *call) reply {
	n, refusal := c.consent()
	if refusal != nil {
		return *refusal
	}
	n.granted, n.grantedAt = true, c.now.Truncate(time.Second)
	if who := c.caller.Name; who != "" {
		n.grantedBy = &who
	}
	if id := c.caller.ObjectID; id != "" {
		n.grantedID = &id
	}
	return c.entity(http.StatusOK, "deviceManagement/dataSharingConsents/$entity", n.entity())
}
