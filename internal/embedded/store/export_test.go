package store

import (
	"io/fs"
	"testing/fstest"
)

// AddMigration makes an open store one of a later program, which has one more migration.
func AddMigration(s *Store, name, text string) {
	s.migrations, s.standIn = with(s.migrations, name, text), with(s.standIn, name, text)
}

func with(migrations fs.FS, name, text string) fs.FS {
	out := fstest.MapFS{name: {Data: []byte(text)}}
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(migrations, name)
		if err != nil {
			panic(err)
		}
		out[name] = &fstest.MapFile{Data: data}
	}
	return out
}
