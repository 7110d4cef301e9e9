"""What pgrant.h declares, as far as the package uses it: numbers, and the types of functions."""

from __future__ import annotations

from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any, Dict, FrozenSet, List, Tuple

#: The ABI that this package was written for: it works with every later minor version of the major.
ABI_MAJOR, ABI_MINOR = 0, 1

# pgrant_status is in _errors.py, beside the exceptions.
OPTIONS_CLIENT, OPTIONS_INSPECT, OPTIONS_PLAN, OPTIONS_BOOTSTRAP = 1, 2, 3, 4
OPTIONS_APPLY, OPTIONS_GRANT, OPTIONS_LEASES, OPTIONS_SANDBOX = 5, 6, 7, 8
OPTIONS_EXTEND, OPTIONS_AUDIT, OPTIONS_ROTATE = 9, 10, 11

EVENT_COMPLETION, EVENT_LOG, EVENT_PROGRESS, EVENT_SECRET, EVENT_POSTED, EVENT_STORE = 1, 2, 3, 4, 5, 6
STORE_PENDING, STORE_PUT_PENDING, STORE_PROMOTE, STORE_RETIRE = 1, 2, 3, 4

# Types as they stand in the header: any handle, text that goes in or comes out, the rest by size.
# Texts that come out are views; ctypes copies them into `bytes` before the call returns.
_handle, _text, _size, _i32, _i64, _u64 = c_void_p, c_char_p, c_size_t, c_int32, c_int64, c_uint64
#: Where a handle is put that the caller gets.
_out = POINTER(c_void_p)
_status = c_int32
_void = None
#: How every function that starts an operation ends: queue, tag, operation, error.
_start: List[Any] = [_handle, _u64, _out, _out]

