package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// metadataVersion is the version of Azure's instance metadata service that has managed identities.
const metadataVersion = "2018-02-01"

// metadata asks for a managed identity at an address of one's own, which azidentity cannot, by the protocol of Azure's
// instance metadata service.
type metadata struct {
	at       *url.URL
	clientID string
	wire     policy.Transporter
	now      func() time.Time
}

// GetToken implements azcore.TokenCredential. It caches nothing.
func (m *metadata) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	at := *m.at
	query := at.Query()
	query.Set("api-version", metadataVersion)
	query.Set("resource", strings.TrimSuffix(options.Scopes[0], "/.default"))
	if m.clientID != "" {
		query.Set("client_id", m.clientID)
	}
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("asking for a managed identity: %w", err)
	}
	req.Header.Set("Metadata", "true")
	resp, err := m.wire.Do(req) //nolint:bodyclose // httpx has read and closed it
	if err != nil {
		return azcore.AccessToken{}, err //nolint:wrapcheck // it is worded by failure
	}
	if resp.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, fmt.Errorf("%s answered %d %s", at.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return m.read(httpx.Bytes(resp))
}

// read reads an answer. Its numbers are text on some kinds of machine.
func (m *metadata) read(body []byte) (azcore.AccessToken, error) {
	var answer struct {
		AccessToken string          `json:"access_token"`
		ExpiresOn   json.RawMessage `json:"expires_on"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return azcore.AccessToken{}, errors.New("the answer is not one of a managed identity")
	}
	token := azcore.AccessToken{Token: answer.AccessToken}
	if at, ok := number(answer.ExpiresOn); ok {
		token.ExpiresOn = time.Unix(at, 0).UTC()
	} else if seconds, ok := number(answer.ExpiresIn); ok {
		token.ExpiresOn = m.now().Add(time.Duration(seconds) * time.Second)
	}
	return token, nil
}

func number(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	return n, err == nil
}
