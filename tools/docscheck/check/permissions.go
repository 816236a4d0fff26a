package check

import (
	"maps"
	"regexp"
	"slices"
)

const permissionsGuide = "docs/guides/permissions.md"

// permissionName is a permission of Microsoft Graph.
var permissionName = regexp.MustCompile(`\b[A-Z][A-Za-z]+\.Read(?:Write)?\.All\b`)

// needs are the permissions of an object in the guide: to plan, and to apply besides.
type needs struct{ plan, apply []string }

// permissionProblems: the guide has a row for everything that asks Microsoft Graph. The page of a resource names what
// its row has, that of a data source what reading needs; an action or a list names nothing else.
func permissionProblems(c catalog, pages map[string]page) []Problem {
	guide, ok := pages[permissionsGuide]
	if !ok {
		return []Problem{problem(permissionsGuide, 0, "the guide to permissions is missing")}
	}

	rows := permissionRows(guide)

	var problems []Problem

	for _, o := range c.objects {
		if o.kind.label == functionKind.label {
			continue
		}

		row, ok := rows[o.name]
		if !ok {
			problems = append(problems, problem(permissionsGuide, 0, "the table has no row for %s", o.name))

			continue
		}

		problems = append(problems, permissionsOfPage(o, pages[o.pageOf()], row)...)
	}

	return problems
}

func permissionsOfPage(o object, p page, row needs) []Problem {
	section, _ := p.section(permissions)
	named := permissionName.FindAllString(section.body, -1)
	all := slices.Concat(row.plan, row.apply)

	var demanded []string

	switch o.kind.label {
	case resourceKind.label:
		demanded = all
	case dataSourceKind.label:
		demanded = row.plan
	}

	var problems []Problem

	for _, name := range without(named, all) {
		problems = append(problems, problem(p.file, section.line, "%s is not among the permissions of %s in %s", name, o.name, permissionsGuide))
	}

	for _, name := range without(demanded, named) {
		problems = append(problems, problem(p.file, section.line, "the section Permissions lacks %s, which %s has for %s", name, permissionsGuide, o.name))
	}

	return problems
}

// without are the names, each once and in order, that others do not have.
func without(names, others []string) []string {
	left := map[string]bool{}

	for _, name := range names {
		if !slices.Contains(others, name) {
			left[name] = true
		}
	}

	return slices.Sorted(maps.Keys(left))
}

// permissionRows are the permissions of each object in the guide's table: object, to plan, to apply.
func permissionRows(guide page) map[string]needs {
	rows := map[string]needs{}

	for _, cells := range guide.rows {
		if len(cells) < 3 {
			continue
		}

		for _, name := range objectName.FindAllString(cells[0], -1) {
			row := rows[name]
			row.plan = append(row.plan, permissionName.FindAllString(cells[1], -1)...)
			row.apply = append(row.apply, permissionName.FindAllString(cells[2], -1)...)
			rows[name] = row
		}
	}

	return rows
}

var objectName = regexp.MustCompile(`\basm_[a-z_]+\b`)
