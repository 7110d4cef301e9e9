package capi

/*
#include <pgrant.h>
*/
import "C"

// made takes ownership of both.
func made(status C.pgrant_status, text *C.pgrant_text, err *C.pgrant_error) ([]byte, error) {
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	return take(text), nil
}

// QuoteIdentifier is pgrant_identifier_quote.
func QuoteIdentifier(name string) ([]byte, error) {
	data, size := view([]byte(name))
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_identifier_quote(data, size, &text, &err), text, err)
}

// QuoteLiteral is pgrant_literal_quote.
func QuoteLiteral(value string) ([]byte, error) {
	data, size := view([]byte(value))
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_literal_quote(data, size, &text, &err), text, err)
}

// ParseACL is pgrant_acl_parse.
func ParseACL(acl string) ([]byte, error) {
	data, size := view([]byte(acl))
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_acl_parse(data, size, &text, &err), text, err)
}

// ValidatePolicy gives all problems as JSON, and the first as an error.
func ValidatePolicy(policy []byte) ([]byte, error) {
	data, size := view(policy)
	var text *C.pgrant_text
	var err *C.pgrant_error
	status := C.pgrant_policy_validate(data, size, &text, &err)
	var problems []byte
	if text != nil {
		problems = take(text)
	}
	return problems, outcome(status, err)
}

// NormalizePolicy is pgrant_policy_to_json.
func NormalizePolicy(policy []byte) ([]byte, error) {
	data, size := view(policy)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_policy_to_json(data, size, &text, &err), text, err)
}

// PolicySchema is pgrant_policy_schema.
func PolicySchema() ([]byte, error) {
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_policy_schema(&text, &err), text, err)
}

// IntegrationSchema is pgrant_integration_schema.
func IntegrationSchema() ([]byte, error) {
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_integration_schema(&text, &err), text, err)
}

// RenderPlan is pgrant_plan_render.
func RenderPlan(plan []byte) ([]byte, error) {
	data, size := view(plan)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_plan_render(data, size, &text, &err), text, err)
}

// GeneratePassword is pgrant_password_generate.
func GeneratePassword(length int) ([]byte, error) {
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_password_generate(C.size_t(length), &text, &err), text, err)
}

// PasswordVerifier is pgrant_password_verifier.
func PasswordVerifier(password []byte, iterations int32) ([]byte, error) {
	data, size := view(password)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_password_verifier(data, size, C.int32_t(iterations), &text, &err), text, err)
}
