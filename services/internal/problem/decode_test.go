package problem_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/services/internal/problem"
)

type base struct {
	ID string `json:"id"`
}

type half struct {
	Share []byte `json:"share,omitempty"`
	Hash  string `json:"auth_hash" validate:"required"`
}

type request struct {
	base
	To        string            `json:"to" validate:"required,max=10"`
	Count     int32             `json:"count" validate:"min=0,max=5"`
	Yes       bool              `json:"yes"`
	ExpiresAt *time.Time        `json:"expires_at"`
	Policy    string            `json:"policy" validate:"omitempty,oneof=guarded link"`
	Metadata  map[string]string `json:"metadata" validate:"omitempty,max=2,dive,keys,min=1,max=9,endkeys,max=3"`
	Link      *half             `json:"link"`
	Items     []half            `json:"items" validate:"dive"`
	Raw       json.RawMessage   `json:"raw"`
	Hidden    string            `json:"-"`
}

// post decodes a body and describes what came of it: "" or "status code: pointer code detail, …".
func post(t *testing.T, contentType, body string, into any) string {
	t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	resp, text, _ := serve(t, r, func(w http.ResponseWriter, r *http.Request) {
		if err := problem.Decode(r, into); err != nil {
			problem.Write(w, r, err)
		}
	})
	if resp.StatusCode == 200 {
		return ""
	}
	var p problem.Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%d %s", resp.StatusCode, p.Code)
	for _, e := range p.Errors {
		out += fmt.Sprintf("\n%s %s: %s", e.Pointer, e.Code, e.Detail)
	}
	return out
}

func TestDecodeRefuses(t *testing.T) {
	var got strings.Builder
	for _, body := range []string{
		`{"to":"ana","extra":1}`,
		`{"TO":"ana"}`,
		`{"to":"ana","Hidden":"x"}`,
		`{"to":"ana","to":"bob"}`,
		`{"to":5}`,
		`{"to":"ana","count":1.5}`,
		`{"to":"ana","count":3000000000}`,
		`{"to":"ana","yes":"true"}`,
		`{"to":"ana","expires_at":"tomorrow"}`,
		`{"to":"ana","link":{"auth_hash":"x","share":"***"}}`,
		`{"to":"ana","link":{"auth_hash":"x","a/b~c":1}}`,
		`{"to":"ana","link":[]}`,
		`{"to":"ana","items":{}}`,
		`{"to":"ana","items":[{"auth_hash":"x"},{"auth_hash":"x","y":0}]}`,
		`{"to":"ana","metadata":{"k":1}}`,
		`{"to":"ana","metadata":{"k":"a","k":"b"}}`,
		`{"to":"ana","` + strings.Repeat("é", 60) + `":1}`,
		`{}`,
		`{"to":"a long private name"}`,
		`{"to":"ana","count":9}`,
		`{"to":"ana","count":-1}`,
		`{"to":"ana","policy":"private"}`,
		`{"to":"ana","link":{}}`,
		`{"to":"ana","items":[{"auth_hash":"x"},{}]}`,
		`{"to":"ana","metadata":{"a.b/[c]":"private"}}`,
		`{"to":"ana","metadata":{"a":"","b":"","c":""}}`,
		`{"count":9,"to":""}`,
		``, ` `, `null`, `[]`, `"x"`, `{"to":"ana"}{}`, `{"to":"ana"} x`, `{"to":"ana"`, "{\"to\":\"\xff\"}",
	} {
		text := post(t, "application/json", body, &request{})
		if text == "" {
			t.Errorf("taken: %s", body)
		}
		if strings.Contains(text, "private") {
			t.Errorf("repeats a value: %s", text)
		}
		fmt.Fprintf(&got, "%q\n%s\n\n", body, text)
	}
	golden(t, "decode.txt", got.String())
}

func TestDecodeTakes(t *testing.T) {
	var v request
	body := ` {"id":"1","to":"ana","count":5,"yes":true,"expires_at":"2026-01-31T12:00:00Z","policy":"link","metadata":{"k":"v"},` +
		`"link":{"auth_hash":"h","share":"AQI="},"items":[{"auth_hash":"h"}],"raw":{"any":["thing"]}} ` + "\n"
	if text := post(t, "Application/JSON; charset=UTF-8", body, &v); text != "" {
		t.Fatal(text)
	}
	if v.ID != "1" || v.To != "ana" || v.Count != 5 || !v.Yes || v.ExpiresAt.Year() != 2026 || v.Metadata["k"] != "v" || v.Link.Share[1] != 2 || len(v.Items) != 1 {
		t.Errorf("%+v", v)
	}
	if text := post(t, "application/json", `{"to":"ana","link":null,"expires_at":null}`, &request{}); text != "" {
		t.Errorf("null is absent: %s", text)
	}
}

func TestMediaTypeAndSize(t *testing.T) {
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/json;;", "application/problem+json"} {
		if text := post(t, kind, `{"to":"ana"}`, &request{}); text != "415 unsupported_media_type" {
			t.Errorf("%q: %s", kind, text)
		}
	}
	fill := func(n int) string { return `{"to":"ana"` + strings.Repeat(" ", n-len(`{"to":"ana"}`)) + `}` }
	if text := post(t, "application/json", fill(problem.MostBody), &request{}); text != "" {
		t.Errorf("1 MiB: %s", text)
	}
	if text := post(t, "application/json", fill(problem.MostBody+1), &request{}); text != "413 body_too_large" {
		t.Errorf("1 MiB and a byte: %s", text)
	}
}

func TestManyWrongFieldsAreCutShort(t *testing.T) {
	var body strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&body, `,"f%d":0`, i)
	}
	if text := post(t, "application/json", `{"to":"ana"`+body.String()+`}`, &request{}); strings.Count(text, "unknown_field") != 20 {
		t.Errorf("%s", text)
	}
}

// FuzzDecode: what is taken is what encoding/json would take too, and nothing panics.
func FuzzDecode(f *testing.F) {
	f.Add(`{"to":"ana","count":5,"items":[{"auth_hash":"h"}],"metadata":{"a.b":"v"}}`)
	f.Add(`{"to":"ana","link":{"share":"AQI="},"raw":[[[1]]]}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var strict, lax request
		if problem.Decode(r, &strict) != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&lax); err != nil {
			t.Fatalf("%q: taken, but %v", body, err)
		}
	})
}
