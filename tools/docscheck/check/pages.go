package check

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is a file of Markdown, read.
type page struct {
	// file is its path; as is the path that its relative links start from, which for a template is the page that is
	// made of it.
	file, as string
	headings []heading
	links    []link
	fences   []fence
	// anchors are the ends that a link with # can have here.
	anchors map[string]bool
	rows    [][]string
}

type heading struct {
	level, line int
	text        string
	// body is everything up to the next heading of the same or a higher level, as it is written.
	body string
}

type link struct {
	target string
	line   int
}

type fence struct {
	language, text string
	line           int
}

// section gives the heading of the second level with this text.
func (p *page) section(name string) (heading, bool) {
	for _, h := range p.headings {
		if h.level == 2 && h.text == name {
			return h, true
		}
	}

	return heading{}, false
}

// readPages reads every page that people see, and the templates that pages are made of.
func readPages(files fs.FS) (map[string]page, error) {
	pages := map[string]page{}

	for _, start := range []string{"docs", "templates", "docs-dev", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		err := fs.WalkDir(files, start, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}

			if !strings.HasSuffix(file, ".md") && !strings.HasSuffix(file, ".md.tmpl") {
				return nil
			}

			source, err := fs.ReadFile(files, file)
			if err != nil {
				return err
			}

			pages[file] = readPage(file, source)

			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the pages: %w", err)
		}
	}

	return pages, nil
}

func readPage(file string, source []byte) page {
	p := page{file: file, as: file, anchors: map[string]bool{}}
	if rest, ok := strings.CutPrefix(file, "templates/"); ok {
		p.as = "docs/" + strings.TrimSuffix(rest, ".tmpl")
	}

	source = withoutFrontMatter(source)
	root := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(source))
	lineAt := func(offset int) int { return bytes.Count(source[:offset], []byte("\n")) + 1 }
	starts := []int{}

	// Walk only fails where the function that it is given does.
	_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}

		switch n := node.(type) {
		case *ast.Heading:
			at := n.Lines().At(0).Start
			p.headings = append(p.headings, heading{level: n.Level, line: lineAt(at), text: plain(n, source)})
			starts = append(starts, bytes.LastIndexByte(source[:at], '\n')+1)
			p.anchors[p.freeAnchor(plain(n, source))] = true
		case *ast.Link:
			p.links = append(p.links, link{string(n.Destination), lineAt(offsetOf(n))})
		case *ast.FencedCodeBlock:
			p.fences = append(p.fences, fenceOf(n, source, lineAt))
		case *ast.RawHTML, *ast.HTMLBlock:
			for _, m := range anchorTag.FindAllStringSubmatch(raw(n, source), -1) {
				p.anchors[m[1]] = true
			}
		}

		if row, ok := rowOf(node, source); ok {
			p.rows = append(p.rows, row)
		}

		return ast.WalkContinue, nil
	})

	p.giveBodies(source, starts)

	return p
}

var (
	anchorTag   = regexp.MustCompile(`<a id="([^"]+)"`)
	frontMatter = regexp.MustCompile(`(?s)\A---\n.*?\n---\n`)
)

// withoutFrontMatter empties the lines of the page's front matter, so that the lines after it keep their numbers.
func withoutFrontMatter(source []byte) []byte {
	matter := frontMatter.Find(source)

	return append(bytes.Repeat([]byte("\n"), bytes.Count(matter, []byte("\n"))), source[len(matter):]...)
}

func (p *page) giveBodies(source []byte, starts []int) {
	for i := range p.headings {
		end := len(source)

		for j := i + 1; j < len(p.headings); j++ {
			if p.headings[j].level <= p.headings[i].level {
				end = starts[j]

				break
			}
		}

		p.headings[i].body = string(source[starts[i]:end])
	}
}

// freeAnchor is the anchor that a heading gets; the second of the same text gets a number.
func (p *page) freeAnchor(heading string) string {
	slug := slugOf(heading)
	for name, n := slug, 1; ; n++ {
		if !p.anchors[name] {
			return name
		}

		name = fmt.Sprintf("%s-%d", slug, n)
	}
}

// slugOf is a heading as an anchor, the way that GitHub and the registry make it.
func slugOf(heading string) string {
	var out strings.Builder

	for _, r := range strings.ToLower(heading) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			out.WriteRune(r)
		case r == ' ':
			out.WriteRune('-')
		}
	}

	return out.String()
}

// plain is the text of a node without its markup.
func plain(node ast.Node, source []byte) string {
	var out strings.Builder

	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			out.Write(t.Segment.Value(source))

			if t.SoftLineBreak() {
				out.WriteByte(' ')
			}
		}

		return ast.WalkContinue, nil
	})

	return out.String()
}

func raw(node ast.Node, source []byte) string {
	if inline, ok := node.(*ast.RawHTML); ok {
		return string(inline.Segments.Value(source))
	}

	return string(node.Lines().Value(source))
}

// offsetOf is where an inline node stands: where the first text in it does, else the block around it.
func offsetOf(node ast.Node) int {
	for child := node.FirstChild(); child != nil; child = child.FirstChild() {
		if t, ok := child.(*ast.Text); ok {
			return t.Segment.Start
		}
	}

	for node = node.Parent(); node != nil; node = node.Parent() {
		if node.Type() == ast.TypeBlock && node.Lines() != nil && node.Lines().Len() > 0 {
			return node.Lines().At(0).Start
		}
	}

	return 0
}

func fenceOf(n *ast.FencedCodeBlock, source []byte, lineAt func(int) int) fence {
	f := fence{language: string(n.Language(source)), text: string(n.Lines().Value(source))}
	if n.Lines().Len() > 0 {
		f.line = lineAt(n.Lines().At(0).Start)
	}

	return f
}

// dir is where the relative links of a page start.
func (p *page) dir() string { return path.Dir(p.as) }
