package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/restante/restante/relay"
)

// paymentColumns are the columns of a payment in the order of paymentValues and scanPayment.
const paymentColumns = `id, app, version, state, reason, to_sealed, to_index, amount, asset, note, policy, reference, metadata,
	link_made_by, auth_hash, claim_recipient, sender_recipients, share_released_at, return_to, expires_at, created_at,
	updated_at, ended_at, holding, funding, bound, fundings, return_wish, claim, destination, settled_tx, settled_at,
	fee_paid, spent_units, from_account, sponsor, purse, rung_fee, fund_by, fund_until, replaces, manage_hash, pay_to,
	box_mac, clawback, fee_holding, fee_other, arrived, arrived_rest, return_memo_type, return_memo, ladder_version, delivery,
	collected, proof_signer, proof_signature, proof_envelope, missing, fee_end, balance`

var (
	insertPayment = "INSERT INTO payments (" + paymentColumns + ") VALUES (" + slots(1, width(paymentColumns)) + ")"
	savePayment   = "UPDATE payments SET (" + paymentColumns + ") = (" + slots(1, width(paymentColumns)) + ")" +
		fmt.Sprintf(" WHERE id = $1 AND version = $%d", width(paymentColumns)+1)
)

// Purposes under which columns are sealed, each with the id of its row.
const (
	purposeTo       = "payment.to"
	purposeNote     = "payment.note"
	purposeMetadata = "payment.metadata"
)

// handleIndex finds payments to a handle. Tenants have indexes of their own, so that nobody learns from the rows of one app
// whom another one pays.
func handleIndex(k Keys, app relay.AppID, handle string) string {
	return k.BlindIndex(purposeTo+"/"+string(app), handle)
}

func (s *session) paymentValues(p relay.Payment) ([]any, error) {
	to, err := s.seal(purposeTo, string(p.ID), []byte(p.To.String()))
	if err != nil {
		return nil, err
	}
	note, err := s.seal(purposeNote, string(p.ID), []byte(p.Note))
	if err != nil {
		return nil, err
	}
	metadata, err := s.seal(purposeMetadata, string(p.ID), []byte(p.Metadata))
	if err != nil {
		return nil, err
	}
	recipients, err := json.Marshal(append([]string{}, p.SenderRecipients.List()...))
	if err != nil {
		return nil, s.fail(err)
	}
	return []any{p.ID, p.App, p.Version, p.State, p.Reason, to, handleIndex(s.keys, p.App, p.To.String()), p.Amount, p.Asset,
		note, p.Policy, p.Reference, metadata, p.LinkMadeBy, p.AuthHash, p.ClaimRecipient, string(recipients),
		p.ShareReleasedAt, p.ReturnTo, p.ExpiresAt, p.CreatedAt, p.UpdatedAt, p.EndedAt, p.Holding, p.Funding, p.Bound,
		p.Fundings, p.ReturnWish, p.Claim, p.Destination, p.SettledTx, p.SettledAt, p.FeePaid, p.SpentUnits, p.From, p.Sponsor,
		p.Purse, p.RungFee, p.FundBy, p.FundUntil, p.Replaces, p.ManageHash, p.PayTo, p.BoxMAC, p.Clawback,
		p.FeeHolding, p.FeeOther, p.Arrived, p.ArrivedRest, p.ReturnMemo.Kind, p.ReturnMemo.Value, p.LadderVersion, p.Delivery,
		p.Collected, p.Proof.Signer, p.Proof.Signature, p.Proof.Envelope, p.Missing, p.FeeEnd, p.Balance}, nil
}

