package httpx

import (
	"os"
	"strings"
)

// appendUserAgentEnv is read by every provider that HashiCorp maintains; operators use it to mark their traffic.
const appendUserAgentEnv = "TF_APPEND_USER_AGENT"

// UserAgent is the user agent of a provider version: terraform-provider-asm/VERSION, followed by the value of the
// environment variable TF_APPEND_USER_AGENT. Characters that a header cannot hold are dropped. An empty version is "dev".
func UserAgent(version string) string {
	if version = headerText(version); version == "" {
		version = "dev"
	}
	agent := "terraform-provider-asm/" + strings.ReplaceAll(version, " ", "_")
	if more := headerText(os.Getenv(appendUserAgentEnv)); more != "" {
		agent += " " + more
	}

	return agent
}

func headerText(s string) string {
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}

		return r
	}, s)

	return strings.TrimSpace(printable)
}
