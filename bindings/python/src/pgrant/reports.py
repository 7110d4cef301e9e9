"""What `check` and `apply` tell."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Mapping, Optional, Tuple

from . import _document as doc
from ._errors import Error, from_document
from .plans import Plan, read_plan


@dataclass(frozen=True)
class TLS:
    """How a connection is encrypted, and whose certificate the server showed."""

    protocol: str
    cipher: str
    bits: int
    subject: str
    issuer: str
    not_before: datetime = field(metadata=doc.by(doc.time))
    not_after: datetime = field(metadata=doc.by(doc.time))
    subject_names: Tuple[str, ...] = field(metadata=doc.by(tuple))
    chain_verified: bool
    name_verified: bool


@dataclass(frozen=True)
class Connection:
    """Where a connection went and how long that took, in milliseconds."""

    host: str
    address: str
    database: str
    ssl_mode: str
    connect_ms: float
    round_trip_ms: float
    #: None: not encrypted.
    tls: Optional[TLS] = field(metadata=doc.by(doc.one(TLS)))


@dataclass(frozen=True)
class Server:
    #: 180004
    version: int
    #: "18.4"
    version_text: str
    system_identifier: str
    #: "azure" or "generic".
    platform: str
    max_prepared_transactions: int


@dataclass(frozen=True)
class Login:
    """The login, and what it may do."""

    role: str
    superuser: bool
    create_role: bool
    create_database: bool
    bypass_rls: bool
    #: In the platform's group of administrators: inherits from it, and may grant it on.
    in_admin_group: bool
    admin_group_admin: bool
    may_end_sessions: bool
    #: None: no limit.
    connection_limit: Optional[int]


@dataclass(frozen=True)
class CheckedDatabase:
    """A database as the login sees it."""

    name: str
    connect: bool
    grant_connect: bool
    owned: bool


@dataclass(frozen=True)
class LedgerState:
    """The ledger as the login sees it."""

    database: str
    exists: bool
    reachable: bool
    #: The version of its tables, and the one that the library knows; None where the login may not look.
    version: Optional[int] = None
    library_version: Optional[int] = None
    #: Signs that it was restored to an earlier time.
    restored: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    #: Logins that no lease knows, logins that are gone, and such as do not expire.
    unknown_logins: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    missing_logins: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    unlimited_logins: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))


@dataclass(frozen=True)
class Finding:
    """One thing that should be known."""

    #: "problem", "warning" or "note".
    severity: str
    #: For programs: "public-may-create".
    id: str
    title: str
    why: str
    #: What to do, with the statement where there is one.
    remedy: str


@dataclass(frozen=True)
class CheckReport:
    """A look at the connection, the server and the login."""

    connection: Connection = field(metadata=doc.by(doc.one(Connection)))
    server: Server = field(metadata=doc.by(doc.one(Server)))
    login: Login = field(metadata=doc.by(doc.one(Login)))
    databases: Tuple[CheckedDatabase, ...] = field(metadata=doc.by(doc.every(CheckedDatabase)))
    ledger: LedgerState = field(metadata=doc.by(doc.one(LedgerState)))
    #: Problems first.
    findings: Tuple[Finding, ...] = field(metadata=doc.by(doc.every(Finding)))

    @property
    def problems(self) -> Tuple[Finding, ...]:
        """What does not work, or lets somebody get at data."""
        return tuple(one for one in self.findings if one.severity == "problem")

    @property
    def warnings(self) -> Tuple[Finding, ...]:
        """What works, and is weaker than it should be."""
        return tuple(one for one in self.findings if one.severity == "warning")


@dataclass(frozen=True)
class DatabaseReport:
    """What became of one database's part of a plan."""

    #: "" for what is cluster-wide.
    database: str
    steps: int
    #: None: committed. Otherwise the database is as it was before, unless `unknown`.
    failed: Optional[Error] = field(metadata=doc.by(from_document))
    #: The connection was lost at the very end: plan again to see.
    unknown: bool


@dataclass(frozen=True)
class ApplyReport:
    """What `apply` did: everything in the plan is true on the server."""

    plan: Plan
    databases: Tuple[DatabaseReport, ...] = field(metadata=doc.by(doc.every(DatabaseReport)))
    warnings: Tuple[str, ...] = field(metadata=doc.by(tuple))


@dataclass(frozen=True)
class SpecWarning:
    """What works and is not safe, or not wise."""

    #: "may-be-plain-text", "server-not-verified", "host-not-verified", "pooler-port" or
    #: "password-in-spec".
    id: str
    field: str
    message: str
    hint: str


@dataclass(frozen=True)
class RotationReport:
    """A login's password was changed; the store has it."""

    login: str
    #: A rotation that had been cut off was brought to its end: no further password was made.
    resumed: bool


def read_rotation(document: Mapping[str, Any], _: str) -> RotationReport:
    return doc.build(RotationReport, document)


def read_check(document: Mapping[str, Any], _: str) -> CheckReport:
    return doc.build(CheckReport, document)


def read_apply(document: Mapping[str, Any], _: str) -> ApplyReport:
    plan = document["plan"]
    return doc.build(ApplyReport, document, plan=read_plan(plan, json.dumps(plan)))
