package contract

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

const (
	programs   = "deviceManagement.depOnboardingSettings."
	profiles   = programs + "enrollmentProfiles."
	identities = programs + "importedAppleDeviceIdentities."
	policies   = "deviceManagement.configurationPolicies."
)

// Needed are the operations that the provider calls, by operationId, with what for. Each has to succeed at least once in the tests.
var Needed = map[string]string{
	"deviceManagement.ListDepOnboardingSettings":                         "find and list tokens",
	"deviceManagement.GetDepOnboardingSettings":                          "read a token, with $expand its default profiles",
	"deviceManagement.CreateDepOnboardingSettings":                       "create a token",
	"deviceManagement.UpdateDepOnboardingSettings":                       "rename a token",
	"deviceManagement.DeleteDepOnboardingSettings":                       "delete a token",
	programs + "generateEncryptionPublicKey":                             "a new key pair, when asked for",
	programs + "getEncryptionPublicKey":                                  "the public key for Apple School Manager",
	programs + "uploadDepToken":                                          "upload and renew a server token",
	programs + "syncWithAppleDeviceEnrollmentProgram":                    "start a sync",
	programs + "shareForSchoolDataSyncService":                           "connect School Data Sync",
	programs + "unshareForSchoolDataSyncService":                         "disconnect School Data Sync",
	programs + "ListEnrollmentProfiles":                                  "list profiles, and the mirror of policies",
	programs + "GetEnrollmentProfiles":                                   "read a profile",
	programs + "CreateEnrollmentProfiles":                                "create a profile",
	programs + "UpdateEnrollmentProfiles":                                "change a profile",
	programs + "DeleteEnrollmentProfiles":                                "delete a profile",
	profiles + "setDefaultProfile":                                       "the default of a token",
	profiles + "updateDeviceProfileAssignment":                           "assign devices",
	programs + "ListImportedAppleDeviceIdentities":                       "read devices and what they are assigned to",
	"deviceManagement.GetApplePushNotificationCertificate":               "prerequisites",
	"deviceManagement.ListDataSharingConsents":                           "prerequisites",
	"domains.ListFederationConfiguration":                                "prerequisites",
	"deviceManagement.ListConfigurationPolicies":                         "find policies",
	"deviceManagement.CreateConfigurationPolicies":                       "create a policy",
	"deviceManagement.GetConfigurationPolicies":                          "read a policy",
	"deviceManagement.ReplaceConfigurationPolicies":                      "change a policy",
	"deviceManagement.DeleteConfigurationPolicies":                       "delete a policy",
	policies + "ListSettings":                                            "read a policy's settings",
	"deviceManagement.configurationPolicyTemplates.ListSettingTemplates": "what a policy must have today",
}

// NotNeeded are the operations that the provider does not call, with the reason. One that succeeds all the same is no fault.
var NotNeeded = map[string]string{
	"deviceManagement.deviceManagement.GetDeviceManagement":   "Apple Configurator's pseudo token and the most tokens a tenant may have; the service refuses one too many itself",
	programs + "releaseAppleDevices":                          "cannot be undone: the organisation no longer owns the devices",
	programs + "GetCount":                                     "the list is short",
	programs + "GetDefaultIosEnrollmentProfile":               "read with the token, by $expand",
	programs + "GetDefaultMacOsEnrollmentProfile":             "read with the token, by $expand",
	programs + "GetDefaultTvOSEnrollmentProfile":              "read with the token, by $expand",
	programs + "GetDefaultVisionOSEnrollmentProfile":          "read with the token, by $expand",
	profiles + "GetCount":                                     "the list is read whole",
	profiles + "exportMobileConfig":                           "for Apple Configurator",
	programs + "CreateImportedAppleDeviceIdentities":          "the service has no such route, whatever the metadata says",
	programs + "GetImportedAppleDeviceIdentities":             "devices are read as a list, once per token and run",
	programs + "UpdateImportedAppleDeviceIdentities":          "nothing in it is the provider's, and the route is in doubt",
	programs + "DeleteImportedAppleDeviceIdentities":          "a device that Apple still assigns comes back with the next full sync",
	identities + "importAppleDeviceIdentityList":              "for Apple Configurator; other devices come through a sync",
	identities + "GetCount":                                   "the token has the count",
	"deviceManagement.UpdateApplePushNotificationCertificate": "the push certificate is looked at, not managed: the wrong one loses every device",
	"deviceManagement.DeleteApplePushNotificationCertificate": "the push certificate is looked at, not managed: without it every device is lost",
	"deviceManagement.applePushNotificationCertificate.downloadApplePushNotificationCertificateSigningRequest": "the push certificate is looked at, not managed",
	"deviceManagement.applePushNotificationCertificate.generateApplePushNotificationCertificateSigningRequest": "the push certificate is looked at, not managed",
	"deviceManagement.GetDataSharingConsents":                   "found in the list, by its name",
	"deviceManagement.dataSharingConsents.consentToDataSharing": "a person agrees, in the admin center",
	"deviceManagement.ListConfigurationPolicyTemplates":         "the ids of Apple's templates are fixed",
	"deviceManagement.GetConfigurationPolicyTemplates":          "the ids of Apple's templates are fixed",
	policies + "setEnrollmentTimeDeviceMembershipTarget":        "fails for applications, works for people only",
	policies + "retrieveEnrollmentTimeDeviceMembershipTarget":   "fails for applications, works for people only",
	policies + "clearEnrollmentTimeDeviceMembershipTarget":      "fails for applications, works for people only",
}