func scanPayment(s *session, r row) (p relay.Payment, err error) {
	var to, note, metadata []byte
	var index, recipients string
	err = r.Scan(&p.ID, &p.App, &p.Version, &p.State, &p.Reason, &to, &index, &p.Amount, &p.Asset,
		&note, &p.Policy, &p.Reference, &metadata, &p.LinkMadeBy, &p.AuthHash, &p.ClaimRecipient, &recipients,
		&p.ShareReleasedAt, &p.ReturnTo, &p.ExpiresAt, &p.CreatedAt, &p.UpdatedAt, &p.EndedAt, &p.Holding, &p.Funding, &p.Bound,
		&p.Fundings, &p.ReturnWish, &p.Claim, &p.Destination, &p.SettledTx, &p.SettledAt, &p.FeePaid, &p.SpentUnits,
		&p.From, &p.Sponsor, &p.Purse, &p.RungFee, &p.FundBy, &p.FundUntil, &p.Replaces, &p.ManageHash, &p.PayTo, &p.BoxMAC, &p.Clawback,
		&p.FeeHolding, &p.FeeOther, &p.Arrived, &p.ArrivedRest, &p.ReturnMemo.Kind, &p.ReturnMemo.Value, &p.LadderVersion, &p.Delivery,
		&p.Collected, &p.Proof.Signer, &p.Proof.Signature, &p.Proof.Envelope, &p.Missing, &p.FeeEnd, &p.Balance)
	if err != nil {
		return p, err
	}
	if to, err = s.open(purposeTo, string(p.ID), to); err != nil {
		return p, err
	}
	if note, err = s.open(purposeNote, string(p.ID), note); err != nil {
		return p, err
	}
	if metadata, err = s.open(purposeMetadata, string(p.ID), metadata); err != nil {
		return p, err
	}
	// Split, not parsed: a rule for new handles must not make an old payment unreadable.
	p.To.Kind, p.To.Value, _ = strings.Cut(string(to), ":")
	p.Note, p.Metadata = string(note), string(metadata)
	var list []string
	if err := json.Unmarshal([]byte(recipients), &list); err != nil {
		return p, fmt.Errorf("sender recipients of %s: %w", p.ID, err)
	}
	p.SenderRecipients = relay.RecipientsOf(list...)
	return p, nil
}

// Payment implements desk.Tx.
func (s *session) Payment(id relay.PaymentID) (relay.Payment, error) {
	return one(s, scanPayment, "SELECT "+paymentColumns+" FROM payments WHERE id = $1"+s.lock(), id)
}

// InsertPayment implements desk.Tx. The row begins with version 1, whatever p says.
func (s *session) InsertPayment(p relay.Payment) error {
	p.Version = 1
	values, err := s.paymentValues(p)
	if err != nil {
		return err
	}
	written, err := s.insert(insertPayment, values...)
	if err != nil || written {
		return err
	}
	taken, err := all(s, plain[int], "SELECT 1 FROM payments WHERE id = $1", p.ID)
	switch {
	case err != nil:
		return err
	case len(taken) > 0:
		return conflict("id_taken", "There is a payment with this id already.")
	case p.Holding != "" && p.Reference == "":
		return conflict("holding_taken", "Another payment has this holding account.")
	}
	return conflict("reference_taken", "Another payment of this app has this reference.")
}

// SavePayment implements desk.Tx.
func (s *session) SavePayment(p *relay.Payment) error {
	next := *p
	next.Version++
	values, err := s.paymentValues(next)
	if err != nil {
		return err
	}
	n, err := s.exec(savePayment, append(values, p.Version)...)
	if err != nil {
		return err
	}
	if n == 0 {
		return relay.ErrStale
	}
	p.Version = next.Version
	return nil
}

// PaymentsOfHoldings implements desk.Tx: payments whose current holding account is one of those given, ended ones too.
func (s *session) PaymentsOfHoldings(accounts []string) ([]relay.PaymentID, error) {
	return in(s, plain[relay.PaymentID], "SELECT id FROM payments WHERE holding IN (%s) AND holding <> '' ORDER BY id", accounts)
}

// PaymentsOfBalances implements desk.Tx.
func (s *session) PaymentsOfBalances(ids []string) ([]relay.PaymentID, error) {
	return in(s, plain[relay.PaymentID], "SELECT id FROM payments WHERE balance IN (%s) AND balance <> '' ORDER BY id", ids)
}

// MintedFor implements desk.Tx, in the order of ids.
func (s *session) MintedFor(account string) ([]relay.PaymentID, error) {
	return all(s, plain[relay.PaymentID], `SELECT DISTINCT payment FROM envelopes JOIN envelope_payments ON envelope = hash
		WHERE kind = 'return' AND rung = 0 AND source = $1 ORDER BY payment`, account)
}

// AppendHistory implements desk.Tx.
func (s *session) AppendHistory(e relay.Entry) error {
	_, err := s.exec("INSERT INTO history (payment, at, from_state, to_state, input, detail) VALUES ($1, $2, $3, $4, $5, $6)",
		e.Payment, e.At, e.From, e.To, e.Input, e.Detail)
	return err
}
