package apple

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// portalHandler is the portal API: JSON over HTTP, errors as {"error": "..."} with 400, 404, 409 or 500.
func (s *Simulator) portalHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { writePortal(w, r, answer) })
	}
	s.handleServers(handle)
	s.handleDevices(handle)
	s.handleOrganization(handle)
	s.handleObservation(handle)
	mux.HandleFunc("GET /mdm-servers/{id}/server-token", s.serveServerToken)
	return mux
}

type handleFunc func(pattern string, answer func(*http.Request) (any, error))

func (s *Simulator) handleServers(handle handleFunc) {
	type body struct {
		Name         string `json:"name"`
		PublicKeyPEM string `json:"public_key_pem"`
	}
	handle("POST /mdm-servers", func(r *http.Request) (any, error) {
		return withBody(r, func(b body) (any, error) { return s.CreateServer(b.Name, []byte(b.PublicKeyPEM)) })
	})
	handle("PUT /mdm-servers/{id}", func(r *http.Request) (any, error) {
		return withBody(r, func(b body) (any, error) {
			var key []byte
			if b.PublicKeyPEM != "" {
				key = []byte(b.PublicKeyPEM)
			}
			return s.UpdateServer(r.PathValue("id"), b.Name, key)
		})
	})
	handle("GET /mdm-servers", func(*http.Request) (any, error) { return s.Servers(), nil })
	handle("GET /mdm-servers/{id}", func(r *http.Request) (any, error) { return s.Server(r.PathValue("id")) })
	handle("DELETE /mdm-servers/{id}", func(r *http.Request) (any, error) {
		return done(s.DeleteServer(r.PathValue("id")))
	})
	handle("POST /mdm-servers/{id}/revoke", func(r *http.Request) (any, error) {
		return done(s.RevokeToken(r.PathValue("id")))
	})
	handle("POST /mdm-servers/{id}/devices", func(r *http.Request) (any, error) {
		return withBody(r, func(sel Selection) (any, error) { return counted(s.AssignDevices(r.PathValue("id"), sel)) })
	})
	handle("DELETE /mdm-servers/{id}/devices", func(r *http.Request) (any, error) {
		return withBody(r, func(sel Selection) (any, error) { return counted(s.UnassignDevices(r.PathValue("id"), sel)) })
	})
}

func (s *Simulator) handleDevices(handle handleFunc) {
	handle("GET /devices", func(r *http.Request) (any, error) {
		detail, err := flag(r, "detail")
		if err != nil {
			return nil, err
		}
		return s.Devices(r.URL.Query().Get("server"), detail)
	})
	handle("GET /devices/{serial}", func(r *http.Request) (any, error) { return s.Device(r.PathValue("serial")) })
	handle("PATCH /devices/{serial}", func(r *http.Request) (any, error) {
		return withBody(r, func(change DeviceChange) (any, error) {
			return done(s.ChangeDevice(r.PathValue("serial"), change))
		})
	})
	handle("POST /devices/{serial}/activate", func(r *http.Request) (any, error) {
		return done(s.Activate(r.PathValue("serial")))
	})
	handle("POST /devices/{serial}/erase", func(r *http.Request) (any, error) {
		return done(s.Erase(r.PathValue("serial")))
	})
	handle("POST /devices/{serial}/replace", func(r *http.Request) (any, error) {
		serial, err := s.Replace(r.PathValue("serial"))
		return map[string]string{"serial_number": serial}, err
	})
	handle("GET /profiles", func(*http.Request) (any, error) { return s.Profiles(), nil })
	handle("GET /profiles/{uuid}", func(r *http.Request) (any, error) { return s.Profile(r.PathValue("uuid")) })
}

func (s *Simulator) handleOrganization(handle handleFunc) {
	handle("GET /organization", func(*http.Request) (any, error) { return s.Organization(), nil })
	handle("POST /organization", func(r *http.Request) (any, error) {
		if err := s.UpdateOrganization(func(o *Organization) error { return readJSON(r, o) }); err != nil {
			return nil, err
		}
		return s.Organization(), nil
	})
	handle("GET /settings", func(*http.Request) (any, error) { return s.Settings(), nil })
	handle("POST /settings", func(r *http.Request) (any, error) {
		if err := s.UpdateSettings(func(c *Settings) error { return readJSON(r, c) }); err != nil {
			return nil, err
		}
		return s.Settings(), nil
	})
	handle("POST /terms", func(r *http.Request) (any, error) {
		return withBody(r, func(b struct {
			Signed *bool `json:"signed"`
		},
		) (any, error) {
			if b.Signed == nil {
				return nil, badRequest("signed is required: true or false")
			}
			s.SetTerms(*b.Signed)
			return done(nil)
		})
	})
	handle("GET /clock", func(*http.Request) (any, error) { return s.clockReading(), nil })
	handle("POST /clock", func(r *http.Request) (any, error) {
		return withBody(r, func(b struct {
			Advance Duration `json:"advance"`
		},
		) (any, error) {
			if err := s.AdvanceClock(time.Duration(b.Advance)); err != nil {
				return nil, badRequest("%v", err)
			}
			return s.clockReading(), nil
		})
	})
}

func (s *Simulator) clockReading() map[string]time.Time { return map[string]time.Time{"now": s.Now()} }

func (s *Simulator) handleObservation(handle handleFunc) {
	handle("GET /faults", func(*http.Request) (any, error) { return s.Faults(), nil })
	handle("POST /faults", func(r *http.Request) (any, error) {
		return withBody(r, func(faults []Fault) (any, error) { return s.AddFaults(faults...) })
	})
	handle("DELETE /faults", func(*http.Request) (any, error) { s.ClearFaults(); return done(nil) })
	handle("GET /requests", func(r *http.Request) (any, error) {
		serials, err := flag(r, "serials")
		return s.Requests(serials), err
	})
	handle("DELETE /requests", func(*http.Request) (any, error) { s.ClearRequests(); return done(nil) })
}

// serveServerToken downloads a server token: a file, not JSON.
func (s *Simulator) serveServerToken(w http.ResponseWriter, r *http.Request) {
	file, err := s.ServerToken(r.PathValue("id"))
	if err != nil {
		writeJSON(w, statusOf(err), map[string]string{"error": err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/pkcs7-mime")
	w.Header().Set("Content-Disposition", `attachment; filename="smime.p7m"`)
	_, _ = w.Write(file) //nolint:gosec // a file for download, over loopback; a client that went away is its own affair
}

func writePortal(w http.ResponseWriter, r *http.Request, answer func(*http.Request) (any, error)) {
	v, err := answer(r)
	if err != nil {
		writeJSON(w, statusOf(err), map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, v)
}

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

// counted is the answer of a call on devices.
func counted(serials []string, err error) (any, error) {
	return map[string]int{"count": len(serials)}, err
}
