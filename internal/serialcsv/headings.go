package serialcsv

import (
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// headings are the names of a serial number column. Apple documents none for
// what its portals export, so that these are the headings of MDM servers,
// inventories and resellers, and Apple's word for it in the languages of its
// portals.
var headings = plainSet(
	"Serial Number", "Serial Numbers", "Serial", "Serials", "Serial No.", "Serial Num", "Serial Nr", "Serial #", "S/N",
	"Device Serial Number", "Device Serial", "Device Serial No.", "Hardware Serial Number", "Hardware Serial", "Apple Serial Number",
	"Product Serial Number", "Item Serial Number", "Computer Serial Number", "iPad Serial Number",
	"Seriennummer", "Seriennummern", "Seriennr.", "Serien-Nr.", "Serial-Nummer", "Geräteseriennummer",
	"Numéro de série", "N° de série", "Nº de série", "Número de serie", "Numero di serie", "Numero seriale",
	"Serienummer", "Serienummers", "Sarjanumero", "Numer seryjny", "Sériové číslo", "Sorozatszám", "Seri Numarası",
	"Серийный номер", "序列号", "序號", "シリアル番号", "일련번호",
)

func plainSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[plain(name)] = true
	}
	return set
}

// isHeading tells whether a column's name is that of a serial number column.
func isHeading(name string) bool { return headings[plain(name)] }

// plain is a name without what exports spell differently: case, accents, blanks
// and punctuation.
func plain(name string) string {
	letters := transform.Chain(norm.NFKD, runes.Remove(runes.Predicate(func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})))
	out, _, err := transform.String(letters, name)
	if err != nil { // no text makes these transformers fail
		return name
	}
	return strings.ToLower(out)
}
