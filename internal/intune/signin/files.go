package signin

import (
	"fmt"
	"os"
	"strings"
)

// withFiles reads the files that hold a setting. A setting that is given both ways has to be the same in both, as the azuread
// provider wants it.
func (c Config) withFiles() (Config, error) {
	for _, setting := range []struct {
		name string
		into *string
		path string
	}{
		{"client_id", &c.ClientID, c.ClientIDFilePath},
		{"client_secret", &c.ClientSecret, c.ClientSecretFilePath},
	} {
		if setting.path == "" {
			continue
		}
		value, err := readSetting(setting.name, setting.path)
		if err != nil {
			return c, err
		}
		if *setting.into != "" && *setting.into != value {
			return c, invalid(setting.name+"_file_path", fmt.Sprintf("`%s` and the file of `%s_file_path` differ", setting.name, setting.name),
				"Remove one of them; either may come from the environment.", nil)
		}
		*setting.into = value
	}
	return c, nil
}

// readSetting reads the file of setting_file_path.
func readSetting(setting, path string) (string, error) {
	field := setting + "_file_path"
	content, err := os.ReadFile(path)
	if err != nil {
		return "", invalid(field, "The file of `"+field+"` cannot be read", "Check the path, and who may read the file.", err)
	}
	value := strings.TrimSpace(string(content))
	if value == "" {
		return "", invalid(field, fmt.Sprintf("The file of `%s`, %s, is empty", field, path), "Check the path.", nil)
	}
	return value, nil
}

// secrets are what no text may hold, whoever wrote it.
func (c Config) secrets() []string {
	var all []string
	for _, secret := range []string{
		c.ClientSecret, c.ClientCertificate, c.ClientCertificatePassword, c.OIDCToken, c.OIDCRequestToken,
	} {
		if len(secret) >= 4 {
			all = append(all, secret)
		}
	}
	return all
}
