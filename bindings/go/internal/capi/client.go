package capi

/*
#include <pgrant.h>
*/
import "C"

// Client is pgrant_client.
type Client struct{ handle *C.pgrant_client }

// OpenClient connects to nothing yet.
func OpenClient(runtime *Runtime, spec *Spec, options *Options, queue *Queue, tag uint64) (*Client, error) {
	var made *C.pgrant_client
	var err *C.pgrant_error
	status := C.pgrant_client_open(runtime.handle, spec.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &made, &err)
	if failure := outcome(status, err); failure != nil {
		return nil, failure
	}
	return &Client{made}, nil
}

// SetSecret is for new connections.
func (c *Client) SetSecret(secret []byte) error {
	data, size := view(secret)
	var err *C.pgrant_error
	return outcome(C.pgrant_client_set_secret(c.handle, data, size, &err), err)
}

// Destroy lets operations under way go on.
func (c *Client) Destroy() { C.pgrant_client_destroy(c.handle); c.handle = nil }

// Check starts pgrant_client_check.
func (c *Client) Check(queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_check_start(c.handle, queue.handle, C.uint64_t(tag), &op, &err), op, err)
}

// Inspect starts pgrant_client_inspect.
func (c *Client) Inspect(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_inspect_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// Plan starts pgrant_client_plan.
func (c *Client) Plan(policy []byte, options *Options, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view(policy)
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_plan_start(c.handle, data, size, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// PlanBootstrap starts pgrant_client_plan_bootstrap.
func (c *Client) PlanBootstrap(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_plan_bootstrap_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// Apply starts pgrant_client_apply.
func (c *Client) Apply(plan []byte, options *Options, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view(plan)
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_apply_start(c.handle, data, size, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// Grant starts pgrant_client_grant.
func (c *Client) Grant(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_grant_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// Leases starts pgrant_client_leases.
func (c *Client) Leases(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_leases_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// Revoke starts pgrant_client_revoke.
func (c *Client) Revoke(lease string, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(lease))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_revoke_start(c.handle, data, size, queue.handle, C.uint64_t(tag),
		&op, &err), op, err)
}

// RevokeGrantee starts pgrant_client_revoke_grantee.
func (c *Client) RevokeGrantee(grantee string, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(grantee))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_revoke_grantee_start(c.handle, data, size, queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// Expire starts pgrant_client_expire.
func (c *Client) Expire(queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_expire_start(c.handle, queue.handle, C.uint64_t(tag), &op, &err), op, err)
}

// Extend starts pgrant_client_extend.
func (c *Client) Extend(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_extend_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// RevokeBundle starts pgrant_client_revoke_bundle.
func (c *Client) RevokeBundle(bundle string, queue *Queue, tag uint64) (*Operation, error) {
	data, size := view([]byte(bundle))
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_revoke_bundle_start(c.handle, data, size, queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// RevokeAll starts pgrant_client_revoke_all.
func (c *Client) RevokeAll(queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_revoke_all_start(c.handle, queue.handle, C.uint64_t(tag), &op, &err), op, err)
}

// Adopt starts pgrant_client_adopt.
func (c *Client) Adopt(write bool, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_adopt_start(c.handle, truth(write), queue.handle, C.uint64_t(tag),
		&op, &err), op, err)
}

// Audit starts pgrant_client_audit.
func (c *Client) Audit(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_audit_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}

// VerifyAudit starts pgrant_client_verify_audit.
func (c *Client) VerifyAudit(queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_verify_audit_start(c.handle, queue.handle, C.uint64_t(tag), &op, &err), op, err)
}

// Rotate starts pgrant_client_rotate.
func (c *Client) Rotate(options *Options, queue *Queue, tag uint64) (*Operation, error) {
	var op *C.pgrant_operation
	var err *C.pgrant_error
	return started(C.pgrant_client_rotate_start(c.handle, options.pointer(), queue.handle,
		C.uint64_t(tag), &op, &err), op, err)
}
