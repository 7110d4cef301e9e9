package pgrant

import (
	"context"
	"time"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Option is a setting of [Open].
type Option func(*clientSettings)

type clientSettings struct {
	runtime *Runtime
	ask     func(context.Context) (Secret, error)
	list    []capi.Setting
}

func (s *clientSettings) set(key string, value any) {
	s.list = append(s.list, capi.Setting{Key: key, Value: value})
}

// WithRuntime uses this runtime instead of the common one.
func WithRuntime(runtime *Runtime) Option {
	return func(s *clientSettings) { s.runtime = runtime }
}

// WithPassword gives the login's password or access token; it goes before the spec's secret.
func WithPassword(password Secret) Option {
	return func(s *clientSettings) { s.set("password", capi.SecretValue(password.bytes)) }
}

// WithPasswordSource asks for the password or token before each new connection, on a goroutine of
// its own: for what is fetched and expires. The context is done when the client or its runtime is
// closed.
func WithPasswordSource(ask func(context.Context) (Secret, error)) Option {
	return func(s *clientSettings) {
		s.ask = ask
		s.set("ask_secret", true)
	}
}

// WithApplicationName is what the server lists our sessions as; "pgrant" unless set.
func WithApplicationName(name string) Option {
	return func(s *clientSettings) { s.set("application_name", name) }
}

// WithoutPool connects for each operation and fails at once, instead of keeping connections and
// trying for half a minute while the server cannot be reached.
func WithoutPool() Option {
	return func(s *clientSettings) { s.set("keep_connections", false) }
}

// WithLedgerDatabase is the database of the ledger; "pgrant" unless set.
func WithLedgerDatabase(name string) Option {
	return func(s *clientSettings) { s.set("ledger_database", name) }
}

// WithEndpoint is the connection string that credentials tell grantees to connect to; the client's
// own unless set.
func WithEndpoint(dsn string) Option {
	return func(s *clientSettings) { s.set("endpoint", dsn) }
}

// WithSetting sets any option of the library's kind "client" by its key: a string, bool, int64,
// []string or [time.Duration] for keys that end in _ms or _s.
func WithSetting(key string, value any) Option {
	return func(s *clientSettings) {
		switch given := value.(type) {
		case time.Duration:
			if len(key) > 3 && key[len(key)-3:] == "_ms" {
				value = int64(given / time.Millisecond)
			} else {
				value = int64(given / time.Second)
			}
		case int:
			value = int64(given)
		}
		s.set(key, value)
	}
}

// InspectOptions say what is read. The zero value: all but the platform's own.
type InspectOptions struct {
	Databases                []string // only these; others are listed without content
	IncludeReservedDatabases bool
	IncludeSystemSchemas     bool
	WithoutObjects           bool // no relations and routines, which are most of it
	WithoutPrivileges        bool // only what there is and whose
}

func (o InspectOptions) settings() []capi.Setting {
	return []capi.Setting{
		{Key: "databases", Value: o.Databases},
		{Key: "include_reserved_databases", Value: o.IncludeReservedDatabases},
		{Key: "include_system_schemas", Value: o.IncludeSystemSchemas},
		{Key: "objects", Value: !o.WithoutObjects},
		{Key: "privileges", Value: !o.WithoutPrivileges},
	}
}

// BootstrapOptions say what an administrator sets up. Connector must be given.
type BootstrapOptions struct {
	Connector     string   // the connector role's name
	Databases     []string // manage these and no others; none: all but reserved ones
	Creators      []string // roles whose future objects bundles may cover
	ResetPassword bool     // give an existing connector the password at hand
	Profile       string   // "guide", or "least": a connector that can do nothing but leases
	Issuers       int      // how many issuers there are to be; 0: the profile's
}

func (o BootstrapOptions) settings() []capi.Setting {
	return []capi.Setting{
		{Key: "connector", Value: o.Connector},
		{Key: "databases", Value: o.Databases},
		{Key: "creators", Value: o.Creators},
		{Key: "reset_password", Value: o.ResetPassword},
		{Key: "profile", Value: text(o.Profile)},
		{Key: "issuers", Value: number(o.Issuers)},
	}
}

// ApplyOptions say how a plan is carried out. The zero value is the usual.
type ApplyOptions struct {
	Secrets          map[string]Secret // what the plan names: passwords or SCRAM verifiers
	LockTimeout      time.Duration     // how long a statement may wait for a lock
	StatementTimeout time.Duration
	TurnTimeout      time.Duration // how long to wait for another apply
}

func (o ApplyOptions) settings() []capi.Setting {
	list := []capi.Setting{
		{Key: "lock_timeout_ms", Value: milliseconds(o.LockTimeout)},
		{Key: "statement_timeout_ms", Value: milliseconds(o.StatementTimeout)},
		{Key: "turn_timeout_ms", Value: milliseconds(o.TurnTimeout)},
	}
	for name, secret := range o.Secrets {
		list = append(list, capi.Setting{Key: "secret." + name, Value: capi.SecretValue(secret.bytes)})
	}
	return list
}
