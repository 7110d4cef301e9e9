"""The verbs. `Client` has each as a method that waits, `AsyncClient` as a coroutine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Mapping, Optional, Tuple, Union

from . import _ffi
from ._call import Duration, OptionValue, Secret, to_bytes, to_seconds
from ._errors import refuse
from ._operation import Request
from .policy import Policy, policy_text

if TYPE_CHECKING:
    from .events import Progress
    from .leases import GrantedLease, Lease, LeaseEnd, RevokeReport
    from .plans import Plan
    from .reports import ApplyReport, CheckReport
    from .snapshots import Snapshot

Names = Union[str, Iterable[str], None]
OnProgress = Callable[["Progress"], object]


def _by(module: str, function: str) -> Callable[[Mapping[str, Any], str], Any]:
    """The reader of a result. Its dataclasses are made when there is one: they would be half of the
    time that the package takes to import."""

    def read(document: Mapping[str, Any], text: str) -> Any:
        return getattr(import_module(module, __package__), function)(document, text)

    return read


read_check, read_apply = _by(".reports", "read_check"), _by(".reports", "read_apply")
read_snapshot, read_plan = _by(".snapshots", "read_snapshot"), _by(".plans", "read_plan")
read_grant, read_leases = _by(".leases", "read_grant"), _by(".leases", "read_leases")
read_end, read_revoke = _by(".leases", "read_end"), _by(".leases", "read_revoke")


def check() -> Request[CheckReport]:
    """Looks at the connection, the server and the login, and says what should be mended.

    Raises what a connection fails with: ConnectError, TLSError, AuthenticationError, SecretError.
    """
    return Request("check", "pgrant_client_check_start", read_check)


def inspect(
    *,
    databases: Names = None,
    include_reserved_databases: Optional[bool] = None,
    include_system_schemas: Optional[bool] = None,
    concurrency: Optional[int] = None,
    objects: Optional[bool] = None,
    privileges: Optional[bool] = None,
    progress: Optional[OnProgress] = None,
) -> Request[Snapshot]:
    """The inventory: databases, schemas, objects, roles, and who may do what.

    `databases`: read only these; the others are listed without content. `include_reserved_databases`
    and `include_system_schemas` add what belongs to the platform and to PostgreSQL. `concurrency`:
    databases that are read at a time (4). Without `objects` there are no relations and routines,
    without `privileges` no ACLs and memberships. `progress` counts databases.

    Raises NotFoundError for a database that there is not.
    """
    settings: Dict[str, OptionValue] = {
        "databases": names(databases, "databases"),
        "include_reserved_databases": include_reserved_databases,
        "include_system_schemas": include_system_schemas,
        "concurrency": concurrency,
        "objects": objects,
        "privileges": privileges,
    }
    return Request(
        "inspect",
        "pgrant_client_inspect_start",
        read_snapshot,
        kind=_ffi.OPTIONS_INSPECT,
        settings=settings,
        progress=progress,
        large=True,
    )


def plan(
    policy: Union[Policy, Mapping[str, Any], str], /, *, objects_per_statement: Optional[int] = None
) -> Request[Plan]:
    """Works out what has to be done to make a policy true, and does nothing.

    `policy`: a Policy, a mapping of the same shape, or JSON text. `objects_per_statement`: objects
    that one GRANT names at most (500).

    Raises InvalidArgumentError with the policy's field; NotFoundError and ConflictError for what it
    names; DeniedError.
    """
    return Request(
        "plan",
        "pgrant_client_plan_start",
        read_plan,
        policy_text(policy),
        kind=_ffi.OPTIONS_PLAN,
        settings={"objects_per_statement": objects_per_statement},
        large=True,
    )


def plan_bootstrap(
    connector: str,
    *,
    databases: Names = None,
    creators: Names = None,
    ledger_database: Optional[str] = None,
    reset_password: Optional[bool] = None,
) -> Request[Plan]:
    """Works out what an administrator has to run once, so that the role `connector` can manage
    access. The client's login is that administrator.

    `databases`: manage these and no others (all but reserved ones). `creators`: roles whose future
    objects bundles may cover. `ledger_database`: "" to make none. `reset_password`: give an
    existing connector the password at hand. If the connector gets a password, the plan wants it:
    `apply(plan, secrets={"connector": password})`.
    """
    settings: Dict[str, OptionValue] = {
        "connector": connector,
        "databases": names(databases, "databases"),
        "creators": names(creators, "creators"),
        "ledger_database": ledger_database,
        "reset_password": reset_password,
    }
    return Request(
        "plan_bootstrap",
        "pgrant_client_plan_bootstrap_start",
        read_plan,
        kind=_ffi.OPTIONS_BOOTSTRAP,
        settings=settings,
        large=True,
    )


def apply(
    plan: Union[Plan, str],
    /,
    *,
    secrets: Optional[Mapping[str, Union[str, bytes]]] = None,
    lock_timeout: Optional[float] = None,
    statement_timeout: Optional[float] = None,
    turn_timeout: Optional[float] = None,
    progress: Optional[OnProgress] = None,
) -> Request[ApplyReport]:
    """Carries out a plan and verifies every step: when it returns, everything in it is true.

    `secrets`: what the plan names, as a password or a SCRAM verifier. `lock_timeout`,
    `statement_timeout`, `turn_timeout`: seconds that a statement may wait for a lock (5), may run
    (as the client's), and that another apply may be waited for (10). `progress` counts statements.
    A plan is run as it stands: take none from those who may not write policies.

    Raises StaleError if the server has moved on, NotGrantedError if it did less than it said,
    ConflictError while somebody else applies, DeniedError, SecretError. What was committed before
    stays; a new plan holds what is left.
    """
    settings: Dict[str, OptionValue] = {
        "lock_timeout_ms": milliseconds(lock_timeout, "lock_timeout"),
        "statement_timeout_ms": milliseconds(statement_timeout, "statement_timeout"),
        "turn_timeout_ms": milliseconds(turn_timeout, "turn_timeout"),
    }
    for name, value in (secrets or {}).items():
        settings["secret." + name] = Secret(to_bytes(value, "secrets"))
    return Request(
        "apply",
        "pgrant_client_apply_start",
        read_apply,
        to_bytes(_part(plan, "json"), "plan"),
        kind=_ffi.OPTIONS_APPLY,
        settings=settings,
        fields=_TIMEOUTS,
        progress=progress,
        large=True,
    )


def grant(
    bundles: Union[str, Iterable[str]],
    *,
    duration: Duration,
    to: Optional[str] = None,
    to_role: Optional[str] = None,
    reason: Optional[str] = None,
    requester: Optional[str] = None,
    key: Optional[str] = None,
) -> Request[GrantedLease]:
    """Grants bundles for a time: all of them or none.

    `to`: whom a new login is made for, whose credentials the result holds, this once. Or `to_role`:
    an existing role. `duration`: a timedelta, seconds, or text like "8h30m". `reason` and
    `requester` stand in the ledger. `key`: the same key twice is one lease; the second time it
    comes without credentials.

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
        "idempotency_key": key,
    }
    fields = {"person": "to", "role": "to_role", "duration_s": "duration", "idempotency_key": "key"}
    return Request(
        "grant",
        "pgrant_client_grant_start",
        read_grant,
        kind=_ffi.OPTIONS_GRANT,
        settings=settings,
        fields=fields,
    )


