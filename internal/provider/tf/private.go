package tf

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// PrivateGetter is the private state of a request.
type PrivateGetter interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// PrivateSetter is the private state of a response.
type PrivateSetter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// storeKey is where the private state of every object names its store.
const storeKey = "store"

// GuardStore refuses, with an error, to act for state that names another store
// than the open one. It answers false also when the service cannot be asked.
func (rt *Runtime) GuardStore(ctx context.Context, private PrivateGetter, diags *diag.Diagnostics) bool {
	var named string
	if !GetPrivate(ctx, private, storeKey, &named, diags) {
		return !diags.HasError()
	}
	open, err := rt.Service.Store(ctx)
	if err == nil {
		err = enrollment.CheckStore(named, open)
	}
	if err != nil {
		AddError(diags, "use", "this store", err)
		return false
	}
	return true
}

// RememberStore writes into private state which store an object lives in.
func (rt *Runtime) RememberStore(ctx context.Context, private PrivateSetter, diags *diag.Diagnostics) {
	open, err := rt.Service.Store(ctx)
	if err != nil {
		AddError(diags, "identify", "the store", err)
		return
	}
	SetPrivate(ctx, private, storeKey, open.ID, diags)
}

// GetPrivate reads a value from private state; false when there is none.
func GetPrivate(ctx context.Context, private PrivateGetter, key string, into any, diags *diag.Diagnostics) bool {
	raw, d := private.GetKey(ctx, key)
	diags.Append(d...)
	if len(raw) == 0 {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		diags.AddError("Unable to read private state", fmt.Sprintf("The private state %q is damaged: %s.", key, err))
		return false
	}
	return true
}

// SetPrivate writes a value to private state as JSON.
func SetPrivate(ctx context.Context, private PrivateSetter, key string, value any, diags *diag.Diagnostics) {
	raw, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to write private state", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, key, raw)...)
}

// Packed is a list of strings that is small in private state: its JSON is one
// string that holds the compressed list.
type Packed []string

// MarshalJSON implements json.Marshaler.
func (p Packed) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	if _, err := io.WriteString(zip, strings.Join(p, "\n")); err != nil {
		return nil, fmt.Errorf("pack a list: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("pack a list: %w", err)
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b.Bytes()))
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Packed) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("unpack a list: %w", err)
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("unpack a list: %w", err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("unpack a list: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(zip, enrollment.MaxSerialText))
	if err != nil {
		return fmt.Errorf("unpack a list: %w", err)
	}
	*p = nil
	if len(plain) > 0 {
		*p = strings.Split(string(plain), "\n")
	}
	return nil
}
