package intune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// Prerequisites looks at what a first enrollment needs. That something is missing, or may not be looked at, is a verdict; an
// error is a token that does not exist, a sign-in that fails, and a Microsoft Graph that does not answer. Device enrollment
// managers are left out: Microsoft Graph does not list them.
func (s *Service) Prerequisites(ctx context.Context, req enrollment.PrerequisitesRequest) ([]enrollment.Prerequisite, error) {
	p := inspection{Service: s, warningDays: req.WarningDays}
	if req.TokenID != "" {
		row, err := s.tokenRow(ctx, req.TokenID)
		if err != nil {
			return nil, err
		}
		p.token = &row
	}
	checks := []check{{"push_certificate", p.pushCertificate}, {"data_sharing_consent", p.consent}}
	if p.token != nil {
		checks = append(checks, check{"token_type", p.tokenType}, check{"token_expiry", p.tokenExpiry})
	}
	for _, domain := range domainsOf(req.FederatedDomains) {
		checks = append(checks, check{"ws_trust:" + domain, func(ctx context.Context) (finding, error) { return p.wsTrust(ctx, domain) }})
	}
	out := make([]enrollment.Prerequisite, 0, len(checks))
	for _, c := range checks {
		found, err := c.look(ctx)
		if err != nil {
			if found, err = unseen(err); err != nil {
				return nil, err
			}
		}
		out = append(out, enrollment.Prerequisite{Name: c.name, Verdict: found.verdict, Found: found.found, Do: found.do})
	}
	return out, nil
}

// inspection is one look at a tenant. token is nil where none is looked at.
type inspection struct {
	*Service
	token       *tokenRow
	warningDays int
}

type check struct {
	name string
	look func(ctx context.Context) (finding, error)
}

type finding struct {
	verdict   enrollment.Verdict
	found, do string
}

// unseen makes a verdict of an answer that refuses to tell, such as one for want of a permission, and leaves the other errors.
func unseen(err error) (finding, error) {
	refused, answer := new(enrollment.Error), new(graph.Error)
	if !errors.As(err, &refused) || !errors.As(err, &answer) || errors.Is(err, enrollment.ErrSignIn) {
		return finding{}, err
	}
	do := refused.Do
	if do == "" {
		do = "Look at it in the Intune admin center."
	}
	return finding{enrollment.Unknown, refused.What + ": " + answer.Error() + ".", do}, nil
}

