package stack

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
func (s *Stack) writeEnv(app relay.AppID, key string) error {
	rpc, horizon := s.Config.Ledger.URL, s.Config.Ledger.Horizon
	if s.Devnet != nil {
		rpc, horizon = s.RPC, s.URL+"/horizon"
	}
	return s.putEnv(map[string]string{"RESTANTE_SERVER": s.URL, "RESTANTE_KEY": key, "RESTANTE_RPC": rpc, "RESTANTE_HORIZON": horizon,
		"RESTANTE_NETWORK": s.Config.Ledger.Passphrase, "RESTANTE_APP": string(app)})
}

// putEnv writes DATA/dev.env. What is not known is left out.
func (s *Stack) putEnv(env map[string]string) error {
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
	return durable.Replace(s.Path("dev.env"), []byte(b.String()))
}

// quoted is a word of a POSIX shell that means s: in single quotes, where nothing but the quote itself is special.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// ShellWord is s as a word of a POSIX shell, in quotes where it needs them.
func ShellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+,=") == "" {
		return s
	}
	return quoted(s)
}

func unquoted(s string) string {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return s // as written before values were quoted
	}
	return strings.ReplaceAll(s[1:len(s)-1], `'\''`, "'")
}

// ReadEnv reads the lines of a dev.env.
func ReadEnv(path string) (map[string]string, error) {
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
