package api

import (
	_ "embed"
	"net/http"
)

// OpenAPI is the document that describes this interface (OpenAPI 3.1, YAML), as it is served.
//
//go:embed openapi.yaml
var OpenAPI []byte

func (s *server) document(c *call) (reply, error) {
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, raw: OpenAPI, header: http.Header{
		"Content-Type": {"application/yaml"}, "Cache-Control": {"public, max-age=300"},
	}}, nil
}
