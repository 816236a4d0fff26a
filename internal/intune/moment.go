package intune

import (
	"encoding/json"
	"fmt"
	"time"
)

// moment is a date of Microsoft Graph. Dates that cannot be null stand for "never" with the year 1, which is the zero time.
type moment struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("%s is no date", raw)
	}
	m.Time = time.Time{}
	if text == nil || *text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return fmt.Errorf("%q is no date", *text)
	}
	m.Time = t.UTC()
	return nil
}
