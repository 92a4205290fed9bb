package main

import (
	"encoding/json"
	"fmt"
)

// printJSON writes v as one line of JSON.
func (c *cli) printJSON(v any) error {
	out, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.stdout, string(out))
	return err
}
