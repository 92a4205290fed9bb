package boot

// Nearest is the one of the words that a typed one was probably meant to be; "" when none is near. Of several it is the first.
func Nearest(typed string, words []string) string {
	best, near := "", max(2, len(typed)/3)+1
	for _, w := range words {
		if d := distance(typed, w); d < near {
			best, near = w, d
		}
	}
	return best
}

// distance is how many letters must be added, dropped, changed or swapped with their neighbour to get from a to b (optimal
// string alignment). A swap counts one: it is the commonest slip.
func distance(a, b string) int {
	var before []int // the row above the last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
