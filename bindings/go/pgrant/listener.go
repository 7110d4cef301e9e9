package pgrant

import (
	"context"

	"github.com/pgrant/pgrant/bindings/go/internal/capi"
)

// Progress is how far long work has come, in units of its own: databases, statements.
type Progress struct {
	Doing       string
	Done, Total uint64 // Total 0: not known
}

// LogLevel of a [LogLine].
type LogLevel int32

// The levels.
const (
	LogDebug LogLevel = iota + 1
	LogInfo
	LogWarning
	LogError
)

// LogLine is a remark of the library about the work under way.
type LogLine struct {
	Level   LogLevel
	Message string
}

// Listen has functions that are called while a verb works, by the goroutine that called the verb.
// Either may be nil. Where events come faster than they are taken, some are left out.
type Listen struct {
	Progress func(Progress)
	Log      func(LogLine)
}

const waitingEvents = 64

// listener carries events from the goroutine that hears to the one that waits; nil hears nothing.
type listener struct {
	calls Listen
	queue chan *capi.Event // nil: nobody wants to hear
	store *storeDesk       // nil: the verb has no store
}

func newListener(calls []Listen) *listener {
	if len(calls) == 0 {
		return nil
	}
	return &listener{calls: calls[0], queue: make(chan *capi.Event, waitingEvents)}
}

// withStore also answers what the verb asks of a store; nil is no obstacle.
func (l *listener) withStore(ctx context.Context, store SecretStore) *listener {
	if l == nil {
		l = new(listener)
	}
	// A verb asks one thing at a time.
	l.store = &storeDesk{ctx: ctx, store: store, asked: make(chan *capi.Event, 1)}
	return l
}

func (l *listener) attach(r *Runtime, tag uint64) {
	if l == nil {
		return
	}
	var kinds []int32
	if l.queue != nil {
		kinds = []int32{capi.EventProgress, capi.EventLog}
	}
	r.hear(tag, func(event *capi.Event) {
		to := l.queue
		if event.Kind == capi.EventStore {
			to = l.questions()
		}
		select {
		case to <- event:
		default:
			event.Destroy()
		}
	}, kinds...)
}

// questions of the verb to its store.
func (l *listener) questions() chan *capi.Event {
	if l == nil || l.store == nil {
		return nil
	}
	return l.store.asked
}

func (l *listener) events() <-chan *capi.Event {
	if l == nil {
		return nil
	}
	return l.queue
}

func (l *listener) tell(event *capi.Event) {
	defer event.Destroy()
	switch {
	case event.Kind == capi.EventProgress && l.calls.Progress != nil:
		done, total := event.Progress()
		l.calls.Progress(Progress{Doing: event.Message(), Done: done, Total: total})
	case event.Kind == capi.EventLog && l.calls.Log != nil:
		l.calls.Log(LogLine{Level: LogLevel(event.Level()), Message: event.Message()})
	}
}

// rest tells what came before the completion.
func (l *listener) rest() {
	for l != nil {
		select {
		case event := <-l.queue:
			l.tell(event)
		case event := <-l.questions():
			event.Destroy() // nobody waits for the answer any more
		default:
			return
		}
	}
}
