package main

import (
	"context"
	"strings"
)

// confirm asks a person at a terminal before what cannot be taken back. A script has said what it means; so has --yes.
func (c *cli) confirm(ctx context.Context, yes bool, question string) error {
	if yes || c.terminal() == nil {
		return nil
	}
	answer, err := c.ask(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return failed("Nothing was done.")
}