// domainsOf gives each domain once, in order.
func domainsOf(domains []string) []string {
	var out []string
	for _, domain := range domains {
		if domain = strings.ToLower(strings.TrimSpace(domain)); domain != "" {
			out = append(out, domain)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p inspection) pushCertificate(ctx context.Context) (finding, error) {
	cert, err := p.PushCertificate(ctx)
	if errors.Is(err, enrollment.ErrNotFound) {
		return finding{enrollment.Unmet, "Intune has no Apple MDM push certificate.", pushCertificateSteps}, nil
	}
	if err != nil {
		return finding{}, err
	}
	renew := "Renew it in the Intune admin center, under Devices, Enrollment, Apple, Apple MDM Push certificate, with the same Apple ID"
	if cert.AppleID != "" {
		renew += " (" + cert.AppleID + ")"
	}
	renew += ". Renew, never replace: with another topic every device has to be enrolled anew."
	return p.expiry("The Apple MDM push certificate", cert.ExpiresAt, renew), nil
}

// expiry judges a date.
func (p inspection) expiry(what string, at time.Time, renew string) finding {
	now, on := p.now(), at.Format("2 January 2006")
	switch {
	case !now.Before(at):
		return finding{enrollment.Unmet, fmt.Sprintf("%s expired on %s.", what, on), renew}
	case enrollment.ExpiresSoon(at, now, p.warningDays):
		return finding{enrollment.Warn, fmt.Sprintf("%s expires on %s, in %s.", what, on, enrollment.Count(enrollment.DaysLeft(at, now), "day")), renew}
	}
	return finding{enrollment.Met, fmt.Sprintf("%s is valid until %s.", what, on), ""}
}

func (p inspection) tokenType(ctx context.Context) (finding, error) {
	t := *p.token
	switch t.tokenType() {
	case enrollment.School:
		if w, mixed := p.mixedPrograms(ctx, t); mixed {
			return finding{enrollment.Warn, w.Detail, "Enroll the devices of one program only in this tenant, and delete the token of the other."}, nil
		}
		return finding{enrollment.Met, fmt.Sprintf("Token %q is of an Apple School Manager account.", t.Name), ""}, nil
	case enrollment.Business:
		return finding{
			enrollment.Unmet, fmt.Sprintf("Token %q is of a Device Enrollment Program or Apple Business account (%s), not of Apple School Manager.", t.Name, t.Type),
			"Download a server token in Apple School Manager and upload it.",
		}, nil
	}
	return finding{enrollment.Unknown, fmt.Sprintf("Intune knows the type of token %q with its first server token.", t.Name), "Upload a server token of Apple School Manager."}, nil
}

func (p inspection) tokenExpiry(context.Context) (finding, error) {
	if p.token.awaits() {
		return finding{enrollment.Unmet, fmt.Sprintf("Token %q is still waiting for its server token.", p.token.Name), renewHelp}, nil
	}
	return p.expiry(fmt.Sprintf("The server token of %q", p.token.Name), p.token.ExpiresAt.Time, renewHelp), nil
}

// consentRow is Microsoft Graph's dataSharingConsent.
type consentRow struct {
	ID      string `json:"id"`
	Name    string `json:"serviceDisplayName"`
	Granted bool   `json:"granted"`
}

// consent looks whether somebody has agreed that data goes to Apple. A token says so of itself; without one it is looked for
// among the tenant's consents, whose names are not documented.
func (p inspection) consent(ctx context.Context) (finding, error) {
	const agree = "In the Intune admin center, under Devices, Enrollment, Apple, Enrollment program tokens, Add, agree that Microsoft sends data to Apple."
	if p.token != nil && p.token.ConsentGranted {
		return finding{enrollment.Met, fmt.Sprintf("The consent was given with token %q.", p.token.Name), ""}, nil
	}
	consents, err := p.consents(ctx)
	if err != nil {
		return finding{}, err
	}
	var names []string
	known := false
	for _, c := range consents {
		names = append(names, fmt.Sprintf("%q", c.Name))
		if !c.isForEnrollment() {
			continue
		}
		if known = true; c.Granted {
			return finding{enrollment.Met, fmt.Sprintf("The consent %q was given.", c.Name), ""}, nil
		}
	}
	if known {
		return finding{enrollment.Unmet, "Nobody has agreed that data goes to Apple's enrollment program.", agree}, nil
	}
	listed := "lists no consent"
	if len(names) > 0 {
		listed = "lists the consents " + strings.Join(names, ", ")
	}
	return finding{enrollment.Unknown, "Intune " + listed + ", and none of Apple's enrollment program.", agree}, nil
}

func (p inspection) consents(ctx context.Context) ([]consentRow, error) {
	const what = "list the data sharing consents"
	var out []consentRow
	for page, err := range p.graph.Pages(ctx, "/deviceManagement/dataSharingConsents", nil) {
		if err != nil {
			return nil, p.failed(what, err)
		}
		for _, raw := range page {
			var row consentRow
			if err := json.Unmarshal(raw, &row); err != nil {
				return nil, p.failed(what, fmt.Errorf("%w: %w", graph.ErrUnexpectedAnswer, err))
			}
			out = append(out, row)
		}
	}
	return out, nil
}

// isForEnrollment recognises the consent for Apple's enrollment program by its name or id. Only the one of the push
// certificate is known from public sources (appleMDMPushCertificate); this one has some form of the program's names.
func (c consentRow) isForEnrollment() bool {
	for _, text := range []string{c.ID, c.Name} {
		letters := strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return -1
			}
			return r
		}, strings.ToLower(text))
		for _, name := range []string{"deviceenrollment", "enrollmentprogram", "enrolmentprogram", "appledep", "deptoken", "depservice"} {
			if strings.Contains(letters, name) {
				return true
			}
		}
		if letters == "dep" || letters == "ade" {
			return true
		}
	}
	return false
}
