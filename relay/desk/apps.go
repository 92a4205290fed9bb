package desk

import (
	"context"
	"errors"
	"strings"

	"github.com/restante/restante/relay"
)

// OpenApp writes down an app with its first key, whose scopes the caller has set. The treasury account is the signer's answer for the app's id.
func (d *Desk) OpenApp(ctx context.Context, a relay.App, k relay.Key) (relay.App, error) {
	if n := strings.TrimSpace(a.Name); n == "" || len(n) > 80 || strings.ContainsAny(n, "\r\n") {
		return a, relay.InvalidFault("name_malformed", "/name", "an app's name has 1 to 80 bytes, on one line")
	}
	if !strings.HasPrefix(a.Recipient, "age1") {
		return a, relay.InvalidFault("recipient_malformed", "/recipient", "a sender recipient is an age recipient, age1…")
	}
	now := d.now()
	a.CreatedAt, k.App, k.CreatedAt = now, a.ID, now
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if err := tx.InsertApp(a); err != nil {
			return err
		}
		return tx.InsertKey(k)
	})
	return a, err
}

// Login finds the app and the key by the hash of the key's text.
func (d *Desk) Login(ctx context.Context, hash string) (a relay.App, k relay.Key, err error) {
	denied := relay.NewFault(relay.Denied, "key_invalid", "This API key is unknown or revoked.", nil)
	err = d.Store.View(ctx, func(tx Tx) error {
		k, err = tx.KeyByHash(hash)
		if errors.Is(err, relay.ErrNotFound) || err == nil && k.RevokedAt != 0 {
			return denied
		}
		if err == nil {
			a, err = tx.App(k.App)
		}
		return err
	})
	return a, k, err
}

// AddKey writes down a further key of the app of by, that may do no more than by; else the fault "key_stronger" (Forbidden).
func (d *Desk) AddKey(ctx context.Context, by, k relay.Key) (relay.Key, error) {
	k.App, k.CreatedAt = by.App, d.now()
	if err := by.MayGrant(k.Scopes); err != nil {
		return k, err
	}
	return k, d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if _, err := good(tx, by); err != nil {
			return err
		}
		return tx.InsertKey(k)
	})
}

// Reopen gives an app a further key with every scope. It asks for no other key: only the operator, on the service's own machine,
// comes here, when the last key was lost or revoked. An app that is not there is ErrNotFound.
func (d *Desk) Reopen(ctx context.Context, id relay.AppID, k relay.Key) (a relay.App, err error) {
	k.App, k.Scopes, k.CreatedAt = id, relay.AllScopes, d.now()
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if a, err = tx.App(id); err != nil {
			return err
		}
		return tx.InsertKey(k)
	})
	return a, err
}

// RevokeKey closes a key from now on; again changes nothing. Without anyway the key that asks is not closed, and neither is the
// app's last one with the scope admin: the faults (Conflict) are "key_in_use" and "last_admin_key". The rest as [Desk.AddKey], and
// ErrNotFound.
func (d *Desk) RevokeKey(ctx context.Context, by relay.Key, id string, anyway bool) (k relay.Key, err error) {
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if k, err = theirs(tx, by, id); err != nil || k.RevokedAt != 0 {
			return err
		}
		if err := shuts(tx, by, k); err != nil && !anyway {
			return err
		}
		k.RevokedAt = d.now()
		return tx.SaveKey(k)
	})
	return k, err
}

// shuts says what revoking a key would shut its app's owner out of.
func shuts(tx Tx, by, k relay.Key) error {
	all, err := tx.KeysOf(k.App)
	if err != nil {
		return err
	}
	admins := 0
	for _, other := range all {
		if other.RevokedAt == 0 && other.Scopes.Has(relay.Admin) && other.ID != k.ID {
			admins++
		}
	}
	switch {
	case k.Scopes.Has(relay.Admin) && admins == 0:
		return relay.NewFault(relay.Conflict, "last_admin_key", "It is the app's last key with the scope admin: without it only the operator can give the app another one.", nil)
	case k.ID == by.ID:
		return relay.NewFault(relay.Conflict, "key_in_use", "It is the key of this very request: it opens nothing after that.", nil)
	}
	return nil
}

// RotateKey puts next in the place of key id, with its scopes: the new one is good and the old one closed in the same
// commit. Faults as [Desk.RevokeKey].
func (d *Desk) RotateKey(ctx context.Context, by relay.Key, id string, next relay.Key) (relay.Key, error) {
	now := d.now()
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		k, err := theirs(tx, by, id)
		if err != nil {
			return err
		}
		if k.RevokedAt != 0 {
			return relay.ErrNotFound
		}
		k.RevokedAt, next.App, next.Scopes, next.CreatedAt = now, k.App, k.Scopes, now
		if err := tx.SaveKey(k); err != nil {
			return err
		}
		return tx.InsertKey(next)
	})
	return next, err
}

// theirs is the key with an id in the app of by, if by may touch it.
func theirs(tx Tx, by relay.Key, id string) (relay.Key, error) {
	keys, err := good(tx, by)
	if err != nil {
		return relay.Key{}, err
	}
	for _, k := range keys {
		if k.ID == id {
			return k, by.MayGrant(k.Scopes)
		}
	}
	return relay.Key{}, relay.ErrNotFound
}

// good wants by, which was good when the call began, to be so still: a key that is being revoked makes no successor. It
// lists the app's keys.
func good(tx Tx, by relay.Key) ([]relay.Key, error) {
	keys, err := tx.KeysOf(by.App)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.ID == by.ID && k.RevokedAt == 0 {
			return keys, nil
		}
	}
	return nil, relay.NewFault(relay.Denied, "key_invalid", "This API key is unknown or revoked.", nil)
}

// Keys lists an app's keys, revoked ones included.
func (d *Desk) Keys(ctx context.Context, app relay.AppID) ([]relay.Key, error) {
	return Read(ctx, d.Store, func(tx Tx) ([]relay.Key, error) { return tx.KeysOf(app) })
}

// Usage is what an app's payments of an asset add up to just now; the units are those of all its payments.
func (d *Desk) Usage(ctx context.Context, app relay.AppID, asset string) (relay.Usage, error) {
	return Read(ctx, d.Store, func(tx Tx) (relay.Usage, error) { return tx.Usage(app, asset) })
}
