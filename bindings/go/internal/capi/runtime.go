package capi

/*
#include <pgrant.h>
#include <string.h>
*/
import "C"

import "unsafe"

// Kinds of events.
const (
	EventCompletion = int32(C.PGRANT_EVENT_COMPLETION)
	EventLog        = int32(C.PGRANT_EVENT_LOG)
	EventProgress   = int32(C.PGRANT_EVENT_PROGRESS)
	EventSecret     = int32(C.PGRANT_EVENT_SECRET)
	EventPosted     = int32(C.PGRANT_EVENT_POSTED)
	EventStore      = int32(C.PGRANT_EVENT_STORE)
)

// What a store event asks for.
const (
	StorePending    = int32(C.PGRANT_STORE_PENDING)
	StorePutPending = int32(C.PGRANT_STORE_PUT_PENDING)
	StorePromote    = int32(C.PGRANT_STORE_PROMOTE)
	StoreRetire     = int32(C.PGRANT_STORE_RETIRE)
)

// Runtime is pgrant_runtime.
type Runtime struct{ handle *C.pgrant_runtime }

// NewRuntime starts threads.
func NewRuntime(threads int32) (*Runtime, error) {
	var made *C.pgrant_runtime
	var err *C.pgrant_error
	status := C.pgrant_runtime_create(C.int32_t(threads), &made, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	return &Runtime{made}, nil
}

// Shutdown cancels what is under way and waits for it.
func (r *Runtime) Shutdown(milliseconds int64) error {
	var err *C.pgrant_error
	return outcome(C.pgrant_runtime_shutdown(r.handle, C.int64_t(milliseconds), &err), err)
}

// Destroy ends the threads.
func (r *Runtime) Destroy() { C.pgrant_runtime_destroy(r.handle); r.handle = nil }

// Queue is pgrant_queue.
type Queue struct{ handle *C.pgrant_queue }

// NewQueue makes one.
func NewQueue() (*Queue, error) {
	var made *C.pgrant_queue
	var err *C.pgrant_error
	status := C.pgrant_queue_create(&made, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	return &Queue{made}, nil
}

// Descriptor is readable while the queue is not empty.
func (q *Queue) Descriptor() int { return int(C.pgrant_queue_fd(q.handle)) }

// Next is nil if there is no event now.
func (q *Queue) Next() (*Event, error) {
	var event *C.pgrant_event
	var err *C.pgrant_error
	status := C.pgrant_queue_next(q.handle, &event, &err)
	if failure := outcome(status, err); failure != nil || event == nil {
		return nil, failure
	}
	return &Event{
		handle: event,
		Kind:   int32(C.pgrant_event_kind(event)),
		Tag:    uint64(C.pgrant_event_tag(event)),
	}, nil
}

// Post puts an event of the caller's into the queue.
func (q *Queue) Post(tag uint64) error {
	var err *C.pgrant_error
	return outcome(C.pgrant_queue_post(q.handle, C.uint64_t(tag), &err), err)
}

// Enable lets events of a kind come.
func (q *Queue) Enable(kind int32) error {
	var err *C.pgrant_error
	return outcome(C.pgrant_queue_enable(q.handle, C.int32_t(kind), 1, &err), err)
}

// Destroy drops what is in it.
func (q *Queue) Destroy() { C.pgrant_queue_destroy(q.handle); q.handle = nil }

// Event is pgrant_event. Destroy it.
type Event struct {
	handle *C.pgrant_event
	Kind   int32
	Tag    uint64
}

// Level of a log event.
func (e *Event) Level() int32 { return int32(C.pgrant_event_level(e.handle)) }

// Message of a log, progress, secret or store event.
func (e *Event) Message() string { return C.GoString(C.pgrant_event_message(e.handle)) }

// Progress is how far it has come; total 0: not known.
func (e *Event) Progress() (done, total uint64) {
	return uint64(C.pgrant_event_done(e.handle)), uint64(C.pgrant_event_total(e.handle))
}

// StoreRequest is what a store event asks for.
func (e *Event) StoreRequest() int32 { return int32(C.pgrant_event_store_request(e.handle)) }

// Secret is a copy of what a store event hands over. Wipe it.
func (e *Event) Secret() []byte {
	text := C.pgrant_event_secret(e.handle)
	return C.GoBytes(unsafe.Pointer(text), C.int(C.strlen(text)))
}

// Confirm answers a store event: it is done, or there is none.
func (e *Event) Confirm() error {
	var err *C.pgrant_error
	return outcome(C.pgrant_event_confirm(e.handle, &err), err)
}

// Reply answers a secret event, and a store's about what is pending.
func (e *Event) Reply(secret []byte) error {
	data, size := view(secret)
	var err *C.pgrant_error
	return outcome(C.pgrant_event_reply(e.handle, data, size, &err), err)
}

// Refuse answers a secret event or a store's: there is none, or it could not be done.
func (e *Event) Refuse(reason string) error {
	data, size := view([]byte(reason))
	var err *C.pgrant_error
	return outcome(C.pgrant_event_refuse(e.handle, data, size, &err), err)
}

// Destroy frees it.
func (e *Event) Destroy() { C.pgrant_event_destroy(e.handle); e.handle = nil }
