package graph

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

// HandleAdmin adds a call to the admin API, before Listen or Start: a program's own report for example.
func (s *Simulator) HandleAdmin(pattern string, handler http.Handler) {
	s.adminExtra[pattern] = handler
}

// adminHandler is the admin API: JSON over HTTP, errors as {"error": "..."} with 400, 404, 409 or 500. The endpoint of the
// managed identity is here too: the real ones speak plain HTTP.
func (s *Simulator) adminHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := answer(r)
			if err != nil {
				writeJSON(w, statusOf(err), map[string]string{"error": err.Error()})
				return
			}
			writeJSON(w, http.StatusOK, v)
		})
	}
	s.handleSeeds(handle)
	s.handleTenant(handle)
	s.handleCatalog(handle)
	s.handleObservation(handle)
	s.handleWorkloads(mux)
	for pattern, handler := range s.adminExtra {
		mux.Handle(pattern, handler)
	}
	return mux
}

type handleFunc func(pattern string, answer func(*http.Request) (any, error))

func (s *Simulator) handleSeeds(handle handleFunc) {
	handle("POST /tokens", func(r *http.Request) (any, error) {
		return withBody(r, func(seed TokenSeed) (any, error) { return s.AddToken(seed) })
	})
	handle("GET /tokens", func(*http.Request) (any, error) { return s.Tokens(), nil })
	handle("GET /tokens/{id}/devices", func(r *http.Request) (any, error) { return s.SerialNumbers(r.PathValue("id")) })
	handle("POST /tokens/{id}/profiles", func(r *http.Request) (any, error) {
		return withBody(r, func(fields map[string]any) (any, error) {
			id, err := s.AddClassicProfile(r.PathValue("id"), fields)
			return map[string]string{"id": id}, err
		})
	})
	handle("POST /tokens/{id}/profiles/{profile}/devices", func(r *http.Request) (any, error) {
		return withBody(r, func(b struct {
			SerialNumbers []string `json:"serial_numbers"`
		},
		) (any, error) {
			return done(s.AssignProfile(r.PathValue("id"), r.PathValue("profile"), b.SerialNumbers...))
		})
	})
	handle("POST /tokens/{id}/profiles/{profile}/default", func(r *http.Request) (any, error) {
		return done(s.SetDefault(r.PathValue("id"), r.PathValue("profile")))
	})
	handle("GET /truth", func(*http.Request) (any, error) { return s.Truth() })
}

func (s *Simulator) handleTenant(handle handleFunc) {
	handle("PUT /push-certificate", func(r *http.Request) (any, error) {
		return withBody(r, func(p PushCertificate) (any, error) { s.SetPushCertificate(&p); return done(nil) })
	})
	handle("DELETE /push-certificate", func(*http.Request) (any, error) { s.SetPushCertificate(nil); return done(nil) })
	handle("PUT /consents/{id}", func(r *http.Request) (any, error) {
		return withBody(r, func(b struct {
			Granted bool `json:"granted"`
		},
		) (any, error) {
			return done(s.SetConsent(r.PathValue("id"), b.Granted))
		})
	})
	handle("PUT /domains/{name}", func(r *http.Request) (any, error) {
		return withBody(r, func(d Domain) (any, error) {
			d.Name = r.PathValue("name")
			s.SetDomain(d)
			return done(nil)
		})
	})
	handle("GET /access-token", func(*http.Request) (any, error) {
		return map[string]string{"access_token": s.AccessToken()}, nil
	})
}

// handleCatalog is what Microsoft and other administrators do to the settings catalog.
func (s *Simulator) handleCatalog(handle handleFunc) {
	handle("GET /policies", func(*http.Request) (any, error) { return s.catalog.Policies(""), nil })
	handle("POST /catalog/settings", func(r *http.Request) (any, error) {
		return withBody(r, func(b catalog.Setting) (any, error) { return done(taken(s.catalog.AddSetting(b))) })
	})
	handle("POST /catalog/required", func(r *http.Request) (any, error) {
		return withBody(r, func(ids []string) (any, error) { return done(taken(s.catalog.Require(ids...))) })
	})
	handle("PUT /policies/{id}/settings/{setting}", func(r *http.Request) (any, error) {
		return withBody(r, func(b struct {
			Value any `json:"value"`
		},
		) (any, error) {
			return done(taken(s.catalog.SetSetting(r.PathValue("id"), r.PathValue("setting"), b.Value)))
		})
	})
}

// taken makes a refusal of the catalog one of the caller's making.
func taken(err error) error {
	if err == nil {
		return nil
	}
	return badRequest("%v", err)
}

func (s *Simulator) handleObservation(handle handleFunc) {
	handle("GET /settings", func(*http.Request) (any, error) { return s.Settings(), nil })
	handle("POST /settings", func(r *http.Request) (any, error) {
		if err := s.UpdateSettings(func(c *Settings) error { return readJSON(r, c) }); err != nil {
			return nil, err
		}
		return s.Settings(), nil
	})
	handle("GET /clock", func(*http.Request) (any, error) { return s.clockReading(), nil })
	handle("POST /clock", func(r *http.Request) (any, error) {
		return withBody(r, func(b struct {
			Advance Duration `json:"advance"`
		},
		) (any, error) {
			if err := s.AdvanceClock(time.Duration(b.Advance)); err != nil {
				return nil, err
			}
			return s.clockReading(), nil
		})
	})
	handle("GET /faults", func(*http.Request) (any, error) { return s.Faults(), nil })
	handle("POST /faults", func(r *http.Request) (any, error) {
		return withBody(r, func(faults []Fault) (any, error) { return s.AddFaults(faults...) })
	})
	handle("DELETE /faults", func(*http.Request) (any, error) { s.ClearFaults(); return done(nil) })
	handle("GET /requests", func(r *http.Request) (any, error) {
		serials, err := flag(r, "serials")
		if err != nil {
			return nil, err
		}
		reset, err := flag(r, "reset")
		if err != nil {
			return nil, err
		}
		ledger := s.Requests(reset)
		if !serials {
			ledger.AssignSends = nil
		}
		return ledger, nil
	})
	handle("DELETE /requests", func(*http.Request) (any, error) { s.ClearRequests(); return done(nil) })
}

func (s *Simulator) clockReading() map[string]time.Time { return map[string]time.Time{"now": s.Now()} }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away is its own affair
}

// withBody decodes the request and answers it.
func withBody[T any](r *http.Request, answer func(T) (any, error)) (any, error) {
	var v T
	if err := readJSON(r, &v); err != nil {
		return nil, err
	}
	return answer(v)
}

// readJSON is strict: a misspelt field must not pass for a default.
func readJSON(r *http.Request, v any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return badRequest("reading the JSON body: %v", err)
	}
	return nil
}

// flag reads a boolean query parameter; absent is false.
func flag(r *http.Request, name string) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return false, badRequest("query parameter %s=%q: want true or false", name, text)
	}
	return v, nil
}

// done is the answer of a call without a result.
func done(err error) (any, error) { return map[string]bool{"ok": true}, err }
