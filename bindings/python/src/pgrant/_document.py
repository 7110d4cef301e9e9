"""Dataclasses from the library's JSON documents.

Documents gain keys in later versions; those that a class does not know are passed over. A key that
is missing, because the library is older, leaves the field's default.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type, TypeVar

T = TypeVar("T")
Reader = Callable[[Any], Any]

_readers: Dict[type, Tuple[Tuple[str, Optional[Reader]], ...]] = {}


def by(reader: Reader) -> Mapping[str, Any]:
    """Metadata of a field whose value is made from the document's by `reader`; null stays None."""
    return {"reader": reader}


def build(kind: Type[T], document: Mapping[str, Any], **more: Any) -> T:
    """An object of a dataclass; `more` are fields that do not stand in the document."""
    plan = _readers.get(kind)
    if plan is None:
        plan = _readers[kind] = tuple(
            (one.name, one.metadata.get("reader")) for one in fields(kind)
        )
    for name, reader in plan:
        if name not in more and name in document:
            value = document[name]
            more[name] = reader(value) if reader is not None and value is not None else value
    return kind(**more)


def each(reader: Reader) -> Reader:
    """A list as a tuple."""
    return lambda values: tuple([reader(value) for value in values])


def every(kind: Type[Any]) -> Reader:
    """A list of objects as a tuple of dataclasses."""
    return lambda values: tuple([build(kind, value) for value in values])


def one(kind: Type[Any]) -> Reader:
    """An object as a dataclass."""
    return lambda value: build(kind, value)


def time(text: str) -> datetime:
    """ISO 8601 in UTC.

    >>> time("2026-11-24T09:00:00.000000Z")
    datetime.datetime(2026, 11, 24, 9, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
