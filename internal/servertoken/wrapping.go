package servertoken

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"mime"
	"strings"
)

// The forms in which a server token comes: Apple's is the first, the others are what OpenSSL writes and what mail programs
// and people leave of it.
const (
	formSMIME  = "S/MIME"
	formPEM    = "PEM"
	formBase64 = "base64"
	formDER    = "DER"
)

// unwrap gets the CMS message out of a file, and recognises what people give by mistake.
func unwrap(file []byte) (cms []byte, form string, err error) {
	if len(file) > MaxSize {
		return nil, "", ErrTooLarge
	}
	if len(file) > 0 && file[0] == tagSequence|constructedBit {
		return file, formDER, refuseOtherDER(file)
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		return nil, "", ErrEmpty
	case text[0] == '<':
		return nil, "", ErrHTML
	case bytes.Contains(text, []byte("-----BEGIN ")):
		form = formPEM
		cms, err = unwrapPEM(text)
	case isHeaderLine(text):
		form = formSMIME
		cms, err = unwrapSMIME(text)
	default:
		form = formBase64
		cms, err = unwrapBase64(text)
	}
	if err != nil {
		return nil, "", err
	}

	return cms, form, refuseOtherDER(cms)
}

func unwrapPEM(text []byte) ([]byte, error) {
	_, after, _ := bytes.Cut(text, []byte("-----BEGIN "))
	label, _, complete := bytes.Cut(after, []byte("-----"))
	kind := string(label)
	switch {
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		return nil, ErrPrivateKey
	case strings.HasSuffix(kind, "CERTIFICATE"), strings.HasSuffix(kind, "PUBLIC KEY"), strings.HasSuffix(kind, "REQUEST"):
		return nil, ErrCertificate
	case !complete:
		return nil, ErrTruncated
	case kind != "PKCS7" && kind != "CMS":
		return nil, ErrNotServerToken
	case !bytes.Contains(after, []byte("-----END ")):
		return nil, ErrTruncated
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, ErrDamaged
	}

	return block.Bytes, nil
}

// isHeaderLine tells whether a text begins like a mail: a field name and a colon.
func isHeaderLine(text []byte) bool {
	name, _, ok := bytes.Cut(text, []byte(":"))
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}

	return true
}

// mimePart is a part's header fields, by lower-case name, and body.
type mimePart struct {
	fields map[string]string
	body   []byte
}

// parsePart splits a MIME part, with CRLF or LF line ends. ok is false if the header has no end.
func parsePart(text []byte) (part mimePart, ok bool) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	head, body, ok := bytes.Cut(text, []byte("\n\n"))
	part = mimePart{fields: map[string]string{}, body: body}
	last := ""
	for line := range strings.Lines(string(head)) {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			part.fields[last] += " " + strings.TrimSpace(line)

			continue
		}
		name, value, _ := strings.Cut(line, ":")
		last = strings.ToLower(strings.TrimSpace(name))
		part.fields[last] = strings.TrimSpace(value)
	}

	return part, ok
}

func unwrapSMIME(text []byte) ([]byte, error) {
	part, complete := parsePart(text)
	mediaType, params, err := mime.ParseMediaType(part.fields["content-type"])
	isCMS := mediaType == "application/pkcs7-mime" || mediaType == "application/x-pkcs7-mime"
	smimeType := params["smime-type"]
	switch {
	case strings.HasPrefix(mediaType, "text/html"):
		return nil, ErrHTML
	case !complete && (isCMS || err != nil):
		return nil, ErrTruncated
	case !isCMS:
		return nil, ErrNotServerToken
	case smimeType == "authEnveloped-data":
		return nil, &UnsupportedCipherError{Cipher: "authenticated encryption (AES-GCM)"}
	case smimeType != "" && smimeType != "enveloped-data":
		return nil, ErrNotServerToken
	case !strings.EqualFold(part.fields["content-transfer-encoding"], "base64"):
		return nil, fmt.Errorf("%w: its content is not marked as base64", ErrDamaged)
	}
	cms, err := decodeBase64(part.body)
	if err != nil {
		return nil, ErrDamaged
	}
	if len(cms) == 0 {
		return nil, ErrTruncated
	}

	return cms, nil
}

func unwrapBase64(text []byte) ([]byte, error) {
	data, err := decodeBase64(text)
	switch {
	case err != nil || len(data) == 0:
		return nil, ErrNotServerToken
	case data[0] == '{':
		return nil, ErrContentToken
	case data[0] != tagSequence|constructedBit:
		return nil, ErrNotServerToken
	}

	return data, nil
}

// decodeBase64 takes any white space, and an end without padding: whether something is missing is for the message inside
// to say.
func decodeBase64(text []byte) ([]byte, error) {
	compact := bytes.TrimRight(bytes.Join(bytes.Fields(text), nil), "=")
	if len(compact)%4 == 1 { // a single character holds no octet
		compact = compact[:len(compact)-1]
	}
	data := make([]byte, base64.RawStdEncoding.DecodedLen(len(compact)))
	n, err := base64.RawStdEncoding.Decode(data, compact)
	if err != nil {
		return nil, fmt.Errorf("%w: base64", errBERForm) // the package's own error has the offset only, but stay sure
	}

	return data[:n], nil
}

// refuseOtherDER recognises certificates and keys in DER.
func refuseOtherDER(der []byte) error {
	if _, err := x509.ParseCertificate(der); err == nil {
		return ErrCertificate
	}
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return ErrCertificate
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return ErrPrivateKey
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return ErrPrivateKey
	}

	return nil
}
