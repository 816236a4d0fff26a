package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// audience is what the azuread provider asks GitHub for in every cloud. A request URL that names another keeps it.
const audience = "api://AzureADTokenExchange"

// pipelinesVersion is the version of Azure DevOps' API of ID tokens.
const pipelinesVersion = "7.1"

// assertion gives an ID token that stands for the application.
type assertion = func(ctx context.Context) (string, error)

// assertion chooses the source of ID tokens in the azuread provider's order.
func (c Config) assertion(wire policy.Transporter) (string, assertion, error) {
	switch {
	case c.OIDCTokenFilePath != "":
		return c.assertionFile()
	case c.OIDCToken != "":
		return byOIDC, func(context.Context) (string, error) { return c.OIDCToken, nil }, nil
	case c.OIDCRequestURL == "" || c.OIDCRequestToken == "":
		return byOIDC, nil, invalid("use_oidc", "`use_oidc` is set, and there is no ID token",
			"In GitHub Actions give the job `permissions: id-token: write`; in GitLab set `id_tokens` and put the token into ARM_OIDC_TOKEN; "+
				"in Azure Pipelines set SYSTEM_ACCESSTOKEN and `ado_pipeline_service_connection_id`; "+
				"elsewhere set `oidc_token` or `oidc_token_file_path`.", nil)
	}
	at, err := requestURL(c.OIDCRequestURL)
	if err != nil {
		return byOIDC, nil, err
	}
	request := tokenRequest{name: byGitHub, method: http.MethodGet, at: *at, bearer: c.OIDCRequestToken, wire: wire}
	request.add("audience", audience)
	if c.ADOPipelineServiceConnectionID != "" {
		request = tokenRequest{name: byPipelines, method: http.MethodPost, at: *at, bearer: c.OIDCRequestToken, wire: wire}
		request.add("api-version", pipelinesVersion)
		request.add("serviceConnectionId", c.ADOPipelineServiceConnectionID)
	}
	return request.name, request.send, nil
}

// assertionFile reads the file at each sign-in: Kubernetes and others renew it while a run lasts.
func (c Config) assertionFile() (string, assertion, error) {
	token, err := readSetting("oidc_token", c.OIDCTokenFilePath)
	if err != nil {
		return byOIDC, nil, err
	}
	if c.OIDCToken != "" && c.OIDCToken != token {
		return byOIDC, nil, invalid("oidc_token_file_path", "`oidc_token` and the file of `oidc_token_file_path` differ",
			"Remove one of them; either may come from the environment.", nil)
	}
	return byOIDC, func(context.Context) (string, error) { return readSetting("oidc_token", c.OIDCTokenFilePath) }, nil
}

// tokenRequest asks the CI system for an ID token.
type tokenRequest struct {
	name, method, bearer string
	at                   url.URL
	wire                 policy.Transporter
}

// add adds what the address does not say itself.
func (r *tokenRequest) add(name, value string) {
	query := r.at.Query()
	if query.Get(name) == "" {
		query.Set(name, value)
		r.at.RawQuery = query.Encode()
	}
}

func (r *tokenRequest) send(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.at.String(), http.NoBody)
	if err != nil {
		return "", errors.New("the address of the ID token cannot be used") // the error's own words quote it
	}
	req.Header.Set("Authorization", "Bearer "+r.bearer)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	// Azure DevOps redirects to a sign-in page otherwise.
	req.Header.Set("X-TFS-FedAuthRedirect", "Suppress")
	resp, err := r.wire.Do(req) //nolint:bodyclose // httpx has read and closed it
	if err != nil {
		return "", err //nolint:wrapcheck // httpx names host and path
	}
	if resp.StatusCode/100 != 2 {
		return "", fmt.Errorf("%s answered %d %s", r.at.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	var answer struct {
		Value     string `json:"value"`     // GitHub
		OIDCToken string `json:"oidcToken"` // Azure DevOps
	}
	if err := json.Unmarshal(httpx.Bytes(resp), &answer); err != nil || answer.Value+answer.OIDCToken == "" {
		return "", fmt.Errorf("%s answered without an ID token", r.at.Host)
	}
	return answer.Value + answer.OIDCToken, nil
}

// noted has what went wrong with an assertion noted for who reports it.
func noted(get assertion) assertion {
	return func(ctx context.Context) (string, error) {
		token, err := get(ctx)
		if into, ok := ctx.Value(heardKey{}).(*heard); ok && err != nil {
			into.assertion = err
		}
		return token, err
	}
}
