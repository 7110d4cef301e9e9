package capi

/*
#include <pgrant.h>
#include <stdlib.h>
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Spec is pgrant_spec; freed by the garbage collector.
type Spec struct{ handle *C.pgrant_spec }

// ParseSpec is pgrant_spec_parse.
func ParseSpec(text string) (*Spec, error) {
	data, size := view([]byte(text))
	var handle *C.pgrant_spec
	var err *C.pgrant_error
	status := C.pgrant_spec_parse(data, size, &handle, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	spec := &Spec{handle}
	runtime.SetFinalizer(spec, func(s *Spec) { C.pgrant_spec_destroy(s.handle) })
	return spec, nil
}

// Set is pgrant_spec_set.
func (s *Spec) Set(keyword, value string) error {
	defer runtime.KeepAlive(s)
	key, failure := word(keyword)
	if failure != nil {
		return failure
	}
	defer C.free(unsafe.Pointer(key))
	data, size := view([]byte(value))
	var err *C.pgrant_error
	return outcome(C.pgrant_spec_set(s.handle, key, data, size, &err), err)
}

// Get is pgrant_spec_get.
func (s *Spec) Get(keyword string) ([]byte, error) {
	defer runtime.KeepAlive(s)
	key, failure := word(keyword)
	if failure != nil {
		return nil, failure
	}
	defer C.free(unsafe.Pointer(key))
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_get(s.handle, key, &text, &err), text, err)
}

// Validate is pgrant_spec_validate.
func (s *Spec) Validate() error {
	defer runtime.KeepAlive(s)
	var err *C.pgrant_error
	return outcome(C.pgrant_spec_validate(s.handle, &err), err)
}

// Problems is pgrant_spec_problems.
func (s *Spec) Problems() ([]byte, error) {
	defer runtime.KeepAlive(s)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_problems(s.handle, &text, &err), text, err)
}

// Warnings is pgrant_spec_warnings.
func (s *Spec) Warnings() ([]byte, error) {
	defer runtime.KeepAlive(s)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_warnings(s.handle, &text, &err), text, err)
}

// JSON is pgrant_spec_to_json.
func (s *Spec) JSON() ([]byte, error) {
	defer runtime.KeepAlive(s)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_to_json(s.handle, &text, &err), text, err)
}

// Text is pgrant_spec_to_string.
func (s *Spec) Text() ([]byte, error) {
	defer runtime.KeepAlive(s)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_to_string(s.handle, &text, &err), text, err)
}

// Conninfo is pgrant_spec_to_conninfo.
func (s *Spec) Conninfo() ([]byte, error) {
	defer runtime.KeepAlive(s)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_to_conninfo(s.handle, &text, &err), text, err)
}

// URI is pgrant_spec_to_uri.
func (s *Spec) URI() ([]byte, error) {
	defer runtime.KeepAlive(s)
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_spec_to_uri(s.handle, &text, &err), text, err)
}
