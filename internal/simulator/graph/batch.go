package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// $batch (Microsoft Graph: JSON batching): up to 20 requests, each answered by the whole of the service, faults and
// permissions included.

const maximumBatch = 20

func isBatch(c *call) bool { return len(c.segments) == 1 && c.segments[0] == "$batch" }

type batchRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

func (s *Simulator) answerBatch(ctx context.Context, c *call) reply {
	if refusal := s.admitBatch(c); refusal != nil {
		return *refusal
	}
	var batch struct {
		Requests []batchRequest `json:"requests"`
	}
	if c.r.Method != http.MethodPost || json.Unmarshal(c.body, &batch) != nil || !validBatch(batch.Requests) {
		return *c.plain(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
	}
	done := map[string]int{}
	responses := make([]batchResponse, 0, len(batch.Requests))
	for _, request := range batch.Requests {
		response := s.answerInner(ctx, c, request, done)
		done[request.ID] = response.Status
		responses = append(responses, response)
	}
	slices.Reverse(responses) // the order of the answers is no promise
	body, err := json.Marshal(map[string]any{"responses": responses})
	if err != nil {
		panic("graph simulator: encoding a batch: " + err.Error()) // bodies were JSON already
	}
	return jsonReply(http.StatusOK, body)
}

// admitBatch looks at the envelope only; the lock must not be held while the requests inside are answered.
func (s *Simulator) admitBatch(c *call) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admit(c)
}

// validBatch: 1 to 20 requests with ids of their own, each after those that it depends on, and a Content-Type for a body.
func validBatch(requests []batchRequest) bool {
	if len(requests) == 0 || len(requests) > maximumBatch {
		return false
	}
	seen := map[string]bool{}
	for _, r := range requests {
		hasType := false
		for name := range r.Headers {
			hasType = hasType || strings.EqualFold(name, "Content-Type")
		}
		if r.ID == "" || seen[r.ID] || r.Method == "" || !strings.HasPrefix(r.URL, "/") ||
			len(r.Body) > 0 && !hasType ||
			slices.ContainsFunc(r.DependsOn, func(id string) bool { return !seen[id] }) {
			return false
		}
		seen[r.ID] = true
	}
	return true
}

func (s *Simulator) answerInner(ctx context.Context, c *call, request batchRequest, done map[string]int) batchResponse {
	for _, id := range request.DependsOn {
		if done[id] >= http.StatusBadRequest {
			return batchResponse{ID: request.ID, Status: http.StatusFailedDependency, Headers: map[string]string{}}
		}
	}
	url := c.root() + "/beta" + request.URL
	inner, err := http.NewRequestWithContext(ctx, strings.ToUpper(request.Method), url, //nolint:gosec // for a handler in this process
		bytes.NewReader(request.Body))
	if err != nil || strings.HasPrefix(request.URL, "/$batch") {
		return batchResponse{ID: request.ID, Status: http.StatusBadRequest, Headers: map[string]string{}}
	}
	for name, value := range request.Headers {
		inner.Header.Set(name, value)
	}
	inner.Header.Set("Authorization", c.r.Header.Get("Authorization"))
	recorder := &recorder{header: http.Header{}, status: http.StatusOK}
	s.handler.ServeHTTP(recorder, inner)
	out := batchResponse{ID: request.ID, Status: recorder.status, Headers: map[string]string{}}
	for _, name := range []string{"Content-Type", "Retry-After", "request-id"} {
		if value := recorder.header.Get(name); value != "" {
			out.Headers[name] = value
		}
	}
	if body := recorder.body.Bytes(); json.Valid(body) {
		out.Body = body
	} else if len(body) > 0 {
		// What is not JSON comes in base64.
		out.Body = json.RawMessage(strconv.Quote(base64.StdEncoding.EncodeToString(body)))
	}
	return out
}

// recorder keeps an inner answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	return r.body.Write(p)
}
