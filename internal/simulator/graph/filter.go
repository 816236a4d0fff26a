package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// $filter, as far as the collections here are asked: comparisons, contains, startswith, endswith, not, and, or,
// parentheses (OData Version 4.01, URL Conventions, section 5.1.1).

// predicate decides about one item by its properties.
type predicate func(property func(name string) any) bool

// parseFilter reads a filter over properties; the name of each is looked up without regard to case, as Intune does.
func parseFilter(text string, properties []string) (predicate, error) {
	tokens, err := lexFilter(text)
	if err != nil {
		return nil, err
	}
	p := &filterParser{tokens: tokens, properties: properties}
	match, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.next < len(p.tokens) {
		return nil, fmt.Errorf("syntax error at %q", p.tokens[p.next].text)
	}
	return match, nil
}

type filterToken struct {
	text   string
	quoted bool
}

// lexFilter cuts a filter into words, punctuation and quoted strings.
func lexFilter(text string) ([]filterToken, error) {
	var out []filterToken
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ':
			i++
		case '(', ')', ',':
			out = append(out, filterToken{string(c), false})
			i++
		case '\'':
			end := endOfLiteral(text, i)
			if end < 0 {
				return nil, fmt.Errorf("unterminated string literal at position %d", i)
			}
			out = append(out, filterToken{strings.ReplaceAll(text[i+1:end], "''", "'"), true})
			i = end + 1
		default:
			end := i + strings.IndexAny(text[i:]+" ", " (),'")
			out = append(out, filterToken{text[i:end], false})
			i = end
		}
	}
	return out, nil
}

// endOfLiteral finds the quote that ends the literal which begins at start; doubled quotes are part of it. -1: there is none.
func endOfLiteral(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 == len(text) || text[i+1] != '\'' {
			return i
		}
		i++
	}
	return -1
}

type filterParser struct {
	tokens     []filterToken
	next       int
	properties []string
}

// accept takes the next token if it is this word.
func (p *filterParser) accept(word string) bool {
	if p.next < len(p.tokens) && !p.tokens[p.next].quoted && strings.EqualFold(p.tokens[p.next].text, word) {
		p.next++
		return true
	}
	return false
}

func (p *filterParser) take() (filterToken, error) {
	if p.next >= len(p.tokens) {
		return filterToken{}, fmt.Errorf("unexpected end of the filter")
	}
	p.next++
	return p.tokens[p.next-1], nil
}

func (p *filterParser) either() (predicate, error) {
	left, err := p.both()
	for err == nil && p.accept("or") {
		var right predicate
		a := left
		right, err = p.both()
		left = func(get func(string) any) bool { return a(get) || right(get) }
	}
	return left, err
}

func (p *filterParser) both() (predicate, error) {
	left, err := p.single()
	for err == nil && p.accept("and") {
		var right predicate
		a := left
		right, err = p.single()
		left = func(get func(string) any) bool { return a(get) && right(get) }
	}
	return left, err
}

func (p *filterParser) single() (predicate, error) {
	if p.accept("not") {
		inner, err := p.single()
		return func(get func(string) any) bool { return !inner(get) }, err
	}
	if p.accept("(") {
		inner, err := p.either()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("')' expected")
		}
		return inner, err
	}
	word, err := p.take()
	if err != nil {
		return nil, err
	}
	if p.accept("(") {
		return p.function(word.text)
	}
	return p.comparison(word)
}

var textFunctions = map[string]func(s, part string) bool{
	"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix,
}

// function reads the rest of name(property,'text'). Text is compared without regard to case.
func (p *filterParser) function(name string) (predicate, error) {
	test, known := textFunctions[strings.ToLower(name)]
	if !known {
		return nil, fmt.Errorf("an unknown function with name '%s' was found", name)
	}
	property, err := p.property()
	if err != nil {
		return nil, err
	}
	if !p.accept(",") {
		return nil, fmt.Errorf("',' expected after '%s'", property)
	}
	part, err := p.take()
	if err != nil {
		return nil, err
	}
	if !part.quoted || !p.accept(")") {
		return nil, fmt.Errorf("want %s(%s,'text')", name, property)
	}
	lower := strings.ToLower(part.text)
	return func(get func(string) any) bool {
		text, ok := textOf(get(property))
		return ok && test(strings.ToLower(text), lower)
	}, nil
}

func (p *filterParser) property() (string, error) {
	word, err := p.take()
	if err != nil {
		return "", err
	}
	return p.known(word)
}

func (p *filterParser) known(word filterToken) (string, error) {
	i := slices.IndexFunc(p.properties, func(name string) bool { return strings.EqualFold(name, word.text) })
	if word.quoted || i < 0 {
		return "", fmt.Errorf("could not find a property named '%s'", word.text)
	}
	return p.properties[i], nil
}

// comparison reads the rest of "property op literal".
func (p *filterParser) comparison(word filterToken) (predicate, error) {
	property, err := p.known(word)
	if err != nil {
		return nil, err
	}
	op, err := p.take()
	if err != nil {
		return nil, err
	}
	test, known := comparisons[strings.ToLower(op.text)]
	if !known || op.quoted {
		return nil, fmt.Errorf("unknown operator '%s'", op.text)
	}
	literal, err := p.take()
	if err != nil {
		return nil, err
	}
	if !literal.quoted && !isBareLiteral(literal.text) {
		return nil, fmt.Errorf("syntax error at '%s'", literal.text)
	}
	return func(get func(string) any) bool {
		order, fits := compare(get(property), literal)
		return fits && test(order) || !fits && strings.EqualFold(op.text, "ne")
	}, nil
}

var comparisons = map[string]func(order int) bool{
	"eq": func(o int) bool { return o == 0 }, "ne": func(o int) bool { return o != 0 },
	"gt": func(o int) bool { return o > 0 }, "ge": func(o int) bool { return o >= 0 },
	"lt": func(o int) bool { return o < 0 }, "le": func(o int) bool { return o <= 0 },
}

// isBareLiteral: null, true, false, a number, a date or a GUID.
func isBareLiteral(text string) bool {
	switch strings.ToLower(text) {
	case "null", "true", "false":
		return true
	}
	first := rune(text[0])
	return unicode.IsDigit(first) || first == '-' || len(text) == 36
}

// compare orders a value against a literal; it is false where they have nothing in common. Text, and with it enumerations
// ('AdminImport'), is compared without regard to case.
func compare(value any, literal filterToken) (int, bool) {
	bare := strings.ToLower(literal.text)
	if text, ok := textOf(value); ok {
		if !literal.quoted && bare == "null" {
			return 1, true
		}
		return strings.Compare(strings.ToLower(text), bare), true
	}
	switch v := value.(type) {
	case bool:
		b, err := strconv.ParseBool(bare)
		if err != nil {
			return 0, false
		}
		return truth(v) - truth(b), true
	case int:
		n, err := strconv.Atoi(bare)
		return v - n, err == nil
	case time.Time:
		t, err := time.Parse(time.RFC3339, literal.text)
		return v.Compare(t), err == nil
	}
	return 0, bare == "null" && !literal.quoted // what is left is null
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case *string:
		if v != nil {
			return *v, true
		}
	}
	return "", false
}
