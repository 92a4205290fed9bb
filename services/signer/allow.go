package signer

import (
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// allowFunding judges an intent for fundings that do not exist yet. This bounds an attacker in the worker:
// money leaves a treasury within the limits, into holding accounts whose way back leads there again, or for good to an
// account that he names: a claim recipient of the caller's own would come to the same.
func (s *Signer) allowFunding(in relay.FundIntent, head relay.Head) error {
	treasury, ok := s.book.treasuries[in.App]
	switch {
	case !ok:
		return forbidden("app_unknown", "This app has no treasury.")
	case !slices.Contains(s.book.channels, in.Channel):
		return forbidden("channel_unknown", "This account is none of the channels.")
	case in.Sequence <= 0:
		return invalid("sequence_out_of_range", "A sequence number is positive.")
	case len(in.Mints) > stellar.FundingCapacity(in.Channel, s.book.sponsor, treasury):
		return errBatch
	}
	if err := relay.CheckBounds(in.SignedAt, in.Bound, in.MaxTime, head); err != nil {
		return err
	}
	limits := s.cfg.Policy.limits(in.App)
	sums := map[string]relay.Stroops{}
	for i, m := range in.Mints {
		today := s.book.signed[appDay{in.App, dayOf(head), m.Asset}] + sums[m.Asset]
		err := allowMint(m, treasury, limits, head)
		if err == nil && s.book.holdings[m.PayTo] != nil {
			err = badDestination()
		}
		if err != nil {
			err.Pointer = fmt.Sprintf("/mints/%d", i) // one payment's fault, not the batch's
			return err
		}
		if err := m.CheckDay(limits.MaxDay, today); err != nil {
			return err
		}
		sums[m.Asset] += m.Amount
	}
	return nil
}

func allowMint(m relay.Mint, treasury string, limits Limits, head relay.Head) *relay.Fault {
	if f := m.Check(treasury, limits.MaxPayment, head); f != nil {
		return f
	}
	switch {
	case stellar.CheckAsset(m.Asset) != nil:
		return invalid("asset_malformed", "This is no asset.")
	case m.PayTo != "" && !isAccount(m.PayTo):
		return badDestination()
	case m.PayTo != "":
		return nil // no box to seal
	}
	for _, r := range append(slices.Clone(m.SenderRecipients), m.ClaimRecipient) {
		if err := seal.CheckRecipient(r); err != nil {
			return relay.NewFault(relay.Invalid, "recipient_malformed", "A recipient of the box is not an age recipient.", err)
		}
	}
	return nil
}

func badDestination() *relay.Fault {
	return invalid("destination_refused", "The destination is not an account that can take the money.")
}

func dayOf(head relay.Head) int64 { return head.CloseTime / 86400 }

func isAccount(address string) bool { return strkey.IsValidEd25519PublicKey(address) }

func forbidden(code, public string) *relay.Fault {
	return relay.NewFault(relay.Forbidden, code, public, nil)
}

func invalid(code, public string) *relay.Fault {
	return relay.NewFault(relay.Invalid, code, public, nil)
}
