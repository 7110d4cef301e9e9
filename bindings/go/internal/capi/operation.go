package capi

/*
#include <pgrant.h>
*/
import "C"

// Operation is pgrant_operation.
type Operation struct{ handle *C.pgrant_operation }

// started turns what a *_start function gave into an Operation.
func started(status C.pgrant_status, handle *C.pgrant_operation, err *C.pgrant_error) (*Operation, error) {
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	return &Operation{handle}, nil
}

// Cancel asks it to stop.
func (o *Operation) Cancel() {
	var err *C.pgrant_error
	_ = outcome(C.pgrant_operation_cancel(o.handle, &err), err)
}

// TakeJSON gives the result as its document. The text of a grant holds a password: wipe it.
func (o *Operation) TakeJSON() ([]byte, error) {
	var result *C.pgrant_result
	var err *C.pgrant_error
	status := C.pgrant_operation_take(o.handle, &result, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	defer C.pgrant_result_destroy(result)
	var json *C.pgrant_text
	status = C.pgrant_result_to_json(result, &json, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	return take(json), nil
}

// Destroy frees it.
func (o *Operation) Destroy() { C.pgrant_operation_destroy(o.handle); o.handle = nil }
