package capi

/*
#include <pgrant.h>
*/
import "C"

// CreateSandbox starts pgrant_sandbox_create.
func CreateSandbox(runtime *Runtime, directory string, options *Options, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(directory))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_sandbox_create_start(runtime.handle, data, size, options.pointer(),
		queue.handle, C.uint64_t(tag), &op, &err), op, err)
}

// ResumeSandbox starts pgrant_sandbox_resume.
func ResumeSandbox(runtime *Runtime, directory string, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(directory))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_sandbox_resume_start(runtime.handle, data, size, queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// StopSandbox starts pgrant_sandbox_stop.
func StopSandbox(runtime *Runtime, directory string, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(directory))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_sandbox_stop_start(runtime.handle, data, size, queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// RemoveSandbox starts pgrant_sandbox_remove.
func RemoveSandbox(runtime *Runtime, directory string, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(directory))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_sandbox_remove_start(runtime.handle, data, size, queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// SandboxStatus is pgrant_sandbox_status.
func SandboxStatus(directory string) ([]byte, error) {
	data, size := view([]byte(directory))
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_sandbox_status(data, size, &text, &err), text, err)
}

// SandboxPassword is pgrant_sandbox_password.
func SandboxPassword(directory, login string) ([]byte, error) {
	data, size := view([]byte(directory))
	name, nameSize := view([]byte(login))
	var text *C.pgrant_text
	var err *C.pgrant_error
	return made(C.pgrant_sandbox_password(data, size, name, nameSize, &text, &err), text, err)
}
