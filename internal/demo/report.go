package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"
)

// figures is what the configuration's outputs say.
type figures struct {
	token struct {
		Name      string    `json:"name"`
		Status    string    `json:"status"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	sync struct {
		Devices    int        `json:"devices"`
		NextFullAt *time.Time `json:"next_full_at"`
	}
	assigned map[string]int
}

// truth is what the simulator knows.
type truth struct {
	Total     int            `json:"total"`
	ByProfile map[string]int `json:"by_profile"` // by Apple UUID, "" is without a profile
}

// report prints the table and compares it with what Apple's side knows.
func (d *demo) report(ctx context.Context, server string) error {
	var f figures
	err := d.tool.Outputs(ctx, map[string]any{"token": &f.token, "sync": &f.sync, "assigned": &f.assigned})
	if err != nil {
		return err
	}
	d.table(f)
	return d.compare(ctx, server, f)
}

func (d *demo) table(f figures) {
	next := "now"
	if d.graph != nil {
		next = "when Intune decides"
	}
	if f.sync.NextFullAt != nil {
		next = f.sync.NextFullAt.Format(time.RFC3339)
	}
	w := tabwriter.NewWriter(d.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	fmt.Fprintf(w, "token\t%s (%s)\n", f.token.Name, f.token.Status)
	fmt.Fprintf(w, "expires\t%s\n", f.token.ExpiresAt.Format(time.RFC3339))
	fmt.Fprintf(w, "devices synced\t%d\n", f.sync.Devices)
	for name, count := range f.assigned {
		fmt.Fprintf(w, "assigned to %q\t%d\n", name, count)
	}
	fmt.Fprintf(w, "next full sync\t%s\n", next)
	_ = w.Flush() // the demo's own output
}

// compare holds every figure of the table against the simulator's truth.
func (d *demo) compare(ctx context.Context, server string, f figures) error {
	var devices truth
	if err := d.apple.Portal(ctx, http.MethodGet, "/devices?server="+url.QueryEscape(server), nil, &devices); err != nil {
		return err
	}
	var mdm struct {
		TokenExpiry time.Time `json:"token_expiry"`
	}
	if err := d.apple.Portal(ctx, http.MethodGet, "/mdm-servers/"+server, nil, &mdm); err != nil {
		return err
	}
	var errs []error
	differ := func(what string, ours, theirs any) {
		errs = append(errs, fmt.Errorf("%s: the provider says %v, Apple's side %v", what, ours, theirs))
	}
	if f.sync.Devices != devices.Total || devices.Total != d.Devices {
		differ("devices", f.sync.Devices, devices.Total)
	}
	var ours, theirs []int
	for _, count := range f.assigned {
		ours = append(ours, count)
	}
	for uuid, count := range devices.ByProfile {
		if uuid != "" {
			theirs = append(theirs, count)
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) {
		differ("devices per profile", ours, theirs)
	}
	if !f.token.ExpiresAt.Equal(mdm.TokenExpiry) {
		differ("expiry", f.token.ExpiresAt, mdm.TokenExpiry)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	fmt.Fprintln(d.Out, "\nEvery figure agrees with what Apple's side says.")
	return nil
}
