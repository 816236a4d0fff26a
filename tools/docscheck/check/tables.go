package check

import (
	"github.com/yuin/goldmark/ast"
	table "github.com/yuin/goldmark/extension/ast"
)

// rowOf is a row of a table, its cells as plain text.
func rowOf(node ast.Node, source []byte) ([]string, bool) {
	if node.Kind() != table.KindTableRow {
		return nil, false
	}

	var cells []string
	for cell := node.FirstChild(); cell != nil; cell = cell.NextSibling() {
		cells = append(cells, plain(cell, source))
	}

	return cells, true
}
