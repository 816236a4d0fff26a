package assignment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// desired gives the serial numbers that the configuration names, sorted and
// without repetitions; false when they are not known yet. Errors stand at the
// attribute that is to blame.
func (m *model) desired(ctx context.Context, diags *diag.Diagnostics) ([]string, bool) {
	var (
		serials []string
		at      path.Path
		err     error
	)
	switch {
	case m.SerialNumbers.IsUnknown(), m.SerialNumbersFile.IsUnknown(), m.SerialNumberList.IsUnknown():
		return nil, false
	case !m.SerialNumbersFile.IsNull():
		at = path.Root("serial_numbers_file")
		serials, err = readSerials(m.SerialNumbersFile.ValueString())
	case !m.SerialNumberList.IsNull():
		at = path.Root("serial_number_list")
		serials, err = enrollment.ParseSerials([]byte(m.SerialNumberList.ValueString()))
	default:
		at = path.Root("serial_numbers")
		if hasUnknown(m.SerialNumbers) {
			return nil, false
		}
		serials, err = enrollment.NormalSerials(stringsOf(ctx, m.SerialNumbers, diags))
	}
	if err != nil {
		diags.AddAttributeError(at, "Unable to read the serial numbers", err.Error())
		return nil, false
	}
	return serials, !diags.HasError()
}

// unchanged refuses to act when the serial numbers are no longer those that
// were planned: a file that was edited while the apply ran.
func (m *model) unchanged(serials []string) error {
	if got := enrollment.SerialsDigest(serials); m.DevicesSHA256.ValueString() != got {
		return &enrollment.Error{
			Kind: enrollment.ErrConflict, Field: "serial_numbers_file",
			What: fmt.Sprintf("The serial numbers changed between plan and apply: %d were planned, and there are %d now", m.DeviceCount.ValueInt64(), len(serials)),
			Do:   "Nothing was changed. Plan again.",
		}
	}
	return nil
}

func readSerials(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: "The file of serial numbers cannot be opened", Err: withoutPath(err),
			Do: fmt.Sprintf("Look whether %q is there, seen from the directory that the command runs in; path.module makes a path independent of it.", name),
		}
	}
	defer func() { _ = file.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(file, enrollment.MaxSerialText+1))
	if err != nil {
		return nil, &enrollment.Error{Kind: enrollment.ErrInvalid, What: fmt.Sprintf("The file of serial numbers %q cannot be read", name), Err: withoutPath(err)}
	}
	serials, err := enrollment.ParseSerials(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return serials, nil
}

func withoutPath(err error) error {
	if pathError, ok := errors.AsType[*os.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// named lists serial numbers in a sentence.
func named(serials []string) string { return tf.Named(serials, 10) }
