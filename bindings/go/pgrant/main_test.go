package pgrant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// One server for all tests; each uses names of its own.
var server struct {
	sandbox *Sandbox
	err     error
}

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "pgrant-go-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// As root, the server runs as another user.
	if err := os.Chmod(directory, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server.sandbox, server.err = StartSandbox(context.Background(), filepath.Join(directory, "sandbox"),
		SandboxOptions{SearchPath: filepath.SplitList(os.Getenv("PGRANT_TEST_POSTGRESQL"))})
	status := m.Run()
	if server.sandbox != nil {
		if err := server.sandbox.Remove(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	_ = os.RemoveAll(directory)
	os.Exit(status)
}

// running is the server.
func running(t *testing.T) *Sandbox {
	t.Helper()
	if server.err != nil {
		t.Fatal("no server for the test: ", server.err)
	}
	return server.sandbox
}

func administrator(t *testing.T, options ...Option) *Client {
	t.Helper()
	sandbox := running(t)
	password, err := sandbox.Password(sandbox.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	return client(t, sandbox.AdminDSN, append([]Option{WithPassword(password)}, options...)...)
}

func client(t *testing.T, dsn string, options ...Option) *Client {
	t.Helper()
	spec, err := ParseSpec(dsn)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := Open(spec, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// as is the sandbox's connection string for another login.
func as(t *testing.T, login string) string {
	t.Helper()
	spec, err := ParseSpec(running(t).AdminDSN)
	if err != nil {
		t.Fatal(err)
	}
	for keyword, value := range map[string]string{"user": login, "secret": ""} {
		if err := spec.Set(keyword, value); err != nil {
			t.Fatal(err)
		}
	}
	return spec.String()
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%+v", err, detailOf(err))
		}
		return value
	}
}

func detailOf(err error) string {
	var failure *Error
	if errors.As(err, &failure) {
		return fmt.Sprintf("%s\nhint: %s\nfield: %s", failure.Detail, failure.Hint, failure.Field)
	}
	return ""
}