SIGNATURES: Dict[str, Tuple[Any, List[Any]]] = {
    # base.h
    "pgrant_status_name": (_text, [_status]),
    "pgrant_abi_version": (_i32, []),
    "pgrant_version": (_text, []),
    "pgrant_text_data": (_text, [_handle]),
    "pgrant_text_destroy": (_void, [_handle]),
    # error.h
    "pgrant_error_message": (_text, [_handle]),
    "pgrant_error_detail": (_text, [_handle]),
    "pgrant_error_hint": (_text, [_handle]),
    "pgrant_error_field": (_text, [_handle]),
    "pgrant_error_object": (_text, [_handle]),
    "pgrant_error_sqlstate": (_text, [_handle]),
    "pgrant_error_retry": (_i32, [_handle]),
    "pgrant_error_destroy": (_void, [_handle]),
    # options.h
    "pgrant_options_key": (_text, [_i32, _size]),
    "pgrant_options_create": (_status, [_i32, _out, _out]),
    "pgrant_options_set_string": (_status, [_handle, _text, _text, _size, _out]),
    "pgrant_options_add_string": (_status, [_handle, _text, _text, _size, _out]),
    "pgrant_options_set_int": (_status, [_handle, _text, _i64, _out]),
    "pgrant_options_set_bool": (_status, [_handle, _text, _i32, _out]),
    "pgrant_options_set_secret": (_status, [_handle, _text, _text, _size, _out]),
    "pgrant_options_destroy": (_void, [_handle]),
    # spec.h
    "pgrant_spec_parse": (_status, [_text, _size, _out, _out]),
    "pgrant_spec_set": (_status, [_handle, _text, _text, _size, _out]),
    "pgrant_spec_get": (_status, [_handle, _text, _out, _out]),
    "pgrant_spec_validate": (_status, [_handle, _out]),
    "pgrant_spec_problems": (_status, [_handle, _out, _out]),
    "pgrant_spec_warnings": (_status, [_handle, _out, _out]),
    "pgrant_spec_to_json": (_status, [_handle, _out, _out]),
    "pgrant_spec_to_string": (_status, [_handle, _out, _out]),
    "pgrant_spec_to_conninfo": (_status, [_handle, _out, _out]),
    "pgrant_spec_to_uri": (_status, [_handle, _out, _out]),
    "pgrant_spec_destroy": (_void, [_handle]),
    # document.h
    "pgrant_identifier_quote": (_status, [_text, _size, _out, _out]),
    "pgrant_literal_quote": (_status, [_text, _size, _out, _out]),
    "pgrant_acl_parse": (_status, [_text, _size, _out, _out]),
    "pgrant_policy_validate": (_status, [_text, _size, _out, _out]),
    "pgrant_policy_to_json": (_status, [_text, _size, _out, _out]),
    "pgrant_policy_schema": (_status, [_out, _out]),
    "pgrant_integration_schema": (_status, [_out, _out]),
    "pgrant_plan_render": (_status, [_text, _size, _out, _out]),
    "pgrant_password_generate": (_status, [_size, _out, _out]),
    "pgrant_password_verifier": (_status, [_text, _size, _i32, _out, _out]),
    # runtime.h
    "pgrant_runtime_create": (_status, [_i32, _out, _out]),
    "pgrant_runtime_destroy": (_void, [_handle]),
    "pgrant_queue_create": (_status, [_out, _out]),
    "pgrant_queue_fd": (_i32, [_handle]),
    "pgrant_queue_next": (_status, [_handle, _out, _out]),
    "pgrant_queue_enable": (_status, [_handle, _i32, _i32, _out]),
    "pgrant_queue_destroy": (_void, [_handle]),
    "pgrant_event_kind": (_i32, [_handle]),
    "pgrant_event_tag": (_u64, [_handle]),
    "pgrant_event_level": (_i32, [_handle]),
    "pgrant_event_message": (_text, [_handle]),
    "pgrant_event_done": (_u64, [_handle]),
    "pgrant_event_total": (_u64, [_handle]),
    "pgrant_event_store_request": (_i32, [_handle]),
    "pgrant_event_secret": (_text, [_handle]),
    "pgrant_event_confirm": (_status, [_handle, _out]),
    "pgrant_event_reply": (_status, [_handle, _text, _size, _out]),
    "pgrant_event_refuse": (_status, [_handle, _text, _size, _out]),
    "pgrant_event_destroy": (_void, [_handle]),
    # operation.h
    "pgrant_operation_cancel": (_status, [_handle, _out]),
    "pgrant_operation_take": (_status, [_handle, _out, _out]),
    "pgrant_operation_destroy": (_void, [_handle]),
    # client.h
    "pgrant_client_open": (_status, [_handle, _handle, _handle, _handle, _u64, _out, _out]),
    "pgrant_client_set_secret": (_status, [_handle, _text, _size, _out]),
    "pgrant_client_destroy": (_void, [_handle]),
    "pgrant_client_check_start": (_status, [_handle, *_start]),
    "pgrant_client_inspect_start": (_status, [_handle, _handle, *_start]),
    "pgrant_client_plan_start": (_status, [_handle, _text, _size, _handle, *_start]),
    "pgrant_client_plan_bootstrap_start": (_status, [_handle, _handle, *_start]),
    "pgrant_client_apply_start": (_status, [_handle, _text, _size, _handle, *_start]),
    "pgrant_client_grant_start": (_status, [_handle, _handle, *_start]),
    "pgrant_client_leases_start": (_status, [_handle, _handle, *_start]),
    "pgrant_client_revoke_start": (_status, [_handle, _text, _size, *_start]),
    "pgrant_client_revoke_grantee_start": (_status, [_handle, _text, _size, *_start]),
    "pgrant_client_expire_start": (_status, [_handle, *_start]),
    "pgrant_client_extend_start": (_status, [_handle, _handle, *_start]),
    "pgrant_client_revoke_bundle_start": (_status, [_handle, _text, _size, *_start]),
    "pgrant_client_revoke_all_start": (_status, [_handle, *_start]),
    "pgrant_client_adopt_start": (_status, [_handle, _i32, *_start]),
    "pgrant_client_audit_start": (_status, [_handle, _handle, *_start]),
    "pgrant_client_verify_audit_start": (_status, [_handle, *_start]),
    "pgrant_client_rotate_start": (_status, [_handle, _handle, *_start]),
    # result.h
    "pgrant_result_to_json": (_status, [_handle, _out, _out]),
    "pgrant_result_destroy": (_void, [_handle]),
    # sandbox.h
    "pgrant_sandbox_create_start": (_status, [_handle, _text, _size, _handle, *_start]),
    "pgrant_sandbox_resume_start": (_status, [_handle, _text, _size, *_start]),
    "pgrant_sandbox_stop_start": (_status, [_handle, _text, _size, *_start]),
    "pgrant_sandbox_remove_start": (_status, [_handle, _text, _size, *_start]),
    "pgrant_sandbox_status": (_status, [_text, _size, _out, _out]),
    "pgrant_sandbox_password": (_status, [_text, _size, _text, _size, _out, _out]),
}

#: Functions that read a value or move a pointer, and never wait.
QUICK: FrozenSet[str] = frozenset(
    name
    for name in SIGNATURES
    if name.startswith(("pgrant_text_", "pgrant_error_", "pgrant_event_", "pgrant_options_"))
    or name in ("pgrant_queue_next", "pgrant_queue_fd", "pgrant_queue_post", "pgrant_status_name")
    or name in ("pgrant_operation_take", "pgrant_operation_is_done", "pgrant_operation_destroy")
)
