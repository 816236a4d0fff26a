package enrollment

// Without gives the elements of a that are not in b; both are sorted and
// without repetitions.
func Without(a, b []string) []string {
	out := make([]string, 0, len(a))
	for i, j := 0, 0; i < len(a); i++ {
		for j < len(b) && b[j] < a[i] {
			j++
		}
		if j == len(b) || b[j] != a[i] {
			out = append(out, a[i])
		}
	}
	return out
}

// Common gives the elements that a and b share; both are sorted and without
// repetitions.
func Common(a, b []string) []string {
	var out []string
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			out = append(out, a[i])
			i, j = i+1, j+1
		}
	}
	return out
}

// Union gives the elements of a and b together; both are sorted and without
// repetitions, and so is the result.
func Union(a, b []string) []string {
	out := make([]string, 0, max(len(a), len(b)))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			out = append(out, a[i])
			i++
		case a[i] > b[j]:
			out = append(out, b[j])
			j++
		default:
			out = append(out, a[i])
			i, j = i+1, j+1
		}
	}
	return append(append(out, a[i:]...), b[j:]...)
}
