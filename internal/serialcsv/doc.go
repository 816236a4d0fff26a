// Package serialcsv reads the serial numbers out of a CSV file as people have
// them: what Apple School Manager exports, what a reseller sends with an order,
// what a spreadsheet saves, or a plain column.
//
// Nothing is guessed that could lose a device: a file whose serial number column
// is not clear, a row that is cut short, a serial number that cannot be one and
// one that comes twice are errors that name the line.
package serialcsv
