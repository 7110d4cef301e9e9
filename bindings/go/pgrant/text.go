package pgrant

import "github.com/pgrant/pgrant/bindings/go/internal/capi"

// QuoteIdentifier gives a name as an SQL identifier, quoted where PostgreSQL wants that.
func QuoteIdentifier(name string) (string, error) {
	sql, err := capi.QuoteIdentifier(name)
	return string(sql), asError(err)
}

// QuoteLiteral gives a value as an SQL string literal.
func QuoteLiteral(value string) (string, error) {
	sql, err := capi.QuoteLiteral(value)
	return string(sql), asError(err)
}

// ParseACL reads the text form of an aclitem[].
func ParseACL(acl string) ([]ACLEntry, error) {
	text, err := capi.ParseACL(acl)
	var document struct{ ACL []ACLEntry }
	err = decode(text, err, &document)
	return document.ACL, err
}

// ValidatePolicy gives everything that is wrong with a policy (JSON) as far as that can be told
// without a server; nil if nothing is.
func ValidatePolicy(policy []byte) []*Error {
	text, err := capi.ValidatePolicy(policy)
	if err == nil {
		return nil
	}
	var document struct{ Problems []*Error }
	if failure := decode(text, nil, &document); failure != nil || len(document.Problems) == 0 {
		failure, _ := asError(err).(*Error)
		return []*Error{failure}
	}
	return document.Problems
}

// PolicySchema is the JSON Schema of policies, with titles and descriptions.
func PolicySchema() ([]byte, error) {
	schema, err := capi.PolicySchema()
	return schema, asError(err)
}

// IntegrationSchema is the JSON Schema of integrations.
func IntegrationSchema() ([]byte, error) {
	schema, err := capi.IntegrationSchema()
	return schema, asError(err)
}

// NormalizePolicy gives the same policy (JSON) as the library writes it, defaults left out.
func NormalizePolicy(policy []byte) ([]byte, error) {
	text, err := capi.NormalizePolicy(policy)
	return text, asError(err)
}

// Render gives a plan for people to review; names are made safe to show in a terminal.
func (p *Plan) Render() (string, error) { return RenderPlan(p.document) }

// RenderPlan does the same for a plan that was stored as JSON.
func RenderPlan(plan []byte) (string, error) {
	text, err := capi.RenderPlan(plan)
	return string(text), asError(err)
}

// GeneratePassword makes a random password that needs no quoting anywhere, 24 characters long.
func GeneratePassword() (Secret, error) {
	password, err := capi.GeneratePassword(0)
	return Secret{password}, asError(err)
}

// PasswordVerifier computes the SCRAM-SHA-256 verifier of a password, which a server stores instead
// of it.
func PasswordVerifier(password Secret) (Secret, error) {
	verifier, err := capi.PasswordVerifier(password.bytes, 0)
	return Secret{verifier}, asError(err)
}

// Version is the version of libpgrant.
func Version() string {
	version, _ := capi.Version()
	return version
}
