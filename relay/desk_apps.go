package relay

import (
	"context"
	"strings"
)

// Budgets of a new app, in base reserves.
const (
	NewAppLocked = 20_000
	NewAppSpent  = 200_000
)

// OpenApp writes down an app with its first key. The treasury account is the signer's answer for the app's id.
func (d *Desk) OpenApp(ctx context.Context, a App, k Key) (App, error) {
	if n := strings.TrimSpace(a.Name); n == "" || len(n) > 80 || strings.ContainsAny(n, "\r\n") {
		return a, invalid("name_malformed", "/name", "an app's name has 1 to 80 bytes, on one line")
	}
	if !strings.HasPrefix(a.Recipient, "age1") {
		return a, invalid("recipient_malformed", "/recipient", "a sender recipient is an age recipient, age1…")
	}
	now := d.now()
	a.CreatedAt, k.App, k.CreatedAt = now, a.ID, now
	a.MostLocked, a.MostSpent = NewAppLocked, NewAppSpent
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		if err := tx.InsertApp(a); err != nil {
			return err
		}
		return tx.InsertKey(k)
	})
	return a, err
}

// Login finds the app and the key by the hash of the key's text.
func (d *Desk) Login(ctx context.Context, hash string) (a App, k Key, err error) {
	denied := NewFault(Denied, "key_invalid", "This API key is unknown or revoked.", nil)
	err = d.Store.View(ctx, func(tx Tx) error {
		k, err = tx.KeyByHash(hash)
		if CodeOf(err) == ErrNotFound.Code || err == nil && k.RevokedAt != 0 {
			return denied
		}
		if err == nil {
			a, err = tx.App(k.App)
		}
		return err
	})
	return a, k, err
}

// AddKey writes down a further key of an app.
func (d *Desk) AddKey(ctx context.Context, k Key) error {
	k.CreatedAt = d.now()
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error { return tx.InsertKey(k) })
}

// RevokeKey closes a key from now on. The last good key of an app can be revoked too: that shuts the app.
func (d *Desk) RevokeKey(ctx context.Context, app AppID, id string) (Key, error) {
	var out Key
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		keys, err := tx.KeysOf(app)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID != id {
				continue
			}
			if k.RevokedAt == 0 {
				k.RevokedAt = d.now()
				err = tx.SaveKey(k)
			}
			out = k
			return err
		}
		return ErrNotFound
	})
	return out, err
}

// RotateKey puts next in the place of key id: the new one is good and the old one closed in the same commit.
func (d *Desk) RotateKey(ctx context.Context, app AppID, id string, next Key) error {
	now := d.now()
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		keys, err := tx.KeysOf(app)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID == id && k.RevokedAt == 0 {
				k.RevokedAt, next.App, next.Admin, next.CreatedAt = now, app, k.Admin, now
				if err := tx.SaveKey(k); err != nil {
					return err
				}
				return tx.InsertKey(next)
			}
		}
		return ErrNotFound
	})
}

// Keys lists an app's keys, revoked ones included.
func (d *Desk) Keys(ctx context.Context, app AppID) (ks []Key, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { ks, err = tx.KeysOf(app); return err })
	return ks, err
}

// Usage is what an app's payments of an asset add up to just now; the units are those of all its payments.
func (d *Desk) Usage(ctx context.Context, app AppID, asset string) (u Usage, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { u, err = tx.Usage(app, asset); return err })
	return u, err
}