def leases(
    *,
    all: Optional[bool] = None,
    bundle: Optional[str] = None,
    grantee: Optional[str] = None,
    id: Optional[str] = None,
) -> Request[Tuple[Lease, ...]]:
    """The leases that are not over, newest first; with `all` those that are over as well.

    `bundle`, `grantee` (a person or a role) and `id` narrow it.
    """
    settings: Dict[str, OptionValue] = {"everything": all, "bundle": bundle, "grantee": grantee, "id": id}
    return Request(
        "leases",
        "pgrant_client_leases_start",
        read_leases,
        kind=_ffi.OPTIONS_LEASES,
        settings=settings,
        fields={"everything": "all"},
        large=True,
    )


def revoke(lease: Union[Lease, str], /) -> Request[LeaseEnd]:
    """Ends one lease now, given as it is or by its id. May be repeated.

    Raises NotFoundError if there is none.
    """
    id = _part(lease, "id")
    return Request("revoke", "pgrant_client_revoke_start", read_end, to_bytes(id, "lease"))


def revoke_grantee(grantee: str, /) -> Request[RevokeReport]:
    """Ends every lease of a person or role.

    Raises NotFoundError if there is none.
    """
    function = "pgrant_client_revoke_grantee_start"
    return Request("revoke_grantee", function, read_revoke, to_bytes(grantee, "grantee"))


def expire() -> Request[RevokeReport]:
    """One round of ending what has expired, and what earlier ends have left.

    To be called now and then, by any number of processes.
    """
    return Request("expire", "pgrant_client_expire_start", read_revoke)


_TIMEOUTS = {name + "_ms": name for name in ("lock_timeout", "statement_timeout", "turn_timeout")}


def _part(value: Any, name: str) -> Any:
    """What stands for a result when it is handed back: a plan's text, a lease's id."""
    return value if isinstance(value, (str, bytes)) else getattr(value, name, value)


def names(given: Names, field: str) -> Optional[Tuple[str, ...]]:
    """One name or several."""
    if given is None:
        return None
    made = (given,) if isinstance(given, str) else tuple(given)
    for name in made:
        if not isinstance(name, str):
            refuse(field, f"{field} are names, not {type(name).__name__}")
    return made


def milliseconds(seconds: Optional[float], field: str) -> Optional[int]:
    """Whole milliseconds of a number of seconds."""
    if seconds is None:
        return None
    if not 0 <= seconds <= 1e9:  # also refuses what is no number
        refuse(field, f"{field} is out of range")
    return round(seconds * 1000)
