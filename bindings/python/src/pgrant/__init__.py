"""pgrant: access management for PostgreSQL.

    with pgrant.Client("host=shop.postgres.database.azure.com user=pgrant secret=env:PW") as client:
        client.apply(client.plan(policy))
        granted = client.grant("sales-read", to="ada", duration="1h", reason="ticket 17")

`Client` waits, `AsyncClient` is for asyncio; both have the verbs of the pgrant command. Failures are
exceptions under `Error`; results are frozen dataclasses. The shared library is loaded when something
first needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import (
    AuthenticationError,
    CancelledError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    DeniedError,
    Error,
    FileError,
    InternalError,
    InvalidArgumentError,
    InvalidStateError,
    NotFoundError,
    NotGrantedError,
    OutOfMemoryError,
    SecretError,
    ServerError,
    StaleError,
    TimeoutError,
    TLSError,
    UnsupportedError,
)
from ._library import LibraryError
from .client import Client
from .documents import (
    library_path,
    library_version,
    parse_acl,
    password,
    password_verifier,
    quote_identifier,
    quote_literal,
)
from .policy import Policy
from .spec import ConnectionSpec, Integration

if TYPE_CHECKING:
    from .aio import AsyncClient
    from .events import LogEntry, Progress
    from .leases import AdoptReport, AuditEntry, AuditVerdict, Credentials, GrantedLease, Lease, LeaseEnd, LeaseFailure, RevokeReport
    from .plans import NotGranted, Plan, PlannedBundle, Safety, SafetyFinding, Step, Target
    from .reports import ApplyReport, CheckReport, DatabaseReport, Finding, RotationReport, SpecWarning
    from .sandbox import Sandbox, SandboxReport
    from .snapshots import AclItem, Database, DatabaseObject, Role, Schema, Snapshot
    from .stores import AsyncSecretStore, FileSecretStore, SecretStore

__version__ = "0.1.0"

#: Modules that are imported when a name of theirs is first used. asyncio alone takes longer than all
#: that the package imports at once, and so do the classes of results.
_MODULES = {
    "aio": "AsyncClient",
    "events": "LogEntry Progress",
    "leases": "AdoptReport AuditEntry AuditVerdict Credentials GrantedLease Lease LeaseEnd LeaseFailure RevokeReport",
    "plans": "NotGranted Plan PlannedBundle Safety SafetyFinding Step Target",
    "reports": "ApplyReport CheckReport DatabaseReport Finding RotationReport SpecWarning",
    "sandbox": "Sandbox SandboxReport",
    "snapshots": "AclItem Database DatabaseObject Role Schema Snapshot",
    "stores": "AsyncSecretStore FileSecretStore SecretStore",
}
_LATER = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        value = getattr(import_module("." + _LATER[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "AclItem", "AdoptReport", "ApplyReport", "AsyncClient", "AsyncSecretStore", "AuditEntry", "AuditVerdict", "AuthenticationError", "CancelledError", "CheckReport",
    "Client", "ConflictError", "ConnectError", "ConnectionLostError", "ConnectionSpec", "Credentials",
    "Database", "DatabaseObject", "DatabaseReport", "DeniedError", "Error", "FileError", "FileSecretStore", "Finding",
    "GrantedLease", "Integration", "InternalError", "InvalidArgumentError", "InvalidStateError",
    "Lease", "LeaseEnd", "LeaseFailure", "LibraryError", "LogEntry", "NotFoundError", "NotGranted",
    "NotGrantedError", "OutOfMemoryError", "Plan", "PlannedBundle", "Policy", "Progress",
    "RevokeReport", "Role", "RotationReport", "Safety", "SafetyFinding", "Sandbox", "SandboxReport", "Schema", "SecretError", "SecretStore", "ServerError",
    "Snapshot", "SpecWarning", "StaleError", "Step", "TLSError", "Target", "TimeoutError",
    "UnsupportedError", "library_path", "library_version", "parse_acl", "password",
    "password_verifier", "quote_identifier", "quote_literal",
]  # fmt: skip
