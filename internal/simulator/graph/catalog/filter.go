package catalog

import (
	"slices"
	"strings"
)

// expression is a $filter. The empty one matches everything.
type expression struct {
	matcher func(properties map[string]string) bool
}

func (e expression) matches(properties map[string]string) bool {
	return e.matcher == nil || e.matcher(properties)
}

// parseFilter reads the part of OData's language that the admin center and public scripts use on these collections:
// comparisons with eq, ne and has, contains and startswith, joined with and, or, not and parentheses. Property names and
// texts are compared without regard to case, as Intune does.
func parseFilter(source string) (expression, *Refusal) {
	p := &filterParser{rest: tokens(source), source: source}
	matcher := p.or()
	if p.wrong || len(p.rest) > 0 {
		return expression{}, badRequest("Invalid filter clause: %s.", source)
	}
	return expression{matcher}, nil
}

// filterParser takes tokens off the front of rest. wrong is set, and stays, where they make no sense.
type filterParser struct {
	source string
	rest   []string
	wrong  bool
}

type matcher = func(map[string]string) bool

func (p *filterParser) peek() string {
	if len(p.rest) == 0 {
		return ""
	}
	return p.rest[0]
}

func (p *filterParser) next() string {
	token := p.peek()
	if token == "" {
		p.wrong = true
		return ""
	}
	p.rest = p.rest[1:]
	return token
}

func (p *filterParser) expect(token string) {
	if p.next() != token {
		p.wrong = true
	}
}

func (p *filterParser) or() matcher {
	left := p.and()
	for strings.EqualFold(p.peek(), "or") {
		p.next()
		one, other := left, p.and()
		left = func(m map[string]string) bool { return one(m) || other(m) }
	}
	return left
}

func (p *filterParser) and() matcher {
	left := p.not()
	for strings.EqualFold(p.peek(), "and") {
		p.next()
		one, other := left, p.not()
		left = func(m map[string]string) bool { return one(m) && other(m) }
	}
	return left
}

func (p *filterParser) not() matcher {
	if strings.EqualFold(p.peek(), "not") {
		p.next()
		inner := p.not()
		return func(m map[string]string) bool { return !inner(m) }
	}
	if p.peek() == "(" {
		p.next()
		inner := p.or()
		p.expect(")")
		return inner
	}
	return p.comparison()
}

func (p *filterParser) comparison() matcher {
	name := strings.ToLower(p.next())
	if name == "contains" || name == "startswith" {
		return p.function(name)
	}
	operator, value := strings.ToLower(p.next()), p.literal()
	p.known(name)
	switch operator {
	case "eq":
		return func(m map[string]string) bool { return strings.EqualFold(m[name], value) }
	case "ne":
		return func(m map[string]string) bool { return !strings.EqualFold(m[name], value) }
	case "has": // one flag of an enum
		return func(m map[string]string) bool {
			return slices.ContainsFunc(strings.Split(m[name], ","), func(flag string) bool { return strings.EqualFold(flag, value) })
		}
	default:
		p.wrong = true
		return func(map[string]string) bool { return false }
	}
}

func (p *filterParser) function(function string) matcher {
	p.expect("(")
	name := strings.ToLower(p.next())
	p.known(name)
	p.expect(",")
	value := strings.ToLower(p.literal())
	p.expect(")")
	if function == "contains" {
		return func(m map[string]string) bool { return strings.Contains(strings.ToLower(m[name]), value) }
	}
	return func(m map[string]string) bool { return strings.HasPrefix(strings.ToLower(m[name]), value) }
}

// literal is a text in quotes, a quote within it doubled, or true and false.
func (p *filterParser) literal() string {
	token := p.next()
	if token == "true" || token == "false" {
		return token
	}
	if len(token) < 2 || token[0] != '\'' || token[len(token)-1] != '\'' {
		p.wrong = true
		return ""
	}
	return strings.ReplaceAll(token[1:len(token)-1], "''", "'")
}

// known refuses what neither policies nor templates can be filtered by.
func (p *filterParser) known(name string) {
	_, ofPolicies := (&policy{}).filterable()[name]
	_, ofTemplates := (&template{}).filterable()[name]
	if !ofPolicies && !ofTemplates {
		p.wrong = true
	}
}

// tokens cuts a filter into parentheses, commas, texts in quotes, and words.
func tokens(source string) []string {
	var found []string
	for source = strings.TrimSpace(source); source != ""; source = strings.TrimSpace(source) {
		end := 1
		switch source[0] {
		case '(', ')', ',':
		case '\'':
			end = quotedEnd(source)
		default:
			if end = strings.IndexAny(source, " (),'"); end < 0 {
				end = len(source)
			}
		}
		found = append(found, source[:end])
		source = source[end:]
	}
	return found
}

func quotedEnd(source string) int {
	for i := 1; i < len(source); i++ {
		if source[i] != '\'' {
			continue
		}
		if i+1 < len(source) && source[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return len(source)
}
