package pgrant

import (
	"encoding/json"
	"sync"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Spec says where a connection goes and how it is secured: what libpq takes, with the safe
// defaults. The SSL mode is verify-full unless another is asked for.
type Spec struct {
	mu   sync.Mutex
	spec *capi.Spec
}

// ParseSpec reads a URI, key/value pairs or a JSON object with libpq's keywords, and `secret`,
// which says where the password comes from: "env:NAME", "file:/path", "prompt". No environment is
// read, but for secrets that a client needs.
func ParseSpec(text string) (*Spec, error) {
	parsed, err := capi.ParseSpec(text)
	if err != nil {
		return nil, asError(err)
	}
	return &Spec{spec: parsed}, nil
}

// Set sets one keyword; an empty value takes it away.
func (s *Spec) Set(keyword, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return asError(s.spec.Set(keyword, value))
}

// Get gives the value of a keyword, with the defaults of host, port, dbname, user, sslmode and
// sslrootcert; "" for what is not set, and for secrets.
func (s *Spec) Get(keyword string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, err := s.spec.Get(keyword)
	return string(value), asError(err)
}

// Validate gives the first of what is wrong or missing.
func (s *Spec) Validate() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return asError(s.spec.Validate())
}

// Problems gives all of what is wrong or missing.
func (s *Spec) Problems() ([]*Error, error) {
	s.mu.Lock()
	text, err := s.spec.Problems()
	s.mu.Unlock()
	var document struct{ Problems []*Error }
	err = decode(text, err, &document)
	return document.Problems, err
}

// SpecWarning is what works and is not safe, or not wise.
type SpecWarning struct {
	ID      string `json:"id"`
	Field   string `json:"field"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Warnings lists them.
func (s *Spec) Warnings() ([]SpecWarning, error) {
	s.mu.Lock()
	text, err := s.spec.Warnings()
	s.mu.Unlock()
	var document struct{ Warnings []SpecWarning }
	err = decode(text, err, &document)
	return document.Warnings, err
}

// String is for people; secrets are hidden.
func (s *Spec) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, _ := s.spec.Text()
	return string(text)
}

// Conninfo is for libpq, without any secret.
func (s *Spec) Conninfo() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.spec.Conninfo()
	return string(text), asError(err)
}

// URI is for libpq, without any secret.
func (s *Spec) URI() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.spec.URI()
	return string(text), asError(err)
}

// MarshalJSON is what ParseSpec reads; secrets are hidden.
func (s *Spec) MarshalJSON() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.spec.JSON()
	return text, asError(err)
}

// decode reads a document unless err says that there is none.
func decode(text []byte, err error, into any) error {
	if err != nil {
		return asError(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &Error{Status: StatusInternal, Message: "the library's answer cannot be read", cause: err}
	}
	return nil
}
