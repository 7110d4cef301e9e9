package pgrant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// SecretStore is a store of passwords of the program's own: a vault, a database. It keeps at most
// three of a login: the one in use, a pending one that may or may not be the server's, and the one
// before.
//
// What a call has done is durable when it returns, and a call that is repeated after a crash does no
// harm. The calls come one at a time from the goroutine that rotates, whose context they get; they
// may use the client. An error ends the rotation, and is in the chain of the rotation's own; the
// next one goes on from there.
type SecretStore interface {
	// Pending gives an empty secret if there is none; an error means that nobody knows.
	Pending(ctx context.Context, login string) (Secret, error)
	// PutPending keeps it beside the one in use.
	PutPending(ctx context.Context, login string, fresh Secret) error
	// Promote: the pending one is in use from here on, the one in use is the one before. Nothing
	// happens if none is pending.
	Promote(ctx context.Context, login string) error
	// Retire forgets the one before.
	Retire(ctx context.Context, login string) error
}

// FileSecretStore is a directory that exists and is closed to others (0700), with files of mode 0600:
// <login>.password is the one in use. Every change is flushed to disk and renamed into its place, so
// that a reader and a crash find a whole file or the one before. For one process at a time.
type FileSecretStore string

// CurrentPath is where the password in use is, for a spec's secret=file:….
func (s FileSecretStore) CurrentPath(login string) string {
	var name strings.Builder
	for _, each := range []byte(login) {
		switch {
		case each >= 'a' && each <= 'z', each >= 'A' && each <= 'Z', each >= '0' && each <= '9',
			each == '_', each == '-':
			name.WriteByte(each)
		default:
			fmt.Fprintf(&name, "%%%02X", each)
		}
	}
	return filepath.Join(string(s), name.String()+".password")
}

// Current gives the password in use; an empty one if there is none.
func (s FileSecretStore) Current(login string) (Secret, error) {
	bytes, err := os.ReadFile(s.CurrentPath(login))
	if errors.Is(err, os.ErrNotExist) {
		return Secret{}, nil
	}
	return Secret{bytes}, err
}

// RotateOptions say whose password changes, and who keeps it. Files or Store must be given.
type RotateOptions struct {
	Files              FileSecretStore
	Store              SecretStore
	Login              string // empty: the client's own
	PasswordIterations int    // rounds in the verifier; 0: 4,096
	DuringLeases       bool   // also while a lease gives the login something
}

// RotationReport says whose password was changed; the store has it.
type RotationReport struct {
	Login   string `json:"login"`
	Resumed bool   `json:"resumed"` // an earlier rotation was brought to its end, without a further password
}

// Rotate gives a login a new random password, so that no crash on the way loses anybody's access: kept
// as pending, set on the server, proved by logging in with it, promoted. Progress counts the steps.
//
// If a password is pending already, an earlier rotation was cut off, and is brought to its end. Of the
// client's own login open sessions stay; new ones need the new password: see [WithPasswordSource],
// [Client.SetPassword], and a spec with secret=file:….
func (c *Client) Rotate(ctx context.Context, options RotateOptions, listen ...Listen) (*RotationReport, error) {
	settings := []capi.Setting{
		{Key: "login", Value: text(options.Login)},
		{Key: "directory", Value: text(string(options.Files))},
		{Key: "ask_store", Value: options.Store != nil},
		{Key: "password_iterations", Value: number(options.PasswordIterations)},
		{Key: "during_leases", Value: options.DuringLeases},
	}
	hears := newListener(listen)
	if options.Store != nil {
		hears = hears.withStore(ctx, options.Store)
	}
	report := new(RotationReport)
	err := c.doHearing(ctx, capi.OptionsRotate, settings, hears, (*capi.Client).Rotate, report)
	var failure *Error
	if errors.As(err, &failure) && failure.Status == StatusSecret && options.Store != nil {
		failure.cause = hears.store.failure
	}
	return value(report, err)
}

// storeDesk answers what a rotation asks of the program's store.
type storeDesk struct {
	ctx     context.Context
	store   SecretStore
	asked   chan *capi.Event
	failure error // what the store failed with last
}

func (d *storeDesk) answer(event *capi.Event) {
	defer event.Destroy() // refuses what was not answered
	login := event.Message()
	var pending Secret
	var err error
	request := event.StoreRequest()
	switch request {
	case capi.StorePending:
		pending, err = d.store.Pending(d.ctx, login)
	case capi.StorePutPending:
		err = d.store.PutPending(d.ctx, login, Secret{event.Secret()})
	case capi.StorePromote:
		err = d.store.Promote(d.ctx, login)
	case capi.StoreRetire:
		err = d.store.Retire(d.ctx, login)
	default:
		err = errors.New("a question that this package does not know")
	}
	if err == nil && !pending.IsEmpty() {
		err = event.Reply(pending.bytes)
	} else if err == nil {
		err = event.Confirm()
	}
	if err != nil {
		d.failure = asError(err)
		_ = event.Refuse("the store of secrets failed")
	}
}
