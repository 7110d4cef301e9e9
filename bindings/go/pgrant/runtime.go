package pgrant

import (
	"context"
	"os"
	"sync"
	"syscall"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Runtime owns the threads that do the work, and the goroutine that hears what has come of it.
// Most programs never see one: [Open] and the sandbox use a common one that lives as long as the
// program.
type Runtime struct {
	runtime *capi.Runtime
	queue   *capi.Queue
	file    *os.File
	heard   chan struct{} // closed when the goroutine has ended
	ctx     context.Context
	end     context.CancelFunc

	mu       sync.Mutex
	waiting  map[uint64]chan struct{}     // operations that have not completed
	hearing  map[uint64]func(*capi.Event) // who takes an operation's or a client's other events
	enabled  map[int32]bool
	next     uint64
	inUse    sync.RWMutex // held for reading while C handles are used
	closed   bool
	stopping uint64
}

// NewRuntime starts threads, 1 to 64; 0 takes 1, which is enough for hundreds of operations.
func NewRuntime(threads int) (*Runtime, error) {
	if err := capi.CheckABI(); err != nil {
		return nil, err
	}
	queue, err := capi.NewQueue()
	if err != nil {
		return nil, asError(err)
	}
	// The queue's own descriptor is not ours to close. Both are non-blocking, so that the wait
	// is the network poller's and takes no thread.
	descriptor, err := syscall.Dup(queue.Descriptor())
	if err != nil {
		queue.Destroy()
		return nil, os.NewSyscallError("dup", err)
	}
	syscall.CloseOnExec(descriptor)
	started, err := capi.NewRuntime(int32(threads))
	if err != nil {
		_ = syscall.Close(descriptor)
		queue.Destroy()
		return nil, asError(err)
	}
	r := &Runtime{
		runtime: started,
		queue:   queue,
		file:    os.NewFile(uintptr(descriptor), "pgrant-queue"),
		heard:   make(chan struct{}),
		waiting: make(map[uint64]chan struct{}),
		hearing: make(map[uint64]func(*capi.Event)),
		enabled: make(map[int32]bool),
	}
	r.ctx, r.end = context.WithCancel(context.Background())
	r.stopping = r.tag()
	go r.listen()
	return r, nil
}

var common struct {
	once    sync.Once
	runtime *Runtime
	err     error
}

// commonRuntime is made at its first use and never closed.
func commonRuntime() (*Runtime, error) {
	common.once.Do(func() { common.runtime, common.err = NewRuntime(0) })
	return common.runtime, common.err
}

// Close cancels what is under way, waits for it, and ends the threads. Clients of it refuse to work
// from then on. Repeatable.
func (r *Runtime) Close() error {
	r.inUse.Lock()
	if r.closed {
		r.inUse.Unlock()
		return nil
	}
	r.closed = true
	r.inUse.Unlock()
	// The completions of what this cancels are still heard.
	err := r.runtime.Shutdown(10_000)
	r.end()
	if posted := r.queue.Post(r.stopping); posted == nil {
		<-r.heard
	}
	r.runtime.Destroy()
	// What had not ended in time was abandoned, and has completed now.
	for event, _ := r.queue.Next(); event != nil; event, _ = r.queue.Next() {
		r.dispatch(event)
	}
	_ = r.file.Close()
	r.queue.Destroy()
	return asError(err)
}

// listen is the one goroutine that reads the queue.
func (r *Runtime) listen() {
	defer close(r.heard)
	connection, err := r.file.SyscallConn()
	if err != nil {
		return
	}
	// Returning false waits for the descriptor to become readable, in the network poller.
	_ = connection.Read(func(uintptr) bool {
		for {
			event, err := r.queue.Next()
			if err != nil {
				return true
			}
			if event == nil {
				return false
			}
			if r.dispatch(event) {
				return true
			}
		}
	})
}

// dispatch says whether this was the last event.
func (r *Runtime) dispatch(event *capi.Event) (last bool) {
	if event.Kind == capi.EventCompletion || event.Kind == capi.EventPosted {
		tag := event.Tag
		event.Destroy()
		r.mu.Lock()
		completed := r.waiting[tag]
		delete(r.waiting, tag)
		r.mu.Unlock()
		if completed != nil {
			close(completed)
		}
		return tag == r.stopping
	}
	r.mu.Lock()
	take := r.hearing[event.Tag]
	r.mu.Unlock()
	if take == nil {
		event.Destroy()
		return false
	}
	take(event) // destroys it
	return false
}

func (r *Runtime) tag() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	return r.next
}

// expect announces an operation.
func (r *Runtime) expect() (tag uint64, completed chan struct{}) {
	completed = make(chan struct{})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	r.waiting[r.next] = completed
	return r.next, completed
}

func (r *Runtime) forget(tag uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, tag)
	delete(r.hearing, tag)
}

// hear sends the other events of a tag to take, which must not block and owns them.
func (r *Runtime) hear(tag uint64, take func(*capi.Event), kinds ...int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hearing[tag] = take
	for _, kind := range kinds {
		if !r.enabled[kind] {
			r.enabled[kind] = r.queue.Enable(kind) == nil
		}
	}
}

// use keeps the C handles alive for the time of a call.
func (r *Runtime) use() (release func(), err error) {
	r.inUse.RLock()
	if r.closed {
		r.inUse.RUnlock()
		return nil, closedError("runtime")
	}
	return r.inUse.RUnlock, nil
}

// run starts an operation, waits for it and gives its document.
func (r *Runtime) run(ctx context.Context, listener *listener,
	start func(queue *capi.Queue, tag uint64) (*capi.Operation, error)) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx, nil)
	}
	release, err := r.use()
	if err != nil {
		return nil, err
	}
	tag, completed := r.expect()
	defer r.forget(tag)
	listener.attach(r, tag)
	operation, err := start(r.queue, tag)
	release()
	if err != nil {
		return nil, asError(err)
	}
	defer operation.Destroy()
	cancelled := false
	for waits := true; waits; {
		select {
		case <-completed:
			waits = false
		case event := <-listener.events():
			listener.tell(event)
		case event := <-listener.questions():
			listener.store.answer(event)
		case <-done(ctx, cancelled):
			operation.Cancel()
			cancelled = true // and wait: its completion always comes
		}
	}
	listener.rest()
	document, err := operation.TakeJSON()
	if err = asError(err); err != nil && cancelled && StatusOf(err) == StatusCancelled {
		err = ended(ctx, err)
	}
	return document, err
}

func done(ctx context.Context, already bool) <-chan struct{} {
	if already {
		return nil
	}
	return ctx.Done()
}
