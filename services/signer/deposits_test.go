package signer

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

// A caller that was taken over makes holding accounts of its own and says that they are late deposits out of a foreign wallet. An
// account that any account can have made shows nothing: either the ledger has this very funding, or the wallet sponsors the account,
// which takes its signature. So the wallet's room is its own.
func TestLateDepositOfAForeignWallet(t *testing.T) {
	r := newFixture(t)
	victim := r.wallet(relay.Native)
	foreign := func() relay.KeepIntent {
		w := r.wallet(relay.Native)
		w.key = victim.key // its address is all that is used
		w.mint.ReturnTo = victim.key.Address()
		w.plan.Channel, w.plan.Sponsor, w.plan.Treasury = victim.key.Address(), victim.key.Address(), victim.key.Address()
		w.plan.Route.From, w.plan.Route.Sponsor = victim.key.Address(), victim.key.Address()
		w.plan.Bound = r.view.head.Sequence + 7000
		in := w.minted()
		in.Funded.Minted[0].Proof, in.Late = w.proof(keypair.MustRandom()), true
		in.Funded.Minted[0].Proof.Signer = victim.key.Address()
		return in
	}
	for name, facts := range map[string]relay.AccountFacts{
		"carries itself":         {Exists: true},
		"the service carries it": {Exists: true, Sponsor: r.sponsor},
		"another carries it":     {Exists: true, Sponsor: r.home},
		"the wallet carried it":  {Sponsor: victim.key.Address()},
	} {
		in := foreign()
		r.view.there[in.Funded.Minted[0].Account] = facts
		r.unkept(name, in, "wallet_proof_refused")
	}
	r.keep(victim.minted())
	in := foreign()
	r.view.there[in.Funded.Minted[0].Account] = relay.AccountFacts{Exists: true, Sponsor: victim.key.Address()}
	r.keep(in)
	in = foreign()
	r.view.seen[in.Funded.Envelope.Hash] = relay.Sighting{Hash: in.Funded.Envelope.Hash, Success: true}
	r.keep(in)
}
