package servertoken

import (
	"crypto/aes"
	"crypto/des" //nolint:gosec // G502: tokens that OpenSSL made with 3DES are read, none is written
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// envelope is CMS EnvelopedData (RFC 5652 6.1), as far as a server token uses it.
type envelope struct {
	recipients []keyTransport

	// others says that there are recipients of another kind than issuer and serial number.
	others bool

	cipher     asn1.ObjectIdentifier
	algorithm  *node // AlgorithmIdentifier of the cipher, with its initialisation vector
	ciphertext []byte
}

// keyTransport is a KeyTransRecipientInfo with issuer and serial number.
type keyTransport struct {
	Recipient

	node      *node
	algorithm asn1.ObjectIdentifier
}

var (
	oidEnvelopedData     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidAuthEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 23}
	oidRSA               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAOAEP           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
)

// keyTransportName names what RFC 8017 calls RSAES-PKCS1-v1_5 and RSAES-OAEP.
func keyTransportName(algorithm asn1.ObjectIdentifier) string {
	switch {
	case algorithm.Equal(oidRSA):
		return "RSA-PKCS1-v1_5"
	case algorithm.Equal(oidRSAOAEP):
		return "RSA-OAEP"
	default:
		return algorithm.String()
	}
}

// contentCipher is a cipher by name. blockSize zero means that it is known but not supported.
type contentCipher struct {
	oid       asn1.ObjectIdentifier
	name      string
	blockSize int
}

var contentCiphers = []contentCipher{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, "AES-128-CBC", aes.BlockSize},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, "AES-256-CBC", aes.BlockSize},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, "3DES-CBC", des.BlockSize},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, "AES-192-CBC", 0},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 6}, "AES-128-GCM", 0},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 46}, "AES-256-GCM", 0},
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 7}, "DES-CBC", 0},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 2}, "RC2-CBC", 0},
}

func cipherOf(oid asn1.ObjectIdentifier) contentCipher {
	for _, c := range contentCiphers {
		if c.oid.Equal(oid) {
			return c
		}
	}

	return contentCipher{oid: oid, name: oid.String()}
}

// parseEnvelope reads ContentInfo and EnvelopedData. Errors are of this package's kinds.
func parseEnvelope(ber []byte) (*envelope, error) {
	root, err := parseBER(ber)
	if errors.Is(err, errBERShort) {
		return nil, ErrTruncated
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if !root.is(classUniversal, tagSequence) || len(root.children) != 2 || len(root.children[1].children) != 1 {
		return nil, ErrNotServerToken
	}
	contentType, err := root.children[0].oid()
	switch {
	case err != nil:
		return nil, ErrNotServerToken
	case contentType.Equal(oidAuthEnvelopedData):
		return nil, &UnsupportedCipherError{Cipher: "authenticated encryption (AES-GCM)"}
	case !contentType.Equal(oidEnvelopedData):
		return nil, ErrNotServerToken
	}
	e, err := readEnvelope(&root.children[1].children[0])
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}

	return e, nil
}

func readEnvelope(n *node) (*envelope, error) {
	parts := n.children
	if len(parts) > 1 && parts[1].is(classContext, 0) { // originatorInfo, which key transport does not need
		parts = append([]node{parts[0]}, parts[2:]...)
	}
	if len(parts) < 3 || !parts[1].is(classUniversal, tagSet) || !parts[2].is(classUniversal, tagSequence) {
		return nil, fmt.Errorf("%w: no EnvelopedData", errBERForm)
	}
	e := &envelope{}
	for i := range parts[1].children {
		if err := e.addRecipient(&parts[1].children[i]); err != nil {
			return nil, err
		}
	}

	return e, e.readContent(parts[2].children)
}

func (e *envelope) addRecipient(n *node) error {
	const fields = 4 // version, rid, keyEncryptionAlgorithm, encryptedKey
	if !n.is(classUniversal, tagSequence) || len(n.children) != fields || !n.children[1].is(classUniversal, tagSequence) {
		e.others = true

		return nil
	}
	rid := n.children[1].children
	if len(rid) != 2 || !rid[0].is(classUniversal, tagSequence) || len(n.children[2].children) == 0 {
		return fmt.Errorf("%w: a recipient", errBERForm)
	}
	serial, err := rid[1].integer()
	if err != nil {
		return err
	}
	algorithm, err := n.children[2].children[0].oid()
	if err != nil {
		return err
	}
	rawIssuer := rid[0].der()
	issuer, err := nameText(rawIssuer)
	if err != nil {
		return err
	}
	e.recipients = append(e.recipients, keyTransport{
		Recipient: Recipient{Issuer: issuer, RawIssuer: rawIssuer, SerialNumber: serial, KeyTransport: keyTransportName(algorithm)},
		node:      n, algorithm: algorithm,
	})

	return nil
}

func (e *envelope) readContent(parts []node) error {
	if len(parts) != 3 || len(parts[1].children) == 0 || !parts[2].is(classContext, 0) {
		return fmt.Errorf("%w: no encrypted content", errBERForm)
	}
	var err error
	if e.cipher, err = parts[1].children[0].oid(); err != nil {
		return err
	}
	e.algorithm = &parts[1]
	e.ciphertext, err = parts[2].octets()

	return err
}

// der writes the message for one recipient, in the form that pkcs7 reads: definite lengths, whole octet strings.
func (e *envelope) der(recipient *node) []byte {
	integerZero, data := []byte{tagInteger, 1, 0}, tlv(tagOID, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1})
	content := tlv(tagSequence|constructedBit, data, e.algorithm.der(), tlv(classContext<<6, e.ciphertext))
	enveloped := tlv(tagSequence|constructedBit, integerZero, tlv(tagSet|constructedBit, recipient.der()), content)
	contentType := tlv(tagOID, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3})

	return tlv(tagSequence|constructedBit, contentType, tlv(classContext<<6|constructedBit, enveloped))
}

func (n *node) oid() (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	if !n.is(classUniversal, tagOID) || n.constructed {
		return nil, fmt.Errorf("%w: no object identifier", errBERForm)
	}
	if rest, err := asn1.Unmarshal(n.der(), &oid); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: an object identifier", errBERForm)
	}

	return oid, nil
}

func (n *node) integer() (*big.Int, error) {
	const longest = 64 // RFC 5280 allows 20 octets
	value := new(big.Int)
	if !n.is(classUniversal, tagInteger) || n.constructed || len(n.content) > longest {
		return nil, fmt.Errorf("%w: no serial number", errBERForm)
	}
	if rest, err := asn1.Unmarshal(n.der(), &value); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: a serial number", errBERForm)
	}

	return value, nil
}

func nameText(raw []byte) (string, error) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return "", fmt.Errorf("%w: an issuer's name", errBERForm)
	}
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}

		return r
	}, name.String())

	return printable, nil
}
