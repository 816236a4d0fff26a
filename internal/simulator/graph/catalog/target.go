package catalog

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"
)

// target ends the names of the three calls for the group that devices join at enrollment. The metadata says POST for all
// three; the service has GET to retrieve and DELETE to clear, and no route for the POSTs.
const target = "EnrollmentTimeDeviceMembershipTarget"

type targetBody struct {
	Targets []struct {
		ODataType  string `json:"@odata.type"`
		TargetType string `json:"targetType"`
		TargetID   string `json:"targetId"`
	} `json:"enrollmentTimeDeviceMembershipTargets"`
}

// forPeople refuses applications: the calls were seen to work with a signed-in person only.
func (c *Catalog) forPeople(r request, hooks Hooks) *Refusal {
	if hooks.AppOnly == nil || !hooks.AppOnly(r.Request) {
		return nil
	}
	if status := c.Settings().AppOnlyAnswers; status == http.StatusForbidden {
		return &Refusal{status, "Forbidden", "An error has occurred"}
	}
	return &Refusal{http.StatusInternalServerError, "InternalServerError", "An internal server error has occurred"}
}

// setTarget sets the group. One whose owner is not Intune's service principal, or that is dynamic, is taken without a word
// and not set: only reading it back shows it. There is no update: the old one has to be cleared first.
func (c *Catalog) setTarget(r request) (reply, *Refusal) {
	hooks := c.currentHooks()
	if refusal := c.forPeople(r, hooks); refusal != nil {
		return reply{}, refusal
	}
	group, refusal := readTarget(r)
	if refusal != nil {
		return reply{}, refusal
	}
	ready := hooks.GroupReady == nil || hooks.GroupReady(group)
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.policy(r.id)
	switch {
	case p == nil:
		return reply{}, noPolicy(r.id)
	case p.groupID != "":
		return reply{}, badRequest("The policy has a device membership target already.")
	case ready:
		p.groupID = group
	}
	return ok(targetResult(r, group))
}

func readTarget(r request) (string, *Refusal) {
	var sent targetBody
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return "", badRequest("Invalid ODataActionParameter 'enrollmentTimeDeviceMembershipTargets'")
	}
	if len(sent.Targets) != 1 {
		return "", badRequest("A policy has exactly one device membership target, not %d.", len(sent.Targets))
	}
	one := sent.Targets[0]
	if _, err := uuid.Parse(one.TargetID); err != nil || one.TargetType != "staticSecurityGroup" {
		return "", badRequest("The device membership target '%s' of type '%s' is not a static security group.", one.TargetID, one.TargetType)
	}
	return one.TargetID, nil
}

func (c *Catalog) retrieveTarget(r request) (reply, *Refusal) {
	if refusal := c.forPeople(r, c.currentHooks()); refusal != nil {
		return reply{}, refusal
	}
	p, found := c.Policy(r.id)
	if !found {
		return reply{}, noPolicy(r.id)
	}
	return ok(targetResult(r, p.GroupID))
}

func (c *Catalog) clearTarget(r request) (reply, *Refusal) {
	if refusal := c.forPeople(r, c.currentHooks()); refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.policy(r.id)
	if p == nil {
		return reply{}, noPolicy(r.id)
	}
	had := p.groupID != ""
	p.groupID = ""
	return ok(object{"@odata.context": r.base + "/$metadata#Edm.Boolean", "value": had})
}

func targetResult(r request, group string) object {
	statuses := []object{}
	if group != "" {
		statuses = append(statuses, object{
			"targetId": group, "targetValidationErrorCode": "unknown", "validationSucceeded": true,
		})
	}
	return object{
		"@odata.context": r.base + "/$metadata#microsoft.graph.enrollmentTimeDeviceMembershipTargetResult", "validationSucceeded": group != "",
		"enrollmentTimeDeviceMembershipTargetValidationStatuses": statuses,
	}
}
