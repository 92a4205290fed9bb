package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
	"github.com/restante/restante/services/internal/problem"
)

var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// conform holds an answer, and a request that was accepted, against the document.
func conform(w *fixture, req *http.Request, body []byte, a answer) {
	w.Helper()
	doc, err := document()
	if err != nil {
		w.Fatal(err)
	}
	explained(w, doc, a)
	rt, params := find(doc, req.Method, req.URL.Path)
	if rt == nil || a.status == http.StatusMethodNotAllowed {
		return
	}
	if rt.Operation.Responses.Value(strconv.Itoa(a.status)) == nil && a.status != http.StatusInternalServerError {
		w.Errorf("openapi.yaml does not know that %s answers %d\n%s", a.what, a.status, a.body)
		return
	}
	again := req.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.URL, _ = url.Parse(req.URL.RequestURI())
	in := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: params, Route: rt,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if a.status < 300 {
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			w.Errorf("%s was accepted, but openapi.yaml refuses it: %v\n%s", a.what, err, body)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header, Options: in.Options}
	if err := openapi3filter.ValidateResponse(context.Background(), out.SetBodyBytes(a.body)); err != nil {
		w.Errorf("the answer of %s is not as openapi.yaml says: %v\n%s", a.what, err, a.body)
	}
}

// meanings are the codes of the document and their statuses.
func meanings(w *fixture, doc *openapi3.T) map[string]int {
	w.Helper()
	list, ok := doc.Components.Schemas["Problem"].Value.Extensions["x-codes"].(map[string]any)
	if !ok {
		w.Fatal("the document lists no codes")
	}
	out := map[string]int{}
	for code, v := range list {
		switch n := v.(map[string]any)["status"].(type) {
		case float64:
			out[code] = int(n)
		case int:
			out[code] = n
		case uint64:
			out[code] = int(n)
		}
	}
	return out
}

// explained wants the codes of a problem in the document, with its status.
func explained(w *fixture, doc *openapi3.T, a answer) {
	w.Helper()
	var p problem.Problem
	if a.status < 400 || json.Unmarshal(a.body, &p) != nil {
		return
	}
	known := meanings(w, doc)
	if known[p.Code] != a.status {
		w.Errorf("%s: the document does not say that %s comes with %d", a.what, p.Code, a.status)
	}
	for _, e := range p.Errors {
		if known[e.Code] == 0 {
			w.Errorf("%s: the document does not list %s", a.what, e.Code)
		}
	}
}

func TestDocumentListsTheCodesOfThisPackage(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	known := meanings(&fixture{T: t}, doc)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "../../relay/requirements.go") { // what this package asks of the ledger is judged there
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:NewFault\(relay\.\w+, *|[^a-z](?:invalid|conflict)\()"([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(name, "_test.go") && known[m[1]] == 0 {
				t.Errorf("%s: the document does not list %s", name, m[1])
			}
		}
	}
}

func find(doc *openapi3.T, method, path string) (*routers.Route, map[string]string) {
	got := strings.Split(path, "/")
	for pattern, item := range doc.Paths.Map() {
		want, params := strings.Split(pattern, "/"), map[string]string{}
		if len(want) != len(got) {
			continue
		}
		fits := true
		for i := range want {
			if strings.HasPrefix(want[i], "{") {
				params[strings.Trim(want[i], "{}")] = got[i]
			} else if want[i] != got[i] {
				fits = false
			}
		}
		if op := item.GetOperation(method); fits && op != nil {
			return &routers.Route{Spec: doc, Path: pattern, PathItem: item, Method: method, Operation: op}, params
		}
	}
	return nil, nil
}

func TestDocumentHasTheRoutesOfTheCode(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			want = append(want, method+" "+path)
			access := "byApp"
			if op.Security != nil {
				access = "open"
				for _, s := range *op.Security {
					for name := range s {
						access = map[string]string{"link": "byLink", "key": "byApp", "manage": "bySender"}[name]
					}
				}
			}
			if !slices.Contains(api.Routes(), method+" "+path+" "+access) {
				t.Errorf("the document has %s %s for %s, the code has not", method, path, access)
			}
		}
	}
	for _, rt := range api.Routes() {
		if !slices.Contains(want, rt[:strings.LastIndex(rt, " ")]) {
			t.Errorf("the code has %s, the document has not", rt)
		}
	}
}

