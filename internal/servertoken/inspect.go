package servertoken

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"

	"go.mozilla.org/pkcs7"
)

// MaxSize is the size in bytes above which a file is not looked at: Apple's server tokens have about 2 KiB.
const MaxSize = 64 << 10

// Recipient names a certificate for which a server token was encrypted.
type Recipient struct {
	// Issuer is the certificate's issuer in RFC 2253 form, for people: "CN=District".
	Issuer string

	// RawIssuer is the DER of the issuer, what x509.Certificate.RawIssuer holds.
	RawIssuer []byte

	SerialNumber *big.Int

	// KeyTransport is the name of how the content's key is encrypted for it, such as "RSA-PKCS1-v1_5", or its object
	// identifier if it has no name here. It is empty where a Recipient only names a certificate.
	KeyTransport string
}

// Info is what can be read of a server token without its private key.
type Info struct {
	// Recipients are the certificates that the message was encrypted for: one in Apple's files.
	Recipients []Recipient

	// ContentCipher is the name of the cipher, such as "AES-128-CBC", or its object identifier if it has no name here.
	ContentCipher string

	// Form is how the file was wrapped: "S/MIME", "PEM", "base64" or "DER".
	Form string
}

// EncryptedFor tells whether the server token was encrypted for cert: the same issuer and serial number.
func (i Info) EncryptedFor(cert *x509.Certificate) bool {
	if cert == nil || cert.SerialNumber == nil {
		return false
	}

	return slices.ContainsFunc(i.Recipients, func(r Recipient) bool { return r.is(cert) })
}

// SerialText is the certificate's serial number as every message of this package shows it: upper-case hex.
func (r Recipient) SerialText() string { return serialText(r.SerialNumber) }

func (r Recipient) is(cert *x509.Certificate) bool {
	return r.SerialNumber.Cmp(cert.SerialNumber) == 0 && bytes.Equal(r.RawIssuer, cert.RawIssuer)
}

// Inspect reads a server token without decrypting it. With an *UnsupportedCipherError about the content's cipher the Info
// is filled in nevertheless. Other errors: see those of this package.
func Inspect(p7m []byte) (Info, error) {
	e, form, err := open(p7m)
	if err != nil {
		return Info{}, err
	}
	info := e.info(form)
	if len(info.Recipients) == 0 {
		return info, &UnsupportedCipherError{Cipher: "a recipient that is not named by issuer and serial number"}
	}
	if cipherOf(e.cipher).blockSize == 0 {
		return info, &UnsupportedCipherError{Cipher: info.ContentCipher}
	}

	return info, nil
}

func open(p7m []byte) (*envelope, string, error) {
	cms, form, err := unwrap(p7m)
	if err != nil {
		return nil, "", err
	}
	e, err := parseEnvelope(cms)
	if err != nil {
		return nil, "", err
	}
	if len(e.recipients) == 0 && !e.others {
		return nil, "", fmt.Errorf("%w (it has no recipient)", ErrDamaged)
	}

	return e, form, nil
}

func (e *envelope) info(form string) Info {
	info := Info{ContentCipher: cipherOf(e.cipher).name, Form: form}
	for _, r := range e.recipients {
		info.Recipients = append(info.Recipients, r.Recipient)
	}

	return info
}

// Decrypt opens a server token with the private key that belongs to cert. It does not look at the expiry: see
// Token.CheckExpiry. Errors: those of Inspect, *OtherKeyError, ErrKeyMismatch, ErrNotToken.
func Decrypt(p7m []byte, cert *x509.Certificate, key *rsa.PrivateKey) (Token, error) {
	if err := Matches(cert, key); err != nil {
		return Token{}, err
	}
	if _, err := Inspect(p7m); err != nil {
		return Token{}, err
	}
	e, _, err := open(p7m)
	if err != nil {
		return Token{}, err
	}
	recipient, err := e.recipientFor(cert)
	if err != nil {
		return Token{}, err
	}
	plain, err := e.decrypt(recipient, cert, key)
	if err != nil {
		return Token{}, err
	}

	return parsePlaintext(plain)
}

func (e *envelope) recipientFor(cert *x509.Certificate) (*keyTransport, error) {
	for i := range e.recipients {
		r := &e.recipients[i]
		if !r.is(cert) {
			continue
		}
		switch {
		case r.algorithm.Equal(oidRSA):
			return r, nil
		case r.algorithm.Equal(oidRSAOAEP):
			return nil, &UnsupportedCipherError{Cipher: "RSA-OAEP key transport"}
		default:
			return nil, &UnsupportedCipherError{Cipher: "key transport " + r.algorithm.String()}
		}
	}

	return nil, &OtherKeyError{Recipients: e.info("").Recipients, SerialNumber: cert.SerialNumber}
}

// decrypt hands pkcs7 only what it is known to handle. It prints to standard output, which belongs to the plugin
// protocol, for a cipher that it does not know, and panics on ciphertext that is no multiple of the block and on padding
// longer than the text.
func (e *envelope) decrypt(recipient *keyTransport, cert *x509.Certificate, key *rsa.PrivateKey) (plain []byte, err error) {
	defer func() {
		if recover() != nil {
			plain, err = nil, ErrDamaged
		}
	}()
	size := cipherOf(e.cipher).blockSize
	if size == 0 || len(e.ciphertext) == 0 || len(e.ciphertext)%size != 0 {
		return nil, ErrDamaged
	}
	message, err := pkcs7.Parse(e.der(recipient.node))
	if err != nil {
		return nil, ErrDamaged
	}
	if plain, err = message.Decrypt(cert, key); err != nil {
		return nil, ErrDamaged // its texts do not say more, and must not: key and padding are told apart by no one
	}

	return plain, nil
}
