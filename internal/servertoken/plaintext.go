package servertoken

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"
	"unicode/utf8"
)

// parsePlaintext reads what was encrypted: a MIME part with the JSON between BEGIN and END MESSAGE as Apple writes it
// (Apple: Examining server tokens), or the JSON with less around it.
//
// CBC has no integrity, so that a changed file can decrypt to something near: everything is checked.
func parsePlaintext(plain []byte) (Token, error) {
	if !isText(plain) {
		return Token{}, ErrDamaged
	}
	text := bytes.TrimSpace(plain)
	if isHeaderLine(text) {
		part, ok := parsePart(text)
		if !ok || !isPlainPart(part) {
			return Token{}, fmt.Errorf("%w (it is no text part)", ErrNotToken)
		}
		text = bytes.TrimSpace(part.body)
	}
	if inner, ok := bytes.CutPrefix(text, []byte("-----BEGIN MESSAGE-----")); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte("-----END MESSAGE-----")); !ok {
			return Token{}, fmt.Errorf("%w (its message has no end)", ErrNotToken)
		}
		text = inner
	}

	return parseToken(text)
}

func isPlainPart(part mimePart) bool {
	mediaType, _, err := mime.ParseMediaType(part.fields["content-type"])
	switch strings.ToLower(part.fields["content-transfer-encoding"]) {
	case "", "7bit", "8bit", "binary":
		return err == nil && strings.HasPrefix(mediaType, "text/")
	default:
		return false
	}
}

// isText tells whether data is UTF-8 without control characters other than line ends and tabs.
func isText(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}

	return utf8.Valid(data)
}

func parseToken(text []byte) (Token, error) {
	values, err := readObject(text)
	if err != nil {
		return Token{}, fmt.Errorf("%w (%w)", ErrNotToken, err)
	}
	var (
		token  Token
		expiry string
	)
	for _, field := range []struct {
		name string
		to   *string
	}{
		{"consumer_key", &token.ConsumerKey},
		{"consumer_secret", &token.ConsumerSecret},
		{"access_token", &token.AccessToken},
		{"access_secret", &token.AccessSecret},
		{"access_token_expiry", &expiry},
	} {
		if *field.to, err = credential(values, field.name); err != nil {
			return Token{}, fmt.Errorf("%w (%w)", ErrNotToken, err)
		}
	}
	parsed, err := time.Parse(time.RFC3339, expiry)
	if err != nil {
		return Token{}, fmt.Errorf("%w (access_token_expiry is not a date)", ErrNotToken)
	}
	token.Expiry = parsed.UTC()

	return token, nil
}

// credential is a string of visible ASCII: a header carries it.
func credential(values map[string]json.RawMessage, name string) (string, error) {
	const longest = 1024
	raw, ok := values[name]
	if !ok {
		return "", fmt.Errorf("%s is missing", name)
	}
	var value *string
	if json.Unmarshal(raw, &value) != nil || value == nil {
		return "", fmt.Errorf("%s is not a string", name)
	}
	if *value == "" {
		return "", fmt.Errorf("%s is empty", name)
	}
	invisible := strings.ContainsFunc(*value, func(r rune) bool { return r <= ' ' || r > '~' })
	if invisible || len(*value) > longest {
		return "", fmt.Errorf("%s has characters that a credential cannot have, or too many", name)
	}

	return *value, nil
}

// readObject reads exactly one JSON object. encoding/json alone would take the last of two equal names, names in any
// case, and whatever follows. Its errors quote the input and are dropped.
func readObject(text []byte) (map[string]json.RawMessage, error) {
	errForm := errors.New("it is not a JSON object")
	dec := json.NewDecoder(bytes.NewReader(text))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errForm
	}
	values := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errForm
		}
		key, _ := name.(string)
		if _, twice := values[key]; twice {
			return nil, errors.New("a name in its JSON object occurs twice")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errForm
		}
		values[key] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errForm
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows its JSON object")
	}

	return values, nil
}
