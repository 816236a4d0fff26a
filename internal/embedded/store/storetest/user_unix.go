//go:build unix

package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// credential is whom the server runs as: PostgreSQL refuses to run as root.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("this is root, and there is neither a user postgres nor a user nobody to run it as")
}

// unprivileged makes a directory belong to whom the server runs as.
func unprivileged(dir string) error {
	c, err := credential()
	if err != nil || c == nil {
		return err
	}
	if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
		return fmt.Errorf("giving a directory to the server: %w", err)
	}
	return nil
}

func asUnprivileged(c *exec.Cmd, dir string) *exec.Cmd {
	c.Dir = dir
	if who, _ := credential(); who != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	}
	return c
}
