package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

func (c *cli) newExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain ID", Short: "Tell the whole story of a payment", GroupID: groupLook, Args: exactly(1, "a payment's id"),
		Long: "Tell the whole story of a payment: what happened and when, every envelope that was ever signed for it and where it\n" +
			"landed, the work that is open, what the ledger says of the holding account, and what happens next.",
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			s, err := cl.Story(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(s)
			}
			return c.explain(s, time.Now())
		}),
	}
}

// explain writes the story in words; now tells what is overdue.
func (c *cli) explain(s client.Story, now time.Time) error {
	p := s.Payment
	c.printf("%s: %s to %s, %s.\n", p.ID, money(p.Amount, p.Asset), plain(p.To), p.State+inParentheses(p.Reason))
	c.printf("%s\n", stateText(p))
	if h := p.Halted; h != nil {
		c.printf("HALTED%s: %s\n", since(h.Since), plain(h.Detail))
	}
	if text := arrivedText(p); text != "" {
		c.printf("Arrived: %s. Fees: %s", text, money(p.Cost.Fee, ""))
		if others := feeByOthers(p); others != "" {
			c.printf(", and %s that others paid", others)
		}
		c.printf(".\n")
	}
	c.printf("\nWhat happened\n")
	sentHome := recoveredFromLog(s)
	for _, e := range s.History {
		words := entryText(e)
		if sentHome && e.Input == "cancel_asked" { // not the sender: it came with the entry before
			words, sentHome = "The service sends the money home: for whom it was and which link opened it is known to no one any more.", false
		}
		c.printf("  %s  %-9s  %s\n", stamp(e.At), e.To, words)
	}
	if len(s.Envelopes) == 0 {
		c.printf("\nNo envelope was ever signed.\n")
	} else {
		c.printf("\nEnvelopes\n")
	}
	for _, e := range s.Envelopes {
		c.printf("  %-9s  %s: %s\n", e.Kind, purpose(e, p), envelopeText(e, p))
		c.printf("  %-9s  hash %s\n", e.State, e.Hash)
	}
	c.openWork(s, now)
	c.printf("\nThe ledger%s\n", ledgerSays(s))
	c.printf("\nWhat next\n  %s\n", next(s))
	return nil
}

func (c *cli) openWork(s client.Story, now time.Time) {
	open := false
	for _, k := range s.Work {
		if k.DoneAt != nil {
			continue
		}
		if !open {
			c.printf("\nOpen work\n")
		}
		open = true
		if k.Kind == string(relay.DoSubmit) && !mayLand(s) {
			c.printf("  %-9s  %s, done: what was handed in has landed, or is proven unable to\n", k.Kind, due(k.Due, now))
			continue
		}
		c.printf("  %-9s  %s, %s\n", k.Kind, due(k.Due, now), attempts(k))
	}
	if !open {
		c.printf("\nNo work is open.\n")
	}
}

// mayLand says whether any of the envelopes that were handed in could still land.
func mayLand(s client.Story) bool {
	return slices.ContainsFunc(s.Envelopes, func(e wire.StoryEnvelope) bool {
		handedIn := relay.EnvelopeKind(e.Kind) != relay.ReturnEnvelope || relay.State(s.Payment.State) == relay.Returning
		return handedIn && relay.EnvelopeState(e.State) == relay.Signed
	})
}

// since is " since" a moment, where it is known.
func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " since " + stamp(*t)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// recoveredFromLog says that the database had lost the payment, and the signer's log had not.
func recoveredFromLog(s client.Story) bool {
	return slices.ContainsFunc(s.History, func(e wire.StoryEntry) bool { return e.Input == "recovered" })
}

// entryText says in words what an entry of the history records.
func entryText(e wire.StoryEntry) string {
	if e.Input == "balance_collected" && e.Detail == relay.CollectedElsewhere {
		return "The balance is gone from the ledger, by no transaction of the service."
	}
	if e.Input == "mail_answered" && e.Detail == "" { // of older programs
		return "A mail went out to the recipient, and the mail server answered."
	}
	words, known := inputWords[e.Input]
	if !known {
		words = plain(e.Input)
	}
	switch e.Input {
	case "claim_landed", "return_landed", "emptied_elsewhere", "moved":
		if relay.State(e.From).Ended() { // seen after one in a later ledger, out of an account that was made anew
			words = "An earlier ledger shows another end, and it counts. " + words
		}
	}
	if e.Detail != "" {
		words += " " + plain(e.Detail)
	}
	return words
}

