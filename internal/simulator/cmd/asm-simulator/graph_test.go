package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// addresses is the line that the program prints.
type addresses struct {
	GraphURL     string `json:"graph_url"`
	SignInURL    string `json:"sign_in_url"`
	AdminURL     string `json:"admin_url"`
	AppleURL     string `json:"apple_url"`
	PortalURL    string `json:"portal_url"`
	CAFile       string `json:"ca_file"`
	TenantID     string `json:"tenant_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

func TestGraphServesUntilASignalAndRemovesItsFile(t *testing.T) {
	command := exec.Command(build(t), "graph", "--devices", "1234", "--seed", "3")
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() }) // if the test fails before the signal
	output := bufio.NewReader(stdout)
	line, err := output.ReadString('\n')
	if err != nil {
		t.Fatalf("reading the addresses: %v", err)
	}
	var at addresses
	if err := json.Unmarshal([]byte(line), &at); err != nil {
		t.Fatalf("first line %q: %v", line, err)
	}
	want(t, at.PortalURL+"/devices", 200, `"total":1234,`)
	want(t, at.AppleURL+"/account", 401, "")
	want(t, at.GraphURL+"/beta/deviceManagement", 401, "InvalidAuthenticationToken")
	request, err := http.NewRequest(http.MethodGet, at.GraphURL+"/beta/deviceManagement/depOnboardingSettings", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+signIn(t, at))
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("listing the tokens after signing in: got %d, want 200", resp.StatusCode)
	}
	want(t, at.AdminURL+"/contract", 200, `"messages":4,"operations"`)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("%v, want a clean end", err)
	}
	if _, err := os.Stat(at.CAFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file with the certificate authority is still there: %v", err)
	}
}

// signIn gets an access token with the client secret, trusting the file.
func signIn(t *testing.T, at addresses) string {
	t.Helper()
	authority, err := os.ReadFile(at.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	resp, err := client.Post(at.SignInURL+"/"+at.TenantID+"/oauth2/v2.0/token", "application/x-www-form-urlencoded",
		strings.NewReader(url.Values{
			"grant_type": {"client_credentials"}, "client_id": {at.ClientID}, "client_secret": {at.ClientSecret},
			"scope": {"https://graph.microsoft.com/.default"},
		}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &token); err != nil || token.AccessToken == "" {
		t.Fatalf("signing in: %v\n%s", err, body)
	}
	return token.AccessToken
}
