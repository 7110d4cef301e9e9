package capi

/*
#include <pgrant.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// What options are for.
const (
	OptionsClient    = int32(C.PGRANT_OPTIONS_CLIENT)
	OptionsInspect   = int32(C.PGRANT_OPTIONS_INSPECT)
	OptionsBootstrap = int32(C.PGRANT_OPTIONS_BOOTSTRAP)
	OptionsApply     = int32(C.PGRANT_OPTIONS_APPLY)
	OptionsGrant     = int32(C.PGRANT_OPTIONS_GRANT)
	OptionsLeases    = int32(C.PGRANT_OPTIONS_LEASES)
	OptionsSandbox   = int32(C.PGRANT_OPTIONS_SANDBOX)
	OptionsExtend    = int32(C.PGRANT_OPTIONS_EXTEND)
	OptionsAudit     = int32(C.PGRANT_OPTIONS_AUDIT)
	OptionsRotate    = int32(C.PGRANT_OPTIONS_ROTATE)
)

// SecretValue marks the bytes of an option as a secret.
type SecretValue []byte

// Setting is a key with a string, []string, int64, bool or SecretValue.
type Setting struct {
	Key   string
	Value any
}

// Options is pgrant_options.
type Options struct{ handle *C.pgrant_options }

// NewOptions makes options of a kind and sets them; nil settings are left out.
func NewOptions(kind int32, settings []Setting) (*Options, error) {
	var made *C.pgrant_options
	var err *C.pgrant_error
	status := C.pgrant_options_create(C.pgrant_options_kind(kind), &made, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	options := &Options{made}
	for _, each := range settings {
		if failure := options.set(each); failure != nil {
			options.Destroy()
			return nil, failure
		}
	}
	return options, nil
}

func (o *Options) set(setting Setting) error {
	key, failure := word(setting.Key)
	if failure != nil {
		return failure
	}
	defer C.free(unsafe.Pointer(key))
	var err *C.pgrant_error
	switch value := setting.Value.(type) {
	case nil:
		return nil
	case string:
		data, size := view([]byte(value))
		return outcome(C.pgrant_options_set_string(o.handle, key, data, size, &err), err)
	case []string:
		for _, each := range value {
			data, size := view([]byte(each))
			if failure := outcome(C.pgrant_options_add_string(o.handle, key, data, size, &err), err); failure != nil {
				return failure
			}
		}
		return nil
	case int64:
		return outcome(C.pgrant_options_set_int(o.handle, key, C.int64_t(value), &err), err)
	case bool:
		return outcome(C.pgrant_options_set_bool(o.handle, key, truth(value), &err), err)
	case SecretValue:
		data, size := view(value)
		return outcome(C.pgrant_options_set_secret(o.handle, key, data, size, &err), err)
	default:
		return fmt.Errorf("pgrant: option %q has a value of type %T", setting.Key, value)
	}
}

// Destroy frees them; nil is allowed.
func (o *Options) Destroy() {
	if o != nil {
		C.pgrant_options_destroy(o.handle)
		o.handle = nil
	}
}

func (o *Options) pointer() *C.pgrant_options {
	if o == nil {
		return nil
	}
	return o.handle
}
