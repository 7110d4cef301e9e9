package pgrant

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A vector says what a function of every language makes of an input.
type vector struct {
	Name     string
	Input    json.RawMessage
	Expected json.RawMessage
	Error    *struct {
		Status Status
		Field  *string
	}
}

// vectors runs all of a file of those that the languages share.
func vectors(t *testing.T, file string, run func(t *testing.T, v vector) error) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "tests", "vectors", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
		t.Fatal("no vectors in ", file, ": ", err)
	}
	for _, v := range all {
		v := v
		t.Run(v.Name, func(t *testing.T) {
			err := run(t, v)
			var failure *Error
			switch {
			case v.Error == nil && err != nil:
				t.Errorf("%v\n%s", err, detailOf(err))
			case v.Error != nil && !errors.As(err, &failure):
				t.Errorf("no error, but %s was expected", v.Error.Status)
			case v.Error != nil && failure.Status != v.Error.Status:
				t.Errorf("status %s, expected %s", failure.Status, v.Error.Status)
			case v.Error != nil && v.Error.Field != nil && failure.Field != *v.Error.Field:
				t.Errorf("field %q, expected %q", failure.Field, *v.Error.Field)
			}
		})
	}
}

// same compares two values as JSON.
func same(t *testing.T, got any, expected json.RawMessage) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(text, &a) != nil || json.Unmarshal(expected, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("got %s, expected %s", text, expected)
	}
}

func textOf(input json.RawMessage) string {
	var text string
	if json.Unmarshal(input, &text) != nil {
		return string(input)
	}
	return text
}

func TestVectorsOfQuoting(t *testing.T) {
	vectors(t, "quoting.json", func(t *testing.T, v vector) error {
		var input struct{ Identifier, Literal *string }
		if err := json.Unmarshal(v.Input, &input); err != nil {
			return err
		}
		quote, value := QuoteLiteral, input.Literal
		if input.Identifier != nil {
			quote, value = QuoteIdentifier, input.Identifier
		}
		sql, err := quote(*value)
		if err == nil {
			same(t, sql, v.Expected)
		}
		return err
	})
}

func TestVectorsOfACLs(t *testing.T) {
	vectors(t, "acls.json", func(t *testing.T, v vector) error {
		entries, err := ParseACL(textOf(v.Input))
		if err == nil {
			if entries == nil {
				entries = []ACLEntry{}
			}
			same(t, entries, v.Expected)
		}
		return err
	})
}

func TestVectorsOfSpecs(t *testing.T) {
	vectors(t, "specs.json", func(t *testing.T, v vector) error {
		spec, err := ParseSpec(textOf(v.Input))
		if err != nil {
			return err
		}
		var expected map[string]json.RawMessage
		if err := json.Unmarshal(v.Expected, &expected); err != nil {
			return err
		}
		for word, value := range expected {
			switch word {
			case "problems":
				problems, err := spec.Problems()
				if err != nil {
					return err
				}
				fields := []string{}
				for _, problem := range problems {
					fields = append(fields, problem.Field)
				}
				same(t, fields, value)
			case "warnings":
				warnings, err := spec.Warnings()
				if err != nil {
					return err
				}
				ids := []string{}
				for _, warning := range warnings {
					ids = append(ids, warning.ID)
				}
				same(t, ids, value)
			default:
				got, err := spec.Get(word)
				if err != nil {
					return err
				}
				same(t, got, value)
			}
		}
		return nil
	})
}

func TestVectorsOfPolicies(t *testing.T) {
	vectors(t, "policies.json", func(t *testing.T, v vector) error {
		if problems := ValidatePolicy([]byte(textOf(v.Input))); problems != nil {
			return problems[0]
		}
		normal, err := NormalizePolicy([]byte(textOf(v.Input)))
		if err == nil {
			same(t, json.RawMessage(normal), v.Expected)
		}
		return err
	})
}

func TestVectorsOfPlans(t *testing.T) {
	vectors(t, "plans.json", func(t *testing.T, v vector) error {
		rendered, err := RenderPlan([]byte(textOf(v.Input)))
		if err != nil {
			return err
		}
		var expected struct {
			Steps int
			Shows []string
		}
		plan := new(Plan)
		if json.Unmarshal(v.Expected, &expected) != nil || json.Unmarshal([]byte(textOf(v.Input)), plan) != nil {
			t.Fatal("the vector cannot be read")
		}
		if len(plan.Steps) != expected.Steps {
			t.Errorf("%d steps, expected %d", len(plan.Steps), expected.Steps)
		}
		for _, part := range expected.Shows {
			if !strings.Contains(rendered, part) {
				t.Errorf("%q does not show %q", rendered, part)
			}
		}
		return nil
	})
}
