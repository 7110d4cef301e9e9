package pgrant

import (
	"encoding/json"
	"fmt"
)

// Secret is a password or token. It shows as "<hidden>" wherever it is printed or marshalled.
type Secret struct{ bytes []byte }

// NewSecret copies the text.
func NewSecret(text string) Secret { return Secret{[]byte(text)} }

// Reveal gives the text itself.
func (s Secret) Reveal() string { return string(s.bytes) }

// IsEmpty says whether there is none.
func (s Secret) IsEmpty() bool { return len(s.bytes) == 0 }

// Wipe overwrites it, for all copies of this value. Texts that Reveal gave stay.
func (s Secret) Wipe() { wipe(s.bytes) }

func (s Secret) String() string { return "<hidden>" }

// GoString hides it from %#v.
func (s Secret) GoString() string { return "pgrant.Secret(<hidden>)" }

// Format hides it from every verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte("<hidden>")) }

// MarshalJSON hides it.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

func wipe(bytes []byte) {
	for i := range bytes {
		bytes[i] = 0
	}
}

// secretText reads a secret out of a document.
type secretText struct{ Secret }

func (s *secretText) UnmarshalJSON(text []byte) error {
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	s.Secret = NewSecret(plain)
	return nil
}
