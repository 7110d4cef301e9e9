package pgrant

import (
	"encoding/json"
	"time"
)

// CheckReport is what there is to say about a connection, a server and a login.
type CheckReport struct {
	Connection struct {
		Host          string  `json:"host"`
		Address       string  `json:"address"`
		Database      string  `json:"database"`
		SSLMode       string  `json:"ssl_mode"`
		ConnectMillis float64 `json:"connect_ms"`
		RoundTrip     float64 `json:"round_trip_ms"`
		TLS           *TLSInfo
	} `json:"connection"`
	Server struct {
		Version          int    `json:"version"` // 180004 is 18.4
		VersionText      string `json:"version_text"`
		SystemIdentifier string `json:"system_identifier"`
		Platform         string `json:"platform"`
	} `json:"server"`
	Login struct {
		Role           string `json:"role"`
		Superuser      bool   `json:"superuser"`
		CreateRole     bool   `json:"create_role"`
		CreateDatabase bool   `json:"create_database"`
		MayEndSessions bool   `json:"may_end_sessions"`
	} `json:"login"`
	Findings []Finding `json:"findings"`
}

// TLSInfo is what was negotiated and whom the certificate names.
type TLSInfo struct {
	Protocol      string    `json:"protocol"`
	Cipher        string    `json:"cipher"`
	Subject       string    `json:"subject"`
	Issuer        string    `json:"issuer"`
	NotAfter      time.Time `json:"not_after"`
	SubjectNames  []string  `json:"subject_names"`
	ChainVerified bool      `json:"chain_verified"`
	NameVerified  bool      `json:"name_verified"`
}

// Finding is something to know or to do.
type Finding struct {
	Severity string `json:"severity"` // "problem", "warning", "note"
	ID       string `json:"id"`
	Title    string `json:"title"`
	Why      string `json:"why"`
	Remedy   string `json:"remedy"`
}

// Plan is what has to be done to make a policy true. It is kept as the library wrote it, so that it
// can be stored, reviewed, signed and applied later.
type Plan struct {
	Steps      []Step
	NotGranted []NotGranted // grants that this login cannot make
	Warnings   []string

	document []byte
}

// Step is one statement of a plan.
type Step struct {
	Action    string `json:"action"`
	Database  string `json:"database"` // "" for what is cluster-wide
	SQL       string `json:"sql"`
	Reason    string `json:"reason"`
	Authority string `json:"authority"`
	Inverse   string `json:"inverse"`
}

// NotGranted is a grant that the plan leaves out, and what can be done about it.
type NotGranted struct {
	Database   string   `json:"database"`
	Object     string   `json:"object"`
	Grantee    string   `json:"grantee"`
	Privileges []string `json:"privileges"`
	Reason     string   `json:"reason"`
	Remedy     string   `json:"remedy"`
}

// IsEmpty says that there is nothing to do.
func (p *Plan) IsEmpty() bool { return len(p.Steps) == 0 }

// MarshalJSON gives the document as the library wrote it.
func (p *Plan) MarshalJSON() ([]byte, error) {
	if p.document == nil {
		return nil, inputError("plan", "the plan was not made by a client or read from JSON")
	}
	return p.document, nil
}

// UnmarshalJSON reads a plan that was stored.
func (p *Plan) UnmarshalJSON(document []byte) error {
	var read struct {
		Steps      []Step       `json:"steps"`
		NotGranted []NotGranted `json:"not_granted"`
		Warnings   []string     `json:"warnings"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return err
	}
	*p = Plan{read.Steps, read.NotGranted, read.Warnings, append([]byte(nil), document...)}
	return nil
}

// ApplyReport is what was done.
type ApplyReport struct {
	Databases []DatabaseReport `json:"databases"`
	Warnings  []string         `json:"warnings"`
}

// DatabaseReport is what was done in one database.
type DatabaseReport struct {
	Database string `json:"database"` // "" for what is cluster-wide
	Steps    int    `json:"steps"`
	Failed   *Error `json:"failed"`
	Unknown  bool   `json:"unknown"` // the connection broke at COMMIT
}
