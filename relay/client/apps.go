package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/restante/restante/relay/wire"
)

// AppRequest describes a new app.
type AppRequest struct {
	Name      string // shown to recipients
	Recipient string // age recipient (age1…) whose identity the sender keeps: it opens every box of the app
	MayVouch  bool   // may prove handles of its own signed-in users
	Reclaim   bool   // the service takes its reserves back from claimants' accounts that can carry them
	Quiet     bool   // the relay does not write to recipients
}

// CreateApp makes an app with its treasury and first key, whose text is in the answer and nowhere else. It needs an admin
// key, and is not repeated when an answer is lost: look at what is there first.
func (c *Client) CreateApp(ctx context.Context, r AppRequest) (App, error) {
	body := wire.AppRequest{Name: r.Name, Recipient: r.Recipient, MayVouch: r.MayVouch, Reclaim: r.Reclaim}
	if r.Quiet {
		no := false
		body.Notify = &no
	}
	return change[App](ctx, c, "", c.post("/v1/apps", body), nil)
}

// App reads the app that the key opens.
func (c *Client) App(ctx context.Context) (App, error) {
	var a App
	err := c.do(ctx, c.get("/v1/app"), &a)
	return a, err
}

// Keys lists the app's keys, revoked ones included, without their texts.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var out wire.KeyList
	err := c.do(ctx, c.get("/v1/keys"), &out)
	return out.Data, err
}

// CreateKey makes a further key of the app, with the scopes named (send, read, cancel, vouch, admin), or with those of the
// client's own key but for admin. No key makes one that may do more than itself. Its text is in the answer and nowhere else.
func (c *Client) CreateKey(ctx context.Context, scopes ...string) (Key, error) {
	return change[Key](ctx, c, "", c.post("/v1/keys", wire.KeyRequest{Scopes: scopes}), nil)
}

// RotateKey makes a key in the place of another, which is closed at the same moment.
func (c *Client) RotateKey(ctx context.Context, id string) (Key, error) {
	path, err := keyPath(id, "/rotate")
	if err != nil {
		return Key{}, err
	}
	return change[Key](ctx, c, "", c.post(path, nil), nil)
}

// RevokeKey closes a key from now on. Without anyway, the app's last key with the scope admin ("last_admin_key") and the client's own
// ("key_in_use") are refused.
func (c *Client) RevokeKey(ctx context.Context, id string, anyway bool) (Key, error) {
	path, err := keyPath(id, "")
	if err != nil {
		return Key{}, err
	}
	q := c.get(path)
	q.method = http.MethodDelete // closing twice is closing once
	if anyway {
		q.query = url.Values{"anyway": {"true"}}
	}
	return change[Key](ctx, c, "", q, nil)
}

func keyPath(id, rest string) (string, error) {
	name, ok := strings.CutPrefix(id, "key_")
	if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return "", errors.New("that is not the id of a key: it begins with \"key_\" (and is not the key itself)")
	}
	return "/v1/keys/" + id + rest, nil
}
