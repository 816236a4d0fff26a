package servertoken

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// What can be wrong with a file that is given as a server token. Each text says what the file is and what to do; none
// holds any of the file's content.
var (
	ErrEmpty = errors.New("the server token file is empty: download the server token (.p7m) again from Apple School Manager " +
		"(Preferences, your MDM server, Download Token)")
	ErrTooLarge = fmt.Errorf("the file is larger than %d KiB and so no server token, which has about 2 KiB: choose the .p7m "+
		"file that Apple School Manager gave under Download Token", MaxSize>>10)
	ErrHTML = errors.New("the file is a web page, not a server token: the sign-in to Apple School Manager had probably ended " +
		"when it was saved. Sign in and download the token again")
	ErrCertificate = errors.New("the file is a certificate or public key, not a server token: that is the file to upload to " +
		"Apple School Manager; the server token is the .p7m file that Apple School Manager gives back under Download Token")
	ErrPrivateKey = errors.New("the file is a private key, not a server token: keep it secret and give the .p7m file that " +
		"Apple School Manager gives under Download Token")
	ErrNotServerToken = errors.New("the file is not a server token: it is no encrypted S/MIME message (CMS EnvelopedData). " +
		"Give the .p7m file, unchanged, that Apple School Manager gives under Download Token")
	ErrContentToken = errors.New("the file is a content token (.vpptoken) for apps and books, not a server token: give the " +
		".p7m file that Apple School Manager gives under Download Token of an MDM server")
	ErrTruncated = errors.New("the server token file is cut off: part of it is missing. Copy or download it again")
	ErrDamaged   = errors.New("the server token file is damaged: its content was changed after Apple made it, for example by " +
		"an editor or a mail program. Download it again")
	ErrUnsupportedCipher = errors.New("the server token is encrypted in a way that is not supported")
	ErrOtherKey          = errors.New("the server token was encrypted for another public key")
	ErrNotToken          = errors.New("the file could be decrypted, but its content is not a server token: download the token " +
		"again from Apple School Manager")
	ErrExpired = errors.New("the server token has expired")
)

// What can be wrong with a key pair that is brought along.
var (
	ErrKeyMismatch    = errors.New("the private key does not belong to the certificate")
	ErrNotRSA         = errors.New("the key is not an RSA key: server tokens need RSA with at least 2,048 bits")
	ErrEncryptedKey   = errors.New("the private key is protected by a password: remove the password (openssl pkey -in key.pem) first")
	ErrNotCertificate = errors.New("this is not a certificate: a PEM file with a BEGIN CERTIFICATE line is needed")
	ErrNotPrivateKey  = errors.New("this is not a private key: a PEM file with a BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY " +
		"line is needed")
)

// ExpiredError is ErrExpired with the date.
type ExpiredError struct {
	Expiry time.Time
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("the server token expired on %s: download a new one from Apple School Manager (Preferences, your MDM "+
		"server, Download Token) and give it in place of this one", e.Expiry.UTC().Format("2 January 2006 15:04 MST"))
}

// Is makes errors.Is(err, ErrExpired) true.
func (e *ExpiredError) Is(target error) bool { return target == ErrExpired }

// OtherKeyError is ErrOtherKey with the serial numbers of the certificates on both sides.
type OtherKeyError struct {
	// Recipients are the certificates that the server token was made for.
	Recipients []Recipient

	// SerialNumber is that of the certificate whose key was to open it.
	SerialNumber *big.Int
}

func (e *OtherKeyError) Error() string {
	var made []string
	for _, r := range e.Recipients {
		made = append(made, r.SerialText())
	}

	return fmt.Sprintf("the server token was encrypted for the public key with certificate serial number %s, but the key here "+
		"is of certificate serial number %s: upload this token's public key (.pem) to its MDM server in Apple School Manager, "+
		"then download the server token again", strings.Join(made, ", "), serialText(e.SerialNumber))
}

// Is makes errors.Is(err, ErrOtherKey) true.
func (e *OtherKeyError) Is(target error) bool { return target == ErrOtherKey }

// UnsupportedCipherError is ErrUnsupportedCipher with the name of what is not supported.
type UnsupportedCipherError struct {
	// Cipher is a name such as "AES-192-CBC", or an object identifier.
	Cipher string
}

func (e *UnsupportedCipherError) Error() string {
	return fmt.Sprintf("the server token is encrypted with %s, which is not supported (supported: AES-128-CBC as Apple sends, "+
		"AES-256-CBC, 3DES-CBC, with RSA key transport): give the .p7m file as Apple School Manager gave it", e.Cipher)
}

// Is makes errors.Is(err, ErrUnsupportedCipher) true.
func (e *UnsupportedCipherError) Is(target error) bool { return target == ErrUnsupportedCipher }
