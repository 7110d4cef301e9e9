"""Plans: what has to be done to make a policy true, as data to store, review, sign and apply."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple, Union

from . import _document as doc
from ._call import call_for_text, to_bytes
from ._library import library


@dataclass(frozen=True)
class Target:
    """An object that a step is about, as it was when the plan was made."""

    id: int
    kind: str
    name: str
    acl_before: Optional[str] = None


@dataclass(frozen=True)
class Step:
    """One statement, with its reason and the authority that it needs."""

    action: str
    sql: str
    #: None: cluster-wide.
    database: Optional[str] = None
    reason: str = ""
    authority: str = ""
    #: The statement that takes it back.
    inverse: Optional[str] = None
    roles: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    privileges: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    targets: Tuple[Target, ...] = field(default=(), metadata=doc.by(doc.every(Target)))
    #: The secret that `apply` puts into the statement.
    secret: Optional[str] = None


@dataclass(frozen=True)
class NotGranted:
    """Privileges that this login cannot grant."""

    object: str
    grantee: str
    privileges: Tuple[str, ...] = field(metadata=doc.by(tuple))
    reason: str
    remedy: str
    database: Optional[str] = None


@dataclass(frozen=True)
class PlannedBundle:
    """A bundle that the plan makes or keeps, with its role on the server."""

    name: str
    role: str
    description: str = ""
    #: The longest lease of it; None: the client's limit alone.
    maximum_seconds: Optional[int] = None
    databases: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    grade: Optional[str] = None
    existing_role_grade: Optional[str] = None
    #: Findings and grades that the policy accepts.
    accepted: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))


@dataclass(frozen=True)
class SafetyFinding:
    """Why access through a bundle ends less surely than it could."""

    #: For programs: "default-privileges".
    name: str
    severity: str
    #: What it makes of the bundle for ephemeral logins, and for existing roles.
    grade: str
    existing_role_grade: str
    object: Optional[str] = None
    reason: str = ""
    remedy: str = ""
    #: The policy says that somebody has decided to take it.
    accepted: bool = False


@dataclass(frozen=True)
class Safety:
    """How surely access through a bundle ends by itself: grades "A" (all of it) to "D"."""

    bundle: str
    grade: str
    existing_role_grade: str
    findings: Tuple[SafetyFinding, ...] = field(default=(), metadata=doc.by(doc.every(SafetyFinding)))


@dataclass(frozen=True, repr=False)
class Plan:
    """What has to be done, in order. True if there is something to do.

    The same policy and the same server give the same plan, byte for byte: `json` is what to store
    and to sign. It holds no secret.
    """

    #: The document ("pgrant.plan/1") as the library wrote it.
    json: str
    executor: str
    server_version: int
    system_identifier: str
    steps: Tuple[Step, ...] = field(metadata=doc.by(doc.every(Step)))
    not_granted: Tuple[NotGranted, ...] = field(default=(), metadata=doc.by(doc.every(NotGranted)))
    bundles: Tuple[PlannedBundle, ...] = field(default=(), metadata=doc.by(doc.every(PlannedBundle)))
    dropped_bundles: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    safety: Tuple[Safety, ...] = field(default=(), metadata=doc.by(doc.every(Safety)))
    warnings: Tuple[str, ...] = field(default=(), metadata=doc.by(tuple))
    best_effort: bool = False
    #: ISO 8601.
    snapshot_taken_at: Optional[str] = None

    @classmethod
    def from_json(cls, text: Union[str, bytes]) -> Plan:
        """Reads a plan that was stored. It is run as it stands: take it only from those who may
        write policies."""
        data = to_bytes(text, "plan")
        call_for_text(library().pgrant_plan_render, data, len(data))  # the library's own reader judges
        return read_plan(json.loads(data), data.decode("utf-8"))

    def render(self) -> str:
        """For people to review: every statement with its reason, then what cannot be granted."""
        data = to_bytes(self.json, "plan")
        return call_for_text(library().pgrant_plan_render, data, len(data))

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<Plan: {len(self.steps)} steps, {len(self.not_granted)} not granted>"


def read_plan(document: Mapping[str, Any], text: str) -> Plan:
    return doc.build(Plan, document, json=text)
