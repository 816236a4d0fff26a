package apple

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

// The envelope of a server token: CMS EnvelopedData (RFC 5652 section 6) in BER with indefinite lengths, one recipient by
// issuer and serial number, RSA PKCS #1 v1.5, AES-128-CBC. Written by hand, tag by tag, so that it owes nothing to
// the libraries that read it.

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidRSAEncryption = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidAES128CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
)

const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0xa0 // [0], constructed

	// segmentSize is how many bytes of ciphertext one OCTET STRING of the constructed content carries.
	segmentSize = 1000
)

// envelop encrypts message for the holder of recipient's key.
func envelop(message []byte, recipient *x509.Certificate) ([]byte, error) {
	key, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	_, _ = rand.Read(iv)
	info, err := recipientInfo(key, recipient)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("content encryption key: %w", err)
	}
	padded := pad(message)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)

	return indefinite(tagSequence, // ContentInfo
		oid(oidEnvelopedData),
		indefinite(tagContext0,
			indefinite(tagSequence, // EnvelopedData
				definite(tagInteger, []byte{0}), // version 0
				definite(tagSet, info),
				indefinite(tagSequence, // EncryptedContentInfo
					oid(oidData),
					definite(tagSequence, oid(oidAES128CBC), definite(tagOctetString, iv)),
					indefinite(tagContext0, segments(padded)...))))), nil
}

// recipientInfo is a KeyTransRecipientInfo of version 0.
func recipientInfo(contentKey []byte, recipient *x509.Certificate) ([]byte, error) {
	public, ok := recipient.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the recipient's key is not an RSA key")
	}
	encrypted, err := rsa.EncryptPKCS1v15(rand.Reader, public, contentKey) //nolint:staticcheck // Apple's files use it
	if err != nil {
		return nil, fmt.Errorf("encrypting the content key: %w", err)
	}
	serial, err := asn1.Marshal(recipient.SerialNumber)
	if err != nil {
		return nil, fmt.Errorf("encoding the recipient's serial number: %w", err)
	}
	return definite(tagSequence,
		definite(tagInteger, []byte{0}),
		definite(tagSequence, recipient.RawIssuer, serial),
		definite(tagSequence, oid(oidRSAEncryption), definite(tagNull)),
		definite(tagOctetString, encrypted)), nil
}

// segments cuts the ciphertext into OCTET STRINGs.
func segments(ciphertext []byte) [][]byte {
	var out [][]byte
	for len(ciphertext) > 0 {
		n := min(segmentSize, len(ciphertext))
		out = append(out, definite(tagOctetString, ciphertext[:n]))
		ciphertext = ciphertext[n:]
	}
	return out
}

// pad is PKCS #7 padding: always at least one byte, each saying how many there are.
func pad(message []byte) []byte {
	n := aes.BlockSize - len(message)%aes.BlockSize
	padded := append([]byte{}, message...)
	for range n {
		padded = append(padded, byte(n))
	}
	return padded
}

// definite is a value with its length in front.
func definite(tag byte, parts ...[]byte) []byte {
	var n int
	for _, p := range parts {
		n += len(p)
	}
	out := append([]byte{tag}, length(n)...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// indefinite is a constructed value that ends with two zero bytes.
func indefinite(tag byte, parts ...[]byte) []byte {
	out := []byte{tag, 0x80}
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, 0, 0)
}

func length(n int) []byte {
	switch {
	case n < 0x80:
		return []byte{byte(n & 0xff)}
	case n < 0x100:
		return []byte{0x81, byte(n & 0xff)}
	default: // nothing here reaches 64 KiB
		return []byte{0x82, byte(n >> 8 & 0xff), byte(n & 0xff)}
	}
}

func oid(id asn1.ObjectIdentifier) []byte {
	out, err := asn1.Marshal(id)
	if err != nil {
		panic(fmt.Sprintf("apple simulator: constant object identifier %v: %v", id, err))
	}
	return out
}
