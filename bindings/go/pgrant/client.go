package pgrant

import (
	"context"
	"sync"
	"time"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Client is one instance, as one login. All methods may be called by many goroutines at once.
type Client struct {
	runtime *Runtime
	tag     uint64 // of the events that ask for secrets

	inUse   sync.RWMutex
	client  *capi.Client // nil once closed
	closing context.CancelFunc
}

// Open makes a client; it connects when a verb needs it. The spec is copied.
func Open(spec *Spec, options ...Option) (*Client, error) {
	settings := clientSettings{runtime: nil}
	for _, option := range options {
		option(&settings)
	}
	runtime := settings.runtime
	if runtime == nil {
		var err error
		if runtime, err = commonRuntime(); err != nil {
			return nil, err
		}
	}
	release, err := runtime.use()
	if err != nil {
		return nil, err
	}
	defer release()
	made, err := capi.NewOptions(capi.OptionsClient, settings.list)
	if err != nil {
		return nil, asError(err)
	}
	defer made.Destroy()

	ctx, closing := context.WithCancel(runtime.ctx)
	client := &Client{runtime: runtime, tag: runtime.tag(), closing: closing}
	if settings.ask != nil {
		runtime.hear(client.tag, func(event *capi.Event) { go answer(ctx, event, settings.ask) })
	}
	spec.mu.Lock()
	defer spec.mu.Unlock()
	if client.client, err = capi.OpenClient(runtime.runtime, spec.spec, made, runtime.queue, client.tag); err != nil {
		runtime.forget(client.tag)
		closing()
		return nil, asError(err)
	}
	return client, nil
}

// answer asks the program's function for a secret.
func answer(ctx context.Context, event *capi.Event, ask func(context.Context) (Secret, error)) {
	defer event.Destroy()
	secret, err := ask(ctx)
	switch {
	case err != nil:
		_ = event.Refuse(err.Error())
	case secret.IsEmpty():
		_ = event.Refuse("the password source gave nothing")
	default:
		_ = event.Reply(secret.bytes)
	}
}

// Close gives the client up. Operations under way go on to their end. Repeatable.
func (c *Client) Close() error {
	c.inUse.Lock()
	defer c.inUse.Unlock()
	if c.client != nil {
		c.client.Destroy()
		c.client = nil
		c.closing()
		c.runtime.forget(c.tag)
	}
	return nil
}

// SetPassword is for new connections from now on, of a client that was opened with [WithPassword].
func (c *Client) SetPassword(password Secret) error {
	c.inUse.RLock()
	defer c.inUse.RUnlock()
	if c.client == nil {
		return closedError("client")
	}
	return asError(c.client.SetSecret(password.bytes))
}

type starter func(*capi.Client, *capi.Options, *capi.Queue, uint64) (*capi.Operation, error)

// plain is the start of a verb that takes nothing.
func plain(start func(*capi.Client, *capi.Queue, uint64) (*capi.Operation, error)) starter {
	return func(client *capi.Client, _ *capi.Options, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return start(client, queue, tag)
	}
}

// about is the start of a verb that takes one thing.
func about[T any](what T, start func(*capi.Client, T, *capi.Queue, uint64) (*capi.Operation, error)) starter {
	return func(client *capi.Client, _ *capi.Options, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return start(client, what, queue, tag)
	}
}

// do runs one verb and reads its document into result.
func (c *Client) do(ctx context.Context, kind int32, settings []capi.Setting, listen []Listen,
	start starter, result any) error {
	return c.doHearing(ctx, kind, settings, newListener(listen), start, result)
}

func (c *Client) doHearing(ctx context.Context, kind int32, settings []capi.Setting, hears *listener,
	start starter, result any) error {
	var options *capi.Options
	if kind != 0 {
		var err error
		if options, err = capi.NewOptions(kind, settings); err != nil {
			return asError(err)
		}
		defer options.Destroy()
	}
	document, err := c.runtime.run(ctx, hears,
		func(queue *capi.Queue, tag uint64) (*capi.Operation, error) {
			c.inUse.RLock()
			defer c.inUse.RUnlock()
			if c.client == nil {
				return nil, closedError("client")
			}
			return start(c.client, options, queue, tag)
		})
	defer wipe(document)
	return decode(document, err, result)
}

// Check looks at the connection, the server and the login.
func (c *Client) Check(ctx context.Context) (*CheckReport, error) {
	report := new(CheckReport)
	err := c.do(ctx, 0, nil, nil, plain((*capi.Client).Check), report)
	return value(report, err)
}

// Inspect reads the inventory: what the instance holds, and who may do what.
func (c *Client) Inspect(ctx context.Context, options InspectOptions, listen ...Listen) (*Snapshot, error) {
	snapshot := new(Snapshot)
	err := c.do(ctx, capi.OptionsInspect, options.settings(), listen, (*capi.Client).Inspect, snapshot)
	return value(snapshot, err)
}

// Plan works out what has to be done to make a policy (JSON) true, and does nothing.
func (c *Client) Plan(ctx context.Context, policy []byte) (*Plan, error) {
	plan := new(Plan)
	err := c.do(ctx, 0, nil, nil, func(client *capi.Client, options *capi.Options, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return client.Plan(policy, options, queue, tag)
	}, plan)
	return value(plan, err)
}

// PlanBootstrap works out what an administrator, who is this client's login, has to do once so that
// the connector role can manage access.
func (c *Client) PlanBootstrap(ctx context.Context, options BootstrapOptions) (*Plan, error) {
	plan := new(Plan)
	err := c.do(ctx, capi.OptionsBootstrap, options.settings(), nil, (*capi.Client).PlanBootstrap, plan)
	return value(plan, err)
}

// Apply carries out a plan and verifies every step: success means that everything in it is true on
// the server. A plan runs as it stands: take none from those who may not write policies.
func (c *Client) Apply(ctx context.Context, plan *Plan, options ApplyOptions, listen ...Listen) (*ApplyReport, error) {
	report := new(ApplyReport)
	err := c.do(ctx, capi.OptionsApply, options.settings(), listen, func(client *capi.Client, made *capi.Options, queue *capi.Queue, tag uint64) (*capi.Operation, error) {
		return client.Apply(plan.document, made, queue, tag)
	}, report)
	return value(report, err)
}

// Grant grants bundles to a person, who gets a login made for the lease, or to a role, for a time.
func (c *Client) Grant(ctx context.Context, request GrantRequest) (*Granted, error) {
	granted := new(Granted)
	err := c.do(ctx, capi.OptionsGrant, request.settings(), nil, (*capi.Client).Grant, granted)
	return value(granted, err)
}

// Leases lists those that are not over, or those that the filter says, newest first.
func (c *Client) Leases(ctx context.Context, filter LeaseFilter) ([]Lease, error) {
	var document struct{ Leases []Lease }
	err := c.do(ctx, capi.OptionsLeases, filter.settings(), nil, (*capi.Client).Leases, &document)
	return document.Leases, err
}

// Revoke ends one lease now. Repeatable. When it succeeds, the grantee has nothing through the lease
// any more; [Lease.State] says how far the rest has come.
func (c *Client) Revoke(ctx context.Context, lease string) (*LeaseEnd, error) {
	var report RevokeReport
	err := c.do(ctx, 0, nil, nil, about(lease, (*capi.Client).Revoke), &report)
	if err != nil {
		return nil, err
	}
	if len(report.Ends) != 1 {
		return nil, &Error{Status: StatusInternal, Message: "the library's answer has no lease"}
	}
	return &report.Ends[0], nil
}

// RevokeGrantee ends every lease of a person or role.
func (c *Client) RevokeGrantee(ctx context.Context, grantee string) (*RevokeReport, error) {
	report := new(RevokeReport)
	err := c.do(ctx, 0, nil, nil, about(grantee, (*capi.Client).RevokeGrantee), report)
	return value(report, err)
}

// Expire ends what is past its time, and what earlier ends have left. To be called now and then, by
// any number of processes.
func (c *Client) Expire(ctx context.Context) (*RevokeReport, error) {
	report := new(RevokeReport)
	err := c.do(ctx, 0, nil, nil, plain((*capi.Client).Expire), report)
	return value(report, err)
}

// value is nothing on failure.
func value[T any](result *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return result, nil
}

func milliseconds(d time.Duration) any {
	if d == 0 {
		return nil
	}
	return int64(d / time.Millisecond)
}
