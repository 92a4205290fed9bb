package boot_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/services/internal/boot"
)

type ledger struct {
	Interval time.Duration `yaml:"interval" validate:"min=0"`
	URL      string        `yaml:"url" validate:"omitempty,url"`
}

type shared struct {
	Data string `yaml:"data" validate:"required"`
}

type config struct {
	shared  `yaml:",inline"`
	Shared  shared            `yaml:"shared" validate:"-"`
	Addr    string            `yaml:"addr" validate:"required,hostname_port"`
	Workers int               `yaml:"workers" validate:"min=1,max=64"`
	Plain   string            // "plain"
	Ledger  ledger            `yaml:"ledger"`
	Mail    *ledger           `yaml:"mail"`
	Peers   []ledger          `yaml:"peers" validate:"dive"`
	Labels  map[string]string `yaml:"labels"`
	Since   time.Time         `yaml:"since"`
	Skipped string            `yaml:"-"`
	hidden  string
}

func defaults() config {
	return config{Shared: shared{Data: "x"}, Addr: "127.0.0.1:8080", Workers: 4, Ledger: ledger{Interval: time.Second}, shared: shared{Data: "here"}, hidden: "kept"}
}

func TestConfigTakesWhatIsKnownAndKeepsDefaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "restante.yml")
	text := "# a comment\naddr: 127.0.0.1:7\nplain: yes, text\nledger: {url: 'http://127.0.0.1:1'}\nmail:\n  interval: 2s\npeers:\n- interval: 3s\nlabels: {any: thing}\nsince: 2026-01-31T12:00:00Z\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	if err := boot.Load(path, &c); err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:7" || c.Workers != 4 || c.Plain != "yes, text" || c.Ledger.Interval != time.Second || c.Ledger.URL == "" ||
		c.Mail.Interval != 2*time.Second || c.Peers[0].Interval != 3*time.Second || c.Labels["any"] != "thing" || c.Since.Year() != 2026 || c.hidden != "kept" {
		t.Errorf("%+v", c)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "ledger:\n"} {
		c := defaults()
		if err := boot.Parse("x.yml", []byte(empty), &c); err != nil || c.Workers != 4 {
			t.Errorf("%q: %v, %+v", empty, err, c)
		}
	}
	if err := boot.Load(path+".absent", &c); !os.IsNotExist(unwrap(err)) {
		t.Errorf("absent file: %v", err)
	}
}

func unwrap(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		if _, path := err.(*os.PathError); path {
			return err
		}
		err = inner.Unwrap()
	}
}

func TestConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"addr: 127.0.0.1:1\nworkrs: 2\n":              `x.yml:2: unknown key "workrs"; did you mean "workers"?`,
		"\n\nledger:\n  intervall: 1s\n":              `x.yml:4: unknown key "ledger.intervall"; did you mean "ledger.interval"?`,
		"Addr: 127.0.0.1:1\n":                         `x.yml:1: unknown key "Addr"; did you mean "addr"?`,
		"ledger: {zzzzzzzz: 1}\n":                     `x.yml:1: unknown key "ledger.zzzzzzzz"; known here: interval, url`,
		"skipped: x\n":                                `x.yml:1: unknown key "skipped"; known here: addr, data, labels, ledger, mail, peers, plain, shared, since, workers`,
		"hidden: x\n":                                 `x.yml:1: unknown key "hidden"; `,
		"mail: {rul: x}\n":                            `x.yml:1: unknown key "mail.rul"; did you mean "mail.url"?`,
		"mail: {ur: x}\n":                             `x.yml:1: unknown key "mail.ur"; did you mean "mail.url"?`,
		"peers:\n- url: http://127.0.0.1\n- uri: x\n": `x.yml:3: unknown key "peers.uri"; did you mean "peers.url"?`,
		"workers: many\n":                             `x.yml:1: workers takes a whole number`,
		"workers: 0\n":                                `x.yml:1: workers must satisfy "min=1"`,
		"ledger:\n  url: nowhere\n":                   `x.yml:2: ledger.url must satisfy "url"`,
		"addr: ''\nworkers: 65\n":                     "x.yml:1: addr must satisfy \"required\"\nx.yml:2: workers must satisfy \"max=64\"",
		"addr: 127.0.0.1:1\naddr: 127.0.0.1:2\n":      `x.yml: line 2: mapping key "addr" already defined`,
		"addr: &a 127.0.0.1:1\nplain: *a\n":           `x.yml:1: aliases are not read here`,
		"ledger: [1]\n":                               `x.yml:1: ledger has another form`,
		"ledger: 5\n":                                 `x.yml:1: ledger has another form`,
		"addr: {a: 1}\n":                              `x.yml:1: addr has another form`,
		"- a\n":                                       `x.yml:1: the file has another form`,
		"text\n":                                      `x.yml:1: the file has another form`,
		"workers: 2\n---\nworkers: 3\n":               `x.yml: more than one document`,
		"workers: [\n":                                `x.yml: yaml:`,
		"<<: {workers: 2}\n":                          `x.yml:1: unknown key "<<"`,
	} {
		c := defaults()
		if err := boot.Parse("x.yml", []byte(text), &c); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q\n got %v\nwant %s", text, err, want)
		}
	}
	var c config
	if err := boot.Parse("x.yml", nil, &c); err == nil || !strings.HasPrefix(err.Error(), "x.yml: ") {
		t.Errorf("empty file without defaults: %v", err)
	}
	if err := boot.Parse("x.yml", nil, config{}); err == nil {
		t.Error("took what it cannot fill")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("addr: 127.0.0.1:1\nledger: {url: 'http://127.0.0.1:1'}\npeers:\n- interval: 3s\n")
	f.Add("a: &a [*a]\n")
	f.Add("mail: ~\nlabels: {a: b}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := defaults()
		if boot.Parse("x.yml", []byte(text), &c) == nil && (c.Workers < 1 || c.Workers > 64 || c.Addr == "") {
			t.Fatalf("%q gave %+v", text, c)
		}
	})
}