// Each schema has exactly the fields of its struct, required ones are those that are always written, and every exported
// struct of package wire that is a body of /v1 is there.
func TestDocumentHasTheFieldsOfTheCode(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string]any{
		"PaymentRequest": wire.PaymentRequest{}, "LinkHalf": wire.LinkHalf{}, "Payment": wire.Payment{}, "Cost": wire.Cost{},
		"Settlement": wire.Settlement{}, "PaymentList": wire.PaymentList{}, "Voucher": wire.Voucher{}, "Preview": wire.Preview{}, "Refusal": wire.Refusal{}, "Halted": wire.Halted{}, "PreviewCost": wire.PreviewCost{},
		"ReaddressRequest": wire.ReaddressRequest{}, "Story": wire.Story{},
		"StoryEntry": wire.StoryEntry{}, "StoryEnvelope": wire.StoryEnvelope{}, "StoryWork": wire.StoryWork{},
		"Receipt": wire.Receipt{}, "ReceiptRung": wire.ReceiptRung{},
		"Treasury": wire.Treasury{}, "Limits": wire.Limits{}, "ReclaimRequest": wire.ReclaimRequest{}, "Reclaiming": wire.Reclaiming{}, "Network": wire.Network{}, "AppRequest": wire.AppRequest{}, "App": wire.App{}, "Key": wire.Key{},
		"KeyList": wire.KeyList{}, "KeyRequest": wire.KeyRequest{}, "ClaimView": wire.ClaimView{}, "CodeSession": wire.CodeSession{}, "ProveRequest": wire.ProveRequest{},
		"MoveRequest": wire.MoveRequest{}, "Funding": wire.Funding{}, "DepositRequest": wire.DepositRequest{}, "WalletProof": wire.WalletProof{}, "TrustRequest": wire.TrustRequest{},
		"WalletAnswer": wire.WalletAnswer{}, "MissingWeight": wire.MissingWeight{}, "AgreeRequest": wire.AgreeRequest{}, "Agreed": wire.Agreed{},
		"Proven": wire.Proven{}, "PlanRequest": wire.PlanRequest{}, "Plan": wire.Plan{}, "SubmitRequest": wire.SubmitRequest{},
		"Problem": problem.Problem{}, "Field": problem.Field{},
	}
	files, err := filepath.Glob("../../relay/wire/*.go")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^type (\w+) struct`).FindAllStringSubmatch(string(source), -1) {
			if _, ok := structs[m[1]]; !ok && m[1] != "Mail" { // of the development mailbox, not of /v1
				t.Errorf("wire.%s is not compared with the document", m[1])
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		v, ok := structs[name]
		if !ok {
			if len(s.Value.Properties) > 0 {
				t.Errorf("schema %s is of no struct", name)
			}
			continue
		}
		delete(structs, name)
		compare(t, name, s.Value, reflect.TypeOf(v))
	}
	for name := range structs {
		t.Errorf("no schema for %s", name)
	}
}

func compare(t *testing.T, name string, s *openapi3.Schema, typ reflect.Type) {
	request := strings.HasSuffix(name, "Request") || name == "LinkHalf"
	var fields, required []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, tag)
		always := !strings.Contains(options, "omit")
		if request {
			always = strings.HasPrefix(f.Tag.Get("validate"), "required") && !strings.HasPrefix(f.Tag.Get("validate"), "required_")
		}
		if always {
			required = append(required, tag)
		}
	}
	var documented []string
	for p := range s.Properties {
		documented = append(documented, p)
	}
	for what, pair := range map[string][2][]string{"fields": {fields, documented}, "required fields": {required, s.Required}} {
		slices.Sort(pair[0])
		slices.Sort(pair[1])
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %s of the struct %q, of the schema %q", name, what, pair[0], pair[1])
		}
	}
}
