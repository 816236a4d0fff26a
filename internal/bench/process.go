package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// SyncCommand is the command of asm-bench that syncs once: ServeSync. ProfileFlag, after it, names the file that gets a
// CPU profile.
const (
	SyncCommand = "sync-once"
	ProfileFlag = "-cpuprofile"
)

// inAProcess syncs in a new process of this program.
func inAProcess(self, profileDir string, now func() time.Time) func(context.Context, SyncJob) (measurement, error) {
	rounds := 0
	return func(ctx context.Context, job SyncJob) (measurement, error) {
		input, err := json.Marshal(job)
		if err != nil {
			return measurement{}, fmt.Errorf("encoding what to sync: %w", err)
		}
		args := []string{SyncCommand}
		if profileDir != "" {
			rounds++
			args = append(args, ProfileFlag, filepath.Join(profileDir, fmt.Sprintf("sync-%03d.pprof", rounds)))
		}
		process := exec.CommandContext(ctx, self, args...)
		process.Stdin = bytes.NewReader(input)
		m, stdout, _, err := run(process, now)
		if err != nil {
			return m, err
		}
		var answer synced
		if err := json.Unmarshal(stdout, &answer); err != nil {
			return m, fmt.Errorf("the process that syncs answered %q: %w", stdout, err)
		}
		m.Devices = answer.Devices
		return m, nil
	}
}

// run runs a process from its start to its end.
func run(process *exec.Cmd, now func() time.Time) (m measurement, stdout, stderr []byte, err error) {
	var out, errs bytes.Buffer
	process.Stdout, process.Stderr = &out, &errs
	began := now()
	err = process.Run()
	m.Wall = now().Sub(began)
	if state := process.ProcessState; state != nil {
		m.CPU, m.PeakBytes = state.UserTime()+state.SystemTime(), peakBytes(state)
	}
	if err != nil {
		return m, nil, nil, fmt.Errorf("%s: %w\n%s", filepath.Base(process.Path), err, errs.Bytes())
	}
	return m, out.Bytes(), errs.Bytes(), nil
}
