package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/restante/restante/relay"
)

// paymentRow is a payment as its row holds it: some columns are sealed, or made of several fields.
type paymentRow struct {
	relay.Payment
	to, note, metadata []byte // sealed
	index              string // finds payments to the handle
	recipients         string // JSON
}

func (p *paymentRow) columns() columns {
	return columns{
		{"id", &p.ID}, {"app", &p.App}, {"version", &p.Version}, {"state", &p.State}, {"reason", &p.Reason}, {"to_sealed", &p.to},
		{"to_index", &p.index}, {"amount", &p.Amount}, {"asset", &p.Asset}, {"note", &p.note}, {"policy", &p.Policy},
		{"reference", &p.Reference}, {"metadata", &p.metadata}, {"link_made_by", &p.LinkMadeBy}, {"auth_hash", &p.AuthHash},
		{"claim_recipient", &p.ClaimRecipient}, {"sender_recipients", &p.recipients}, {"share_released_at", &p.ShareReleasedAt},
		{"return_to", &p.ReturnTo}, {"expires_at", &p.ExpiresAt}, {"created_at", &p.CreatedAt}, {"updated_at", &p.UpdatedAt},
		{"ended_at", &p.EndedAt}, {"holding", &p.Holding}, {"funding", &p.Funding}, {"bound", &p.Bound}, {"fundings", &p.Fundings},
		{"return_wish", &p.ReturnAsked}, {"claim", &p.Claim}, {"destination", &p.Destination}, {"settled_tx", &p.SettledTx},
		{"settled_at", &p.SettledAt}, {"fee_paid", &p.FeePaid}, {"spent_units", &p.SpentUnits}, {"from_account", &p.From},
		{"sponsor", &p.Sponsor}, {"purse", &p.Purse}, {"rung_fee", &p.RungFee}, {"fund_by", &p.FundBy}, {"fund_until", &p.FundUntil},
		{"replaces", &p.Replaces}, {"manage_hash", &p.ManageHash}, {"pay_to", &p.PayTo}, {"box_mac", &p.BoxMAC},
		{"clawback", &p.Clawback}, {"fee_holding", &p.FeeHolding}, {"fee_other", &p.FeeOther}, {"arrived", &p.Arrived},
		{"arrived_rest", &p.ArrivedRest}, {"return_memo_type", &p.ReturnMemo.Kind}, {"return_memo", &p.ReturnMemo.Value},
		{"ladder_version", &p.LadderVersion}, {"delivery", &p.Delivery}, {"collected", &p.Collected},
		{"proof_signer", &p.Proof.Signer}, {"proof_signature", &p.Proof.Signature}, {"proof_envelope", &p.Proof.Envelope},
		{"missing", &p.Missing}, {"fee_end", &p.FeeEnd}, {"balance", &p.Balance},
	}
}

var (
	paymentColumns = new(paymentRow).columns().names()
	selectPayment  = "SELECT " + paymentColumns + " FROM payments WHERE id = $1"
	insertPayment  = new(paymentRow).columns().insert("payments")
	savePayment    = fmt.Sprintf("UPDATE payments SET (%s) = (%s) WHERE id = $1 AND version = $%d", paymentColumns,
		slots(1, len(new(paymentRow).columns())), len(new(paymentRow).columns())+1)
)

// Purposes under which columns are sealed, each with the id of its row.
const (
	purposeTo       = "payment.to"
	purposeNote     = "payment.note"
	purposeMetadata = "payment.metadata"
)

// handleIndex finds payments to a handle. Tenants have indexes of their own, so that the rows of one app do not tell
// whom another one pays.
func handleIndex(k Keys, app relay.AppID, handle string) string {
	return k.BlindIndex(purposeTo+"/"+string(app), handle)
}

// sealed are the columns that are encrypted, in the order of their purposes.
func (p *paymentRow) sealed() [3]*[]byte { return [...]*[]byte{&p.to, &p.note, &p.metadata} }

var purposes = [...]string{purposeTo, purposeNote, purposeMetadata}

// paymentValues are the values of a payment's row.
func (s *session) paymentValues(p relay.Payment) ([]any, error) {
	row := paymentRow{Payment: p, index: handleIndex(s.keys, p.App, p.To.String()),
		to: []byte(p.To.String()), note: []byte(p.Note), metadata: []byte(p.Metadata)}
	for i, column := range row.sealed() {
		var err error
		if *column, err = s.seal(purposes[i], string(p.ID), *column); err != nil {
			return nil, err
		}
	}
	recipients, err := json.Marshal(append([]string{}, p.SenderRecipients.List()...))
	if err != nil {
		return nil, s.fail(err)
	}
	row.recipients = string(recipients)
	return row.columns().places(), nil
}

func scanPayment(s *session, r row) (relay.Payment, error) {
	var p paymentRow
	if err := r.Scan(p.columns().places()...); err != nil {
		return p.Payment, err
	}
	for i, column := range p.sealed() {
		var err error
		if *column, err = s.open(purposes[i], string(p.ID), *column); err != nil {
			return p.Payment, err
		}
	}
	// Split, not parsed: a rule for new handles must not make an old payment unreadable.
	p.To.Kind, p.To.Value, _ = strings.Cut(string(p.to), ":")
	p.Note, p.Metadata = string(p.note), string(p.metadata)
	var list []string
	if err := json.Unmarshal([]byte(p.recipients), &list); err != nil {
		return p.Payment, fmt.Errorf("sender recipients of %s: %w", p.ID, err)
	}
	p.SenderRecipients = relay.RecipientsOf(list...)
	return p.Payment, nil
}

func (s *session) Payment(id relay.PaymentID) (relay.Payment, error) {
	return one(s, scanPayment, selectPayment+s.lock(), id)
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

func (s *session) PaymentsOfBalances(ids []string) ([]relay.PaymentID, error) {
	return in(s, plain[relay.PaymentID], "SELECT id FROM payments WHERE balance IN (%s) AND balance <> '' ORDER BY id", ids)
}

// MintedFor implements desk.Tx, in the order of ids.
func (s *session) MintedFor(account string) ([]relay.PaymentID, error) {
	return all(s, plain[relay.PaymentID], `SELECT DISTINCT payment FROM envelopes JOIN envelope_payments ON envelope = hash
		WHERE kind = 'return' AND rung = 0 AND source = $1 ORDER BY payment`, account)
}

const appendHistory = "INSERT INTO history (payment, at, from_state, to_state, input, detail) VALUES ($1, $2, $3, $4, $5, $6)"

func (s *session) AppendHistory(e relay.Entry) error {
	_, err := s.exec(appendHistory, e.Payment, e.At, e.From, e.To, e.Input, e.Detail)
	return err
}
