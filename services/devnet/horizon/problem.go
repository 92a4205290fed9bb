package horizon

import (
	"errors"
	"fmt"
	"net/http"
)

// typeBase is what the types of Horizon's problems begin with.
const typeBase = "https://stellar.org/horizon-errors/"

// problem is an error as the client reads it (RFC 7807).
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Extras map[string]any `json:"extras,omitempty"`
}

func (p *problem) Error() string { return p.Title }

func newProblem(status int, kind, title, detail string) *problem {
	return &problem{Type: typeBase + kind, Title: title, Status: status, Detail: detail}
}

func notFound() error {
	return newProblem(http.StatusNotFound, "not_found", "Resource Missing", "The resource at the url requested was not found.  "+
		"This usually occurs for one of two reasons:  The url requested is not valid, or no data in our database could be found with "+
		"the parameters provided.")
}

func badRequest(detail string) *problem {
	return newProblem(http.StatusBadRequest, "bad_request", "Bad Request", detail)
}

// invalidField says which parameter is wrong, and why.
func invalidField(name, format string, args ...any) error {
	p := badRequest("The request you sent was invalid in some way.")
	p.Extras = map[string]any{"invalid_field": name, "reason": fmt.Sprintf(format, args...)}
	return p
}

func beforeHistory() error {
	return newProblem(http.StatusGone, "before_history", "Data Requested Is Before Recorded History", "This horizon instance is "+
		"configured to only track a portion of the stellar network's latest history. This request is asking for results prior to the "+
		"recorded history known to this horizon instance.")
}

func serverError() *problem {
	return newProblem(http.StatusInternalServerError, "server_error", "Internal Server Error", "An error occurred while processing "+
		"this request.  This is usually due to a bug within the server software.  Trying this request again may succeed if the bug is "+
		"transient. Otherwise, please contact the system administrator.")
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var known *problem
	if !errors.As(err, &known) {
		if r.Context().Err() == nil {
			s.log.Error("request failed", "path", r.URL.Path, "error", err)
		}
		known = serverError()
	}
	write(w, known.Status, "application/problem+json; charset=utf-8", known)
}
