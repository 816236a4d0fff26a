package intune

import (
	"context"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// pushCertificateRow is Microsoft Graph's applePushNotificationCertificate, without what is for uploading.
type pushCertificateRow struct {
	AppleID      string `json:"appleIdentifier"`
	Topic        string `json:"topicIdentifier"`
	SerialNumber string `json:"certificateSerialNumber"`
	ExpiresAt    moment `json:"expirationDateTime"`
	ModifiedAt   moment `json:"lastModifiedDateTime"`
}

// isEmpty: how Intune answers before the first upload is not documented; 404 and an entity without anything both occur to it.
func (r pushCertificateRow) isEmpty() bool {
	return r.Topic == "" && r.SerialNumber == "" && r.ExpiresAt.IsZero()
}

// PushCertificate reads the Apple MDM push certificate of the tenant.
func (s *Service) PushCertificate(ctx context.Context) (enrollment.PushCertificate, error) {
	var row pushCertificateRow
	err := s.graph.Get(ctx, "/deviceManagement/applePushNotificationCertificate", nil, &row)
	if isGone(err) || err == nil && row.isEmpty() {
		return enrollment.PushCertificate{}, &enrollment.Error{
			Kind: enrollment.ErrNotFound, What: "Intune has no Apple MDM push certificate", Err: err, Do: pushCertificateSteps,
		}
	}
	if err != nil {
		return enrollment.PushCertificate{}, s.failed("read the Apple MDM push certificate", err)
	}
	return enrollment.PushCertificate{
		AppleID: row.AppleID, SerialNumber: row.SerialNumber, Topic: row.Topic, ExpiresAt: row.ExpiresAt.Time, ModifiedAt: row.ModifiedAt.Time,
	}, nil
}

const pushCertificateSteps = "Make one: in the Intune admin center, under Devices, Enrollment, Apple, Apple MDM Push certificate, download the request, " +
	"sign it at Apple's push certificate portal with an Apple ID of the school, and upload what that gives."
