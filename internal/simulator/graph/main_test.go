package graph_test

import (
	"os"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
)

// What these tests call counts for nothing: whether the provider uses an operation is told by the tests of the provider.
func TestMain(m *testing.M) {
	_ = os.Unsetenv(contract.DirectoryVariable)
	os.Exit(m.Run())
}
