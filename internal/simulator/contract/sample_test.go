package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestOfALargePageTheFirstTheLastAndEveryNthRowIsChecked(t *testing.T) {
	for _, n := range []int{1, wholePage, wholePage + 1, 999, 1000, 5000} {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = fmt.Sprintf(`{"n":%d,"text":"a ] b , c \" d","deep":[{"x":[1,2]}]}`, i)
		}
		body := sampled([]byte(`{"@odata.count":7,"value":[` + strings.Join(rows, ",") + `],"@odata.nextLink":"n"}`))
		kept := strings.Count(string(body), `"n":`)
		if n <= wholePage && kept != n || n > wholePage && (kept < wholePage/2 || kept > wholePage+1) {
			t.Errorf("of %d rows %d were kept", n, kept)
		}
		if _, err := decodeJSON(body); err != nil {
			t.Errorf("of %d rows: %v", n, err)
		}
		for _, want := range []string{rows[0], rows[n-1], `"@odata.count":7`, `"@odata.nextLink":"n"`} {
			if !strings.Contains(string(body), want) {
				t.Errorf("of %d rows: %s is gone", n, want)
			}
		}
	}
}

func TestWhatIsNotAWholeCollectionIsLeftAsItIs(t *testing.T) {
	for _, body := range []string{
		`{"value":"key"}`, `{"value":["a"`, `{"value":[` + strings.Repeat("1,", 5000), "", strings.Repeat("]", 5000),
	} {
		if string(sampled([]byte(body))) != body {
			t.Errorf("%.30q was changed", body)
		}
	}
}

func TestAFaultInTheLastRowOfALargePageIsFound(t *testing.T) {
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = identity()
	}
	rows[999] = identity("platform", `"iPadOS"`)
	got := found(t, call{http.MethodGet, token + "/importedAppleDeviceIdentities", "", 200, collection(rows...)})
	if !strings.Contains(got, "platform: value is not one of the allowed values") {
		t.Errorf("found %q", got)
	}
}

// A fleet of 50,000 is 50 such pages, at 3 ms each; under the race detector 20.
func BenchmarkPageOfAThousandDevices(b *testing.B) {
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = identity()
	}
	v := newValidator(b)
	x := call{http.MethodGet, token + "/importedAppleDeviceIdentities", "", 200, collection(rows...)}.exchange()
	for b.Loop() {
		v.check(x)
	}
	if report := v.Report(); len(report.Violations) > 0 {
		b.Fatal(report.Violations[0])
	}
}
