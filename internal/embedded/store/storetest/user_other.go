//go:build !unix

package storetest

import (
	"errors"
	"os/exec"
)

func unprivileged(string) error { return errors.New("the test server is started on Unix only") }

func asUnprivileged(c *exec.Cmd, _ string) *exec.Cmd { return c }
