"""What needs no server: quoting, ACLs, passwords, versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Tuple, Union

from ._call import call_for_text, to_bytes, to_int
from ._library import library

if TYPE_CHECKING:
    from .snapshots import AclItem


def quote_identifier(name: str) -> str:
    """A name as an SQL identifier, in double quotes where PostgreSQL 14 to 18 want them.

    >>> quote_identifier("orders"), quote_identifier('Odd "Name"'), quote_identifier("user")
    ('orders', '"Odd ""Name\"""', '"user"')

    Names have 1 to 63 bytes.
    """
    data = to_bytes(name, "name")
    return call_for_text(library().pgrant_identifier_quote, data, len(data))


def quote_literal(value: str) -> str:
    """A value as an SQL string literal, under both settings of standard_conforming_strings.

    >>> quote_literal("it's")
    "'it''s'"
    """
    data = to_bytes(value, "value")
    return call_for_text(library().pgrant_literal_quote, data, len(data))


def parse_acl(text: str) -> Tuple[AclItem, ...]:
    """Reads the text form of an aclitem[].

    >>> for item in parse_acl("{ada=r*w/owner,=r/owner}"):
    ...     print(item.grantee, item.grantor, item.privileges, item.grant_options)
    None owner ('SELECT',) ()
    ada owner ('SELECT', 'UPDATE') ('SELECT',)
    """
    from . import _document as doc
    from .snapshots import AclItem

    data = to_bytes(text, "text")
    document = json.loads(call_for_text(library().pgrant_acl_parse, data, len(data)))
    return tuple(doc.build(AclItem, item) for item in document["acl"])


def password(length: int = 24) -> str:
    """A random password of 23 to 128 characters that need no quoting anywhere.

    >>> len(password()), password() == password()
    (24, False)
    """
    return call_for_text(library().pgrant_password_generate, to_int(length, 64, "length", signed=False))


def password_verifier(password: Union[str, bytes], iterations: int = 4096) -> str:
    """The SCRAM-SHA-256 verifier of a password: what a server stores instead of it, and as secret.

    >>> password_verifier("correct horse battery staple")[:19]
    'SCRAM-SHA-256$4096:'
    """
    data = to_bytes(password, "password")
    rounds = to_int(iterations, 32, "iterations")
    return call_for_text(library().pgrant_password_verifier, data, len(data), rounds)


def library_version() -> str:
    """The version of libpgrant."""
    version: bytes = library().pgrant_version()
    return version.decode()


def library_path() -> str:
    """The file that libpgrant was loaded from."""
    return library().path
