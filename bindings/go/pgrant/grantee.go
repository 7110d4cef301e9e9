package pgrant

import "encoding/json"

// Grantee is a role in an ACL: by name, PUBLIC, or by OID if the role is gone.
type Grantee struct {
	Name string // "" for PUBLIC and for roles that are gone
	OID  uint32 // 0 unless the role is gone
}

// IsPublic says that everybody is meant.
func (g Grantee) IsPublic() bool { return g.Name == "" && g.OID == 0 }

// UnmarshalJSON reads a name, null for PUBLIC, or {"oid": n}.
func (g *Grantee) UnmarshalJSON(document []byte) error {
	*g = Grantee{}
	if string(document) == "null" {
		return nil
	}
	if len(document) > 0 && document[0] == '{' {
		var gone struct{ OID uint32 }
		err := json.Unmarshal(document, &gone)
		g.OID = gone.OID
		return err
	}
	return json.Unmarshal(document, &g.Name)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (g Grantee) MarshalJSON() ([]byte, error) {
	switch {
	case g.IsPublic():
		return []byte("null"), nil
	case g.OID != 0:
		return json.Marshal(map[string]uint32{"oid": g.OID})
	default:
		return json.Marshal(g.Name)
	}
}
