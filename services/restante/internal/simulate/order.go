package simulate

import (
	"cmp"
	"slices"
)

// sortBy sorts by a key that no two share: the order of a map must not decide anything.
func sortBy[T any, K cmp.Ordered](all []T, key func(T) K) {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
