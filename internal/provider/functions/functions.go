// Package functions holds the provider's functions, a file each. They are pure:
// they need no provider block, no network and no store, and give the same for the
// same arguments.
package functions

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

// All lists what makes each function.
func All() []func() function.Function {
	return []func() function.Function{
		NewSerialNumbersFromCSV,
		NewServerTokenInfo,
		NewSkipSetupItems,
	}
}

// blame is an error of the argument at a position, counted from 0. Command line
// tools put a stop behind it.
func blame(position int, err error) *function.FuncError {
	return function.NewArgumentFuncError(int64(position), strings.TrimSuffix(err.Error(), "."))
}
