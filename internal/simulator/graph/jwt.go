package graph

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the thumbprint of a certificate in a JWT header
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
)

// signingKeys are made once for the whole process: making RSA keys takes a while, and a school has one tenant.
type signingKeys struct {
	access *rsa.PrivateKey // signs access tokens
	server tls.Certificate
	ca     []byte
}

var sharedKeys = sync.OnceValue(func() *signingKeys {
	keys, err := newSigningKeys()
	if err != nil {
		panic("graph simulator: making keys: " + err.Error())
	}
	return keys
})

// githubKey signs the identity tokens of workflow runs. Few tests need it.
var githubKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("graph simulator: making a key: " + err.Error())
	}
	return key
})

func newSigningKeys() (*signingKeys, error) {
	var keys signingKeys
	var err error
	if keys.access, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, fmt.Errorf("access token key: %w", err)
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "asm-simulator certificate authority"},
		NotBefore: longAgo, NotAfter: farAhead, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("authority key: %w", err)
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, fmt.Errorf("authority certificate: %w", err)
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "asm-simulator"}, NotBefore: longAgo, NotAfter: farAhead,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("server key: %w", err)
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, authority, &serverKey.PublicKey, authorityKey)
	if err != nil {
		return nil, fmt.Errorf("server certificate: %w", err)
	}
	keys.server = tls.Certificate{Certificate: [][]byte{serverDER}, PrivateKey: serverKey}
	keys.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER})
	return &keys, nil
}

// CACertificatePEM is the certificate authority that SignInURL's certificate is from.
func (s *Simulator) CACertificatePEM() []byte { return slices.Clone(s.keys.ca) }

// claims are those of an access token that matter here. Times are on the virtual clock.
type claims struct {
	Audience string   `json:"aud"`
	Issuer   string   `json:"iss"`
	IssuedAt int64    `json:"iat"`
	NotUntil int64    `json:"nbf"`
	Expires  int64    `json:"exp"`
	AppID    string   `json:"appid"`
	TenantID string   `json:"tid"`
	ObjectID string   `json:"oid"`
	Kind     string   `json:"idtyp"` // app or user
	Name     string   `json:"upn,omitempty"`
	Roles    []string `json:"roles,omitempty"` // of an application
	Scopes   string   `json:"scp,omitempty"`   // of a person
	Version  string   `json:"ver"`
}

// may says whether the token carries a permission.
func (c claims) may(permission string) bool {
	return slices.Contains(c.Roles, permission) || slices.Contains(strings.Fields(c.Scopes), permission)
}

// appOnly says whether an application signed in by itself.
func (c claims) appOnly() bool { return c.Kind == "app" }

func encodeSegment(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("graph simulator: encoding a JWT: " + err.Error()) // our own types always encode
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// signJWT makes a JSON Web Token (RFC 7519) signed with RS256.
func signJWT(key *rsa.PrivateKey, keyID string, payload any) string {
	signed := encodeSegment(map[string]string{"alg": "RS256", "typ": "JWT", "kid": keyID}) + "." + encodeSegment(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		panic("graph simulator: signing a JWT: " + err.Error()) // a key of 2048 bits always signs
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// jwt is a token before its signature is checked.
type jwt struct {
	header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		SHA1      string `json:"x5t"`
		SHA256    string `json:"x5t#S256"`
	}
	payload   []byte
	signed    string
	signature []byte
}

func parseJWT(text string) (*jwt, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("a JWT has three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, fmt.Errorf("part %d of the JWT is not base64url", i+1)
		}
	}
	t := &jwt{payload: decoded[1], signed: parts[0] + "." + parts[1], signature: decoded[2]}
	if err := json.Unmarshal(decoded[0], &t.header); err != nil {
		return nil, errors.New("the header of the JWT is not JSON")
	}
	return t, nil
}

// verify checks the signature: RS256 or PS256, the algorithms that Entra takes in assertions.
func (t *jwt) verify(key *rsa.PublicKey) bool {
	digest := sha256.Sum256([]byte(t.signed))
	switch t.header.Algorithm {
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], t.signature) == nil
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, digest[:], t.signature, nil) == nil
	}
	return false
}

// namesCertificate says whether the header names a certificate: by a thumbprint, in base64url as the standard has it or in
// base64 as Microsoft's own clients write it, or by the hexadecimal one in kid.
func (t *jwt) namesCertificate(cert *x509.Certificate) bool {
	short := sha1.Sum(cert.Raw) //nolint:gosec // a name, not a proof
	long := sha256.Sum256(cert.Raw)
	is := func(text string, sum []byte) bool {
		return text == base64.RawURLEncoding.EncodeToString(sum) || text == base64.StdEncoding.EncodeToString(sum)
	}
	return is(t.header.SHA1, short[:]) || is(t.header.SHA256, long[:]) ||
		strings.EqualFold(t.header.KeyID, hex.EncodeToString(short[:]))
}

// openJWT checks an access token's signature and reads it.
func (k *signingKeys) openJWT(text string) (claims, error) {
	t, err := parseJWT(text)
	if err != nil {
		return claims{}, err
	}
	if !t.verify(&k.access.PublicKey) {
		return claims{}, errors.New("the signature is wrong")
	}
	var c claims
	if err := json.Unmarshal(t.payload, &c); err != nil {
		return claims{}, errors.New("the claims are not JSON")
	}
	return c, nil
}

// parseCertificate reads a certificate in PEM or DER.
func parseCertificate(data []byte) (*x509.Certificate, error) {
	der := data
	for rest := data; len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			der = block.Bytes
			break
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return cert, nil
}