var inputWords = map[string]string{
	"accepted":          "The request was accepted.",
	"cancel_asked":      "The sender asked for the money back.",
	"decline_asked":     "The recipient declined.",
	"ledger_closed":     "The time had run out when a ledger closed.",
	"onward":            "The return that was asked for began.",
	"claim_submitted":   "The recipient signed and handed in a claim:",
	"funding_signed":    "A holding account was made and its funding signed, with the way back:",
	"funding_refused":   "It cannot be funded:",
	"funding_landed":    "The funding landed; the money waits:",
	"funding_dead":      "The funding is proven unable to land:",
	"funding_undone":    "The signer did not keep the deposit; the payment is as before it:",
	"mail_answered":     "A mail went out to the recipient; the mail server",
	"recovered":         "The payment was found in the signer's log; the database had forgotten it.",
	"claim_landed":      "The claim landed in transaction",
	"claim_dead":        "The claim is proven unable to land:",
	"return_landed":     "The way back landed in transaction",
	"rung_spent":        "One way back failed on the ledger and is spent.",
	"emptied_elsewhere": "The holding account was emptied by a transaction that is none of ours:",
	"holding_troubled":  "The holding account is not as it was made:",
	"holding_seen":      "The holding account of the parked payment was seen to hold",
	"fee_taken":         "The holding account paid the fee of transaction",
	"moved":             "The sender moved the money into the holding account of another payment, in transaction",
	"holding_well":      "The holding account is as it was made again.",
	"balance_collected": "The balance that was left was claimed, in transaction",
	"balance_clawed":    "The issuer took the balance back that was left, in transaction",
	"reserves_back":     "The service has its reserves back from the account that the claim made.",
	"share_released":    "The recipient proved the handle; the service's half was handed out.",
	"readdressed":       "The sender changed the address; codes and vouchers for the old one are void.",
}

// purpose says what the envelope does when it lands.
func purpose(e wire.StoryEnvelope, p client.Payment) string {
	switch relay.EnvelopeKind(e.Kind) {
	case relay.FundingEnvelope:
		return "puts the money into its holding account"
	case relay.ReturnEnvelope:
		switch relay.Role(e.Role) {
		case relay.PlainRung:
			return "takes the money home to " + p.ReturnTo
		case relay.WalletRung:
			return "takes the money into the wallet " + p.From + ", when " + p.ReturnTo + " cannot take it"
		case relay.BareRung:
			return "closes the holding account, when the issuer took the money back"
		case relay.LastResort:
			return "last resort, leaves the money claimable by its sender when his account cannot take it"
		}
		return "is a way back that this program does not know"
	case relay.ClaimEnvelope:
		return "moves the money into the recipient's account"
	}
	return "is of a kind that this program does not know"
}

// envelopeText says where an envelope landed, or until when it may.
func envelopeText(e wire.StoryEnvelope, p client.Payment) string {
	switch relay.EnvelopeState(e.State) {
	case relay.Landed:
		return fmt.Sprintf("landed in ledger %d as %s", e.Ledger, e.Tx)
	case relay.Spent:
		if relay.EnvelopeKind(e.Kind) == relay.FundingEnvelope { // the payment is funded by another one, if it still is to be
			return fmt.Sprintf("failed in ledger %d as %s: no money moved", e.Ledger, e.Tx)
		}
		return fmt.Sprintf("failed in ledger %d as %s: its number is used up", e.Ledger, e.Tx)
	case relay.Dead:
		return "proven unable to land"
	}
	switch {
	case relay.State(p.State).Ended():
		return "not used, and cannot land: its account is gone"
	case e.Bound != 0:
		return fmt.Sprintf("may land up to ledger %d", e.Bound)
	}
	if n := p.NotBeforeLedger; n != nil {
		return fmt.Sprintf("ready from ledger %d on, without an end", *n)
	}
	return "ready, without an end"
}

