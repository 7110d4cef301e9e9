"""Leases: access for a time, and what ending it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Mapping, Optional, Tuple

from . import _document as doc
from ._errors import Error, from_document


@dataclass(frozen=True)
class Lease:
    """Bundles that somebody has, or had, for a time. Times are the server's."""

    #: What `revoke` takes.
    id: str
    #: "scheduled", "active", "ending", "ended", "held" or "failed"; later versions may have more.
    #: The access is there while it is active, and at no other time.
    state: str
    bundles: Tuple[str, ...] = field(metadata=doc.by(tuple))
    #: The role's name on the server.
    grantee: str
    #: "ephemeral_login": made for this lease, dropped at its end; or "existing_role".
    grantee_kind: str
    #: Whom it is for; the role's name for existing roles.
    person: str
    requester: str
    reason: str
    granted_at: datetime = field(metadata=doc.by(doc.time))
    expires_at: datetime = field(metadata=doc.by(doc.time))
    ended_at: Optional[datetime] = field(default=None, metadata=doc.by(doc.time))
    #: Held: object, database and remedy. Ending: what was in the way of the last try.
    held_why: Optional[str] = None
    starts_at: Optional[datetime] = field(default=None, metadata=doc.by(doc.time))
    ticket: Optional[str] = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Whether the access is there."""
        return self.state == "active"


@dataclass(frozen=True)
class Credentials:
    """How to log in: told once, stored nowhere. The password is not in `repr`."""

    user: str
    #: A connection string without the password.
    conninfo: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class GrantedLease:
    """What `grant` gives."""

    lease: Lease = field(metadata=doc.by(doc.one(Lease)))
    #: Only for a new ephemeral login.
    credentials: Optional[Credentials] = field(default=None, metadata=doc.by(doc.one(Credentials)))


@dataclass(frozen=True)
class LeaseEnd:
    """What ending a lease did."""

    #: As it is after the end: ended, held, or still ending.
    lease: Lease = field(metadata=doc.by(doc.one(Lease)))
    sessions_ended: int
    login_dropped: bool
    #: Bundles whose membership stays, through another lease or because it was there before.
    kept: Tuple[str, ...] = field(metadata=doc.by(tuple))


@dataclass(frozen=True)
class LeaseFailure:
    """A lease whose end met an error; the next `expire` tries again."""

    lease: str
    error: Error = field(metadata=doc.by(from_document))


@dataclass(frozen=True)
class RevokeReport:
    """What `expire` did, or a `revoke_…` of more than one lease."""

    ends: Tuple[LeaseEnd, ...] = field(metadata=doc.by(doc.every(LeaseEnd)))
    failures: Tuple[LeaseFailure, ...] = field(metadata=doc.by(doc.every(LeaseFailure)))
    #: Sessions of roles that do not exist any more, which were ended.
    ghost_sessions: int
    #: Leases whose time had come.
    started: Tuple[Lease, ...] = field(default=(), metadata=doc.by(doc.every(Lease)))
    #: Ad-hoc bundles that no lease needs any more.
    dropped_bundles: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))


@dataclass(frozen=True)
class AdoptedBundle:
    name: str
    role: str


@dataclass(frozen=True)
class LeftRole:
    """A role with a bundle that nobody could make a lease of."""

    role: str
    bundles: Tuple[str, ...] = field(metadata=doc.by(tuple))
    why: str
    remedy: str


@dataclass(frozen=True)
class AdoptReport:
    """What `adopt` found, and whether it was written into the ledger."""

    written: bool
    bundles: Tuple[AdoptedBundle, ...] = field(metadata=doc.by(doc.every(AdoptedBundle)))
    #: Without ids before they are written.
    leases: Tuple[Lease, ...] = field(metadata=doc.by(doc.every(Lease)))
    left: Tuple[LeftRole, ...] = field(metadata=doc.by(doc.every(LeftRole)))


@dataclass(frozen=True)
class AuditEntry:
    """A row of the audit trail."""

    #: Which chain of hashes it is in, and where.
    chain: int
    n: int
    at: datetime = field(metadata=doc.by(doc.time))
    #: The login that wrote it, and who wanted it.
    login: str
    actor: Optional[str]
    #: "grant", "extend", "revoke", "expire", "apply", …
    action: str
    lease: Optional[str]
    outcome: str
    details: Any = None


@dataclass(frozen=True)
class AuditVerdict:
    """Whether the audit trail is as it was written. True if it is."""

    intact: bool
    entries: int
    #: What does not fit: "chain 3, entry 17: changed or missing".
    broken: Tuple[str, ...] = field(metadata=doc.by(tuple))

    def __bool__(self) -> bool:
        return self.intact


def read_grant(document: Mapping[str, Any], _: str) -> GrantedLease:
    return doc.build(GrantedLease, document)


def read_leases(document: Mapping[str, Any], _: str) -> Tuple[Lease, ...]:
    return tuple(doc.build(Lease, one) for one in document["leases"])


def read_one(document: Mapping[str, Any], _: str) -> Lease:
    return doc.build(Lease, document["leases"][0])


def read_adopt(document: Mapping[str, Any], _: str) -> AdoptReport:
    return doc.build(AdoptReport, document)


def read_audit(document: Mapping[str, Any], _: str) -> Tuple[AuditEntry, ...]:
    return tuple(doc.build(AuditEntry, one) for one in document["entries"])


def read_verdict(document: Mapping[str, Any], _: str) -> AuditVerdict:
    return doc.build(AuditVerdict, document)


def read_end(document: Mapping[str, Any], _: str) -> LeaseEnd:
    """The one end of a `revoke`; what it failed with is raised."""
    report = doc.build(RevokeReport, document)
    if report.failures:
        raise report.failures[0].error
    return report.ends[0]


def read_revoke(document: Mapping[str, Any], _: str) -> RevokeReport:
    return doc.build(RevokeReport, document)
