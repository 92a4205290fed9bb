package api_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

var eva = wire.ReaddressRequest{To: "Eva@Example.org"}

// What opened the payment for the old address does not open it any more: a code that was mailed there, a voucher for its
// owner. The count of tries goes on, and a new code goes to the new address.
func TestReaddress(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	holding := w.fund(p.ID)
	path, claims := "/v1/payments/"+p.ID+"/readdress", "/v1/claims/"+p.ID
	var v wire.Voucher
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/vouch", nil).want(201).into(&v)
	old, code := w.code(link)
	c := w.holder(link)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	c.do("POST", claims+"/prove", wire.ProveRequest{Session: old.Session, Code: wrong}).refused(401, "code_wrong")

	w.as(w.key).do("POST", path, eva).want(200).into(&p)
	if p.To != "email:eva@example.org" || p.State != "pending" {
		t.Errorf("%+v", p)
	}
	w.unchanged("the same again", func() { w.as(w.key).do("POST", path, eva).want(200) })
	w.unchanged("a code of the old address", func() {
		c.do("POST", claims+"/prove", wire.ProveRequest{Session: old.Session, Code: code}).refused(401, "session_invalid")
	})
	w.unchanged("a voucher for the old address", func() {
		c.do("POST", claims+"/prove", wire.ProveRequest{Voucher: v.Voucher}).refused(401, "proof_invalid")
	})
	w.unchanged("another code too soon", func() { c.do("POST", claims+"/code", nil).refused(429, "code_too_soon") })
	var book relay.CodeBook
	err := w.store.View(t.Context(), func(tx desk.Tx) (err error) { book, err = tx.CodeBook(relay.PaymentID(p.ID)); return err })
	if err != nil || book.Tries != 1 || book.Sent != 1 {
		t.Errorf("%+v, %v", book, err)
	}
	var list wire.PaymentList
	w.as(w.key).do("GET", "/v1/payments?to=eva@example.org", nil).want(200).into(&list)
	if len(list.Data) != 1 {
		t.Errorf("%+v", list)
	}
	w.as(w.key).do("GET", "/v1/payments?to=ana@example.com", nil).want(200).into(&list)
	if len(list.Data) != 0 {
		t.Errorf("%+v", list)
	}
	var s wire.Story
	w.as(w.key).do("GET", "/v1/payments/"+p.ID+"/story", nil).want(200).into(&s)
	if last := s.History[len(s.History)-1]; last.Input != "readdressed" || last.From != "pending" || last.To != "pending" || last.Detail != "" {
		t.Errorf("%+v", last) // no handle: history is not encrypted
	}
	told := map[string]int{}
	for _, k := range s.Work {
		if k.DoneAt == nil {
			told[k.Kind]++
		}
	}
	if told["notify"] != 1 || told["publish"] == 0 || told["mail_code"] != 0 {
		t.Errorf("%+v", s.Work)
	}

	w.tick(time.Minute)
	var fresh wire.CodeSession
	c.do("POST", claims+"/code", nil).want(202).into(&fresh)
	if fresh.To != "email:e***@example.org" {
		t.Errorf("%+v", fresh)
	}
	w.tick(time.Minute)
	w.claim(link, holding, keypair.MustRandom()) // the link stays
	if strings.Contains(w.logs.String(), "eva@") {
		t.Error("the log shows a handle")
	}
}

func TestReaddressIsRefused(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	path := "/v1/payments/" + p.ID + "/readdress"
	for body, code := range map[string]string{
		`{"to":"eva"}`: "handle_malformed", `{"to":"email:"}`: "handle_malformed", `{}`: "required", `{"to":"eva@example.org","amount":"1"}`: "unknown_field",
	} {
		w.unchanged(body, func() { w.as(w.key).do("POST", path, body).refused(400, code) })
	}
	w.unchanged("without its key", func() {
		w.anonymous().do("POST", path, eva).refused(401, "key_missing")
		w.as(w.admin).do("POST", path, eva).refused(404, "not_found")
		w.as(w.key).do("POST", "/v1/payments/pay_x/readdress", eva).refused(404, "not_found")
	})
	w.as(w.key).do("POST", path, wire.ReaddressRequest{To: "github:eva"}).want(200) // before any money moves
	w.as(w.key).do("POST", path, ana).refused(400, "unknown_field")
	w.as(w.key).do("POST", path, wire.ReaddressRequest{To: ana.To}).want(200)
	w.fund(p.ID)
	w.prove(link)
	w.unchanged("after the proof", func() { w.as(w.key).do("POST", path, eva).refused(409, "share_released") })
	w.unchanged("to whom it is", func() { w.as(w.key).do("POST", path, wire.ReaddressRequest{To: ana.To}).want(200) })
	w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/cancel", nil).want(202)
	w.unchanged("on the way back", func() { w.as(w.key).do("POST", path, eva).refused(409, "already_canceled") })

	in := ana
	in.Policy = "link"
	q, _ := w.send(in)
	w.fund(q.ID)
	w.unchanged("a bearer's", func() { w.as(w.key).do("POST", "/v1/payments/"+q.ID+"/readdress", eva).refused(409, "not_guarded") })

	q, link = w.send(ana)
	w.claim(link, w.fund(q.ID), keypair.MustRandom())
	w.unchanged("a claim in flight", func() { w.as(w.key).do("POST", "/v1/payments/"+q.ID+"/readdress", eva).refused(409, "claim_in_flight") })
}

// A proof and a new address at the same moment: one of them is first, and then the other is refused. What is never so is
// that the share went to ana and the payment to eva.
func TestReaddressAgainstProof(t *testing.T) {
	w := newFixture(t)
	won := map[string]int{}
	for range 20 {
		p, link := w.send(ana)
		w.fund(p.ID)
		s, code := w.code(link)
		var moved, proven answer
		var both sync.WaitGroup
		both.Go(func() { moved = w.as(w.key).do("POST", "/v1/payments/"+p.ID+"/readdress", eva) })
		both.Go(func() {
			proven = w.holder(link).do("POST", "/v1/claims/"+p.ID+"/prove", wire.ProveRequest{Session: s.Session, Code: code})
		})
		both.Wait()
		w.as(w.key).do("GET", "/v1/payments/"+p.ID, nil).want(200).into(&p)
		switch {
		case moved.status == 200 && proven.status == 401:
			proven.refused(401, "session_invalid")
			won[p.To]++
		case moved.status == 409 && proven.status == 200:
			moved.refused(409, "share_released")
			won[p.To]++
		default:
			t.Errorf("readdress %d %s, proof %d %s", moved.status, moved.body, proven.status, proven.body)
		}
	}
	if won["email:eva@example.org"]+won["email:ana@example.com"] != 20 {
		t.Errorf("%v", won)
	}
}

// The proof that was compared before the new address was committed comes too late, whatever the order of the requests was.
func TestACodeComparedBeforeIsVoidAfter(t *testing.T) {
	w := newFixture(t)
	p, link := w.send(ana)
	w.fund(p.ID)
	s, _ := w.code(link)
	id := relay.PaymentID(p.ID)
	if _, err := w.desk.TryCode(t.Context(), id, hash(s.Session)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Apply(t.Context(), id, relay.Readdressed{To: relay.Handle{Kind: "email", Value: "eva@example.org"}}); err != nil {
		t.Fatal(err)
	}
	w.unchanged("a proof that is late", func() {
		if _, err := w.desk.Prove(t.Context(), id, desk.Credential{Session: hash(s.Session)}, "pass"); relay.CodeOf(err) != "session_invalid" {
			t.Error(err)
		}
	})
}
