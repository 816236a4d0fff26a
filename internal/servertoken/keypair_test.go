package servertoken_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

func TestNewKeyPairIsWhatThePortalTakes(t *testing.T) {
	t.Parallel()
	pair, other := pairs(t)
	cert := pair.Certificate
	if got := pair.PrivateKey.N.BitLen(); got != 2048 {
		t.Errorf("key of %d bits", got)
	}
	if cert.KeyUsage != x509.KeyUsageKeyEncipherment|x509.KeyUsageDigitalSignature {
		t.Errorf("key usage %b", cert.KeyUsage)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("not self-signed: %v", err)
	}
	if now.Before(cert.NotBefore) || now.AddDate(5, 0, 0).After(cert.NotAfter) {
		t.Errorf("valid from %s to %s", cert.NotBefore, cert.NotAfter)
	}
	if cert.SerialNumber.Sign() <= 0 || cert.SerialNumber.Cmp(other.Certificate.SerialNumber) == 0 {
		t.Error("serial numbers are not positive and different")
	}
	if got := servertoken.Fingerprint(cert); len(got) != 64 || got != strings.ToLower(got) {
		t.Errorf("fingerprint %s", got)
	}
	if _, err := servertoken.NewKeyPair("", now); err == nil {
		t.Error("an empty common name was taken")
	}
}

func TestOwnKeyIsReadBack(t *testing.T) {
	t.Parallel()
	pair, other := pairs(t)
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(pair.PrivateKey)})
	both := append(append([]byte("a comment\n"), pair.CertificatePEM...), pair.PrivateKeyPEM...)
	for name, file := range map[string][]byte{"PKCS#8": pair.PrivateKeyPEM, "PKCS#1": pkcs1, "behind the certificate": both} {
		key, err := servertoken.ParsePrivateKey(file)
		if err != nil || !key.Equal(pair.PrivateKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, file := range map[string][]byte{"PEM": pair.CertificatePEM, "DER": pair.Certificate.Raw, "with the key": both} {
		cert, err := servertoken.ParseCertificate(file)
		if err != nil || !cert.Equal(pair.Certificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := servertoken.Matches(pair.Certificate, pair.PrivateKey); err != nil {
		t.Error(err)
	}
	wantError(t, servertoken.Matches(pair.Certificate, other.PrivateKey), servertoken.ErrKeyMismatch)
}

func TestOwnKeyIsRefused(t *testing.T) {
	t.Parallel()
	pair, _ := pairs(t)
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecPKCS8, _ := x509.MarshalPKCS8PrivateKey(ec)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, servertoken.ErrNotPrivateKey},
		{"a certificate", pair.CertificatePEM, servertoken.ErrNotPrivateKey},
		{"damaged", pemArmour("PRIVATE KEY", []byte("hush")), servertoken.ErrNotPrivateKey},
		{"OpenSSH", pemArmour("OPENSSH PRIVATE KEY", []byte("hush")), servertoken.ErrNotPrivateKey},
		{"EC", pemArmour("EC PRIVATE KEY", []byte("hush")), servertoken.ErrNotRSA},
		{"EC in PKCS#8", pemArmour("PRIVATE KEY", ecPKCS8), servertoken.ErrNotRSA},
		{"too small", pemArmour("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), servertoken.ErrNotRSA},
		{"with a password", pemArmour("ENCRYPTED PRIVATE KEY", []byte("hush")), servertoken.ErrEncryptedKey},
		{"with a password, old form", []byte(legacy), servertoken.ErrEncryptedKey},
	} {
		_, err := servertoken.ParsePrivateKey(c.file)
		t.Run(c.name, func(t *testing.T) { wantError(t, err, c.want) })
	}

	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: now, NotAfter: now.Add(time.Hour)}
	ecCert, err := x509.CreateCertificate(rand.Reader, template, template, ec.Public(), ec)
	if err != nil {
		t.Fatal(err)
	}
	_, err = servertoken.ParseCertificate(pemArmour("CERTIFICATE", ecCert))
	wantError(t, err, servertoken.ErrNotRSA)
	_, err = servertoken.ParseCertificate(pair.PrivateKeyPEM)
	wantError(t, err, servertoken.ErrNotCertificate)
}
