"""The client: one instance, as one login, with pgrant's verbs."""

from __future__ import annotations

import functools
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Type, TypeVar, Union

from . import _ffi, _lease_verbs, _verbs
from ._call import Duration, Handle, OptionValue, Secret, call, call_for_handle, make_options, to_bytes, to_seconds
from ._errors import Error, InvalidStateError, SecretError
from ._library import library
from ._operation import Request, refuse, renamed, reply
from ._queue import Queue, Waiter
from ._runtime import shared, tags
from ._verbs import milliseconds
from .spec import ConnectionSpec

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    from .events import LogEntry

    P = ParamSpec("P")

T = TypeVar("T")
Self = TypeVar("Self", bound="Client")
#: A password, or a function that gets one when it is needed: it is told what is asked for.
Password = Union[None, str, bytes, Callable[[str], Any]]
OnLog = Callable[["LogEntry"], object]


class ClientBase:
    """What `Client` and `AsyncClient` share: settings, and the library's client."""

    def __init__(
        self,
        spec: Union[ConnectionSpec, str, Mapping[str, Any]],
        /,
        *,
        password: Password = None,
        on_log: Optional[OnLog] = None,
        timeout: Optional[float] = None,
        application_name: Optional[str] = None,
        keep_connections: Optional[bool] = None,
        ledger_database: Optional[str] = None,
        connect_timeout: Optional[float] = None,
        attempt_timeout: Optional[float] = None,
        lock_timeout: Optional[float] = None,
        statement_timeout: Optional[float] = None,
        idle_in_transaction_timeout: Optional[float] = None,
        login_prefix: Optional[str] = None,
        connection_limit: Optional[int] = None,
        password_iterations: Optional[int] = None,
        maximum_duration: Optional[Duration] = None,
        maximum_total: Optional[Duration] = None,
        end_timeout: Optional[float] = None,
        ends_at_once: Optional[int] = None,
        end_sessions_of_existing_roles: Optional[bool] = None,
        accept_restored_ledger: Optional[bool] = None,
        endpoint: Union[ConnectionSpec, str, None] = None,
    ) -> None:
        """`spec`: where to connect, as a ConnectionSpec or what makes one. `password`: a password or
        access token, or a function that is called with what is asked for before each new connection;
        without it, the spec's `secret` says where it comes from. `on_log` gets a LogEntry for what
        operations have to say on their way.

        Settings of connections: `application_name`; `keep_connections` (on: in a pool, and operations
        keep trying for half a minute while the server cannot be reached; off: each operation connects,
        and fails at once); in seconds `connect_timeout` (30), `attempt_timeout` for one address (10),
        `lock_timeout` (5), `statement_timeout` (60), `idle_in_transaction_timeout` (60).

        Settings of leases: `ledger_database` ("pgrant"); `login_prefix` and `connection_limit` of
        ephemeral logins ("lease_", 5); `password_iterations` (4096); `maximum_duration` (7 days), and
        `maximum_total` with extensions; `accept_restored_ledger`: somebody has looked at it;
        `end_timeout` in seconds (10); `ends_at_once` (2); `end_sessions_of_existing_roles`; `endpoint`,
        a connection string that credentials send grantees to.

        Connects to nothing until a verb is used. Raises InvalidArgumentError if something is wrong with
        the spec or a setting.

        `timeout`: seconds that a verb may take; then it is cancelled, and TimeoutError raised.
        """
        self._client: Optional[Handle] = None
        self._lock = threading.Lock()  # nobody closes the client while somebody starts on it
        self._on_log = on_log
        self._spec = spec if isinstance(spec, ConnectionSpec) else ConnectionSpec(spec)
        self._spec.validate()
        self._ask = password if callable(password) else None
        #: What the function for passwords failed with last; the cause of a SecretError.
        self._ask_failure: Optional[BaseException] = None
        prompts = self._spec.get("secret") == "prompt"
        given = None if callable(password) or password is None else Secret(to_bytes(password, "password"))
        if prompts and not self._ask and given is None:
            raise SecretError(
                "the spec says secret=prompt, and there is nobody to ask",
                field="password",
                hint="give the password, or a function that gets it: password=getpass.getpass",
            )
        seconds = {
            "connect_timeout": connect_timeout,
            "attempt_timeout": attempt_timeout,
            "lock_timeout": lock_timeout,
            "statement_timeout": statement_timeout,
            "idle_in_transaction_timeout": idle_in_transaction_timeout,
            "end_timeout": end_timeout,
        }
        self._fields = {name + "_ms": name for name in seconds}
        self._fields.update(maximum_duration_s="maximum_duration", maximum_total_s="maximum_total")
        milliseconds(timeout, "timeout")
        self.timeout = timeout
        self._settings: Dict[str, OptionValue] = {
            "password": given,
            "ask_secret": True if self._ask else None,
            "application_name": application_name,
            "keep_connections": keep_connections,
            "ledger_database": ledger_database,
            "login_prefix": login_prefix,
            "connection_limit": connection_limit,
            "password_iterations": password_iterations,
            "maximum_duration_s": None if maximum_duration is None else to_seconds(maximum_duration, "maximum_duration"),
            "maximum_total_s": None if maximum_total is None else to_seconds(maximum_total, "maximum_total"),
            "accept_restored_ledger": accept_restored_ledger,
            "ends_at_once": ends_at_once,
            "end_sessions_of_existing_roles": end_sessions_of_existing_roles,
            "endpoint": endpoint.conninfo() if isinstance(endpoint, ConnectionSpec) else endpoint,
            **{name + "_ms": milliseconds(value, name) for name, value in seconds.items()},
        }
        self._made()

    def _made(self) -> None:
        """What is left to do when the settings are known."""

    @property
    def spec(self) -> ConnectionSpec:
        """Where the client connects."""
        return self._spec

    def set_password(self, password: Union[str, bytes]) -> None:
        """New connections use this password or token from now on; open ones stay. For clients that
        were made with a password; else InvalidStateError."""
        data = to_bytes(password, "password")
        with self._lock:
            call(library().pgrant_client_set_secret, self._pointer(), data, len(data))

    def _open(self, queue: Optional[int], tag: int) -> None:
        lib = library()
        options = make_options(_ffi.OPTIONS_CLIENT, self._settings, self._fields)
        try:
            with self._spec._lock:
                pointer = call_for_handle(
                    lib.pgrant_client_open, shared().pointer, self._spec._handle.pointer, options, queue, tag
                )
        except Error as why:
            raise renamed(why, self._fields)
        finally:
            lib.pgrant_options_destroy(options)
        self._client = Handle(pointer, lib.pgrant_client_destroy)

    def _pointer(self) -> int:
        if self._client is None or self._client.pointer is None:
            raise InvalidStateError("the client is closed")
        return self._client.pointer

    def _start(self, request: Request[Any], queue: Optional[int], tag: int) -> int:
        with self._lock:
            return request.start(self._pointer(), queue, tag)

    def _close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _explain(self, why: Error) -> Error:
        """A failure for want of a secret has the function's own failure as its cause."""
        if isinstance(why, SecretError) and self._ask_failure is not None:
            why.__cause__, self._ask_failure = self._ask_failure, None
        return why

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._spec}>"


