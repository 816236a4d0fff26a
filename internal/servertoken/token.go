package servertoken

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const redacted = "(redacted)"

// Token is the content of a server token: the OAuth 1.0a credentials for Apple's device enrollment service, and the
// time at which they end, one year after the download (Apple: Examining server tokens).
//
// Every way of printing it shows the expiry only.
type Token struct {
	ConsumerKey    string
	ConsumerSecret string
	AccessToken    string
	AccessSecret   string

	// Expiry is access_token_expiry, in UTC with whole seconds.
	Expiry time.Time
}

// CheckExpiry returns an *ExpiredError (errors.Is ErrExpired) if the token has ended at now.
func (t Token) CheckExpiry(now time.Time) error {
	if now.Before(t.Expiry) {
		return nil
	}

	return &ExpiredError{Expiry: t.Expiry}
}

// String shows the expiry and no secret.
func (t Token) String() string {
	return fmt.Sprintf("server token %s, expires %s", redacted, t.Expiry.UTC().Format(time.RFC3339))
}

// GoString is String: %#v must not print the fields.
func (t Token) GoString() string { return t.String() }

// Format prints String for every verb; without it %d or %x would print the fields.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue makes slog print the expiry only.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes the expiry only. A token is stored field by field, encrypted, never as JSON by accident.
func (t Token) MarshalJSON() ([]byte, error) {
	out, err := json.Marshal(map[string]string{
		"access_token_expiry": t.Expiry.UTC().Format(time.RFC3339),
		"secrets":             redacted,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding a redacted server token: %w", err)
	}

	return out, nil
}

// MarshalText refuses: a token has no text form that could be read back.
func (t Token) MarshalText() ([]byte, error) {
	return nil, errors.New("a server token has no text form")
}
