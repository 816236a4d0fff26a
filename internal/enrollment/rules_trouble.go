package enrollment

import (
	"fmt"
	"time"
)

// RenewSteps says how a person renews a server token.
const RenewSteps = "To renew it, sign in to Apple School Manager with the recorded Apple ID, choose your name and then Preferences, this MDM server and then Download Token. " +
	"Give the downloaded .p7m to server_token_wo, change server_token_wo_version and apply."

// TokenTrouble warns of a server token that is of no use: expired by the clock, or refused when it was last used. It is no
// error: a person may have put it right meanwhile, and what needs no server token still works.
func TokenTrouble(name string, status TokenStatus, expiresAt, now time.Time) (Warning, bool) {
	expired := !expiresAt.IsZero() && !now.Before(expiresAt)
	switch {
	case status == AwaitingServerToken:
		return Warning{}, false
	case status == TermsNotAccepted && !expired:
		return Warning{
			Summary: "New terms wait to be accepted for \"" + name + "\": nothing is synced or assigned until then",
			Detail: "Nothing is synced or assigned until an administrator signs in to Apple School Manager and accepts Apple's new terms. " +
				"It can take a while until Apple's service knows.",
		}, true
	case status == Revoked && !expired:
		return Warning{
			Summary: "Apple refuses the server token of \"" + name + "\": nothing is synced or assigned until it is renewed",
			Detail:  "It was revoked, or replaced by one that was downloaded later, and nothing is synced or assigned until it is renewed. " + RenewSteps,
		}, true
	case status == Expired || expired:
		at := ""
		if !expiresAt.IsZero() {
			at = " on " + expiresAt.UTC().Format(time.RFC3339)
		}
		return Warning{
			Summary: "The server token of \"" + name + "\" expired" + at + ": nothing is synced or assigned until it is renewed",
			Detail:  "Apple refuses it, and nothing is synced or assigned until it is renewed. " + RenewSteps,
		}, true
	}
	return Warning{}, false
}

// PushCertificateExpires warns of a push certificate that expires within so many days, or has expired.
func PushCertificateExpires(c PushCertificate, now time.Time, warningDays int) (Warning, bool) {
	if !ExpiresSoon(c.ExpiresAt, now, warningDays) {
		return Warning{}, false
	}
	account := "the Apple account that it was made with"
	if c.AppleID != "" {
		account = c.AppleID
	}
	at := c.ExpiresAt.UTC().Format(time.RFC3339)
	summary := "Apple MDM push certificate expires in " + Count(DaysLeft(c.ExpiresAt, now), "day")
	consequence := "Without it no Apple device enrolls, and none can be managed."
	if !c.ExpiresAt.After(now) {
		summary, consequence = "Apple MDM push certificate has expired", "No Apple device enrolls, and none can be managed, until it is renewed."
	}
	return Warning{
		Summary: summary + ": renew it as " + account,
		Detail: fmt.Sprintf("The end of certificate %s is %s. %s Renew it in Apple's Push Certificates Portal as %s, and upload it in the Intune admin center. "+
			"Renew, do not make a new one: another topic than %s loses every device.", c.SerialNumber, at, consequence, account, c.Topic),
	}, true
}
