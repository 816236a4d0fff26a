package enrollment

// PlannedMandatory is whether enrollment will be mandatory: what is configured,
// else what the service needs. Nil is neither: the profile keeps what it has.
// Microsoft Graph answers 400 to a profile without user affinity that is not
// mandatory (isMandatory, requiresUserAuthentication).
func PlannedMandatory(kind Kind, configured *bool, affinity bool) *bool {
	if configured == nil && kind == Intune && !affinity {
		return new(true)
	}
	return configured
}

// SignInNeedsAffinity tells whether a profile says how users sign in: where user
// affinity is left out beside it, affinity is what is needed.
func SignInNeedsAffinity(kind Kind, authentication *Authentication) bool {
	return kind == Intune && authentication != nil && *authentication != ""
}
