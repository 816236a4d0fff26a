package contract

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// plainBody is the body without the compression that it was sent with.
func (x exchange) plainBody() ([]byte, error) {
	if x.header.Get("Content-Encoding") != "gzip" {
		return x.body, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(x.body))
	if err != nil {
		return nil, fmt.Errorf("the body is not the gzip that its header promises: %w", err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("the body is not the gzip that its header promises: %w", err)
	}
	return plain, nil
}

func decodeJSON(body []byte) (any, error) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, errors.New("the body is not JSON")
	}
	return value, nil
}
