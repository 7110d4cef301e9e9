package pgrant

import "github.com/pgrant/pgrant/bindings/go/internal/capi"

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
	queue chan *capi.Event
}

func newListener(calls []Listen) *listener {
	if len(calls) == 0 {
		return nil
	}
	return &listener{calls: calls[0], queue: make(chan *capi.Event, waitingEvents)}
}

func (l *listener) attach(r *Runtime, tag uint64) {
	if l == nil {
		return
	}
	r.hear(tag, func(event *capi.Event) {
		select {
		case l.queue <- event:
		default:
			event.Destroy()
		}
	}, capi.EventProgress, capi.EventLog)
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
		default:
			return
		}
	}
}
