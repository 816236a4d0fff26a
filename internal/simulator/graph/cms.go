package graph

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // RFC 5652 names it; old files use it
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// A server token as Apple's portal hands it out: S/MIME around CMS EnvelopedData (RFC 5652 section 6) around a MIME part
// around JSON. Read by hand, BER element by BER element, so that it owes nothing to the code that reads it in the provider.

// errWrongKey: the file is encrypted for somebody else.
var errWrongKey = errors.New("the server token is not encrypted for the public key of this token")

// serverToken is what is in the file.
type serverToken struct {
	apple.Credentials
	Expiry time.Time `json:"access_token_expiry"`
}

// openServerToken decrypts a file. Whether Graph wants the S/MIME text or its base64 is not documented: both are taken,
// and the bare base64 of the CMS object too.
func openServerToken(text string, key *tokenKey) (serverToken, error) {
	der, err := envelopeOf([]byte(text), 2)
	if err != nil {
		return serverToken{}, err
	}
	plain, err := decryptEnvelope(der, key)
	if err != nil {
		return serverToken{}, err
	}
	_, rest, begun := strings.Cut(string(plain), "-----BEGIN MESSAGE-----")
	message, _, ended := strings.Cut(rest, "-----END MESSAGE-----")
	if !begun || !ended {
		return serverToken{}, errors.New("the server token has no message inside")
	}
	var out serverToken
	if err := json.Unmarshal([]byte(message), &out); err != nil {
		return serverToken{}, fmt.Errorf("the message in the server token is not JSON: %w", err)
	}
	return out, nil
}

// envelopeOf finds the CMS object in a text, through at most depth layers of base64.
func envelopeOf(text []byte, depth int) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == tagSequence {
		return text, nil
	}
	if depth < 0 {
		return nil, errors.New("the server token is not a CMS object")
	}
	body := text
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		if head, rest, found := strings.Cut(string(text), blank); found && strings.Contains(head, ":") {
			body = []byte(rest)
			break
		}
	}
	compact := strings.Join(strings.Fields(string(body)), "")
	decoded, err := base64.StdEncoding.DecodeString(compact)
	if err != nil || len(decoded) == 0 {
		return nil, errors.New("the server token is neither S/MIME nor base64")
	}
	return envelopeOf(decoded, depth-1)
}

const (
	tagInteger  = 0x02
	tagOID      = 0x06
	tagSequence = 0x30
	tagSet      = 0x31
)

// element is one BER value (X.690), of definite or indefinite length.
type element struct {
	tag      byte
	content  []byte // of a primitive value
	children []element
	raw      []byte // all of it, with tag and length
}

const maxNesting = 24

// readElement reads one value and says what follows it.
func readElement(data []byte, depth int) (element, []byte, error) {
	bad := errors.New("the CMS object is damaged")
	if len(data) < 2 || depth > maxNesting || data[0]&0x1f == 0x1f {
		return element{}, nil, bad
	}
	e := element{tag: data[0]}
	constructed := data[0]&0x20 != 0
	if data[1] == 0x80 {
		if !constructed {
			return element{}, nil, bad
		}
		rest := data[2:]
		for !bytes.HasPrefix(rest, []byte{0, 0}) {
			child, after, err := readElement(rest, depth+1)
			if err != nil {
				return element{}, nil, err
			}
			e.children, rest = append(e.children, child), after
		}
		e.raw = data[:len(data)-len(rest)+2]
		return e, rest[2:], nil
	}
	length, head := int(data[1]), 2
	if data[1] > 0x80 {
		count := int(data[1] & 0x7f)
		if count > 4 || len(data) < 2+count {
			return element{}, nil, bad
		}
		length = 0
		for _, b := range data[2 : 2+count] {
			length = length<<8 | int(b)
		}
		head += count
	}
	if length > len(data)-head {
		return element{}, nil, bad
	}
	e.raw, e.content = data[:head+length], data[head:head+length]
	if constructed {
		for rest := e.content; len(rest) > 0; {
			child, after, err := readElement(rest, depth+1)
			if err != nil {
				return element{}, nil, err
			}
			e.children, rest = append(e.children, child), after
		}
	}
	return e, data[head+length:], nil
}

