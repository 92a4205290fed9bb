package sqlstore

import "strings"

// columns are those of a table, in one list: the name of each, and a pointer to where its value is. A SELECT scans into these places,
// and an INSERT or UPDATE reads them (database/sql follows pointers), so that no second list has to keep the order.
type columns []struct {
	name string
	at   any
}

// names is the list for a statement.
func (cs columns) names() string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// places are what Scan fills and what a statement's placeholders stand for.
func (cs columns) places() []any {
	places := make([]any, len(cs))
	for i, c := range cs {
		places[i] = c.at
	}
	return places
}

// insert is the statement that writes a row.
func (cs columns) insert(table string) string {
	return "INSERT INTO " + table + " (" + cs.names() + ") VALUES (" + slots(1, len(cs)) + ")"
}

// scan reads a row of a table whose columns are nothing but fields.
func scan[T any](of func(*T) columns) func(*session, row) (T, error) {
	return into(func(v *T) []any { return of(v).places() })
}

// into reads a row into places of a value, in the order of the SELECT.
func into[T any](places func(*T) []any) func(*session, row) (T, error) {
	return func(_ *session, r row) (v T, err error) {
		err = r.Scan(places(&v)...)
		return v, err
	}
}
