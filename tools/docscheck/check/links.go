package check

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// linkProblems: every relative link leads to a file, and every anchor to a heading. What is elsewhere is not asked.
func linkProblems(files fs.FS, pages map[string]page) []Problem {
	var problems []Problem

	for _, file := range slices.Sorted(maps.Keys(pages)) {
		p := pages[file]
		for _, l := range p.links {
			if text := deadLink(files, pages, p, l.target); text != "" {
				problems = append(problems, problem(file, l.line, "%s", text))
			}
		}
	}

	return problems
}

// deadLink says what is wrong with a link, "" for nothing.
func deadLink(files fs.FS, pages map[string]page, from page, target string) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") || strings.Contains(target, "{{") {
		return ""
	}

	name, anchor, _ := strings.Cut(target, "#")

	to := from.as
	if name != "" {
		to = path.Join(from.dir(), name)
	}

	if !fs.ValidPath(to) || !exists(files, to) {
		return "the link leads nowhere: " + target
	}

	if anchor == "" {
		return ""
	}

	if p, ok := pages[to]; !ok || !p.anchors[anchor] {
		return "there is no such heading: " + target
	}

	return ""
}
