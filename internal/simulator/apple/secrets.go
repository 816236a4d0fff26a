package apple

import "slices"

// Secrets gives what must never come out of a client of an MDM server: the
// consumer key and secret, the access tokens and secrets of all its server
// tokens so far, and the sessions that are open. For tests that look for leaks;
// the portal does not offer it.
func (s *Simulator) Secrets(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil
	}
	secrets := []string{m.consumerKey, m.consumerSecret}
	for _, t := range s.tokens {
		if t.server == m {
			secrets = append(secrets, t.access, t.accessSecret)
		}
	}
	for _, open := range s.sessions {
		if open.token.server == m {
			secrets = append(secrets, open.id)
		}
	}
	slices.Sort(secrets)
	return secrets
}
