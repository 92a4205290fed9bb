package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/restante/restante/relay/wire"
)

// networkName is the passphrase of the relay's network, once known.
type networkName struct {
	mu    sync.Mutex
	name  string
	heard bool // the relay says the same
}

func (n *networkName) set(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.name = name
}

func (n *networkName) get() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.name
}

// Network is the passphrase of the relay's Stellar network: the one of Options, or what the relay says. Links are bound to
// it.
func (c *Client) Network(ctx context.Context) (string, error) {
	if name := c.network.get(); name != "" {
		return name, nil
	}
	name, err := c.askNetwork(ctx)
	if err == nil {
		c.network.set(name)
	}
	return name, err
}

func (c *Client) askNetwork(ctx context.Context) (string, error) {
	var out wire.Network
	if err := c.do(ctx, call{method: "GET", path: "/v1/network", safe: true}, &out); err != nil {
		return "", err
	}
	if out.Network == "" {
		return "", fmt.Errorf("%w: no network", ErrAnswer)
	}
	return out.Network, nil
}

// agreedNetwork is Network, when the relay says the same. A link that is made for another network claims nothing.
func (c *Client) agreedNetwork(ctx context.Context) (string, error) {
	name, err := c.Network(ctx)
	if err != nil {
		return "", err
	}
	c.network.mu.Lock()
	heard := c.network.heard
	c.network.mu.Unlock()
	if heard {
		return name, nil
	}
	said, err := c.askNetwork(ctx)
	if err != nil {
		return "", err
	}
	if said != name {
		return "", fmt.Errorf("%w: it is on %q, not on %q, and nothing was sent", ErrNetwork, said, name)
	}
	c.network.mu.Lock()
	c.network.heard = true
	c.network.mu.Unlock()
	return name, nil
}
