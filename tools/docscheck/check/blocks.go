package check

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// snippet is a piece of configuration that readers may copy.
type snippet struct {
	file string
	// line is where it starts in the file.
	line int
	text string
}

// readBlocks gives every configuration in the pages, and every file of examples/.
func readBlocks(files fs.FS, pages map[string]page) ([]snippet, error) {
	var found []snippet

	for _, file := range slices.Sorted(maps.Keys(pages)) {
		if strings.HasPrefix(file, "templates/") {
			continue // the page that is made of it has the same blocks
		}

		for _, f := range pages[file].fences {
			if f.language == "terraform" || f.language == "hcl" || f.language == "tf" {
				found = append(found, snippet{file, f.line, f.text})
			}
		}
	}

	err := fs.WalkDir(files, "examples", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".tf") && !strings.HasSuffix(file, ".hcl") {
			return err
		}

		source, err := fs.ReadFile(files, file)
		found = append(found, snippet{file, 1, string(source)})

		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the examples: %w", err)
	}

	return found, nil
}

// parse reads a snippet and says where it is not what "terraform fmt" would write.
func (s snippet) parse() (*hclsyntax.Body, []Problem) {
	file, diagnostics := hclsyntax.ParseConfig([]byte(s.text), s.file, hcl.Pos{Line: s.line, Column: 1})
	if diagnostics.HasErrors() {
		return nil, s.problems(diagnostics)
	}

	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil, []Problem{problem(s.file, s.line, "this is not native HCL")}
	}

	if formatted := string(hclwrite.Format([]byte(s.text))); formatted != s.text {
		return body, []Problem{problem(s.file, s.line+firstDifference(s.text, formatted), "not formatted as \"terraform fmt\" does")}
	}

	return body, nil
}

func (s snippet) problems(diagnostics hcl.Diagnostics) []Problem {
	var problems []Problem

	for _, d := range diagnostics {
		if d.Severity != hcl.DiagError {
			continue
		}

		line := s.line
		if d.Subject != nil {
			line = d.Subject.Start.Line
		}

		problems = append(problems, problem(s.file, line, "%s: %s", d.Summary, d.Detail))
	}

	return problems
}

// firstDifference is the number of equal lines that two texts begin with.
func firstDifference(a, b string) int {
	other := strings.Split(b, "\n")

	for i, line := range strings.Split(a, "\n") {
		if i >= len(other) || line != other[i] {
			return i
		}
	}

	return 0
}