// at walks down by position; it gives an empty element where there is nothing.
func (e element) at(path ...int) element {
	for _, i := range path {
		if i >= len(e.children) {
			return element{}
		}
		e = e.children[i]
	}
	return e
}

// octets joins the segments of a constructed string.
func (e element) octets() []byte {
	if len(e.children) == 0 {
		return e.content
	}
	var out []byte
	for _, child := range e.children {
		out = append(out, child.octets()...)
	}
	return out
}

func (e element) oid() string {
	var id asn1.ObjectIdentifier
	if e.tag != tagOID {
		return ""
	}
	if _, err := asn1.Unmarshal(e.raw, &id); err != nil {
		return ""
	}
	return id.String()
}

const (
	oidEnvelopedData = "1.2.840.113549.1.7.3"
	oidRSA           = "1.2.840.113549.1.1.1"
	oid3DES          = "1.2.840.113549.3.7"
	oidAESPrefix     = "2.16.840.1.101.3.4.1."
)

// decryptEnvelope opens ContentInfo{envelopedData, [0] EnvelopedData{version, recipients, content}}.
func decryptEnvelope(der []byte, key *tokenKey) ([]byte, error) {
	info, _, err := readElement(der, 0)
	if err != nil {
		return nil, err
	}
	if info.at(0).oid() != oidEnvelopedData {
		return nil, errors.New("the server token is not encrypted: it is no CMS EnvelopedData")
	}
	var recipients, content element
	for _, part := range info.at(1, 0).children {
		switch {
		case part.tag == tagSet && recipients.tag == 0:
			recipients = part
		case part.tag == tagSequence:
			content = part
		}
	}
	for _, recipient := range recipients.children {
		contentKey, err := unwrapKey(recipient, key)
		if errors.Is(err, errWrongKey) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return decryptContent(content, contentKey)
	}
	return nil, errWrongKey
}

// unwrapKey opens KeyTransRecipientInfo{version, issuerAndSerialNumber, algorithm, encryptedKey}.
func unwrapKey(recipient element, key *tokenKey) ([]byte, error) {
	serial := recipient.at(1, 1)
	if recipient.tag != tagSequence || !bytes.Equal(recipient.at(1, 0).raw, key.cert.RawIssuer) || serial.tag != tagInteger ||
		new(big.Int).SetBytes(serial.content).Cmp(key.cert.SerialNumber) != 0 {
		return nil, errWrongKey
	}
	var contentKey []byte
	var err error
	switch recipient.at(2, 0).oid() {
	case oidRSA:
		wrapped := recipient.at(3).octets()
		contentKey, err = rsa.DecryptPKCS1v15(rand.Reader, key.private, wrapped) //nolint:staticcheck // Apple's files use it
	default:
		return nil, errors.New("the server token's key is wrapped in an unknown way")
	}
	if err != nil {
		return nil, errWrongKey
	}
	return contentKey, nil
}

// decryptContent opens EncryptedContentInfo{type, algorithm{id, iv}, [0] ciphertext}.
func decryptContent(content element, key []byte) ([]byte, error) {
	algorithm := content.at(1, 0).oid()
	var block cipher.Block
	var err error
	switch {
	case strings.HasPrefix(algorithm, oidAESPrefix):
		block, err = aes.NewCipher(key)
	case algorithm == oid3DES:
		block, err = des.NewTripleDESCipher(key) //nolint:gosec // RFC 5652 names it
	default:
		return nil, errors.New("the server token is encrypted in an unknown way")
	}
	if err != nil {
		return nil, errWrongKey
	}
	iv, text := content.at(1, 1).octets(), content.at(2).octets()
	if len(iv) != block.BlockSize() || len(text) == 0 || len(text)%block.BlockSize() != 0 {
		return nil, errors.New("the CMS object is damaged")
	}
	plain := make([]byte, len(text))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, text)
	n := int(plain[len(plain)-1])
	if n == 0 || n > block.BlockSize() {
		return nil, errWrongKey
	}
	return plain[:len(plain)-n], nil
}
