package apple_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"testing"
)

// envelope is what a recorded server token consists of.
type envelope struct {
	recipient  recipient
	iv         []byte
	ciphertext []byte
}

// recipient is a KeyTransRecipientInfo (RFC 5652).
type recipient struct {
	Version int
	ID      struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Algorithm struct {
		OID    asn1.ObjectIdentifier
		Params asn1.RawValue
	}
	Key []byte
}

// dissect takes an envelope apart, byte by byte as a recorded one is put together: definite lengths in the recipients,
// indefinite ones around.
func dissect(t *testing.T, ber []byte) envelope {
	t.Helper()
	var out envelope
	ber = expect(t, ber, "ContentInfo, envelopedData", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03")
	ber = expect(t, ber, "[0], EnvelopedData, version 0", "\xa0\x80\x30\x80\x02\x01\x00")
	var recipients asn1.RawValue
	ber, err := asn1.Unmarshal(ber, &recipients)
	must(t, err)
	equal(t, "tag of recipientInfos", recipients.FullBytes[0], byte(0x31))
	rest, err := asn1.Unmarshal(recipients.Bytes, &out.recipient)
	must(t, err)
	equal(t, "bytes after the first recipient", len(rest), 0)
	equal(t, "recipient version", out.recipient.Version, 0)
	equal(t, "key encryption: rsaEncryption", out.recipient.Algorithm.OID.String(), "1.2.840.113549.1.1.1")
	equal(t, "its parameters: NULL", out.recipient.Algorithm.Params.Tag, asn1.TagNull)

	ber = expect(t, ber, "EncryptedContentInfo, data", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
	ber = expect(t, ber, "AES-128-CBC", "\x30\x1d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x02\x04\x10")
	out.iv, ber = ber[:aes.BlockSize], ber[aes.BlockSize:]
	ber = expect(t, ber, "content, [0] constructed", "\xa0\x80")
	for ber[0] == asn1.TagOctetString {
		var segment []byte
		ber, err = asn1.Unmarshal(ber, &segment)
		must(t, err)
		out.ciphertext = append(out.ciphertext, segment...)
	}
	equal(t, "five ends of contents", string(ber), string(make([]byte, 10)))
	return out
}

func expect(t *testing.T, ber []byte, what, want string) []byte {
	t.Helper()
	rest, ok := bytes.CutPrefix(ber, []byte(want))
	if !ok {
		t.Fatalf("%s: got % x, want % x", what, ber[:min(len(want), len(ber))], want)
	}
	return rest
}

// decrypt opens the envelope and takes the padding off.
func (e envelope) decrypt(t *testing.T, with keyPair) []byte {
	t.Helper()
	key, err := rsa.DecryptPKCS1v15(nil, with.key, e.recipient.Key) //nolint:staticcheck // Apple's files use it
	must(t, err)
	equal(t, "bytes of the content key", len(key), 16)
	block, err := aes.NewCipher(key)
	must(t, err)
	plain := make([]byte, len(e.ciphertext))
	cipher.NewCBCDecrypter(block, e.iv).CryptBlocks(plain, e.ciphertext)
	padding := int(plain[len(plain)-1])
	return plain[:len(plain)-padding]
}
