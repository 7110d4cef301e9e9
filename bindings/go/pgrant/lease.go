package pgrant

import (
	"encoding/json"
	"time"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// GrantRequest is what somebody wants: bundles, for a person or a role, for a time, with a reason.
type GrantRequest struct {
	Bundles        []string      // one or more; the lease has all of them or none
	Person         string        // whom a new login is for
	Role           string        // instead: an existing role, by its exact name
	Duration       time.Duration // whole seconds, from the commit on; access must have an end
	Reason         string
	Requester      string // who asks, if somebody else
	IdempotencyKey string // the same key twice is one lease

	Ticket          string            // the ticket or incident that it is for
	Labels          map[string]string // to find it by
	StartingAt      time.Time         // a later start; zero: now
	ConnectionLimit int               // sessions of the login at once; 0: the client's
	AdHoc           []string          // privileges that no bundle names: grants as in a policy, JSON objects
}

func (r GrantRequest) settings() []capi.Setting {
	list := []capi.Setting{
		{Key: "bundles", Value: r.Bundles},
		{Key: "person", Value: text(r.Person)},
		{Key: "role", Value: text(r.Role)},
		{Key: "duration_s", Value: int64(r.Duration / time.Second)},
		{Key: "reason", Value: text(r.Reason)},
		{Key: "requester", Value: text(r.Requester)},
		{Key: "idempotency_key", Value: text(r.IdempotencyKey)},
		{Key: "ticket", Value: text(r.Ticket)},
		{Key: "starting_at_us", Value: microseconds(r.StartingAt)},
		{Key: "connection_limit", Value: number(r.ConnectionLimit)},
		{Key: "ad_hoc", Value: r.AdHoc},
	}
	return append(list, labels(r.Labels)...)
}

// LeaseState is where a lease is in its life. A later library may know more.
type LeaseState string

// The states.
const (
	LeaseActive LeaseState = "active" // the access is there
	LeaseEnding LeaseState = "ending" // the access is gone; sessions are being ended, the login dropped
	LeaseEnded  LeaseState = "ended"  // nothing is left
	LeaseHeld   LeaseState = "held"   // the access is gone, but the login owns something: see HeldWhy
	LeaseFailed LeaseState = "failed" // nothing was granted

	LeaseScheduled LeaseState = "scheduled" // its time has not come: see StartsAt
)

// Lease is a row of the ledger. Times are the server's.
type Lease struct {
	ID          string            `json:"id"`
	State       LeaseState        `json:"state"`
	Bundles     []string          `json:"bundles"`
	Grantee     string            `json:"grantee"`      // the role's name on the server
	GranteeKind string            `json:"grantee_kind"` // "ephemeral_login" or "existing_role"
	Person      string            `json:"person"`
	Requester   string            `json:"requester"`
	Reason      string            `json:"reason"`
	Ticket      string            `json:"ticket"`
	Labels      map[string]string `json:"labels"`
	GrantedAt   time.Time         `json:"granted_at"`
	StartsAt    time.Time         `json:"starts_at"`
	ExpiresAt   time.Time         `json:"expires_at"`
	EndedAt     *time.Time        `json:"ended_at"`
	HeldWhy     string            `json:"held_why"` // object, database and remedy; or what was in the way
}

// Credentials are how to log in, told once and stored nowhere.
type Credentials struct {
	User     string
	Password Secret
	Conninfo string // host, port, database, user, SSL mode; without the password
}

// Granted is a new lease, with credentials if a login was made for it.
type Granted struct {
	Lease       Lease
	Credentials *Credentials
}

// UnmarshalJSON reads "pgrant.grant/1".
func (g *Granted) UnmarshalJSON(document []byte) error {
	var read struct {
		Lease       Lease
		Credentials *struct {
			User, Conninfo string
			Password       secretText
		}
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return err
	}
	g.Lease = read.Lease
	if c := read.Credentials; c != nil {
		g.Credentials = &Credentials{User: c.User, Password: c.Password.Secret, Conninfo: c.Conninfo}
	}
	return nil
}

// LeaseFilter says which leases to list. The zero value: all that are not over.
type LeaseFilter struct {
	Everything     bool              // also those that are over
	Bundle         string            // only of this bundle
	Grantee        string            // only of this person or role
	ID             string            // only this one
	States         []LeaseState      // only in one of these states; Everything is not needed
	Requester      string            // only what this one asked for
	Ticket         string            // only for this ticket
	Labels         map[string]string // only with these labels
	ExpiringBefore time.Time         // only what ends before
	Limit          int               // at most so many, the newest
}

func (f LeaseFilter) settings() []capi.Setting {
	states := make([]string, len(f.States))
	for i, state := range f.States {
		states[i] = string(state)
	}
	list := []capi.Setting{
		{Key: "everything", Value: f.Everything},
		{Key: "bundle", Value: text(f.Bundle)},
		{Key: "grantee", Value: text(f.Grantee)},
		{Key: "id", Value: text(f.ID)},
		{Key: "states", Value: states},
		{Key: "requester", Value: text(f.Requester)},
		{Key: "ticket", Value: text(f.Ticket)},
		{Key: "expiring_before_us", Value: microseconds(f.ExpiringBefore)},
		{Key: "limit", Value: number(f.Limit)},
	}
	return append(list, labels(f.Labels)...)
}

// LeaseEnd is what ending a lease did.
type LeaseEnd struct {
	Lease         Lease    `json:"lease"` // after the end
	SessionsEnded int      `json:"sessions_ended"`
	LoginDropped  bool     `json:"login_dropped"`
	Kept          []string `json:"kept"` // bundles whose membership stays
	// What was wrong with a bundle, and whether it was mended.
	BundleFindings []string `json:"bundle_findings"`
}

// FailedEnd is a lease whose end met an error; the next [Client.Expire] tries again.
type FailedEnd struct {
	Lease string `json:"lease"`
	Error *Error `json:"error"`
}

// RevokeReport is what ending several leases did.
type RevokeReport struct {
	Ends           []LeaseEnd  `json:"ends"`
	Failures       []FailedEnd `json:"failures"`
	GhostSessions  int         `json:"ghost_sessions"`  // of roles that do not exist any more
	Started        []Lease     `json:"started"`         // scheduled leases whose time has come
	DroppedBundles []string    `json:"dropped_bundles"` // ad-hoc ones that nobody needs any more
}

// text leaves out what is not set.
func text(value string) any {
	if value == "" {
		return nil
	}
	return value
}

// number leaves out what is not set.
func number(value int) any {
	if value == 0 {
		return nil
	}
	return int64(value)
}

func microseconds(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UnixMicro()
}

func labels(given map[string]string) (list []capi.Setting) {
	for key, value := range given {
		list = append(list, capi.Setting{Key: "label." + key, Value: value})
	}
	return list
}
