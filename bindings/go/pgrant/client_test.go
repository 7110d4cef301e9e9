package pgrant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestErrorsSayWhatAndWhere(t *testing.T) {
	admin := administrator(t)
	_, err := admin.Grant(soon(t), GrantRequest{Bundles: []string{"go-read"}, Person: "ada"})
	var failure *Error
	if !errors.As(err, &failure) || failure.Status != StatusInvalidArgument || failure.Field == "" {
		t.Fatalf("a grant without duration: %#v", err)
	}
	if failure.Hint == "" || failure.Retryable() {
		t.Errorf("%+v", failure)
	}
	if _, err := ParseSpec("host=a port=99999"); StatusOf(err) != StatusInvalidArgument {
		t.Errorf("port 99999: %v", err)
	}
	if _, err := ParseSpec("host=a\x00b"); StatusOf(err) != StatusInvalidArgument {
		t.Errorf("a NUL byte: %v", err)
	}
	if _, err := ParseSpec("host=\xff"); StatusOf(err) != StatusInvalidArgument {
		t.Errorf("no UTF-8: %v", err)
	}
	spec := must[*Spec](t)(ParseSpec("host=localhost user=ada"))
	if err := spec.Set("po\x00rt", "1"); StatusOf(err) != StatusInvalidArgument {
		t.Errorf("a NUL byte in a keyword: %v", err)
	}
	if _, err := Open(spec, WithSetting("no_such_option", "1")); StatusOf(err) != StatusInvalidArgument {
		t.Errorf("an unknown option: %v", err)
	}
}

func TestAWrongPasswordIsAnAuthenticationError(t *testing.T) {
	stranger := client(t, as(t, running(t).Administrator), WithPassword(NewSecret("hunter2")), WithoutPool())
	_, err := stranger.Check(soon(t))
	if !errors.Is(err, &Error{SQLState: "28P01"}) {
		t.Fatalf("%v", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, err), "hunter2") {
		t.Error("the error shows the password")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	secret := NewSecret("hunter2")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, secret); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e746572") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
	if text := fmt.Sprintf("%+v", Credentials{Password: secret}); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func TestAPasswordSourceIsAsked(t *testing.T) {
	password := must[Secret](t)(running(t).Password(running(t).Administrator))
	var asked int32
	source := func(context.Context) (Secret, error) {
		atomic.AddInt32(&asked, 1)
		return password, nil
	}
	login := as(t, running(t).Administrator)
	must[*CheckReport](t)(client(t, login, WithPasswordSource(source)).Check(soon(t)))
	if atomic.LoadInt32(&asked) == 0 {
		t.Error("nobody asked")
	}
	refusing := client(t, login, WithoutPool(), WithPasswordSource(func(context.Context) (Secret, error) {
		return Secret{}, errors.New("the vault is closed")
	}))
	_, err := refusing.Check(soon(t))
	if StatusOf(err) != StatusSecret || !strings.Contains(fmt.Sprint(err, detailOf(err)), "the vault is closed") {
		t.Errorf("%v %s", err, detailOf(err))
	}
}

func TestAContextEndsAnOperation(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	waiting := client(t, as(t, running(t).Administrator), WithPasswordSource(func(ctx context.Context) (Secret, error) {
		<-never
		return Secret{}, ctx.Err()
	}))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := waiting.Check(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || StatusOf(err) != StatusCancelled {
		t.Fatalf("%v", err)
	}
	if _, err := waiting.Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that is done: %v", err)
	}
}

func TestManyGoroutinesShareAClient(t *testing.T) {
	admin := administrator(t)
	ctx := soon(t)
	var group sync.WaitGroup
	for i := 0; i < 32; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if _, err := admin.Check(ctx); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
}

func TestClosing(t *testing.T) {
	runtime := must[*Runtime](t)(NewRuntime(2))
	admin := administrator(t, WithRuntime(runtime))
	must[*CheckReport](t)(admin.Check(soon(t)))

	asked := make(chan struct{})
	var once sync.Once
	stuck := client(t, as(t, running(t).Administrator), WithRuntime(runtime),
		WithPasswordSource(func(ctx context.Context) (Secret, error) {
			once.Do(func() { close(asked) })
			<-ctx.Done()
			return Secret{}, ctx.Err()
		}))
	failed := make(chan error, 1)
	go func() {
		_, err := stuck.Check(context.Background())
		failed <- err
	}()
	<-asked
	if err := runtime.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; StatusOf(err) != StatusCancelled {
		t.Errorf("work under way: %v", err)
	}
	if _, err := admin.Check(soon(t)); StatusOf(err) != StatusInvalidState {
		t.Errorf("after the runtime's end: %v", err)
	}
	if err := runtime.Close(); err != nil {
		t.Error(err)
	}
	closed := administrator(t)
	_ = closed.Close()
	_ = closed.Close()
	if _, err := closed.Check(soon(t)); StatusOf(err) != StatusInvalidState {
		t.Errorf("a closed client: %v", err)
	}
}

// What an operation costs that needs no server: 64 goroutines, one queue.
func BenchmarkQueue(b *testing.B) {
	runtime, err := NewRuntime(1)
	if err != nil {
		b.Fatal(err)
	}
	defer runtime.Close()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			tag, completed := runtime.expect()
			if err := runtime.queue.Post(tag); err != nil {
				b.Error(err)
				return
			}
			<-completed
		}
	})
}