// Coverage is a report held against what the provider needs. All lists are sorted.
type Coverage struct {
	// Exercised succeeded at least once.
	Exercised []string
	// Missing are needed, and never succeeded.
	Missing []string
	// Unlisted are in the documents, but neither Needed nor NotNeeded says why.
	Unlisted []string
	// Excused are not needed, and did not succeed.
	Excused []string
	// Unknown are in Needed or NotNeeded, but not in the documents, or in both.
	Unknown []string
}

// Complete tells whether each operation was exercised or is excused.
func (c Coverage) Complete() bool {
	return len(c.Missing) == 0 && len(c.Unlisted) == 0 && len(c.Unknown) == 0
}

// Compare holds a report against Needed and NotNeeded. The error is a defect of the embedded documents.
func Compare(report Report) (Coverage, error) {
	documents, err := loadDocuments()
	if err != nil {
		return Coverage{}, err
	}
	return compare(slices.Sorted(maps.Keys(documents.complete)), Needed, NotNeeded, report.Operations), nil
}

func compare(operations []string, needed, notNeeded map[string]string, seen map[string]int) Coverage {
	var c Coverage
	for _, id := range operations {
		switch {
		case seen[id] > 0:
			c.Exercised = append(c.Exercised, id)
		case needed[id] != "":
			c.Missing = append(c.Missing, id)
		case notNeeded[id] != "":
			c.Excused = append(c.Excused, id)
		}
		if needed[id] == "" && notNeeded[id] == "" {
			c.Unlisted = append(c.Unlisted, id)
		}
	}
	for id := range needed {
		if !slices.Contains(operations, id) || notNeeded[id] != "" {
			c.Unknown = append(c.Unknown, id)
		}
	}
	for id := range notNeeded {
		if !slices.Contains(operations, id) {
			c.Unknown = append(c.Unknown, id)
		}
	}
	slices.Sort(c.Unknown)
	return c
}

// Print writes the listing: each operation with how often it succeeded, or why it need not, then what is wrong.
func (c Coverage) Print(w io.Writer, report Report) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, id := range c.Exercised {
		fmt.Fprintf(table, "%s\t%d\t%s\n", id, report.Operations[id], Needed[id])
	}
	for _, id := range c.Excused {
		fmt.Fprintf(table, "%s\tnot needed\t%s\n", id, NotNeeded[id])
	}
	for _, id := range c.Missing {
		fmt.Fprintf(table, "%s\tMISSING\tneeded (%s), and never succeeded\n", id, Needed[id])
	}
	for _, id := range c.Unlisted {
		fmt.Fprintf(table, "%s\tUNLISTED\tsay in Needed or NotNeeded why\n", id)
	}
	for _, id := range c.Unknown {
		fmt.Fprintf(table, "%s\tUNKNOWN\tno such operation, or listed as needed and as not needed\n", id)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, violation := range report.Violations {
		fmt.Fprintf(w, "VIOLATION %s\n", violation)
	}
	_, err := fmt.Fprintf(w, "%d messages, %d violations; %d operations exercised, %d excused, %d missing\n",
		report.Messages, len(report.Violations), len(c.Exercised), len(c.Excused), len(c.Missing)+len(c.Unlisted)+len(c.Unknown))
	return err
}
