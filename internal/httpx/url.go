package httpx

import (
	"fmt"
	"net/netip"
	"net/url"
)

// CheckURL parses a base URL: https, or http where the host is a literal loopback address (127.0.0.1, [::1]). The name
// localhost is refused, since what it resolves to is not ours to say. A user, a query and a fragment are refused. Errors
// are errors.Is ErrURL and never quote a user's password.
func CheckURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a URL", ErrURL)
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("%w: it holds a user name or password", ErrURL)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: it has no host", ErrURL)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: %s has a query or fragment", ErrURL, u.Host)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}

	return nil, fmt.Errorf("%w: %s://%s is neither https nor http to a loopback address such as 127.0.0.1", ErrURL, u.Scheme,
		u.Host)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)

	return err == nil && addr.IsLoopback()
}
