package pgrant

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var errVault = errors.New("the vault is shut")

// vault is what a program would keep elsewhere. One goroutine at a time.
type vault struct {
	current, waiting, before Secret
	calls                    []string
	fails, hangs             string // at this call, once
	hanging                  chan struct{}
	meanwhile                func(ctx context.Context) error
}

func (v *vault) called(ctx context.Context, what string) error {
	v.calls = append(v.calls, what)
	if what == v.hangs {
		v.hangs = ""
		close(v.hanging)
		<-ctx.Done()
		return ctx.Err()
	}
	if what == v.fails {
		v.fails = ""
		return errVault
	}
	if v.meanwhile != nil {
		return v.meanwhile(ctx)
	}
	return nil
}

func (v *vault) Pending(ctx context.Context, _ string) (Secret, error) {
	err := v.called(ctx, "pending")
	return v.waiting, err
}

func (v *vault) PutPending(ctx context.Context, _ string, fresh Secret) error {
	if err := v.called(ctx, "put_pending"); err != nil {
		return err
	}
	v.waiting = fresh
	return nil
}

func (v *vault) Promote(ctx context.Context, _ string) error {
	if err := v.called(ctx, "promote"); err != nil {
		return err
	}
	if !v.waiting.IsEmpty() {
		v.current, v.waiting, v.before = v.waiting, Secret{}, v.current
	}
	return nil
}

func (v *vault) Retire(ctx context.Context, _ string) error {
	if err := v.called(ctx, "retire"); err != nil {
		return err
	}
	v.before = Secret{}
	return nil
}

const rotator = "go_rotator"

// rotating has a client of its own login for each password: what a server takes now is not always
// what is in use.
func rotating(t *testing.T, password Secret) *Client {
	t.Helper()
	return client(t, as(t, rotator), WithPassword(password), WithLedgerDatabase("go_rotation"), WithoutPool())
}

func logsIn(t *testing.T, password Secret) bool {
	t.Helper()
	_, err := rotating(t, password).Check(soon(t))
	if err != nil && StatusOf(err) != StatusAuthentication {
		t.Fatal(err)
	}
	return err == nil
}

func TestRotation(t *testing.T) {
	ctx := soon(t)
	first := must[Secret](t)(GeneratePassword())
	admin := administrator(t, WithLedgerDatabase("go_rotation"))
	bootstrap := must[*Plan](t)(admin.PlanBootstrap(ctx, BootstrapOptions{Connector: rotator}))
	must[*ApplyReport](t)(admin.Apply(ctx, bootstrap, ApplyOptions{Secrets: map[string]Secret{"connector": first}}))

	files := FileSecretStore(filepath.Join(t.TempDir(), "passwords"))
	if err := os.Mkdir(string(files), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []RotateOptions{{}, {Files: files, Store: new(vault)}, {Store: new(vault), PasswordIterations: -1}} {
		if _, err := rotating(t, first).Rotate(ctx, refused); StatusOf(err) != StatusInvalidArgument {
			t.Errorf("%+v: %v", refused, err)
		}
	}
	for _, directory := range []FileSecretStore{files, files + "/missing"} {
		_, err := rotating(t, first).Rotate(ctx, RotateOptions{Files: directory})
		var failure *Error
		if !errors.As(err, &failure) || failure.Status != StatusSecret || failure.Field != "directory" {
			t.Errorf("%s: %#v", directory, err)
		}
	}
	if _, err := rotating(t, first).Rotate(ctx, RotateOptions{Store: new(vault), Login: "nobody at all"}); StatusOf(err) != StatusNotFound {
		t.Errorf("nobody: %v", err)
	}

	if err := os.Chmod(string(files), 0o700); err != nil {
		t.Fatal(err)
	}
	var steps []string
	report := must[*RotationReport](t)(rotating(t, first).Rotate(ctx, RotateOptions{Files: files},
		Listen{Progress: func(p Progress) { steps = append(steps, p.Doing) }}))
	if report.Login != rotator || report.Resumed || len(steps) != 5 || steps[0] != "pending" {
		t.Errorf("%+v, %v", report, steps)
	}
	second := must[Secret](t)(files.Current(rotator))
	if second.IsEmpty() || !logsIn(t, second) || logsIn(t, first) {
		t.Error("the password in the file is not the one in use")
	}
	if path := files.CurrentPath("App/ö-1"); filepath.Base(path) != "App%2F%C3%B6-1.password" {
		t.Error(path)
	}

	// The store of the program, which uses the client meanwhile.
	store := &vault{current: second}
	own := client(t, as(t, rotator), WithLedgerDatabase("go_rotation"), WithoutPool(),
		WithPasswordSource(func(context.Context) (Secret, error) { return store.current, nil }))
	for round := 0; round < 2; round++ {
		store.calls = nil
		must[*RotationReport](t)(own.Rotate(ctx, RotateOptions{Store: store}))
		if !reflect.DeepEqual(store.calls, []string{"pending", "put_pending", "promote", "retire"}) {
			t.Error(store.calls)
		}
	}
	store.meanwhile = func(ctx context.Context) error {
		_, err := admin.Check(ctx)
		return err
	}
	must[*RotationReport](t)(own.Rotate(ctx, RotateOptions{Store: store}))
	store.meanwhile = nil
	if logsIn(t, second) || !logsIn(t, store.current) {
		t.Error("the password in the vault is not the one in use")
	}
	cutOff(t, store)
}

// cutOff lets the store fail and hang at each of its calls; the next rotation brings it to its end.
func cutOff(t *testing.T, store *vault) {
	ctx := soon(t)
	// What the server takes: at "promote" it has the pending one already.
	live := func(at string) *Client {
		if at == "promote" {
			return rotating(t, store.waiting)
		}
		return rotating(t, store.current)
	}
	for _, at := range []string{"pending", "put_pending", "promote", "retire"} {
		store.fails = at
		_, err := rotating(t, store.current).Rotate(ctx, RotateOptions{Store: store})
		if StatusOf(err) != StatusSecret || !errors.Is(err, errVault) {
			t.Errorf("%s fails: %v", at, err)
		}
		report := must[*RotationReport](t)(live(at).Rotate(ctx, RotateOptions{Store: store}))
		if report.Resumed != (at == "promote") {
			t.Errorf("after %s: %+v", at, report)
		}
		store.hangs, store.hanging = at, make(chan struct{})
		stopped, stop := context.WithCancel(ctx)
		hung := rotating(t, store.current)
		ended := make(chan error, 1)
		go func() {
			_, err := hung.Rotate(stopped, RotateOptions{Store: store})
			ended <- err
		}()
		<-store.hanging
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%s hangs: %v", at, err)
		}
		if !logsIn(t, store.current) {
			must[*RotationReport](t)(rotating(t, store.waiting).Rotate(ctx, RotateOptions{Store: store}))
		}
		if !logsIn(t, store.current) {
			t.Errorf("after %s has hung, the password in use is not the server's", at)
		}
	}
}
