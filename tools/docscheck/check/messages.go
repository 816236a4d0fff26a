package check

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// speakForOthers are folders of the source whose texts no user of the provider sees.
var speakForOthers = []string{"internal/simulator", "internal/demo", "internal/bench", "internal/acceptance", "internal/cli"}

// messagesIn gives the texts of the Go source below a folder, without its tests: what is put together with + is one
// text, and what Printf puts in is "…".
func messagesIn(files fs.FS, below string) ([]string, error) {
	var said []string

	err := fs.WalkDir(files, below, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && slices.Contains(speakForOthers, file) {
			return fs.SkipDir
		}

		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}

		source, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}

		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}

		said = append(said, textsOf(parsed)...)

		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the messages in the source: %w", err)
	}

	return said, nil
}

func textsOf(file *ast.File) []string {
	var texts []string

	ast.Inspect(file, func(n ast.Node) bool {
		expression, ok := n.(ast.Expr)
		if !ok {
			return true
		}

		switch e := expression.(type) {
		case *ast.BinaryExpr:
			if text := folded(e); strings.Trim(text, "…") != "" {
				texts = append(texts, text)
			}

			return e.Op != token.ADD
		case *ast.BasicLit:
			if e.Kind == token.STRING {
				texts = append(texts, folded(e))
			}
		}

		return true
	})

	return texts
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(?:\.[0-9]+)?(?:\[[0-9]+\])?[a-zA-Z]`)

// folded is an expression as the text that a person sees; what is only known when it runs is "…".
func folded(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if e.Kind != token.STRING || err != nil {
			return "…"
		}

		return verb.ReplaceAllString(text, "…")
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return folded(e.X) + folded(e.Y)
		}
	case *ast.ParenExpr:
		return folded(e.X)
	}

	return "…"
}

// notOurs are messages of the command line tools that the pages explain.
var notOurs = []string{"Provider produced inconsistent final plan"}

// messageProblems: what the pages explain as messages of the provider are messages of the provider.
func messageProblems(pages map[string]page, said []string) []Problem {
	var problems []Problem

	for file, messages := range map[string][]message{
		"docs/guides/troubleshooting.md": headlines(pages["docs/guides/troubleshooting.md"]),
		"README.md":                      tableMessages(pages["README.md"]),
	} {
		if len(messages) == 0 {
			problems = append(problems, problem(file, 0, "no message is explained here"))
		}

		for _, m := range messages {
			if !isSaid(m.text, said) && !isSaid(m.text, notOurs) {
				problems = append(problems, problem(file, m.line, "the provider never says %q", m.text))
			}
		}
	}

	return problems
}

type message struct {
	text string
	line int
}

// headlines are the messages that a guide explains: its headings of the third level.
func headlines(p page) []message {
	var messages []message

	for _, h := range p.headings {
		if h.level == 3 {
			messages = append(messages, message{h.text, h.line})
		}
	}

	return messages
}

// quoted is a cell that quotes a message, and not the name of a setting.
var quoted = regexp.MustCompile("(?m)^\\| `([^`]{20,})` \\|")

// tableMessages are the messages in the first column of the tables of a page.
func tableMessages(p page) []message {
	var messages []message

	for _, h := range p.headings {
		if h.level > 2 {
			continue
		}

		for _, m := range quoted.FindAllStringSubmatch(h.body, -1) {
			messages = append(messages, message{m[1], h.line})
		}
	}

	return messages
}

// isSaid is whether one text has all parts of a message, in order. "…" in a message is whatever stands there.
func isSaid(message string, said []string) bool {
	parts := strings.Split(strings.ReplaceAll(message, "...", "…"), "…")

	for _, text := range said {
		found := true

		for _, part := range parts {
			_, rest, ok := strings.Cut(text, strings.TrimSpace(part))
			if !ok {
				found = false

				break
			}

			text = rest
		}

		if found {
			return true
		}
	}

	return false
}
