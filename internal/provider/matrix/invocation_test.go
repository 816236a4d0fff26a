package matrix

import (
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// TestTheActionSyncsTheTokenThatItNames: devices that came to both servers at
// Apple arrive at the token that is named, and at no other.
func TestTheActionSyncsTheTokenThatItNames(t *testing.T) {
	t.Parallel()
	for _, kind := range bothServices {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind, 2)
			for _, token := range w.tokens {
				ok(w.apple.AssignDevices(token.server, apple.Selection{Count: 3}))(t)
			}
			ok(0, w.apple.AdvanceClock(enrollment.ManualSyncInterval))(t)
			said := w.process(t).Invoke(t.Context(), "asm_device_sync", config{"token_id": w.tokens[1].id}, nil)
			if errs := said.Errors(); len(errs) > 0 {
				t.Fatal(errs)
			}
			for n, want := range []int{2, 5} {
				if got := ok(w.open(t).SyncStatus(t.Context(), w.tokens[n].id))(t).DeviceCount; got != want {
					t.Errorf("token %d has %d devices, want %d", n, got, want)
				}
			}
		})
	}
}

// call is what a function is called with; an element is a text, or a
// func(*testing.T, *world) string that makes one.
type call []any

// parameter is what a parameter of a function takes.
type parameter struct {
	name string
	// accepts has calls that differ in this argument, with what the function gives,
	// and refuses calls that the argument is to blame for, with a part of the text.
	accepts, refuses []answered
}

type answered struct {
	arguments call
	// with is the whole result, a func(any) bool that judges it, or a part of the
	// error.
	with any
}

const twoColumns = "Serial Number,Old\nF9FXK2ABCDEG,DMPXK1ABCDEF\n"

// parameters are, by function, its parameters in their order.
var parameters = map[string][]parameter{
	"serial_numbers_from_csv": {
		{
			name:    "text",
			accepts: []answered{{call{twoColumns}, "F9FXK2ABCDEG"}, {call{"f9fxk2abcdeg\r\nDMPXK1ABCDEF"}, "DMPXK1ABCDEF F9FXK2ABCDEG"}},
			refuses: []answered{{call{"Serial Number\nroom-12\n"}, `"room-12" in line 2`}, {call{"Serial Number\nDMPXK1ABCDEF\nDMPXK1ABCDEF\n"}, "in lines 2 and 3"}},
		},
		{
			name:    "column",
			accepts: []answered{{call{twoColumns, "old"}, "DMPXK1ABCDEF"}, {call{twoColumns, "serial number"}, "F9FXK2ABCDEG"}},
			refuses: []answered{{call{twoColumns, "Serie"}, `no column "Serie"`}, {call{twoColumns, ""}, "empty"}},
		},
	},
	"server_token_info": {
		{
			name:    "p7m",
			accepts: []answered{{call{fileFromApple}, holding("recipients", "content_cipher")}},
			refuses: []answered{{call{""}, "empty"}, {call{publicKey(0)}, "Download Token"}},
		},
		{
			name:    "public_key_pem",
			accepts: []answered{{call{fileFromApple, publicKey(0)}, matching(true)}, {call{fileFromApple, publicKey(1)}, matching(false)}},
			refuses: []answered{{call{fileFromApple, "x"}, "not a certificate"}},
		},
	},
	"skip_setup_items": {
		{
			name:    "platform",
			accepts: []answered{{call{"ios", "18.4"}, panes("Siri", true)}, {call{"tvos", "18.4"}, panes("Passcode", false)}},
			refuses: []answered{{call{"android", "18.4"}, "ipados"}, {call{"", "18.4"}, "ipados"}},
		},
		{
			name:    "os_version",
			accepts: []answered{{call{"ios", "26.1"}, panes("Siri", true)}, {call{"visionos", "2"}, []any{}}},
			refuses: []answered{{call{"ios", "newest"}, "newest"}, {call{"ios", ""}, "18.4"}},
		},
	},
}

func fileFromApple(t *testing.T, w *world) string {
	t.Helper()
	return string(ok(w.apple.ServerToken(w.tokens[0].server))(t))
}

func publicKey(n int) func(*testing.T, *world) string {
	return func(t *testing.T, w *world) string {
		t.Helper()
		return ok(w.open(t).ReadToken(t.Context(), w.tokens[n].id))(t).PublicKeyPEM
	}
}

func holding(names ...string) func(any) bool {
	return func(v any) bool {
		found, _ := v.(map[string]any)
		for _, name := range names {
			if found[name] == nil {
				return false
			}
		}
		return len(found) > 0
	}
}

func matching(want bool) func(any) bool {
	return func(v any) bool {
		found, _ := v.(map[string]any)
		return found["matches"] == want
	}
}

func panes(key string, want bool) func(any) bool {
	return func(v any) bool {
		list, _ := v.([]any)
		has := false
		for _, one := range list {
			has = has || one == key
		}
		return len(list) > 0 && has == want
	}
}

// TestEveryParameterOfEveryFunctionAcceptsAndRefuses fails for a parameter
// without a call that takes it and one that is refused for it, and for one that
// no function has any more.
func TestEveryParameterOfEveryFunctionAcceptsAndRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enrollment.Embedded, 0)
	served := functionParameters(t.Context())
	for name := range parameters {
		if _, there := served[name]; !there {
			t.Errorf("%s has cases and is not served", name)
		}
	}
	for name, inOrder := range served {
		for position, parameterName := range inOrder {
			if position >= len(parameters[name]) || parameters[name][position].name != parameterName {
				t.Errorf("%s: parameter %s has no cases at its position", name, parameterName)
				continue
			}
			w.tryParameter(t, name, int64(position), parameters[name][position])
		}
		if extra := len(parameters[name]) - len(inOrder); extra > 0 {
			t.Errorf("%s: %d parameters have cases and are not there", name, extra)
		}
	}
}

func (w *world) tryParameter(t *testing.T, function string, position int64, p parameter) {
	t.Helper()
	if len(p.accepts) == 0 || len(p.refuses) == 0 {
		t.Errorf("%s: %s accepts %d values and refuses %d, want both", function, p.name, len(p.accepts), len(p.refuses))
	}
	for _, a := range p.accepts {
		got, refused := tftest.Call(t, provider.New("test")(), function, w.arguments(t, a.arguments)...)
		if refused != nil {
			t.Errorf("%s: %s: refused with %q", function, p.name, refused.Text)
			continue
		}
		(&cell{}).is(t, function+" by "+p.name, got, a.with)
	}
	for _, a := range p.refuses {
		says, _ := a.with.(string)
		got, refused := tftest.Call(t, provider.New("test")(), function, w.arguments(t, a.arguments)...)
		if refused == nil || refused.FunctionArgument == nil || *refused.FunctionArgument != position || !strings.Contains(refused.Text, says) {
			t.Errorf("%s: gave %v, %+v, want that %s is refused with %q", function, got, refused, p.name, says)
		}
	}
}

func (w *world) arguments(t *testing.T, made call) []string {
	t.Helper()
	var out []string
	for _, one := range made {
		switch one := one.(type) {
		case string:
			out = append(out, one)
		case func(*testing.T, *world) string:
			out = append(out, one(t, w))
		default:
			t.Fatalf("%T is no argument", one)
		}
	}
	return out
}
