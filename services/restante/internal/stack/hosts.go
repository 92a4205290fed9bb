package stack

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// developmentEndpoints names what `up` opens that other machines must not reach.
func (c Config) developmentEndpoints() (endpoints []string) {
	if !c.Mail.Set() {
		endpoints = append(endpoints, "the development mailbox, which shows every code")
	}
	if c.Ledger.URL == "" && c.Ledger.Horizon == "" {
		endpoints = append(endpoints, "a friendbot that gives lumens to every caller")
	}
	return endpoints
}

// Listen takes a port. An address that other machines can reach is refused while development endpoints are behind it, unless
// the operator has said that it is meant.
func Listen(addr string, iKnow bool, endpoints ...string) (net.Listener, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	if !at.IP.IsLoopback() && !iKnow && len(endpoints) > 0 {
		return nil, fmt.Errorf("%s can be reached from other machines, and behind it are %s. Give a loopback address, or --i-know if that is meant",
			addr, strings.Join(endpoints, ", and "))
	}
	l, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return l, nil
}

// LocalAddress is how programs on this machine reach a listener.
func LocalAddress(l net.Listener) string {
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok || !at.IP.IsUnspecified() {
		return l.Addr().String()
	}
	return fmt.Sprintf("127.0.0.1:%d", at.Port)
}

// Hosts are the host names that a development endpoint answers to. A page of another site can have its own name resolve to this
// machine (DNS rebinding); what it then sends carries that name.
type Hosts struct {
	known map[string]bool
	anyIP bool // it listens on all addresses: each of them is a name, and no address can be rebound
}

// HostsOf are the names that a listener was started under, by its address and by the public URL, and those of this machine.
func HostsOf(l net.Listener, addr, publicURL string) Hosts {
	n := Hosts{known: map[string]bool{"localhost": true}}
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
		n.known[strings.ToLower(host)] = true
	}
	if u, err := url.Parse(publicURL); err == nil && u.Hostname() != "" {
		n.known[strings.ToLower(u.Hostname())] = true
	}
	if at, ok := l.Addr().(*net.TCPAddr); ok {
		n.known[at.IP.String()] = true
		n.anyIP = at.IP.IsUnspecified()
	}
	return n
}

func (n Hosts) has(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if ip := net.ParseIP(host); ip != nil {
		return n.anyIP || ip.IsLoopback() || n.known[ip.String()]
	}
	return n.known[host] || strings.HasSuffix(host, ".localhost")
}

// Only lets requests through that name one of the hosts.
func (n Hosts) Only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !n.has(r.Host) {
			http.Error(w, "This door is for development on this machine; it does not answer to this host name.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
