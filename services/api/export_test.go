package api

import "github.com/restante/restante/relay"

// Routes lists the table as "METHOD path access"; an admin's route is an app's to the document.
func Routes() []string {
	names := map[access]string{open: "open", byApp: "byApp", byAdmin: "byApp", byLink: "byLink", bySender: "bySender"}
	var out []string
	for _, rt := range routes {
		out = append(out, rt.method+" "+rt.path+" "+names[rt.access])
	}
	return out
}

// ScopeOf is what a key needs for a route: the name of a scope, "any", or "" where no key is asked for.
func ScopeOf(method, path string) string {
	for _, rt := range routes {
		if rt.method == method && rt.path == path {
			if rt.scope == anyKey {
				return "any"
			}
			return rt.scope.String()
		}
	}
	return relay.Scopes(0).String()
}
