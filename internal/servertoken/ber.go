package servertoken

import (
	"errors"
	"fmt"
)

// Apple writes CMS in BER with indefinite lengths and split octet strings; encoding/asn1 and the content decryption of
// pkcs7 want DER. So the message is read into a small tree and only what is needed is written again.
const (
	maxDepth = 24   // Apple's messages nest about 10 deep
	maxNodes = 4096 // an octet string in 16-octet pieces at MaxSize
)

const (
	classUniversal = 0
	classContext   = 2

	tagInteger     = 2
	tagOctetString = 4
	tagOID         = 6
	tagSequence    = 16
	tagSet         = 17

	constructedBit = 0x20
)

var (
	errBERShort = errors.New("the data ends early")
	errBERForm  = errors.New("the data is not well formed")
)

// node is one element: its content if it is primitive, else its children.
type node struct {
	class, tag  byte
	constructed bool
	content     []byte
	children    []node
}

func (n *node) is(class, tag byte) bool { return n.class == class && n.tag == tag }

// berReader parses one message.
type berReader struct{ nodes int }

// parseBER parses exactly one element. The error is errBERShort where data is missing at the end, else errBERForm.
func parseBER(data []byte) (node, error) {
	var r berReader
	n, rest, err := r.element(data, 0)
	if err != nil {
		return node{}, err
	}
	if len(rest) > 0 {
		return node{}, fmt.Errorf("%w: %d octets follow the end", errBERForm, len(rest))
	}

	return n, nil
}

func (r *berReader) element(data []byte, depth int) (node, []byte, error) {
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return node{}, nil, fmt.Errorf("%w: too many or too deeply nested elements", errBERForm)
	}
	if len(data) < 2 {
		return node{}, nil, errBERShort
	}
	n := node{class: data[0] >> 6, tag: data[0] & 0x1f, constructed: data[0]&constructedBit != 0}
	if n.tag == 0x1f {
		return node{}, nil, fmt.Errorf("%w: a tag that CMS does not have", errBERForm)
	}
	length, indefinite, rest, err := readLength(data[1:])
	switch {
	case err != nil:
		return node{}, nil, err
	case indefinite && n.constructed:
		n.children, rest, err = r.untilEnd(rest, depth+1)

		return n, rest, err
	case indefinite:
		return node{}, nil, fmt.Errorf("%w: a primitive element without a length", errBERForm)
	case length > len(rest):
		return node{}, nil, errBERShort
	case n.constructed:
		n.children, err = r.all(rest[:length], depth+1)
	default:
		n.content = rest[:length]
	}

	return n, rest[length:], err
}

// all reads the elements of a definite length. Data that ends early here is an inner length that does not fit the outer
// one: damaged, not cut off.
func (r *berReader) all(data []byte, depth int) ([]node, error) {
	var children []node
	for len(data) > 0 {
		child, rest, err := r.element(data, depth)
		if errors.Is(err, errBERShort) {
			return nil, fmt.Errorf("%w: an element is longer than the one around it", errBERForm)
		}
		if err != nil {
			return nil, err
		}
		children, data = append(children, child), rest
	}

	return children, nil
}

// untilEnd reads elements up to the end-of-contents mark, two zero octets.
func (r *berReader) untilEnd(data []byte, depth int) ([]node, []byte, error) {
	var children []node
	for {
		if len(data) < 2 {
			return nil, nil, errBERShort
		}
		if data[0] == 0 && data[1] == 0 {
			return children, data[2:], nil
		}
		child, rest, err := r.element(data, depth)
		if err != nil {
			return nil, nil, err
		}
		children, data = append(children, child), rest
	}
}

func readLength(data []byte) (length int, indefinite bool, rest []byte, err error) {
	if len(data) == 0 {
		return 0, false, nil, errBERShort
	}
	first, rest := data[0], data[1:]
	if first < 0x80 {
		return int(first), false, rest, nil
	}
	count := int(first & 0x7f)
	switch {
	case count == 0:
		return 0, true, rest, nil
	case count > 4:
		return 0, false, nil, fmt.Errorf("%w: a length of %d octets", errBERForm, count)
	case count > len(rest):
		return 0, false, nil, errBERShort
	}
	for _, b := range rest[:count] {
		length = length<<8 | int(b)
	}
	if length < 0 {
		return 0, false, nil, fmt.Errorf("%w: a negative length", errBERForm)
	}

	return length, false, rest[count:], nil
}

// octets is the content of an octet string, put together if it is split.
func (n *node) octets() ([]byte, error) {
	if !n.constructed {
		return n.content, nil
	}
	var all []byte
	for i := range n.children {
		child := &n.children[i]
		if !child.is(classUniversal, tagOctetString) {
			return nil, fmt.Errorf("%w: an octet string with something else inside", errBERForm)
		}
		part, err := child.octets()
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}

	return all, nil
}

// der writes an element again with definite, shortest lengths.
func (n *node) der() []byte {
	id := n.class<<6 | n.tag
	if !n.constructed {
		return tlv(id, n.content)
	}
	var content []byte
	for i := range n.children {
		content = append(content, n.children[i].der()...)
	}

	return tlv(id|constructedBit, content)
}

// tlv writes one element of identifier id.
func tlv(id byte, parts ...[]byte) []byte {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	out := []byte{id}
	if length < 0x80 {
		out = append(out, byte(length))
	} else {
		var octets []byte
		for l := length; l > 0; l >>= 8 {
			octets = append([]byte{byte(l & 0xff)}, octets...)
		}
		out = append(append(out, 0x80|byte(len(octets)&0x7f)), octets...)
	}
	for _, p := range parts {
		out = append(out, p...)
	}

	return out
}
