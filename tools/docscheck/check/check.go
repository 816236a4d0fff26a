// Package check finds what the documentation says and the provider does not, and the other way round.
package check

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Problem is one thing that is wrong with the documentation.
type Problem struct {
	// File is the path from the root of the repository; Line is 0 where the whole file is meant.
	File string
	Line int
	Text string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}

	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

func problem(file string, line int, format string, args ...any) Problem {
	return Problem{File: file, Line: line, Text: fmt.Sprintf(format, args...)}
}

// Run checks the repository in files against the protocol server of its provider. The error is for what keeps it from
// looking; what it finds are the problems, in the order of their files.
func Run(ctx context.Context, files fs.FS, server tfprotov6.ProviderServer) ([]Problem, error) {
	objects, err := objectsOf(ctx, server)
	if err != nil {
		return nil, err
	}

	pages, err := readPages(files)
	if err != nil {
		return nil, err
	}

	said, err := messagesIn(files, "internal")
	if err != nil {
		return nil, err
	}

	blocks, err := readBlocks(files, pages)
	if err != nil {
		return nil, err
	}

	validator := validator{server: server, objects: objects}

	problems := slices.Concat(
		objectProblems(files, objects, pages),
		strayPages(files, objects, pages),
		sectionProblems(objects, pages),
		permissionProblems(objects, pages),
		linkProblems(files, pages),
		messageProblems(pages, said),
	)

	for _, b := range blocks {
		found, err := validator.block(ctx, b)
		if err != nil {
			return nil, err
		}

		problems = append(problems, found...)
	}

	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})

	return problems, nil
}
