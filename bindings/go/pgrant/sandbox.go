package pgrant

import (
	"context"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Sandbox is a throwaway PostgreSQL server that behaves like Azure's, for demonstrations and tests:
// a directory, and a process that goes on after the program.
type Sandbox struct {
	Directory     string   `json:"directory"`
	Running       bool     `json:"running"`
	Version       string   `json:"version"`
	Profile       string   `json:"profile"`
	Host          string   `json:"host"`
	Port          int      `json:"port"`
	CAFile        string   `json:"ca_file"`
	Administrator string   `json:"administrator"`
	AdminDSN      string   `json:"admin_dsn"` // of the administrator, without the password
	Databases     []string `json:"databases"`
}

// SandboxOptions say what server is made. The zero value: the newest that is found, like Azure's.
type SandboxOptions struct {
	PostgreSQL string   // the directory of initdb and postgres; nothing is searched then
	SearchPath []string // directories that hold MAJOR/bin/postgres
	Major      int      // 14 to 18
	Superuser  bool     // a stock server, whose administrator is a superuser
}

func (o SandboxOptions) settings() []capi.Setting {
	list := []capi.Setting{
		{Key: "postgresql", Value: text(o.PostgreSQL)},
		{Key: "search_path", Value: o.SearchPath},
	}
	if o.Major != 0 {
		list = append(list, capi.Setting{Key: "major", Value: int64(o.Major)})
	}
	if o.Superuser {
		list = append(list, capi.Setting{Key: "profile", Value: "superuser"})
	}
	return list
}

// StartSandbox makes one in a directory, which must not exist or be empty, and starts it. It cannot
// be cancelled: a context that is done is only looked at before.
func StartSandbox(ctx context.Context, directory string, options SandboxOptions) (*Sandbox, error) {
	made, err := capi.NewOptions(capi.OptionsSandbox, options.settings())
	if err != nil {
		return nil, asError(err)
	}
	defer made.Destroy()
	return sandboxWork(ctx, func(r *Runtime, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return capi.CreateSandbox(r.runtime, directory, made, queue, tag)
	})
}

// OpenSandbox finds one that was made before, running or not.
func OpenSandbox(directory string) (*Sandbox, error) {
	text, err := capi.SandboxStatus(directory)
	sandbox := new(Sandbox)
	return value(sandbox, decode(text, err, sandbox))
}

// Resume starts the server again, on the port that it had.
func (s *Sandbox) Resume(ctx context.Context) error {
	return s.become(sandboxWork(ctx, func(r *Runtime, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return capi.ResumeSandbox(r.runtime, s.Directory, queue, tag)
	}))
}

// Stop ends the server; everything is written.
func (s *Sandbox) Stop(ctx context.Context) error {
	return s.become(sandboxWork(ctx, func(r *Runtime, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return capi.StopSandbox(r.runtime, s.Directory, queue, tag)
	}))
}

// Remove stops the server and deletes the directory.
func (s *Sandbox) Remove(ctx context.Context) error {
	_, err := sandboxWork(ctx, func(r *Runtime, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return capi.RemoveSandbox(r.runtime, s.Directory, queue, tag)
	})
	return err
}

// Password of one of its logins, such as the administrator.
func (s *Sandbox) Password(login string) (Secret, error) {
	password, err := capi.SandboxPassword(s.Directory, login)
	return Secret{password}, asError(err)
}

func (s *Sandbox) become(state *Sandbox, err error) error {
	if err == nil {
		*s = *state
	}
	return err
}

func sandboxWork(ctx context.Context,
	start func(*Runtime, *capi.Queue, uint64) (*capi.Operation, error)) (*Sandbox, error) {
	runtime, err := commonRuntime()
	if err != nil {
		return nil, err
	}
	document, err := runtime.run(ctx, nil, func(queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return start(runtime, queue, tag)
	})
	sandbox := new(Sandbox)
	return value(sandbox, decode(document, err, sandbox))
}