def _waiting(verb: Callable[P, Request[T]]) -> Callable[Concatenate[Any, P], T]:
    """The verb as a method that waits."""

    @functools.wraps(verb)
    def method(self: Any, /, *arguments: P.args, **keywords: P.kwargs) -> T:
        made: T = self._run(verb(*arguments, **keywords))
        return made

    return method


class Client(ClientBase):
    """One instance, as one login. Every verb waits for its end on the calling thread; any number of
    threads may use a client at once. Ctrl-C, and an exception in a function that a verb calls,
    cancel the verb, and are raised when it has ended.

        with Client("host=db.example user=pgrant secret=env:PW") as client:
            print(client.check().findings)
    """

    def _made(self) -> None:
        secrets = Queue() if self._ask else None
        self._waiter = Waiter(secrets, self._answer)
        self._open(secrets.pointer if secrets else None, next(tags))

    check = _waiting(_verbs.check)
    inspect = _waiting(_verbs.inspect)
    plan = _waiting(_verbs.plan)
    plan_bootstrap = _waiting(_verbs.plan_bootstrap)
    apply = _waiting(_verbs.apply)
    grant = _waiting(_lease_verbs.grant)
    extend = _waiting(_lease_verbs.extend)
    leases = _waiting(_lease_verbs.leases)
    revoke = _waiting(_lease_verbs.revoke)
    revoke_grantee = _waiting(_lease_verbs.revoke_grantee)
    revoke_bundle = _waiting(_lease_verbs.revoke_bundle)
    revoke_all = _waiting(_lease_verbs.revoke_all)
    expire = _waiting(_lease_verbs.expire)
    adopt = _waiting(_lease_verbs.adopt)
    audit = _waiting(_lease_verbs.audit)
    verify_audit = _waiting(_lease_verbs.verify_audit)
    rotate = _waiting(_verbs.rotate)

    def _run(self, request: Request[T]) -> T:
        if request.store is not None and request.store.is_async:
            raise TypeError("a store with coroutine functions is for AsyncClient")
        try:
            return self._waiter.run(
                lambda queue, tag: self._start(request, queue, tag),
                request,
                on_log=self._on_log,
                timeout=self.timeout,
            )
        except Error as why:
            raise self._explain(why)

    def _answer(self, event: int) -> None:
        asked_for = library().pgrant_event_message(event).decode("utf-8", "replace")
        try:
            reply(event, self._ask(asked_for) if self._ask else None)
        except Exception as why:
            self._ask_failure = why
            refuse(event, f"the function for passwords raised {type(why).__name__}")

    def close(self) -> None:
        """Closes it; what other threads have under way goes on to its end. May be repeated."""
        self._close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.close()
