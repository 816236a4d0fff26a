package enrollment

import "fmt"

// TokenAsk is what a configuration asks of a token that not every service can
// do. What is not known yet is not asked for.
type TokenAsk struct {
	// ScopeTags, Certificate and PrivateKey tell that the attributes are set.
	ScopeTags   bool
	Certificate bool
	PrivateKey  bool
	// ChangesType: a token that has its server token is to be of another type,
	// and no other server token comes with that.
	ChangesType bool
}

// CheckTokenAsk refuses what a service has no place for.
func CheckTokenAsk(kind Kind, ask TokenAsk) []Violation {
	var out []Violation
	refuse := func(asked bool, field, summary, detail string) {
		if asked {
			out = append(out, Violation{Field: field, Summary: summary, Detail: detail})
		}
	}
	if kind == Embedded {
		refuse(ask.ScopeTags, "scope_tag_ids", "The embedded service has no scope tags",
			"Scope tags are Intune's: they say which administrators may see an object. Leave scope_tag_ids out.")
		return out
	}
	const ownKey = "Intune makes the key pair of a token itself and never gives its private key away or takes another's. " +
		"Leave certificate_pem, private_key_wo and private_key_wo_version out. " +
		"To enroll the devices of another MDM here, give them to this token's server in Apple School Manager."
	refuse(ask.Certificate, "certificate_pem", "Intune takes no key pair of another MDM", ownKey)
	refuse(ask.PrivateKey, "private_key_wo", "Intune takes no key pair of another MDM", ownKey)
	refuse(ask.ChangesType, "type", "Intune takes the type of a token from its Apple account",
		"Its server token says which account that is. Put the old value back, or upload a server token of an account of the other type in the same apply.")
	return out
}

// UnprovenCreation warns before a token is made where nobody has shown in public
// that it can be: how Intune's portal makes a first token is documented nowhere.
func UnprovenCreation(kind Kind, name string) (Warning, bool) {
	if kind != Intune {
		return Warning{}, false
	}
	return Warning{
		Summary: "Creating the Intune token \"" + name + "\" is not proven: importing one that was made in the admin center is the safe way",
		Detail: "Microsoft documents the requests that make a first token, and nobody has shown in public that they do. " +
			"The safe way: make the token in the Intune admin center (Devices, Enrollment, Apple, Enrollment program tokens), import it here, and renew it here with server_token_wo. " +
			"If you go on and Intune refuses half-way, a token without a server token may be left: delete that one in the admin center, or import it. Nothing else is touched.",
	}, true
}

// ReplacesKey warns of a rotation where the service has no room for a staged key
// pair beside the serving one.
func ReplacesKey(kind Kind, name string) (Warning, bool) {
	if kind != Intune {
		return Warning{}, false
	}
	return Warning{
		Summary: "Rotating the key of \"" + name + "\" makes Intune forget the present public key at once",
		Detail: "Intune keeps one key pair for uploads and stages none. A server token that was downloaded for the present public_key_pem, or still is, cannot be uploaded afterwards. " +
			"The server token that Intune has keeps working until it expires or Apple School Manager hands out a newer one. " +
			"After the apply, upload the new public_key_pem in Apple School Manager, download the server token and give it to server_token_wo.",
	}, true
}

// SyncAfterUpload warns of the sync of an upload that has not ended well: the
// server token stands all the same. interrupted: whoever uploaded does not wait any
// longer, so that err says nothing of the sync.
func SyncAfterUpload(kind Kind, token string, run SyncRun, err error, interrupted bool) (Warning, bool) {
	inUse := "The server token of token \"" + token + "\" was accepted and is in use, "
	switch {
	case !interrupted && err != nil:
		return Warning{Summary: "The sync after the upload failed", Detail: fmt.Sprintf("%sbut its devices are not up to date: %v", inUse, err)}, true
	case !interrupted && run.State == SyncFinished:
		return Warning{}, false
	}
	why, next := "its 15 minutes were up", "The next sync goes on from there."
	if interrupted {
		why = "the time for waiting was up, or the waiting was interrupted"
	}
	switch {
	case kind == Intune:
		next = "Intune goes on without anybody waiting; it does about 3,000 devices a minute."
	case run.Pages > 0:
		next = fmt.Sprintf("What it brought in is kept: %s with %s. %s", Count(run.Pages, "page"), Count(run.Devices, "device"), next)
	case run.ID == "":
		next = "The next sync makes up for it."
	}
	return Warning{Summary: "The sync after the upload has not ended and goes on next time", Detail: fmt.Sprintf("%sbut its devices are not up to date: %s. %s", inUse, why, next)}, true
}
