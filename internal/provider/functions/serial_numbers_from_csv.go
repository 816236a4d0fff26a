package functions

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/serialcsv"
)

type serialNumbersFromCSV struct{}

// NewSerialNumbersFromCSV makes the function serial_numbers_from_csv.
func NewSerialNumbersFromCSV() function.Function { return serialNumbersFromCSV{} }

// Metadata implements function.Function.
func (serialNumbersFromCSV) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "serial_numbers_from_csv"
}

// Definition implements function.Function. The result is one string: a list of
// 50,000 crashes the command line tool.
func (serialNumbersFromCSV) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Serial numbers from a CSV file",
		MarkdownDescription: "Reads the serial numbers out of a CSV file as people have them: an export of Apple School Manager or of an MDM, " +
			"the file that a reseller sends with an order, a spreadsheet, or a plain column. They come upper-cased, checked and sorted, on one " +
			"line with a blank between them: what `serial_number_list` of `asm_device_assignment` takes, for 100,000 devices as for ten. " +
			"Nothing is guessed that could lose a device: cells that are no serial numbers and serial numbers that come twice are an error that names their lines.",
		Parameters: []function.Parameter{function.StringParameter{
			Name: serialcsv.Text,
			MarkdownDescription: "The text of the file, as `file()` reads it: columns parted by commas, semicolons or tabs, with or without " +
				"quotation marks and a byte order mark, with any line ends.",
		}},
		VariadicParameter: function.StringParameter{
			Name: serialcsv.Column,
			MarkdownDescription: "The heading of the serial number column, in any case; at most one. Without it the column is found by its heading, such as " +
				"`Serial Number`, `serial_number`, `S/N`, `Device Serial` or `Seriennummer`. A single column may have no heading.",
		},
		Return: function.StringReturn{},
	}
}

// Run implements function.Function.
func (serialNumbersFromCSV) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	var columns []string
	if resp.Error = req.Arguments.Get(ctx, &text, &columns); resp.Error != nil {
		return
	}
	column, err := only(columns)
	if err != nil {
		resp.Error = blame(len(columns), err)
		return
	}
	serials, err := serialcsv.Parse(text, column)
	if err != nil {
		resp.Error = blame(argumentOf(err), err)
		return
	}
	resp.Error = resp.Result.Set(ctx, enrollment.JoinSerials(serials))
}

// only is the one heading, or "" where none is given: a function has no optional
// arguments but a variadic one. The last argument is to blame for an error.
func only(columns []string) (string, error) {
	switch {
	case len(columns) > 1:
		return "", errors.New("one column has the serial numbers: give its heading alone, or none")
	case len(columns) == 1 && columns[0] == "":
		return "", errors.New("the heading is empty: leave the argument out to have the column found")
	}
	return strings.Join(columns, ""), nil
}

// argumentOf is the argument that Parse blames.
func argumentOf(err error) int {
	if wrong, ok := errors.AsType[*enrollment.Error](err); ok && wrong.Field == serialcsv.Column {
		return 1
	}
	return 0
}
