package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/restante/restante/relay/wire"
)

// networkName is the passphrase of the relay's network, once known.
type networkName struct {
	mu   sync.Mutex
	name string
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
	var out wire.Network
	if err := c.do(ctx, call{method: "GET", path: "/v1/network", safe: true}, &out); err != nil {
		return "", err
	}
	if out.Network == "" {
		return "", fmt.Errorf("%w: no network", ErrAnswer)
	}
	c.network.set(out.Network)
	return out.Network, nil
}
