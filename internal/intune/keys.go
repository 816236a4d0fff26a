package intune

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// publicKey is what a server token has to be encrypted for. The zero value is none.
type publicKey struct {
	PEM    string
	SHA256 string
	// certificate is nil where Intune gives a bare key.
	certificate *x509.Certificate
}

// publicKey reads the public key of a token; none, without an error, where Intune answers that it has none to give, or gives
// one that cannot be used: whether every token has one is not documented. That it could not be read is an error.
func (s *Service) publicKey(ctx context.Context, id string) (publicKey, error) {
	key, err := s.askPublicKey(ctx, id)
	if err != nil && (saysNoKey(err) || errors.Is(err, errKeyForm)) {
		warnOfKey(ctx, "Intune gives no public key of the token that can be used", id, err)
		return publicKey{}, nil
	}
	if err != nil {
		return publicKey{}, s.failed(fmt.Sprintf("read the public key of token %s", id), err)
	}
	return key, nil
}

// publicKeyIfReadable is publicKey for who reads a token: a key that Intune is at odds with is not worth a token that cannot
// be read. State keeps the key that it has.
func (s *Service) publicKeyIfReadable(ctx context.Context, id string) (publicKey, error) {
	key, err := s.publicKey(ctx, id)
	if graph.StatusOf(err) >= http.StatusInternalServerError {
		warnOfKey(ctx, "The public key of the token could not be read", id, err)
		return publicKey{}, nil
	}
	return key, err
}

func warnOfKey(ctx context.Context, message, id string, err error) {
	tflog.Warn(ctx, message, map[string]any{"token_id": id, "error": err.Error()})
}

func (s *Service) askPublicKey(ctx context.Context, id string) (publicKey, error) {
	var answer struct {
		Value string `json:"value"`
	}
	if err := s.graph.Get(ctx, tokenPath(id, "getEncryptionPublicKey()"), nil, &answer); err != nil {
		return publicKey{}, err
	}
	return readPublicKey(answer.Value)
}

func saysNoKey(err error) bool {
	switch graph.StatusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound:
		return true
	}
	return false
}

// generatePublicKey has Intune make a new key pair. A server token that was downloaded for the key before can no longer be
// uploaded, which is why only who wants that may call it. Two calls make two pairs, so it is not repeated; what it did where
// no answer came is found out by reading the key, which must have changed. Any other error means that none was made: one that was
// made and cannot be read is none, without an error, or the caller would have another made. ErrUnanswered is for not knowing.
func (s *Service) generatePublicKey(ctx context.Context, id string, before publicKey) (publicKey, error) {
	var answer struct {
		Value string `json:"value"`
	}
	_, err := s.graph.Send(ctx, http.MethodPost, tokenPath(id, "generateEncryptionPublicKey"), nil, &answer, false)
	if err != nil && !inDoubt(err) {
		return publicKey{}, s.failed(fmt.Sprintf("make a key pair for token %s", id), err)
	}
	if key, formErr := readPublicKey(answer.Value); formErr == nil && key.PEM != "" {
		return key, nil
	}
	found, lookErr := s.otherKey(ctx, id, before)
	switch {
	case lookErr == nil && found.SHA256 != before.SHA256 && found.PEM != "":
		return found, nil
	case err != nil && (lookErr != nil || found.PEM == ""):
		return publicKey{}, &enrollment.Error{
			Kind: enrollment.ErrUnanswered, What: fmt.Sprintf("It is not known whether Intune made a new key pair for token %s", id), Err: errors.Join(err, lookErr),
			Do: "Look at the key in the admin center before you apply again: download the public key there and hold it against public_key_pem. " +
				"If it is another one, the new key is made, and making one more would replace it.",
		}
	}
	return publicKey{}, s.failed(fmt.Sprintf("make a key pair for token %s", id), err)
}

// otherKey waits for another public key than before, and gives the one that it read last.
func (s *Service) otherKey(ctx context.Context, id string, before publicKey) (found publicKey, err error) {
	_, err = s.untilVisible(ctx, func(ctx context.Context) (_ bool, err error) {
		found, err = s.publicKey(ctx, id)
		return found.SHA256 != "" && found.SHA256 != before.SHA256, err
	})
	return found, err
}

var errKeyForm = errors.New("Intune gave a public key in a form that this version does not know") //nolint:staticcheck // a name

// readPublicKey reads the string that Intune gives as a public key. Its form is documented nowhere, so it may be PEM, base64
// of PEM or of DER, and a certificate or a bare key. None is the zero value.
func readPublicKey(text string) (publicKey, error) {
	if strings.TrimSpace(text) == "" {
		return publicKey{}, nil
	}
	der, ok := keyDER(text)
	if !ok {
		return publicKey{}, errKeyForm
	}
	kind := ""
	cert, err := x509.ParseCertificate(der)
	if err == nil {
		kind = "CERTIFICATE"
	} else if _, err = x509.ParsePKIXPublicKey(der); err == nil {
		kind = "PUBLIC KEY"
	} else if _, err = x509.ParsePKCS1PublicKey(der); err == nil {
		kind = "RSA PUBLIC KEY"
	} else {
		return publicKey{}, errKeyForm
	}
	sum := sha256.Sum256(der)
	return publicKey{
		PEM:    string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})),
		SHA256: hex.EncodeToString(sum[:]), certificate: cert,
	}, nil
}

// keyDER takes a key out of PEM, also with its line ends lost, out of base64, and out of base64 of PEM.
func keyDER(text string) ([]byte, bool) {
	const begin = "-----BEGIN "
	if !strings.Contains(text, begin) {
		raw, ok := fromBase64(text)
		if !ok || !bytes.Contains(raw, []byte(begin)) {
			return raw, ok
		}
		text = string(raw)
	}
	_, after, _ := strings.Cut(text, begin)
	_, body, _ := strings.Cut(after, "-----")
	body, _, _ = strings.Cut(body, "-----END ")
	return fromBase64(body)
}

func fromBase64(text string) ([]byte, bool) {
	text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	if text == "" {
		return nil, false
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	raw, err := encoding.DecodeString(text)
	return raw, err == nil
}
