package token_test

import (
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestDataSourceReadsATokenByIDOrName(t *testing.T) {
	w := newWorld(t)
	active(t, w)
	w.now = start.AddDate(1, 0, -10)
	for name, config := range map[string]tftest.Config{"by id": {"id": "token-1"}, "by name": {"name": "District"}} {
		t.Run(name, func(t *testing.T) {
			got, diags := w.ReadData(tokenType, config)
			wantNone(t, "errors", diags.Errors())
			wantAttributes(t, got, map[string]any{
				"id": "token-1", "name": "District", "apple_id": "it@school.example", "type": "school", "status": "active", "days_left": int64(10),
				"expires_at": "2027-11-02T08:00:00Z", "uploaded_at": "2026-11-02T08:00:00Z", "last_synced_at": nil, "device_count": int64(0),
			})
		})
	}
}

func TestDataSourceRefuses(t *testing.T) {
	w := newWorld(t)
	active(t, w)
	w.fake.tokens["token-2"] = enrollment.Token{ID: "token-2", TokenSpec: enrollment.TokenSpec{Name: "Twice"}}
	w.fake.tokens["token-3"] = enrollment.Token{ID: "token-3", TokenSpec: enrollment.TokenSpec{Name: "Twice"}}
	cases := map[string]struct {
		config tftest.Config
		want   string
	}{
		"neither":       {tftest.Config{}, "Exactly one of these attributes"},
		"both":          {tftest.Config{"id": "token-1", "name": "District"}, "Exactly one of these attributes"},
		"blank id":      {tftest.Config{"id": ""}, "must not be blank"},
		"unknown id":    {tftest.Config{"id": "token-9"}, `There is no token "token-9"`},
		"unknown name":  {tftest.Config{"name": "Nobody"}, `There is no token with the name "Nobody"`},
		"several names": {tftest.Config{"name": "Twice"}, "2 tokens have the name"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, diags := w.ReadData(tokenType, c.config)
			wantOne(t, "errors", diags.Errors(), c.want)
		})
	}
}

func TestDataSourcesSayHowToWaitForTheService(t *testing.T) {
	w := newWorld(t)
	w.rt.Service, w.rt.NotReady = nil, "embedded.store"
	for name, config := range map[string]tftest.Config{tokenType: {"id": "token-1"}, "asm_tokens": {}} {
		_, diags := w.ReadData(name, config)
		wantOne(t, "errors of "+name, diags.Errors(), "embedded.store", "depends_on")
	}
}

func TestListDataSourceOrdersByName(t *testing.T) {
	w := newWorld(t)
	for id, name := range map[string]string{"token-1": "Town", "token-2": "District", "token-3": "District"} {
		w.fake.tokens[id] = enrollment.Token{ID: id, TokenSpec: enrollment.TokenSpec{Name: name, Type: enrollment.School}, ExpiresAt: start.Add(-time.Hour), DeviceCount: 7}
	}
	got, diags := w.ReadData("asm_tokens", tftest.Config{})
	wantNone(t, "errors", diags.Errors())
	var ids []any
	for _, one := range got.Get("tokens").([]any) {
		ids = append(ids, one.(map[string]any)["id"])
	}
	if len(ids) != 3 || ids[0] != "token-2" || ids[1] != "token-3" || ids[2] != "token-1" {
		t.Errorf("the order is %v", ids)
	}
	first := got.Get("tokens").([]any)[0].(map[string]any)
	if first["days_left"] != int64(-1) || first["device_count"] != int64(7) || first["apple_id"] != nil {
		t.Errorf("got %v", first)
	}
}

func TestListDataSourceOfAnEmptyStoreIsEmpty(t *testing.T) {
	got, diags := newWorld(t).ReadData("asm_tokens", tftest.Config{})
	wantNone(t, "errors", diags.Errors())
	if list := got.Value; list.IsNull() || got.Get("tokens") != nil && len(got.Get("tokens").([]any)) != 0 {
		t.Errorf("got %v", list)
	}
}
