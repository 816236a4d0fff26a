// Package functions holds the provider's functions, a file each. They are pure:
// they need no provider block, no network and no store, and give the same for the
// same arguments.
package functions

import (
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// All lists what makes each function.
func All() []func() function.Function {
	return []func() function.Function{
		NewSerialNumbersFromCSV,
		NewServerTokenInfo,
		NewSkipSetupItems,
	}
}

// blame is an error as a function's, with the argument that its Field names; the
// first argument where it names none.
func blame(err error, arguments ...string) *function.FuncError {
	position := int64(0)
	if wrong, ok := errors.AsType[*enrollment.Error](err); ok {
		for i, argument := range arguments {
			if wrong.Field == argument {
				position = int64(i)
			}
		}
	}
	return function.NewArgumentFuncError(position, err.Error())
}