func due(at, now time.Time) string {
	switch d := at.Sub(now); {
	case d > 0:
		return "due in " + span(d)
	case d > -time.Second:
		return "due now"
	default:
		return "due since " + span(-d)
	}
}

func attempts(w wire.StoryWork) string {
	switch w.Attempts {
	case 0:
		return "not tried yet"
	case 1:
		return "tried once" + lastNote(w)
	}
	return fmt.Sprintf("tried %d times%s", w.Attempts, lastNote(w))
}

func lastNote(w wire.StoryWork) string {
	if w.Note == "" {
		return ""
	}
	return "; last: " + strings.Replace(plain(w.Note), ": duplicate", ": the network had it already", 1)
}

func ledgerSays(s client.Story) string {
	out := fmt.Sprintf("\n  Newest ledger known: %d", s.Ledger)
	if !s.ClosedAt.IsZero() {
		out += ", closed " + stamp(s.ClosedAt)
	}
	out += "."
	if s.Holding != "" {
		out += "\n  " + plain(s.Holding)
	}
	return out
}

// next is the last sentence: what happens by itself, and who can do what.
func next(s client.Story) string {
	p := s.Payment
	until := moment(p.ExpiresAt)
	if h := p.Halted; h != nil && !relay.State(p.State).Ended() {
		return "Nothing by itself: the operator finds out what is wrong about " + plain(h.About) + ", and starts the service with --lift-halt " + plain(h.About) + ". The sender's box opens the holding account without us."
	}
	if p.ReturnAsked != "" && recoveredFromLog(s) && p.State != string(relay.Returning) && !relay.State(p.State).Ended() {
		return "The database was restored and had forgotten the payment, so the service sends it home. That begins as soon as no envelope is on its way; nobody needs to do anything."
	}
	if p.ReturnAsked != "" && !relay.State(p.State).Ended() && p.State != string(relay.Returning) {
		return fmt.Sprintf("A return was asked for (%s). It begins as soon as no envelope is on its way; nobody needs to do anything.", p.ReturnAsked)
	}
	switch relay.State(p.State) {
	case relay.Created:
		if w := p.Paused; w != nil {
			return plain(w.Detail) + " Nothing is wrong with the payment; \"cancel\" ends it without moving money."
		}
		return "The funding is signed and handed in by itself. Until then \"cancel\" ends it without moving money."
	case relay.Funding:
		return "The funding lands, or is proven unable to and signed anew. A \"cancel\" is noted and acted on right after."
	case relay.Pending:
		return fmt.Sprintf("The recipient can claim or decline with the link until %s, the sender can cancel. After that the money goes back by itself%s.", until, earliest(s))
	case relay.Claiming:
		return "The ledger decides: the claim lands, or is proven unable to and the money waits again. A \"cancel\" is noted and acted on if it does not land."
	case relay.Returning:
		return fmt.Sprintf("The money goes home to %s%s. A claim that landed first would still win: the ledger decides.", p.ReturnTo, earliest(s))
	case relay.Parked:
		return fmt.Sprintf("The money is safe at %s and nothing of ours can move it just now%s. An operator looks; the sender's box opens it without us.", deref(p.HoldingAccount), inParentheses(p.Reason))
	case relay.Canceled, relay.Failed:
		return "Nothing: no money moved. Send again if it is still wanted."
	case relay.Claimed, relay.Returned, relay.Settled:
		return "Nothing by us. " + plain(ending(p).Sentence(relay.ToSender)) + collectorText(s)
	}
	return "This program does not know the state; a newer one may."
}

// collectorText says who claims a balance that a last resort left, while it is there.
func collectorText(s client.Story) string {
	if s.Payment.Reason != string(relay.LeftClaimable) || s.Payment.Collected != "" {
		return ""
	}
	for _, w := range s.Work {
		if w.Kind == string(relay.DoCollect) && w.DoneAt == nil {
			return " The service claims it by itself, and restores the trustline first."
		}
	}
	return " Any wallet can do that."
}

func earliest(s client.Story) string {
	if n := s.Payment.NotBeforeLedger; n != nil && *n > s.Ledger {
		return fmt.Sprintf(", in ledger %d at the earliest", *n)
	}
	return ""
}
