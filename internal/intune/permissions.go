package intune

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// The permissions of Microsoft Graph that this service asks for.
const (
	readService  = "DeviceManagementServiceConfig.Read.All"
	writeService = "DeviceManagementServiceConfig.ReadWrite.All"
	readConfig   = "DeviceManagementConfiguration.Read.All"
	writeConfig  = "DeviceManagementConfiguration.ReadWrite.All"
	readDevices  = "DeviceManagementManagedDevices.Read.All"
	readDomains  = "Domain.Read.All"
)

// neededPermissions are those of which a request needs one, least first, as its documentation page has them.
func neededPermissions(method, path string) []string {
	reads := method == http.MethodGet
	has := func(part string) bool { return strings.Contains(path, part) }
	switch {
	case has("/domains/"):
		return []string{readDomains}
	case has("/configurationPolicies"), has("/configurationPolicyTemplates"):
		if reads {
			return []string{readConfig, writeConfig}
		}
		return []string{writeConfig}
	case has("/applePushNotificationCertificate"):
		return []string{readConfig, readDevices, writeService}
	case has("/dataSharingConsents"):
		return []string{writeService}
	case has("ncryptionPublicKey"): // of get and generate alike
		return []string{readService, writeService}
	case has("/uploadDepToken"), has("/syncWithAppleDeviceEnrollmentProgram"):
		return []string{writeService, writeConfig}
	case reads:
		return []string{readService, writeService}
	}
	return []string{writeService}
}

// permissionHelp says what to grant to whom. What Intune says itself, in the answer, stands before it.
func permissionHelp(e *graph.Error) string {
	permissions := strings.Join(neededPermissions(e.Method, e.Path), " or ")
	if e.AppOnly {
		return fmt.Sprintf("An application was signed in. It needs the application permission %s of Microsoft Graph: add it to the app registration, "+
			"have an administrator grant admin consent, and apply again with a new sign-in.%s", permissions, delegatedOnly(e.Path))
	}
	return fmt.Sprintf("A person was signed in. Needed is the delegated permission %s of Microsoft Graph, with consent, and in Intune the role Intune Administrator "+
		"or one with the rights of the category Enrollment programs, for the scope tags of the token too. The sign-in of the Azure CLI cannot be given "+
		"more permissions than Microsoft gave it; sign in as an application if it lacks this one.", permissions)
}

// delegatedOnly tells of the requests that Intune takes from people only, whatever an application has been granted.
func delegatedOnly(path string) string {
	if strings.HasSuffix(path, "EnrollmentTimeDeviceMembershipTarget") {
		return " Intune is known to refuse this request to applications: it may work for a person only."
	}
	return ""
}
