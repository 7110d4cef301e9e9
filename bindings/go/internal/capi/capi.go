// Package capi is the whole of pgrant's C ABI in Go types, and the only package that uses cgo.
// Functions mirror those of pgrant.h one to one; contracts stand there.
package capi

/*
#cgo pkg-config: pgrant-capi
#include <pgrant.h>

#if PGRANT_ABI_MAJOR != 0
#error "this package speaks version 0 of pgrant's ABI: install the matching libpgrant"
#endif
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// Failure is an error of the library, copied out of its C object.
type Failure struct {
	Status                                         int32
	Message, Detail, Hint, Field, Object, SQLState string
	Retry                                          int32
}

func (f *Failure) Error() string { return f.Message }

// statusInvalidArgument is the one status that this package finds by itself.
const statusInvalidArgument = int32(C.PGRANT_INVALID_ARGUMENT)

// StatusName is the status as it stands in JSON.
func StatusName(status int32) string {
	return C.GoString(C.pgrant_status_name(C.pgrant_status(status)))
}

// Version is the library's, and its ABI's.
func Version() (library string, abi int) {
	return C.GoString(C.pgrant_version()), int(C.pgrant_abi_version())
}

// CheckABI says whether the library that was loaded is one that this package can speak to.
func CheckABI() error {
	library, abi := Version()
	if abi/1000 == C.PGRANT_ABI_MAJOR && abi%1000 >= C.PGRANT_ABI_MINOR {
		return nil
	}
	return fmt.Errorf("pgrant: libpgrant %s has ABI %d.%d, this program needs %d.%d or a later minor version",
		library, abi/1000, abi%1000, C.PGRANT_ABI_MAJOR, C.PGRANT_ABI_MINOR)
}

// outcome takes ownership of err.
func outcome(status C.pgrant_status, err *C.pgrant_error) error {
	if status == C.PGRANT_OK {
		return nil
	}
	defer C.pgrant_error_destroy(err)
	failure := failureOf(err)
	failure.Status = int32(status)
	return failure
}

// failureOf copies a borrowed error.
func failureOf(err *C.pgrant_error) *Failure {
	return &Failure{
		Status:   int32(C.pgrant_error_status(err)),
		Message:  C.GoString(C.pgrant_error_message(err)),
		Detail:   C.GoString(C.pgrant_error_detail(err)),
		Hint:     C.GoString(C.pgrant_error_hint(err)),
		Field:    C.GoString(C.pgrant_error_field(err)),
		Object:   C.GoString(C.pgrant_error_object(err)),
		SQLState: C.GoString(C.pgrant_error_sqlstate(err)),
		Retry:    int32(C.pgrant_error_retry(err)),
	}
}

// view is a text for the time of one call: C copies what it keeps.
func view(text []byte) (*C.char, C.size_t) {
	if len(text) == 0 {
		return nil, 0
	}
	return (*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(text))
}

// take copies a text and destroys it, which wipes it.
func take(text *C.pgrant_text) []byte {
	defer C.pgrant_text_destroy(text)
	return C.GoBytes(unsafe.Pointer(C.pgrant_text_data(text)), C.int(C.pgrant_text_size(text)))
}

// word is a NUL-terminated copy of a key; the caller frees it.
func word(key string) (*C.char, error) {
	if strings.IndexByte(key, 0) >= 0 {
		return nil, &Failure{Status: statusInvalidArgument, Field: "key", Message: "a key holds a NUL byte"}
	}
	return C.CString(key), nil
}

func truth(value bool) C.int32_t {
	if value {
		return 1
	}
	return 0
}
