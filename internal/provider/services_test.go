package provider

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
)

// closer notes when it is closed.
type closer struct {
	name string
	err  error
	seen *[]string
}

func (c closer) Close() error {
	*c.seen = append(*c.seen, c.name)
	return c.err
}

func TestServicesAreClosedOnceTheLastOneFirst(t *testing.T) {
	var services Services
	var seen []string
	stuck := errors.New("stuck")
	services.add(closer{"a", nil, &seen})
	services.add(closer{"b", stuck, &seen})
	if err := services.Close(); !errors.Is(err, stuck) {
		t.Errorf("the error of one is lost: %v", err)
	}
	if err := services.Close(); err != nil || !slices.Equal(seen, []string{"b", "a"}) {
		t.Errorf("closed %v, %v", seen, err)
	}
}

func TestEveryServiceThatConfigureOpensIsNoted(t *testing.T) {
	clean(t)
	t.Setenv("ASM_STORE", "sqlite:"+filepath.Join(t.TempDir(), "enrollment.db"))
	var services Services
	for range 2 {
		p := New("test", WithServices(&services))()
		var resp provider.ConfigureResponse
		p.Configure(t.Context(), provider.ConfigureRequest{Config: configOf(t, p, nil)}, &resp)
		if resp.Diagnostics.HasError() {
			t.Fatal(resp.Diagnostics)
		}
	}
	if len(services.open) != 2 {
		t.Errorf("%d services are noted, and 2 were opened", len(services.open))
	}
	if err := services.Close(); err != nil {
		t.Error(err)
	}
}
