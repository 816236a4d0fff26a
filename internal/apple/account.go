package apple

import "context"

// Account is the answer of GET /account (Apple: AccountDetail).
type Account struct {
	ServerName string `json:"server_name"`

	// ServerUUID is 32 hex digits without dashes.
	ServerUUID string `json:"server_uuid"`

	// AdminID is the Apple Account that made the token in use; older answers have it as facilitator_id only.
	AdminID       string `json:"admin_id"`
	FacilitatorID string `json:"facilitator_id,omitempty"`

	OrgName    string `json:"org_name"`
	OrgEmail   string `json:"org_email"`
	OrgPhone   string `json:"org_phone"`
	OrgAddress string `json:"org_address"`
	OrgID      string `json:"org_id,omitempty"`
	OrgIDHash  string `json:"org_id_hash,omitempty"`

	// OrgType is edu (Apple School Manager), org or tvprovider.
	OrgType OrgType `json:"org_type,omitempty"`

	// OrgVersion is v1 (old deployment programs) or v2.
	OrgVersion string `json:"org_version,omitempty"`

	URLs []URL `json:"urls,omitempty"`
}

// OrgType is the kind of organisation.
type OrgType string

// The kinds of organisation (Apple: AccountDetail).
const (
	OrgTypeEducation  OrgType = "edu"
	OrgTypeBusiness   OrgType = "org"
	OrgTypeTVProvider OrgType = "tvprovider"
)

// URL is an endpoint that the account may use (Apple: Url).
type URL struct {
	URI     string   `json:"uri"`
	Methods []string `json:"http_method"`
	Limit   *Limit   `json:"limit,omitempty"`
}

// Limit is the number of records in one answer (Apple: Limit).
type Limit struct {
	Default int `json:"default"`
	Maximum int `json:"maximum"`
}

// What holds where the account names no limits (Apple: FetchDeviceRequest).
const (
	fallbackLimit   = 100
	fallbackMaximum = 1000
)

// Limit returns the default and largest page size that the account advertises for a path such as "/server/devices";
// Apple's documented 100 and 1000 where it advertises none.
func (a *Account) Limit(path string) (defaultLimit, maximum int) {
	for _, u := range a.URLs {
		if u.URI == path && u.Limit != nil && u.Limit.Default > 0 && u.Limit.Maximum >= u.Limit.Default {
			return u.Limit.Default, u.Limit.Maximum
		}
	}

	return fallbackLimit, fallbackMaximum
}

// Account reads the account of the token (Apple: Get account details). Repeatable.
func (s *Session) Account(ctx context.Context) (Account, error) {
	var account Account
	err := s.call(ctx, call{method: "GET", path: pathAccount, repeatable: true, answer: &account})
	if account.AdminID == "" {
		account.AdminID = account.FacilitatorID
	}

	return account, err
}
