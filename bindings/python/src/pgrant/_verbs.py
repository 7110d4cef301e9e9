"""The verbs about the server and its plans. `Client` has each as a method that waits, `AsyncClient` as
a coroutine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Mapping, Optional, Tuple, Union

from . import _ffi
from ._call import OptionValue, Secret, to_bytes
from ._errors import refuse
from ._operation import Request
from .policy import Policy, policy_text

if TYPE_CHECKING:
    from .events import Progress
    from .plans import Plan
    from .reports import ApplyReport, CheckReport, RotationReport
    from .snapshots import Snapshot
    from .stores import AnyStore

Names = Union[str, Iterable[str], None]
OnProgress = Callable[["Progress"], object]


def by(module: str, function: str) -> Callable[[Mapping[str, Any], str], Any]:
    """The reader of a result. Its dataclasses are made when there is one: they would be half of the
    time that the package takes to import."""

    def read(document: Mapping[str, Any], text: str) -> Any:
        return getattr(import_module(module, __package__), function)(document, text)

    return read


read_check, read_apply = by(".reports", "read_check"), by(".reports", "read_apply")
read_rotation = by(".reports", "read_rotation")
read_snapshot, read_plan = by(".snapshots", "read_snapshot"), by(".plans", "read_plan")


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
    profile: Optional[str] = None,
    issuers: Optional[int] = None,
) -> Request[Plan]:
    """Works out what an administrator has to run once, so that the role `connector` can manage
    access. The client's login is that administrator.

    `databases`: manage these and no others (all but reserved ones). `creators`: roles whose future
    objects bundles may cover. `ledger_database`: "" to make none. `reset_password`: give an
    existing connector the password at hand. `profile`: "guide" (what the vendor guide does) or "least" (a
    connector that can do nothing but leases). `issuers`: roles that make its logins (0, or 1 in
    "least"). If the connector gets a password, the plan wants it:
    `apply(plan, secrets={"connector": password})`.
    """
    settings: Dict[str, OptionValue] = {
        "connector": connector,
        "databases": names(databases, "databases"),
        "creators": names(creators, "creators"),
        "ledger_database": ledger_database,
        "reset_password": reset_password,
        "profile": profile,
        "issuers": issuers,
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
        to_bytes(part(plan, "json"), "plan"),
        kind=_ffi.OPTIONS_APPLY,
        settings=settings,
        fields=_TIMEOUTS,
        progress=progress,
        large=True,
    )


def rotate(
    store: AnyStore,
    /,
    *,
    login: Optional[str] = None,
    during_leases: Optional[bool] = None,
    password_iterations: Optional[int] = None,
    progress: Optional[OnProgress] = None,
) -> Request[RotationReport]:
    """Gives a login a new random password, so that no crash on the way loses anybody's access: kept as
    pending, set on the server, proved by logging in with it, promoted. The password is then in `store`.

    `store`: a FileSecretStore, or the program's own SecretStore, whose methods are called on this
    thread; for AsyncClient also an AsyncSecretStore, or a plain one on a thread of the loop's
    executor. `login`: whose password (the client's own). `during_leases`: also while a lease gives it
    something. `password_iterations`: rounds in the verifier (4096). `progress` counts the steps.

    If a password is pending already, an earlier rotation was cut off, and is brought to its end. Of the
    client's own login open sessions stay; new ones need the new password: give the client a
    function, `password=lambda _: store.current("me")`, a spec with `secret=file:…`, or call
    `set_password`.

    Raises SecretError if the store fails or its directory is open to others, ConflictError if the
    login has a lease or is the login of one, NotFoundError, DeniedError. The next call goes on from
    there.
    """
    from ._store import StoreDesk
    from .stores import FileSecretStore

    directory = store.directory if isinstance(store, FileSecretStore) else None
    settings: Dict[str, OptionValue] = {
        "login": login,
        "directory": directory,
        "ask_store": True if directory is None else None,
        "during_leases": during_leases,
        "password_iterations": password_iterations,
    }
    return Request(
        "rotate",
        "pgrant_client_rotate_start",
        read_rotation,
        kind=_ffi.OPTIONS_ROTATE,
        settings=settings,
        fields={"directory": "store"},
        progress=progress,
        store=StoreDesk(store) if directory is None else None,
    )


_TIMEOUTS = {name + "_ms": name for name in ("lock_timeout", "statement_timeout", "turn_timeout")}


def part(value: Any, name: str) -> Any:
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
