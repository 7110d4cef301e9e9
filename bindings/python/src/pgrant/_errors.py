"""Exceptions: one class for each status, with what the library knows about the failure."""

from __future__ import annotations

import builtins
from typing import Any, Dict, Mapping, NoReturn, Optional, Type

from ._library import library

RETRY = {0: "never", 1: "again", 2: "reconnect"}


class Error(Exception):
    """Something that pgrant was asked for has failed. The base of all its exceptions.

    Decide by the class, `status` or `sqlstate`, never by words. `str(error)` shows all there is.

    >>> error = DeniedError("may not grant", sqlstate="42501", hint="ask the owner")
    >>> print(error)
    may not grant (SQLSTATE 42501)
      hint: ask the owner
    >>> error.status, error.retryable, isinstance(error, PermissionError)
    ('denied', False, True)
    """

    #: The name of the status: "denied", "not_found", …
    status: str = "internal"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        field: Optional[str] = None,
        object: Optional[str] = None,
        sqlstate: Optional[str] = None,
        retry: str = "never",
    ) -> None:
        super().__init__(message)
        #: One line: what failed and why.
        self.message = message
        #: More of the why; may hold several lines.
        self.detail = detail
        #: What to do about it.
        self.hint = hint
        #: The input at fault: "port", "bundles.sales-read.grants[0].privileges", "duration".
        self.field = field
        #: What it happened on: `table sales.orders in database "shop"`.
        self.object = object
        #: The server's SQLSTATE, five characters.
        self.sqlstate = sqlstate
        #: "never"; "again": the same call may be repeated as it is; "reconnect": what was sent may
        #: have been done.
        self.retry = retry

    @property
    def retryable(self) -> bool:
        """Whether trying again can help."""
        return self.retry != "never"

    def __str__(self) -> str:
        text = self.message + (f" (SQLSTATE {self.sqlstate})" if self.sqlstate else "")
        for name in ("object", "field", "detail", "hint"):
            value = getattr(self, name)
            if value:
                text += f"\n  {name}: " + str(value).replace("\n", "\n    ")
        return text

    def __reduce__(self) -> Any:
        return _make, (type(self), self.message, self._rest())

    def _rest(self) -> Dict[str, Any]:
        return {name: getattr(self, name) for name in ("detail", "hint", "field", "object", "sqlstate", "retry")}


def _make(kind: Type[Error], message: str, rest: Mapping[str, Any]) -> Error:
    return kind(message, **rest)


class InvalidArgumentError(Error, ValueError):
    """Bad input, refused before anything was sent; `field` names it."""

    status = "invalid_argument"


class NotFoundError(Error, LookupError):
    """The role, database, bundle or lease does not exist."""

    status = "not_found"


class ConflictError(Error):
    """Something of that name, or another run, is in the way."""

    status = "conflict"


class DeniedError(Error, PermissionError):
    """The login lacks the authority."""

    status = "denied"


class StaleError(Error):
    """The server has moved on since the plan was made: plan again."""

    status = "stale"


class ConnectError(Error, ConnectionError):
    """No connection: name resolution, refused, unreachable."""

    status = "connect"


class TLSError(Error, ConnectionError):
    """TLS refused, certificate not trusted, wrong host name."""

    status = "tls"


class AuthenticationError(Error, PermissionError):
    """The server refused the login."""

    status = "authentication"


class ServerError(Error):
    """Any other error of the server; see `sqlstate`."""

    status = "server"


class TimeoutError(Error, builtins.TimeoutError):
    """A deadline passed."""

    status = "timeout"


class CancelledError(Error):
    """The work was cancelled. (A cancelled task of asyncio gets asyncio's own exception.)"""

    status = "cancelled"


class ConnectionLostError(Error, ConnectionError):
    """The connection was lost; what was sent has an unknown outcome."""

    status = "closed"


class NotGrantedError(Error):
    """A GRANT or REVOKE did not have the effect it promised."""

    status = "not_granted"


class SecretError(Error):
    """A secret could not be read, or was not given."""

    status = "secret"


class FileError(Error, OSError):
    """A file or a child process failed."""

    status = "io"


class UnsupportedError(Error):
    """The server's version or the build cannot do this."""

    status = "unsupported"


class InternalError(Error):
    """A defect of pgrant."""

    status = "internal"


class InvalidStateError(Error, RuntimeError):
    """Not now: closed, or made before a fork."""

    status = "invalid_state"


class OutOfMemoryError(Error, MemoryError):
    """An allocation failed; nothing has changed."""

    status = "no_memory"


#: pgrant_status.
BY_NUMBER: Dict[int, Type[Error]] = {
    -1: InvalidArgumentError,
    -2: NotFoundError,
    -3: ConflictError,
    -4: DeniedError,
    -5: StaleError,
    -6: ConnectError,
    -7: TLSError,
    -8: AuthenticationError,
    -9: ServerError,
    -10: TimeoutError,
    -11: CancelledError,
    -12: ConnectionLostError,
    -13: NotGrantedError,
    -14: SecretError,
    -15: FileError,
    -16: UnsupportedError,
    -17: InternalError,
    -101: InvalidStateError,
    -102: OutOfMemoryError,
}
for _kind in (Error, *BY_NUMBER.values()):
    _kind.__module__ = "pgrant"  # where they are public; tracebacks show it
BY_NAME: Dict[str, Type[Error]] = {kind.status: kind for kind in BY_NUMBER.values()}


def from_handle(handle: Optional[int], status: int) -> Error:
    """The exception for an error of the library, which is destroyed."""
    lib = library()
    message: bytes = lib.pgrant_error_message(handle)
    detail: bytes = lib.pgrant_error_detail(handle)
    hint: bytes = lib.pgrant_error_hint(handle)
    field: bytes = lib.pgrant_error_field(handle)
    object: bytes = lib.pgrant_error_object(handle)
    sqlstate: bytes = lib.pgrant_error_sqlstate(handle)
    retry: int = lib.pgrant_error_retry(handle)
    lib.pgrant_error_destroy(handle)
    return BY_NUMBER.get(status, InternalError)(
        message.decode("utf-8", "replace") or "unknown failure",
        detail=detail.decode("utf-8", "replace"),
        hint=hint.decode("utf-8", "replace"),
        field=field.decode("utf-8", "replace") or None,
        object=object.decode("utf-8", "replace") or None,
        sqlstate=sqlstate.decode("ascii", "replace") or None,
        retry=RETRY.get(retry, "never"),
    )


def from_document(document: Mapping[str, Any]) -> Error:
    """The exception for an error that stands in a document ("pgrant.error/1")."""
    return BY_NAME.get(document.get("code", ""), InternalError)(
        document.get("message") or "unknown failure",
        detail=document.get("detail") or "",
        hint=document.get("hint") or "",
        field=document.get("field"),
        object=document.get("object"),
        sqlstate=document.get("sqlstate"),
        retry=document.get("retry") or "never",
    )


def refuse(field: str, message: str) -> NoReturn:
    """Refuses what the caller gave."""
    raise InvalidArgumentError(message, field=field)
