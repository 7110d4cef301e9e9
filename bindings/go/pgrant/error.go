package pgrant

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Status is the kind of a failure.
type Status string

// The kinds, as they stand in JSON. A later library may know more.
const (
	StatusInvalidArgument Status = "invalid_argument" // bad input, refused before anything was sent; see Error.Field
	StatusNotFound        Status = "not_found"        // the role, database, bundle or lease does not exist
	StatusConflict        Status = "conflict"         // something of that name, or another run, is in the way
	StatusDenied          Status = "denied"           // the login lacks the authority
	StatusStale           Status = "stale"            // the server has moved on since the plan was made
	StatusConnect         Status = "connect"          // no connection: name resolution, refused, unreachable
	StatusTLS             Status = "tls"              // TLS refused, certificate not trusted, wrong host name
	StatusAuthentication  Status = "authentication"   // the server refused the login
	StatusServer          Status = "server"           // any other error of the server; see Error.SQLState
	StatusTimeout         Status = "timeout"          // a deadline of the library passed
	StatusCancelled       Status = "cancelled"        // the context was done, or the runtime was closed
	StatusClosed          Status = "closed"           // the connection was lost; sent work has an unknown outcome
	StatusNotGranted      Status = "not_granted"      // a GRANT or REVOKE did not have the effect it promised
	StatusSecret          Status = "secret"           // a secret could not be read, or was not given
	StatusIO              Status = "io"               // a file or a child process failed
	StatusUnsupported     Status = "unsupported"      // the server's version or the build cannot do this
	StatusInternal        Status = "internal"         // a defect of pgrant
	StatusInvalidState    Status = "invalid_state"    // not now: closed already
	StatusNoMemory        Status = "no_memory"        // an allocation failed; nothing has changed
)

// Retry says what a caller can usefully do after a failure.
type Retry int32

// The same call may fail again until somebody changes something, may be repeated as it is, or may
// be repeated on a new connection, where what was sent may have been done.
const (
	RetryNever Retry = iota
	RetryAgain
	RetryReconnect
)

// Error is why something failed. No text in it holds a secret.
type Error struct {
	Status   Status
	Message  string // one line: what failed and why
	Detail   string // more of the why
	Hint     string // what to do about it
	Field    string // the input at fault: "port", "bundles.sales-read.grants[0].privileges"
	Object   string // what it happened on: `table sales.orders in database "shop"`
	SQLState string // the server's SQLSTATE
	Retry    Retry

	cause error
}

// Error is one line; see the fields for the rest.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("pgrant: ")
	text.WriteString(e.Message)
	if e.Object != "" {
		text.WriteString(" (" + e.Object + ")")
	}
	if e.SQLState != "" {
		text.WriteString(" [SQLSTATE " + e.SQLState + "]")
	}
	return text.String()
}

// Unwrap is the context's error, if the context ended the operation, or what the program's own
// store of secrets failed with.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is work with an [*Error] that has nothing but a Status, or nothing but a SQLState.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	if !ok || other.Message != "" || (other.Status == "" && other.SQLState == "") {
		return false
	}
	return (other.Status == "" || other.Status == e.Status) &&
		(other.SQLState == "" || other.SQLState == e.SQLState)
}

// Retryable says whether trying again can help.
func (e *Error) Retryable() bool { return e.Retry != RetryNever }

// errorDocument is "pgrant.error/1".
type errorDocument struct {
	Format   string `json:"format"`
	Code     Status `json:"code"`
	Message  string `json:"message"`
	Detail   string `json:"detail"`
	Hint     string `json:"hint"`
	Field    string `json:"field"`
	Object   string `json:"object"`
	SQLState string `json:"sqlstate"`
	Retry    string `json:"retry"`
}

var retryNames = []string{"never", "again", "reconnect"}

// UnmarshalJSON reads the document that the command and the library write.
func (e *Error) UnmarshalJSON(document []byte) error {
	var read errorDocument
	if err := json.Unmarshal(document, &read); err != nil {
		return err
	}
	*e = Error{Status: read.Code, Message: read.Message, Detail: read.Detail, Hint: read.Hint,
		Field: read.Field, Object: read.Object, SQLState: read.SQLState}
	for retry, name := range retryNames {
		if name == read.Retry {
			e.Retry = Retry(retry)
		}
	}
	return nil
}

// MarshalJSON writes the same document.
func (e *Error) MarshalJSON() ([]byte, error) {
	retry := retryNames[RetryNever]
	if e.Retry > RetryNever && int(e.Retry) < len(retryNames) {
		retry = retryNames[e.Retry]
	}
	return json.Marshal(errorDocument{"pgrant.error/1", e.Status, e.Message, e.Detail, e.Hint,
		e.Field, e.Object, e.SQLState, retry})
}

// StatusOf is the status of an error of this package anywhere in err's chain; "" for others.
func StatusOf(err error) Status {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Status
	}
	return ""
}

// asError turns what the C ABI says into what this package promises.
func asError(err error) error {
	var failure *capi.Failure
	if err == nil || !errors.As(err, &failure) {
		return err
	}
	return &Error{
		Status:   Status(capi.StatusName(failure.Status)),
		Message:  failure.Message,
		Detail:   failure.Detail,
		Hint:     failure.Hint,
		Field:    failure.Field,
		Object:   failure.Object,
		SQLState: failure.SQLState,
		Retry:    Retry(failure.Retry),
	}
}

// ended is the error of an operation whose context was done.
func ended(ctx context.Context, err error) error {
	failure := &Error{Status: StatusCancelled, Message: "the operation was cancelled"}
	var known *Error
	if errors.As(err, &known) {
		*failure = *known
	}
	failure.cause = ctx.Err()
	return failure
}

func closedError(what string) error {
	return &Error{Status: StatusInvalidState, Message: "the " + what + " is closed"}
}

func inputError(field, message string) error {
	return &Error{Status: StatusInvalidArgument, Field: field, Message: message}
}
