package functions_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

const tokenInfo = "server_token_info"

func newPair(t *testing.T, name string) servertoken.KeyPair {
	t.Helper()
	pair, err := servertoken.NewKeyPair(name, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// fromApple is a server token as the portal gives it.
func fromApple(t *testing.T, pair servertoken.KeyPair) string {
	t.Helper()
	portal := apple.New(apple.Options{Devices: 1, Seed: 1})
	server, err := portal.CreateServer("District MDM", pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	token, err := portal.ServerToken(server.ID)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

// encrypted is a text that OpenSSL encrypted for all the pairs.
func encrypted(t *testing.T, options []string, pairs ...servertoken.KeyPair) []byte {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: messages that Apple does not make are not tested")
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	arguments := slices.Concat([]string{"cms", "-encrypt", "-in", in, "-out", out}, options)
	files := map[string][]byte{in: []byte("no token")}
	for i, pair := range pairs {
		certificate := filepath.Join(dir, fmt.Sprint(i))
		files[certificate] = pair.CertificatePEM
		arguments = append(arguments, "-recip", certificate)
		if slices.Contains(options, "-oaep") {
			arguments = append(slices.DeleteFunc(arguments, func(a string) bool { return a == "-oaep" }), "-keyopt", "rsa_padding_mode:oaep")
		}
	}
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if said, err := exec.CommandContext(t.Context(), openssl, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %v: %v\n%s", arguments, err, said)
	}
	message, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

type info struct {
	recipients []string
	cipher     string
	matches    any
}

// infoOf calls the function and flattens what it gives.
func infoOf(t *testing.T, arguments ...string) info {
	t.Helper()
	got, failed := call(t, tokenInfo, arguments...)
	if failed != nil {
		t.Fatalf("%+v", failed)
	}
	var attributes map[string]tftypes.Value
	var recipients []tftypes.Value
	if err := got.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if err := attributes["recipients"].As(&recipients); err != nil {
		t.Fatal(err)
	}
	out := info{cipher: text(t, attributes["content_cipher"])}
	for _, recipient := range recipients {
		var of map[string]tftypes.Value
		if err := recipient.As(&of); err != nil {
			t.Fatal(err)
		}
		out.recipients = append(out.recipients, text(t, of["serial_number"])+" "+text(t, of["issuer"])+" "+text(t, of["key_transport"]))
	}
	if !attributes["matches"].IsNull() {
		var matches bool
		if err := attributes["matches"].As(&matches); err != nil {
			t.Fatal(err)
		}
		out.matches = matches
	}
	return out
}

func TestServerTokenInfo(t *testing.T) {
	t.Parallel()
	mine, staged, other := newPair(t, "District"), newPair(t, "District"), newPair(t, "Other")
	token := fromApple(t, mine)
	for _, c := range []struct {
		name    string
		keys    []string
		matches any
	}{
		{"compared with nothing", nil, nil},
		{"compared with its public key", []string{string(mine.CertificatePEM)}, true},
		{"compared with the key of the same name", []string{string(staged.CertificatePEM)}, false},
		{"compared with another", []string{string(other.CertificatePEM)}, false},
		{"compared with several", []string{string(other.CertificatePEM), string(mine.CertificatePEM), string(staged.CertificatePEM)}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := infoOf(t, append([]string{token}, c.keys...)...)
			want := fmt.Sprintf("%X CN=District RSA-PKCS1-v1_5", mine.Certificate.SerialNumber)
			if !slices.Equal(got.recipients, []string{want}) || got.cipher != "AES-128-CBC" || got.matches != c.matches {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestServerTokenInfoOfSeveralRecipients(t *testing.T) {
	t.Parallel()
	one, two, other := newPair(t, "One"), newPair(t, "Two"), newPair(t, "Other")
	der := encrypted(t, []string{"-outform", "DER", "-aes-256-cbc", "-oaep"}, one, two)
	file := base64.StdEncoding.EncodeToString(der) // as filebase64() reads it
	got := infoOf(t, file, string(two.CertificatePEM))
	want := []string{
		fmt.Sprintf("%X CN=One RSA-OAEP", one.Certificate.SerialNumber), fmt.Sprintf("%X CN=Two RSA-OAEP", two.Certificate.SerialNumber),
	}
	if slices.Sort(got.recipients); len(got.recipients) != 2 || !slices.Contains(got.recipients, want[0]) || !slices.Contains(got.recipients, want[1]) {
		t.Errorf("%+v, want %q", got, want)
	}
	if got.cipher != "AES-256-CBC" || got.matches != true {
		t.Errorf("%+v", got)
	}
	if got := infoOf(t, file, string(other.CertificatePEM)); got.matches != false {
		t.Errorf("%+v", got)
	}
}

// A test of its own: without OpenSSL the other refusals are still looked at.
func TestServerTokenInfoRefusesACipherThatIsNotApples(t *testing.T) {
	t.Parallel()
	_, err := call(t, tokenInfo, string(encrypted(t, []string{"-aes192"}, newPair(t, "District"))))
	fails(t, err, 0, "AES-192-CBC")
}

func TestServerTokenInfoBlamesTheArgument(t *testing.T) {
	t.Parallel()
	pair := newPair(t, "District")
	token := fromApple(t, pair)
	for _, c := range []struct {
		name      string
		arguments []string
		blamed    int64
		says      string
	}{
		{"nothing", []string{""}, 0, "empty"},
		{"a web page", []string{"<!DOCTYPE html><html>"}, 0, "web page"},
		{"the public key", []string{string(pair.CertificatePEM)}, 0, "Download Token"},
		{"a private key", []string{string(pair.PrivateKeyPEM)}, 0, "private key"},
		{"a token that was cut", []string{token[:len(token)/2]}, 0, "cut off"},
		{"a key that is none", []string{token, "x"}, 1, "not a certificate"},
		{"a second key that is none", []string{token, string(pair.CertificatePEM), string(pair.PrivateKeyPEM)}, 2, "not a certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := call(t, tokenInfo, c.arguments...)
			fails(t, err, c.blamed, c.says)
			if secret := strings.Split(string(pair.PrivateKeyPEM), "\n")[1]; strings.Contains(err.Text, secret) {
				t.Errorf("the text holds a secret: %s", err.Text)
			}
		})
	}
}
