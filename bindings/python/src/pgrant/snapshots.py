"""Snapshots: what an instance held at one instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Mapping, Optional, Tuple, Union

from . import _document as doc


@dataclass(frozen=True)
class Gone:
    """A role that does not exist any more, but still stands in an ACL."""

    oid: int


#: A role's name; in ACLs None as a grantee is PUBLIC.
RoleName = Union[str, Gone]


def role_name(value: Any) -> RoleName:
    return value if isinstance(value, str) else Gone(value["oid"])


@dataclass(frozen=True)
class AclItem:
    """What one grantor has granted to one grantee."""

    #: None: PUBLIC.
    grantee: Optional[RoleName] = field(metadata=doc.by(role_name))
    grantor: RoleName = field(metadata=doc.by(role_name))
    #: As keywords: "SELECT".
    privileges: Tuple[str, ...] = field(metadata=doc.by(tuple))
    #: Those that may be granted on.
    grant_options: Tuple[str, ...] = field(metadata=doc.by(tuple))


Acl = Optional[Tuple[AclItem, ...]]
_acl = doc.by(doc.every(AclItem))
_role = doc.by(role_name)


@dataclass(frozen=True)
class Role:
    name: str
    superuser: bool
    inherit: bool
    create_role: bool
    create_database: bool
    login: bool
    replication: bool
    bypass_rls: bool
    #: None: no limit.
    connection_limit: Optional[int]
    #: As the server writes it.
    valid_until: Optional[str]
    comment: Optional[str]


@dataclass(frozen=True)
class Membership:
    role: RoleName = field(metadata=_role)
    member: RoleName = field(metadata=_role)
    grantor: RoleName = field(metadata=_role)
    admin: bool
    inherit: bool
    set: bool


@dataclass(frozen=True)
class Schema:
    name: str
    owner: RoleName = field(metadata=_role)
    acl: Acl = field(default=None, metadata=_acl)


@dataclass(frozen=True)
class Column:
    name: str
    acl: Acl = field(default=None, metadata=_acl)


@dataclass(frozen=True)
class DatabaseObject:
    """A table, view, sequence or routine. `acl` None: the built-in defaults."""

    schema: Union[str, Gone] = field(metadata=_role)
    #: "table", "view", "materialized view", "sequence", "function", "procedure", …
    kind: str
    name: str
    owner: RoleName = field(metadata=_role)
    #: Of a routine: the types of its arguments.
    arguments: Optional[str] = None
    acl: Acl = field(default=None, metadata=_acl)
    #: Columns with privileges of their own.
    columns: Tuple[Column, ...] = field(default=(), metadata=doc.by(doc.every(Column)))


@dataclass(frozen=True)
class DefaultPrivileges:
    """What objects that a role makes later are granted from the start."""

    creator: RoleName = field(metadata=_role)
    #: None: in all schemas.
    schema: Union[None, str, Gone] = field(metadata=_role)
    on: str
    acl: Acl = field(default=None, metadata=_acl)


@dataclass(frozen=True, repr=False)
class Database:
    name: str
    owner: RoleName = field(metadata=_role)
    allow_connections: bool
    is_template: bool
    connection_limit: Optional[int]
    inspected: bool
    why_not_inspected: Optional[str] = None
    acl: Acl = field(default=None, metadata=_acl)
    schemas: Tuple[Schema, ...] = field(default=(), metadata=doc.by(doc.every(Schema)))
    objects: Tuple[DatabaseObject, ...] = field(default=(), metadata=doc.by(doc.every(DatabaseObject)))
    default_privileges: Tuple[DefaultPrivileges, ...] = field(
        default=(), metadata=doc.by(doc.every(DefaultPrivileges))
    )

    def __repr__(self) -> str:
        return f"<Database {self.name!r}: {len(self.schemas)} schemas, {len(self.objects)} objects>"


@dataclass(frozen=True, repr=False)
class Snapshot:
    """The inventory of an instance: databases, schemas, objects, roles, and who may do what."""

    #: The document ("pgrant.snapshot/1") as the library wrote it.
    json: str
    server_version: int
    platform: str
    current_role: RoleName = field(metadata=_role)
    system_identifier: Optional[str] = None
    taken_at: Optional[datetime] = field(default=None, metadata=doc.by(doc.time))
    roles: Tuple[Role, ...] = field(default=(), metadata=doc.by(doc.every(Role)))
    memberships: Tuple[Membership, ...] = field(default=(), metadata=doc.by(doc.every(Membership)))
    databases: Tuple[Database, ...] = field(default=(), metadata=doc.by(doc.every(Database)))

    def database(self, name: str) -> Database:
        """The database of this name; KeyError if there is none."""
        for one in self.databases:
            if one.name == name:
                return one
        raise KeyError(name)

    def __repr__(self) -> str:
        return f"<Snapshot: {len(self.databases)} databases, {len(self.roles)} roles>"


def read_snapshot(document: Mapping[str, Any], text: str) -> Snapshot:
    return doc.build(Snapshot, document, json=text)
