package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/relay"
)

// writeEnv writes DATA/dev.env whole or not at all, for its owner only: what commands and SDKs need to use this instance, as
// lines that a POSIX shell can source. RESTANTE_RPC or RESTANTE_HORIZON is empty when the ledger is not spoken to that way.
func (h *house) writeEnv(app relay.AppID, key string) error {
	rpc, horizon := h.cfg.Ledger.URL, h.cfg.Ledger.Horizon
	if h.net != nil {
		rpc, horizon = h.rpcURL, h.base+"/horizon"
	}
	return h.putEnv(map[string]string{"RESTANTE_SERVER": h.base, "RESTANTE_KEY": key, "RESTANTE_RPC": rpc, "RESTANTE_HORIZON": horizon,
		"RESTANTE_NETWORK": h.cfg.Ledger.Passphrase, "RESTANTE_APP": string(app)})
}

// putEnv writes DATA/dev.env. What is not known is left out.
func (h *house) putEnv(env map[string]string) error {
	var b strings.Builder
	for _, name := range []string{"RESTANTE_SERVER", "RESTANTE_KEY", "RESTANTE_RPC", "RESTANTE_HORIZON", "RESTANTE_NETWORK", "RESTANTE_APP"} {
		value, known := env[name]
		if !known {
			continue
		}
		if strings.ContainsAny(value, "\n\r\x00") {
			return fmt.Errorf("%s cannot be written to dev.env: it has a line break", name)
		}
		fmt.Fprintf(&b, "%s=%s\n", name, quoted(value))
	}
	return durable.Replace(h.path("dev.env"), []byte(b.String()))
}

// quoted is a word of a POSIX shell that means s: in single quotes, where nothing but the quote itself is special.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func unquoted(s string) string {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return s // as written before values were quoted
	}
	return strings.ReplaceAll(s[1:len(s)-1], `'\''`, "'")
}

// readEnv reads the lines of a dev.env.
func readEnv(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	env := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			env[name] = unquoted(value)
		}
	}
	return env, lines.Err()
}
