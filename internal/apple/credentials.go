package apple

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

const redacted = "(redacted)"

// Credentials are the OAuth 1.0a pairs of a server token. No way of printing them shows any.
type Credentials struct {
	ConsumerKey, ConsumerSecret string
	AccessToken, AccessSecret   string
}

// String shows no secret.
func (Credentials) String() string { return "credentials " + redacted }

// GoString is String: %#v must not print the fields.
func (c Credentials) GoString() string { return c.String() }

// Format prints String for every verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog print String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes no secret.
func (c Credentials) MarshalJSON() ([]byte, error) {
	out, err := json.Marshal(c.String())
	if err != nil {
		return nil, fmt.Errorf("encoding redacted credentials: %w", err)
	}

	return out, nil
}

// MarshalText refuses: credentials have no text form that could be read back.
func (Credentials) MarshalText() ([]byte, error) {
	return nil, errors.New("credentials have no text form")
}

func (c Credentials) check() error {
	if c.ConsumerKey == "" || c.ConsumerSecret == "" || c.AccessToken == "" || c.AccessSecret == "" {
		return errors.New("the credentials of the server token are incomplete")
	}

	return nil
}
