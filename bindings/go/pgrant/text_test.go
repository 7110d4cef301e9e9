package pgrant

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestSpecs(t *testing.T) {
	spec := must[*Spec](t)(ParseSpec("postgresql://ada@shop.example.com/orders"))
	if mode := must[string](t)(spec.Get("sslmode")); mode != "verify-full" {
		t.Errorf("sslmode %s", mode)
	}
	if err := spec.Set("sslmode", "require"); err != nil {
		t.Fatal(err)
	}
	warnings := must[[]SpecWarning](t)(spec.Warnings())
	if len(warnings) == 0 || warnings[0].ID != "server-not-verified" {
		t.Errorf("%+v", warnings)
	}
	document := must[[]byte](t)(json.Marshal(spec))
	again := must[*Spec](t)(ParseSpec(string(document)))
	if again.String() != spec.String() {
		t.Errorf("%s became %s", spec, again)
	}
}

func TestACLs(t *testing.T) {
	entries := must[[]ACLEntry](t)(ParseACL(`{"\"a \"\"b\"\"\"=r*w/app",=r/app}`))
	if len(entries) != 2 || !entries[0].Grantee.IsPublic() || entries[1].Grantee.Name != `a "b"` ||
		fmt.Sprint(entries[1].GrantOptions) != "[SELECT]" {
		t.Errorf("%+v", entries)
	}
	if _, err := ParseACL("{ada=r"); StatusOf(err) != StatusInvalidArgument {
		t.Errorf("half an ACL: %v", err)
	}
}

func TestPolicyProblemsAreAllTold(t *testing.T) {
	problems := ValidatePolicy([]byte(`{"version": 1, "bundles": {"A": {"grants": []}}}`))
	if len(problems) == 0 || problems[0].Field == "" {
		t.Fatalf("%+v", problems)
	}
	if problems := ValidatePolicy([]byte(testPolicy)); problems != nil {
		t.Errorf("%+v", problems[0])
	}
	for name, schema := range map[string]func() ([]byte, error){"policy": PolicySchema, "integration": IntegrationSchema} {
		if text := must[[]byte](t)(schema()); !json.Valid(text) {
			t.Errorf("the %s's schema is no JSON", name)
		}
	}
}

func TestErrorsAreJSON(t *testing.T) {
	failure := &Error{Status: StatusDenied, Message: "m", SQLState: "42501", Retry: RetryReconnect}
	document := must[[]byte](t)(json.Marshal(failure))
	read := new(Error)
	if err := json.Unmarshal(document, read); err != nil || *read != *failure {
		t.Errorf("%s became %+v, %v", document, read, err)
	}
}

func ExampleQuoteIdentifier() {
	quoted, _ := QuoteIdentifier(`Order "items"`)
	fmt.Println(quoted)
	// Output: "Order ""items"""
}

func ExampleParseSpec() {
	spec, _ := ParseSpec("host=shop.postgres.database.azure.com user=ada")
	mode, _ := spec.Get("sslmode")
	platform, _ := spec.Get("platform")
	fmt.Println(mode, platform)
	// Output: verify-full azure
}
