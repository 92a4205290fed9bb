package relay

import "testing"

// What the mail server says is noted for the handle that it was about, as long as the payment lives, and announced once.
func TestDeliver(t *testing.T) {
	ana, bob := Handle{"email", "ana@example.com"}, Handle{"email", "bob@example.com"}
	for name, c := range map[string]struct {
		state     State
		before    Delivery
		to        Handle
		refused   bool
		want      Delivery
		announced bool
	}{
		"taken":             {Pending, NotMailed, ana, false, MailSent, false},
		"taken again":       {Pending, MailSent, ana, false, MailSent, false},
		"refused":           {Pending, NotMailed, ana, true, MailRefused, true},
		"refused after all": {Pending, MailSent, ana, true, MailRefused, true},
		"refused again":     {Pending, MailRefused, ana, true, MailRefused, false},
		"taken after all":   {Claiming, MailRefused, ana, false, MailSent, false},
		"of another handle": {Pending, NotMailed, bob, true, NotMailed, false},
		"after the end":     {Claimed, MailSent, ana, true, MailSent, false},
	} {
		p, effects, err := Step(Payment{State: c.state, To: ana, Delivery: c.before}, MailAnswered{To: c.to, Refused: c.refused}, 7)
		if err != nil || p.Delivery != c.want || p.State != c.state {
			t.Errorf("%s: %q in %s, %v", name, p.Delivery, p.State, err)
		}
		if announced := len(effects) == 1 && effects[0] == (Effect{Kind: DoPublish, Subject: Undeliverable}); announced != c.announced || len(effects) > 1 {
			t.Errorf("%s: %v", name, effects)
		}
		if (p.UpdatedAt == 7) != (c.want != c.before) {
			t.Errorf("%s: updated at %d", name, p.UpdatedAt)
		}
	}
	p, _, err := Step(Payment{State: Pending, Policy: Guarded, To: ana, Delivery: MailRefused}, Readdressed{To: bob}, 7)
	if err != nil || p.Delivery != NotMailed {
		t.Errorf("corrected: %q, %v", p.Delivery, err)
	}
}

// Each payment says who could move it, by policy and kind of handle, while it lives and no longer.
func TestCustodyText(t *testing.T) {
	inbox := "Only the sender, or the recipient with both the link and her inbox, can move the money. Until it is claimed, the sender can take it back."
	app := "Only the sender, or the recipient with both the link and the app's word that this is she, can move the money. Until it is claimed, the sender can take it back."
	link := "Every holder of the link can take the money. Until it is claimed, the sender can take it back."
	for _, c := range []struct {
		kind   string
		policy Policy
		text   string
		by     Proving
	}{
		{"email", Guarded, inbox, "code"}, {"tel", Guarded, app, "voucher"}, {"github", Guarded, app, "voucher"}, {"app", Guarded, app, "voucher"},
		{"email", Link, link, "none"}, {"tel", Link, link, "none"},
	} {
		p := Payment{State: Pending, Policy: c.policy, To: Handle{Kind: c.kind, Value: "x"}}
		if p.CustodyText() != c.text || p.ProvedBy() != c.by {
			t.Errorf("%s under %s: %q, %s", c.kind, c.policy, p.CustodyText(), p.ProvedBy())
		}
		for _, s := range States {
			p.State = s.State
			if (p.CustodyText() == "") != s.State.Ended() {
				t.Errorf("%s: %q", s.State, p.CustodyText())
			}
		}
	}
}

func TestNoAssetIsCalledLumens(t *testing.T) {
	const issuer = ":GDZAPKZFP5LVXQ5OQ5FRFX4Y6YZGNIOQ5OQ5FRFX4Y6YZGNIOQ5OQ5FR"
	for _, code := range []string{"XLM", "xlm", "Xlm", "native", "NATIVE", "Native"} {
		if a, err := ParseAsset(code + issuer); CodeOf(err) != "asset_impostor" {
			t.Errorf("%s: %q, %v", code, a, err)
		}
	}
	for _, code := range []string{"USD", "XLMX", "XL", "nativ"} {
		if a, err := ParseAsset(code + issuer); err != nil || a != code+issuer {
			t.Errorf("%s: %q, %v", code, a, err)
		}
	}
}
