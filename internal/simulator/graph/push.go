package graph

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// PushCertificate is the Apple MDM push certificate of the tenant.
type PushCertificate struct {
	AppleID      string    `json:"apple_id"`
	SerialNumber string    `json:"serial_number"`
	Topic        string    `json:"topic"`
	ExpiresAt    time.Time `json:"expires_at"`
	ModifiedAt   time.Time `json:"modified_at"`
}

type pushCertificate = PushCertificate

func defaultPushCertificate(now time.Time) *pushCertificate {
	return &pushCertificate{
		AppleID: "it@school.example", SerialNumber: "5F3C9A17D2E84B60",
		Topic:     "com.apple.mgmt.External.7f1d0c52-6a37-4c0b-9a3e-2d54b8a0c9e1",
		ExpiresAt: now.AddDate(1, 0, 0).Truncate(time.Second), ModifiedAt: now.Truncate(time.Second),
	}
}

// SetPushCertificate replaces the push certificate; nil removes it.
func (s *Simulator) SetPushCertificate(p *PushCertificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push = nil
	if p != nil {
		s.push = new(*p)
	}
}

var pushWire = wireType{name: "applePushNotificationCertificate", fields: []field{
	{name: "id", kind: kindText},
	{name: "appleIdentifier", kind: kindText, nullable: true},
	{name: "topicIdentifier", kind: kindText, nullable: true},
	{name: "lastModifiedDateTime", kind: kindDate},
	{name: "expirationDateTime", kind: kindDate},
	{name: "certificateUploadStatus", kind: kindText, nullable: true},
	{name: "certificateUploadFailureReason", kind: kindText, nullable: true},
	{name: "certificateSerialNumber", kind: kindText, nullable: true},
	{name: "certificate", kind: kindText, nullable: true},
}}

const pushFragment = "deviceManagement/applePushNotificationCertificate/$entity"

// pushEntity is the singleton; without a certificate its values are those of never.
func (s *Simulator) pushEntity() object {
	p := s.push
	if p == nil {
		return object{
			{"id", s.accountID},
			{"appleIdentifier", nil},
			{"topicIdentifier", nil},
			{"lastModifiedDateTime", time.Time{}},
			{"expirationDateTime", time.Time{}},
			{"certificateUploadStatus", nil},
			{"certificateUploadFailureReason", nil},
			{"certificateSerialNumber", nil},
			{"certificate", nil},
		}
	}
	return object{
		{"id", s.accountID},
		{"appleIdentifier", p.AppleID},
		{"topicIdentifier", p.Topic},
		{"lastModifiedDateTime", p.ModifiedAt},
		{"expirationDateTime", p.ExpiresAt},
		{"certificateUploadStatus", nil},
		{"certificateUploadFailureReason", nil},
		{"certificateSerialNumber", p.SerialNumber},
		{"certificate", nil},
	}
}

// getPushCertificate answers GET. What Intune answers where none is uploaded is not documented: a setting.
func getPushCertificate(c *call) reply {
	if c.s.push == nil && c.s.settings.NoPushCertificate == "not_found" {
		return *c.notFound("ApplePushNotificationCertificate not found")
	}
	return single(c, pushFragment, collection[object]{
		typeName: pushWire.name, properties: pushWire.names(), entity: func(o object) object { return o },
	}, c.s.pushEntity())
}

// updatePushCertificate answers PATCH: an upload, or a renewal. Intune takes a certificate of another topic without a
// word, and devices are lost.
func updatePushCertificate(c *call) reply {
	body, refusal := c.decodeAs(pushWire)
	if refusal != nil {
		return *refusal
	}
	p := pushCertificate{}
	if c.s.push != nil {
		p = *c.s.push
	}
	if text, given := body["appleIdentifier"].(*string); given {
		p.AppleID = deref(text)
	}
	if text, _ := body["certificate"].(*string); deref(text) != "" {
		if err := p.read(*text); err != nil {
			return *c.badRequest("The certificate is invalid: " + err.Error())
		}
	} else if c.s.push == nil {
		return *c.badRequest("The certificate is required")
	}
	p.ModifiedAt = c.now.Truncate(time.Second)
	c.s.push = &p
	if c.s.settings.PatchStatus == http.StatusNoContent {
		return noContent()
	}
	return c.entity(http.StatusOK, pushFragment, c.s.pushEntity())
}

// oidUserID is where a push certificate has its topic.
var oidUserID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

// read takes over what a certificate in PEM or base64 says.
func (p *pushCertificate) read(text string) error {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	} else if inner, _ := pem.Decode(der); inner != nil {
		der = inner.Bytes
	}
	if err != nil {
		return errors.New("it is neither PEM nor base64")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	p.Topic = cert.Subject.CommonName
	for _, name := range cert.Subject.Names {
		if text, ok := name.Value.(string); ok && name.Type.Equal(oidUserID) {
			p.Topic = text
		}
	}
	p.SerialNumber, p.ExpiresAt = fmt.Sprintf("%X", cert.SerialNumber), cert.NotAfter
	return nil
}

func deletePushCertificate(c *call) reply {
	c.s.push = nil
	return noContent()
}

// signingRequest is the request that a person has signed by Microsoft and Apple.
type signingRequest struct{ text string }

func downloadSigningRequest(c *call) reply {
	if c.s.signing.text == "" {
		return generateSigningRequest(c)
	}
	return c.value("Edm.String", c.s.signing.text)
}

func generateSigningRequest(c *call) reply {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return *c.refuse(http.StatusInternalServerError, "InternalServerError", "An error has occurred")
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "Microsoft Intune MDM", Organization: []string{c.s.tenantID}},
	}, key)
	if err != nil {
		return *c.refuse(http.StatusInternalServerError, "InternalServerError", "An error has occurred")
	}
	c.s.signing.text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	return c.value("Edm.String", c.s.signing.text)
}
