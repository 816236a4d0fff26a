package check

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// pageOf is where an object's page is.
func (o object) pageOf() string {
	return path.Join("docs", o.kind.folder, strings.TrimPrefix(o.name, "asm_")+".md")
}

func (o object) exampleOf() string {
	return path.Join("examples", o.kind.folder, o.name, o.kind.example)
}

func (o object) String() string { return o.kind.label + " " + o.name }

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)

	return err == nil
}

// objectProblems: every object has a page, an example and descriptions.
func objectProblems(files fs.FS, c catalog, pages map[string]page) []Problem {
	var problems []Problem

	for _, o := range c.objects {
		if _, ok := pages[o.pageOf()]; !ok {
			problems = append(problems, problem(o.pageOf(), 0, "the %s has no page", o))
		}

		if !exists(files, o.exampleOf()) {
			problems = append(problems, problem(o.exampleOf(), 0, "the %s has no example", o))
		}

		if o.description == "" {
			problems = append(problems, problem(o.pageOf(), 0, "the %s has no description in its schema", o))
		}

		for _, name := range undescribed(o) {
			problems = append(problems, problem(o.pageOf(), 0, "%s of the %s has no description in its schema", name, o))
		}
	}

	for _, name := range undescribedIn("", c.provider.Block.Attributes) {
		problems = append(problems, problem("docs/index.md", 0, "%s of the provider has no description in its schema", name))
	}

	return problems
}

// undescribed names what an object says nothing about: attributes, also of the identity, and parameters.
func undescribed(o object) []string {
	var names []string

	if o.function != nil {
		for _, p := range o.function.Parameters {
			if p.Description == "" {
				names = append(names, "parameter "+p.Name)
			}
		}

		if v := o.function.VariadicParameter; v != nil && v.Description == "" {
			names = append(names, "parameter "+v.Name)
		}

		return names
	}

	names = undescribedIn("", o.schema.Block.Attributes)

	for _, nested := range o.schema.Block.BlockTypes {
		names = append(names, undescribedIn(nested.TypeName+".", nested.Block.Attributes)...)
	}

	if o.identity != nil {
		for _, a := range o.identity.IdentityAttributes {
			if a.Description == "" {
				names = append(names, a.Name+" of the identity")
			}
		}
	}

	return names
}

func undescribedIn(prefix string, attributes []*tfprotov6.SchemaAttribute) []string {
	var names []string

	for _, a := range attributes {
		if a.Description == "" {
			names = append(names, prefix+a.Name)
		}

		if a.NestedType != nil {
			names = append(names, undescribedIn(prefix+a.Name+".", a.NestedType.Attributes)...)
		}
	}

	return names
}

// strayPages: every page of docs/ belongs to an object or is made of a template of its own.
func strayPages(files fs.FS, c catalog, pages map[string]page) []Problem {
	belongs := map[string]bool{"docs/index.md": true}
	for _, o := range c.objects {
		belongs[o.pageOf()] = true
	}

	var problems []Problem

	for _, file := range slices.Sorted(maps.Keys(pages)) {
		rest, ok := strings.CutPrefix(file, "docs/")
		if !ok || belongs[file] {
			continue
		}

		if !strings.HasPrefix(rest, "guides/") {
			problems = append(problems, problem(file, 0, "this page belongs to nothing that the provider serves"))
		} else if !exists(files, path.Join("templates", rest+".tmpl")) {
			problems = append(problems, problem(file, 0, "this guide has no template"))
		}
	}

	return problems
}

// sectionProblems: every page of an object has the sections that readers look for, with something in them.
func sectionProblems(c catalog, pages map[string]page) []Problem {
	var problems []Problem

	for _, o := range c.objects {
		p, ok := pages[o.pageOf()]
		if !ok {
			continue // objectProblems says so
		}

		for _, name := range o.kind.sections {
			section, ok := p.section(name)

			switch _, body, _ := strings.Cut(section.body, "\n"); {
			case !ok:
				problems = append(problems, problem(p.file, 0, "the section %q is missing", name))
			case strings.TrimSpace(body) == "":
				problems = append(problems, problem(p.file, section.line, "the section %q is empty", name))
			case name == imports:
				problems = append(problems, importProblems(o, p, section)...)
			}
		}
	}

	return problems
}

// notImportable is how a page says that a resource takes no import; the reason follows it.
const notImportable = "cannot be imported:"

// importProblems: the section has both forms, or says why there is none. An identity alone is no import: a resource
// has one for what else needs it.
func importProblems(o object, p page, section heading) []Problem {
	byID := strings.Contains(section.body, "terraform import "+o.name+".")

	if strings.Contains(section.body, notImportable) {
		if byID {
			return []Problem{problem(p.file, section.line, "the section Import shows an import, and says that there is none")}
		}

		return nil
	}

	var problems []Problem

	demand := func(holds bool, text string) {
		if !holds {
			problems = append(problems, problem(p.file, section.line, "%s", text))
		}
	}

	demand(byID, "the section Import shows no import by id, and does not say \"It "+notImportable+"\" with the reason")
	demand(strings.Contains(section.body, "identity = {"), "the section Import shows no import by identity")
	demand(strings.Contains(section.body, "### Identity Schema"), "the section Import has no identity schema")

	return problems
}
