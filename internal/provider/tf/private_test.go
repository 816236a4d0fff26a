package tf_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"pgregory.net/rapid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// private is private state in memory. As the framework's, it takes JSON only.
type private map[string][]byte

func (p private) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return p[key], nil }

func (p private) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	var diags diag.Diagnostics
	if !json.Valid(value) {
		diags.AddError("no JSON", string(value))
	}
	p[key] = value
	return diags
}

func TestAPackedListComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := tf.Packed(rapid.SliceOf(rapid.StringMatching(`[A-Z0-9]{1,14}`)).Draw(t, "list"))
		raw, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			t.Fatalf("it is no JSON string: %s", raw)
		}
		back := tf.Packed{"what was there before"}
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(list, back) {
			t.Fatalf("%q came back as %q", list, back)
		}
	})
}

func TestAPackedListIsSmall(t *testing.T) {
	t.Parallel()
	list := make(tf.Packed, 100_000)
	for i := range list {
		list[i] = fmt.Sprintf("DMPX%08X", uint32(i)*2654435761) // #nosec G115 -- scattered on purpose
	}
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 1<<20 {
		t.Errorf("100,000 serial numbers take %d bytes", len(raw))
	}
}

func TestADamagedPackedListIsAnError(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`5`, `"%"`, `"` + base64.StdEncoding.EncodeToString([]byte("no gzip")) + `"`, `"H4sIAAAAAAAA/w=="`} {
		var list tf.Packed
		if err := json.Unmarshal([]byte(raw), &list); err == nil {
			t.Errorf("%s is read as %q", raw, list)
		}
		var diags diag.Diagnostics
		if tf.GetPrivate(t.Context(), private{"owned": []byte(raw)}, "owned", &list, &diags) || !diags.HasError() {
			t.Errorf("%s is taken from private state", raw)
		}
	}
}

func TestPrivateStateComesBackAsItWas(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	p := private{}
	tf.SetPrivate(t.Context(), p, "some", map[string]tf.Packed{"p1": {"IPAD000001"}}, &diags)
	var got map[string]tf.Packed
	if !tf.GetPrivate(t.Context(), p, "some", &got, &diags) || len(got) != 1 || !slices.Equal(got["p1"], []string{"IPAD000001"}) {
		t.Errorf("%v, %v", got, diags)
	}
	if tf.GetPrivate(t.Context(), p, "other", &got, &diags) || diags.HasError() {
		t.Error("what was never written is there, or an error")
	}
	tf.SetPrivate(t.Context(), p, "bad", func() {}, &diags)
	if !diags.HasError() {
		t.Error("what is no JSON is written")
	}
}

// store is a service of which only the store is asked.
type store struct {
	enrollment.Service
	open enrollment.Store
	err  error
}

func (s store) Store(context.Context) (enrollment.Store, error) { return s.open, s.err }

func TestGuardStore(t *testing.T) {
	t.Parallel()
	here := enrollment.Store{ID: "store-1", Location: "here.db", Tokens: 1}
	for name, c := range map[string]struct {
		private private
		service store
		words   []string // in the error; nil lets it pass
	}{
		"the same store":                      {private{"store": []byte(`"store-1"`)}, store{open: here}, nil},
		"state that names none":               {private{}, store{open: here}, nil},
		"another store":                       {private{"store": []byte(`"store-0"`)}, store{open: here}, []string{"store-0", "here.db", "store-1", "Nothing was changed"}},
		"a store just made":                   {private{"store": []byte(`"store-0"`)}, store{open: enrollment.Store{Location: "new.db"}}, []string{"store-0", "new.db is empty"}},
		"one without tokens":                  {private{"store": []byte(`"store-0"`)}, store{open: enrollment.Store{ID: "x", Location: "new.db"}}, []string{"store-0", "new.db is empty"}},
		"a store that cannot be asked":        {private{"store": []byte(`"store-1"`)}, store{err: errors.New("it is locked")}, []string{"It is locked."}},
		"private state that is damaged":       {private{"store": []byte(`{`)}, store{open: here}, []string{"damaged"}},
		"no name, and nobody has to be asked": {private{}, store{err: errors.New("it is locked")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			passed := (&tf.Runtime{Service: c.service}).GuardStore(t.Context(), c.private, &diags)
			if passed != (c.words == nil) || diags.HasError() != (c.words != nil) {
				t.Fatalf("passed %v, %v", passed, diags)
			}
			for _, word := range c.words {
				if !strings.Contains(diags[0].Detail(), word) {
					t.Errorf("%q does not mention %q", diags[0].Detail(), word)
				}
			}
		})
	}
}

func TestRememberStoreIsWhatGuardStoreReads(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	p := private{}
	rt := &tf.Runtime{Service: store{open: enrollment.Store{ID: "store-1", Tokens: 1}}}
	rt.RememberStore(t.Context(), p, &diags)
	if !rt.GuardStore(t.Context(), p, &diags) {
		t.Error("its own store is refused")
	}
	rt.Service = store{open: enrollment.Store{ID: "store-2", Tokens: 1}}
	if diags.HasError() || rt.GuardStore(t.Context(), p, &diags) {
		t.Error("another store is taken for its own")
	}
	rt.Service = store{err: errors.New("it is locked")}
	var more diag.Diagnostics
	if rt.RememberStore(t.Context(), p, &more); !more.HasError() {
		t.Error("a store that cannot be asked is remembered")
	}
}
