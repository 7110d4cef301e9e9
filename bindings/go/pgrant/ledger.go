package pgrant

import (
	"context"
	"time"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Extension lets a lease end later.
type Extension struct {
	Lease          string
	By             time.Duration // whole seconds
	Reason         string
	Requester      string
	IdempotencyKey string // the same key twice extends once
}

// Extend gives the lease as it is then.
func (c *Client) Extend(ctx context.Context, extension Extension) (*Lease, error) {
	settings := []capi.Setting{
		{Key: "lease", Value: extension.Lease},
		{Key: "by_s", Value: int64(extension.By / time.Second)},
		{Key: "reason", Value: text(extension.Reason)},
		{Key: "requester", Value: text(extension.Requester)},
		{Key: "idempotency_key", Value: text(extension.IdempotencyKey)},
	}
	var document struct{ Leases []Lease }
	err := c.do(ctx, capi.OptionsExtend, settings, nil, (*capi.Client).Extend, &document)
	if err == nil && len(document.Leases) != 1 {
		err = &Error{Status: StatusInternal, Message: "the library's answer has no lease"}
	}
	if err != nil {
		return nil, err
	}
	return &document.Leases[0], nil
}

// RevokeBundle breaks the glass: it ends every lease of a bundle, the access of all first.
func (c *Client) RevokeBundle(ctx context.Context, bundle string) (*RevokeReport, error) {
	report := new(RevokeReport)
	err := c.do(ctx, 0, nil, nil, about(bundle, (*capi.Client).RevokeBundle), report)
	return value(report, err)
}

// RevokeAll ends every lease of the instance.
func (c *Client) RevokeAll(ctx context.Context) (*RevokeReport, error) {
	report := new(RevokeReport)
	err := c.do(ctx, 0, nil, nil, plain((*capi.Client).RevokeAll), report)
	return value(report, err)
}

// AdoptReport is what the server shows of leases that the ledger does not know.
type AdoptReport struct {
	Written bool `json:"written"`
	Bundles []struct {
		Name string `json:"name"`
		Role string `json:"role"`
	} `json:"bundles"`
	Leases []Lease `json:"leases"` // without ids before they are written
	Left   []struct {
		Role    string   `json:"role"`
		Bundles []string `json:"bundles"`
		Why     string   `json:"why"`
		Remedy  string   `json:"remedy"`
	} `json:"left"` // what a person has to decide
}

// Adopt rebuilds leases from what the server shows, after the ledger was lost: it shows them, and
// with write also writes them.
func (c *Client) Adopt(ctx context.Context, write bool) (*AdoptReport, error) {
	report := new(AdoptReport)
	err := c.do(ctx, 0, nil, nil, about(write, (*capi.Client).Adopt), report)
	return value(report, err)
}

// AuditFilter says which rows of the audit trail to list. The zero value: the newest thousand.
type AuditFilter struct {
	Lease, Action, Actor string
	Since, Before        time.Time
	Limit                int
}

// AuditEntry is a row of the audit trail.
type AuditEntry struct {
	Chain   int               `json:"chain"`
	Number  int64             `json:"n"`
	At      time.Time         `json:"at"`
	Login   string            `json:"login"`
	Actor   string            `json:"actor"`
	Action  string            `json:"action"`
	Lease   string            `json:"lease"`
	Outcome string            `json:"outcome"`
	Details map[string]string `json:"details"`
}

// Audit lists rows of the audit trail, the newest.
func (c *Client) Audit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error) {
	settings := []capi.Setting{
		{Key: "lease", Value: text(filter.Lease)},
		{Key: "action", Value: text(filter.Action)},
		{Key: "actor", Value: text(filter.Actor)},
		{Key: "since_us", Value: microseconds(filter.Since)},
		{Key: "before_us", Value: microseconds(filter.Before)},
		{Key: "limit", Value: number(filter.Limit)},
	}
	var document struct{ Entries []AuditEntry }
	err := c.do(ctx, capi.OptionsAudit, settings, nil, (*capi.Client).Audit, &document)
	return document.Entries, err
}

// AuditVerdict is what computing every hash anew has found.
type AuditVerdict struct {
	Entries int64    `json:"entries"`
	Broken  []string `json:"broken"` // none: every row is as it was written
}

// VerifyAudit computes every hash of the audit trail anew.
func (c *Client) VerifyAudit(ctx context.Context) (*AuditVerdict, error) {
	verdict := new(AuditVerdict)
	err := c.do(ctx, 0, nil, nil, plain((*capi.Client).VerifyAudit), verdict)
	return value(verdict, err)
}
