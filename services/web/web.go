// Package web serves the page behind a claim link.
//
// It promises that opening a link changes nothing: the server sends the same page for every link, and the browser reads
// the secret from the fragment, which it never sends. The page derives auth from it and asks the API who sends how much
// until when. No script of others runs on it, nothing of it is cached, and no address leaks to other sites.
//
// The page does not claim: it says what to type. Start at [New]; link.js derives, page.js shows.
package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
)

//go:embed static page.html
var files embed.FS

// Config says for which network links are.
type Config struct {
	Network string // passphrase of the Stellar network; part of what the page derives
}

// New makes the handler of GET /c/{id} and GET /static/….
func New(c Config) (http.Handler, error) {
	if c.Network == "" {
		return nil, errors.New("web: the network's passphrase is missing")
	}
	t, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := t.Execute(&page, c); err != nil {
		return nil, err
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /c/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page.Bytes()) // an error here is the reader's connection
	})
	mux.Handle("GET /static/{file}", http.StripPrefix("/static/", http.FileServerFS(static)))
	return guarded(mux), nil
}

// guarded sets the headers that keep the page alone with its reader.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
