"""The verbs about leases and the audit trail, as `_verbs` has those about the server."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping, Optional, Tuple, Union

from . import _ffi
from ._call import Duration, OptionValue, to_bytes, to_microseconds, to_seconds
from ._operation import Request
from ._verbs import Names, by, names, part

if TYPE_CHECKING:
    from .leases import AdoptReport, AuditEntry, AuditVerdict, GrantedLease, Lease, LeaseEnd, RevokeReport

#: A lease, or its id.
LeaseId = Union["Lease", str]

read_grant, read_leases, read_one = (by(".leases", "read_" + what) for what in ("grant", "leases", "one"))
read_end, read_revoke, read_adopt = (by(".leases", "read_" + what) for what in ("end", "revoke", "adopt"))
read_audit, read_verdict = (by(".leases", "read_" + what) for what in ("audit", "verdict"))


def grant(
    bundles: Union[str, Iterable[str]] = (),
    *,
    duration: Duration,
    to: Optional[str] = None,
    to_role: Optional[str] = None,
    reason: Optional[str] = None,
    requester: Optional[str] = None,
    ticket: Optional[str] = None,
    labels: Optional[Mapping[str, str]] = None,
    starting_at: Optional[datetime] = None,
    starting_in: Optional[Duration] = None,
    connection_limit: Optional[int] = None,
    ad_hoc: Iterable[Mapping[str, Any]] = (),
    key: Optional[str] = None,
) -> Request[GrantedLease]:
    """Grants bundles for a time: all of them or none.

    `to`: whom a new login is made for, whose credentials the result holds, this once. Or `to_role`:
    an existing role. `duration`: a timedelta, seconds, or text like "8h30m". `reason`, `requester`,
    `ticket` and `labels` stand in the ledger. `starting_at` (with a time zone) or `starting_in`: later
    than now. `connection_limit`: sessions of the login at once. `ad_hoc`: privileges that no bundle
    names, as grants of a policy. `key`: the same key twice is one lease; the second time it comes
    without credentials.

    A cancelled grant has happened or not, as `leases` says; with a `key` it may be repeated.

    Raises NotFoundError for bundles and roles, StaleError if somebody changed the bundle's role,
    DeniedError, ConflictError if the key belongs to another request.
    """
    settings: Dict[str, OptionValue] = {
        "bundles": names(bundles, "bundles"),
        "person": to,
        "role": to_role,
        "duration_s": to_seconds(duration, "duration"),
        "reason": reason,
        "requester": requester,
        "ticket": ticket,
        "starting_at_us": None if starting_at is None else to_microseconds(starting_at, "starting_at"),
        "starting_in_s": None if starting_in is None else to_seconds(starting_in, "starting_in"),
        "connection_limit": connection_limit,
        "ad_hoc": [json.dumps(dict(rule)) for rule in ad_hoc],
        "idempotency_key": key,
        **_labels(labels),
    }
    fields = {"person": "to", "role": "to_role", **_FIELDS}
    return _request("grant", read_grant, _ffi.OPTIONS_GRANT, settings, fields)


def extend(
    lease: LeaseId,
    /,
    *,
    by: Duration,
    reason: Optional[str] = None,
    requester: Optional[str] = None,
    key: Optional[str] = None,
) -> Request[Lease]:
    """Lets a lease end later, and gives it as it is then.

    `by`: how much later, as `duration` of `grant`. `key`: the same key twice extends it once.

    Raises InvalidArgumentError with field "by" if it would be too long, NotFoundError, StaleError if
    it is over.
    """
    settings: Dict[str, OptionValue] = {
        "lease": _id(lease),
        "by_s": to_seconds(by, "by"),
        "reason": reason,
        "requester": requester,
        "idempotency_key": key,
    }
    return _request("extend", read_one, _ffi.OPTIONS_EXTEND, settings, {"by_s": "by", **_FIELDS})


def leases(
    *,
    all: Optional[bool] = None,
    states: Names = None,
    bundle: Optional[str] = None,
    grantee: Optional[str] = None,
    requester: Optional[str] = None,
    ticket: Optional[str] = None,
    labels: Optional[Mapping[str, str]] = None,
    expiring_before: Optional[datetime] = None,
    expiring_within: Optional[Duration] = None,
    id: Optional[str] = None,
    limit: Optional[int] = None,
) -> Request[Tuple[Lease, ...]]:
    """The leases that are not over, newest first; with `all` those that are over as well.

    Everything else narrows it: `states` like "active", `grantee` (a person or a role), what stands in
    the ledger, when they end, and `limit`: the newest.
    """
    settings: Dict[str, OptionValue] = {
        "everything": all,
        "states": names(states, "states"),
        "bundle": bundle,
        "grantee": grantee,
        "requester": requester,
        "ticket": ticket,
        "expiring_before_us": None if expiring_before is None else to_microseconds(expiring_before, "expiring_before"),
        "expiring_within_s": None if expiring_within is None else to_seconds(expiring_within, "expiring_within"),
        "id": id,
        "limit": limit,
        **_labels(labels),
    }
    return _request("leases", read_leases, _ffi.OPTIONS_LEASES, settings, {"everything": "all", **_FIELDS}, large=True)


def revoke(lease: LeaseId, /) -> Request[LeaseEnd]:
    """Ends one lease now, given as it is or by its id. May be repeated.

    Raises NotFoundError if there is none.
    """
    return Request("revoke", "pgrant_client_revoke_start", read_end, to_bytes(_id(lease), "lease"))


def revoke_grantee(grantee: str, /) -> Request[RevokeReport]:
    """Ends every lease of a person or role.

    Raises NotFoundError if there is none.
    """
    function = "pgrant_client_revoke_grantee_start"
    return Request("revoke_grantee", function, read_revoke, to_bytes(grantee, "grantee"))


def revoke_bundle(bundle: str, /) -> Request[RevokeReport]:
    """Breaks the glass for one bundle: ends every lease of it."""
    return Request("revoke_bundle", "pgrant_client_revoke_bundle_start", read_revoke, to_bytes(bundle, "bundle"))


def revoke_all() -> Request[RevokeReport]:
    """Breaks the glass: ends every lease that there is."""
    return Request("revoke_all", "pgrant_client_revoke_all_start", read_revoke)


def expire() -> Request[RevokeReport]:
    """One round of ending what has expired, starting what was to start, and what earlier ends have left.

    To be called now and then, by any number of processes.
    """
    return Request("expire", "pgrant_client_expire_start", read_revoke)


def adopt(*, write: bool = False) -> Request[AdoptReport]:
    """Rebuilds leases from what the server shows, after the ledger was lost: shows them, and with
    `write` also writes them."""
    return Request("adopt", "pgrant_client_adopt_start", read_adopt, int(bool(write)))


def audit(
    *,
    lease: Optional[LeaseId] = None,
    action: Optional[str] = None,
    actor: Optional[str] = None,
    since: Optional[datetime] = None,
    before: Optional[datetime] = None,
    within: Optional[Duration] = None,
    limit: Optional[int] = None,
) -> Request[Tuple[AuditEntry, ...]]:
    """Rows of the audit trail, the newest `limit` (1000) of those that are wanted.

    `action`: "grant", "extend", "revoke", "expire", "apply", …; `actor`: who wanted it; `since`,
    `before` and `within`: when it was.
    """
    settings: Dict[str, OptionValue] = {
        "lease": None if lease is None else _id(lease),
        "action": action,
        "actor": actor,
        "since_us": None if since is None else to_microseconds(since, "since"),
        "before_us": None if before is None else to_microseconds(before, "before"),
        "within_s": None if within is None else to_seconds(within, "within"),
        "limit": limit,
    }
    return _request("audit", read_audit, _ffi.OPTIONS_AUDIT, settings, _FIELDS, large=True)


def verify_audit() -> Request[AuditVerdict]:
    """Computes every hash of the audit trail anew, and says what does not fit."""
    return Request("verify_audit", "pgrant_client_verify_audit_start", read_verdict)


#: Parameters by the options' keys, where these differ.
_FIELDS = {
    "duration_s": "duration",
    "idempotency_key": "key",
    **{
        name + unit: name
        for unit, found in (
            ("_us", ("starting_at", "expiring_before", "since", "before")),
            ("_s", ("starting_in", "expiring_within", "within")),
        )
        for name in found
    },
}


def _request(
    verb: str, read: Any, kind: int, settings: Mapping[str, OptionValue], fields: Mapping[str, str], large: bool = False
) -> Request[Any]:
    function = f"pgrant_client_{verb}_start"
    return Request(verb, function, read, kind=kind, settings=settings, fields=fields, large=large)


def _labels(labels: Optional[Mapping[str, str]]) -> Dict[str, OptionValue]:
    return {"label." + key: value for key, value in (labels or {}).items()}


def _id(lease: LeaseId) -> str:
    id: str = part(lease, "id")
    return id
