package tf

import (
	"sync"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// said is what was told and asked in this run. Its zero value is ready.
type said struct {
	mu    sync.Mutex
	what  map[string]bool
	names map[string]string

	push struct {
		sync.Once
		certificate enrollment.PushCertificate
		err         error
	}
}

// First tells whether nobody has said something yet in this run, and notes that
// it is said now. Without a register everything is said.
func (p *Plans) First(what string) bool {
	if p == nil {
		return true
	}
	p.said.mu.Lock()
	defer p.said.mu.Unlock()
	if p.said.what[what] {
		return false
	}
	if p.said.what == nil {
		p.said.what = map[string]bool{}
	}
	p.said.what[what] = true
	return true
}

// name gives what look found out of a key the first time in this run, be it nothing.
func (p *Plans) name(key string, look func() string) string {
	p.said.mu.Lock()
	name, known := p.said.names[key]
	p.said.mu.Unlock()
	if known {
		return name
	}
	name = look()
	p.said.mu.Lock()
	defer p.said.mu.Unlock()
	if p.said.names == nil {
		p.said.names = map[string]string{}
	}
	p.said.names[key] = name
	return name
}

// pushCertificate gives what read answered the first time in this run; false for
// an error.
func (p *Plans) pushCertificate(read func() (enrollment.PushCertificate, error)) (enrollment.PushCertificate, bool) {
	push := &p.said.push
	push.Do(func() { push.certificate, push.err = read() })
	return push.certificate, push.err == nil
}
