"""Policies: the desired state, as people write it."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Mapping, Tuple, Union

from ._call import call_for_text, take_text, to_bytes
from ._errors import Error, from_document, from_handle
from ._library import library


class Policy:
    """Bundles, roles, memberships and grants that are to be there. Immutable.

    Made of a mapping, as `yaml.safe_load` or `json.load` give it, or of JSON text.

    >>> policy = Policy({"version": 1, "bundles": {"sales-read": {"maximum_duration": "8h", "grants": [
    ...     {"database": "shop", "schema": "sales", "tables": "*", "privileges": ["select"]}]}}})
    >>> policy.bundles
    ('sales-read',)
    >>> policy.to_dict()["bundles"]["sales-read"]["grants"][0]["privileges"]
    ['SELECT']
    >>> Policy({"version": 1, "bundels": {}})
    Traceback (most recent call last):
    pgrant.InvalidArgumentError: ...

    Raises InvalidArgumentError, whose `field` says where: "bundles.sales-read.grants[0].tables".
    """

    __slots__ = ("_json",)

    def __init__(self, policy: Union[str, bytes, Mapping[str, Any], Policy], /) -> None:
        text = policy_text(policy)
        #: As the library writes it: equal policies are equal texts.
        self._json = call_for_text(library().pgrant_policy_to_json, text, len(text))
        data = to_bytes(self._json, "policy")
        problems = find_problems(data)
        if problems:
            raise problems[0]

    @classmethod
    def read(cls, path: Union[str, os.PathLike[str]]) -> Policy:
        """Reads a JSON file."""
        with open(path, "rb") as file:
            return cls(file.read())

    @property
    def bundles(self) -> Tuple[str, ...]:
        """The names of the bundles."""
        return tuple(self.to_dict().get("bundles") or ())

    def to_json(self) -> str:
        """The policy as the library writes it, defaults left out."""
        return self._json

    def to_dict(self) -> Dict[str, Any]:
        """The same as a dictionary."""
        made: Dict[str, Any] = json.loads(self._json)
        return made

    @staticmethod
    def problems(policy: Union[str, bytes, Mapping[str, Any]]) -> Tuple[Error, ...]:
        """All that is wrong with a policy, as far as that can be told without a server.

        >>> [problem.field for problem in Policy.problems({"version": 2})]
        ['version']
        """
        return find_problems(policy_text(policy))

    @staticmethod
    def schema() -> Dict[str, Any]:
        """JSON Schema (draft 2020-12) of a policy, with titles and descriptions."""
        made: Dict[str, Any] = json.loads(call_for_text(library().pgrant_policy_schema))
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self._json == other._json

    def __hash__(self) -> int:
        return hash(self._json)

    def __repr__(self) -> str:
        return f"<Policy: {', '.join(self.bundles) or 'no bundles'}>"


def policy_text(policy: Union[str, bytes, Mapping[str, Any], Policy]) -> bytes:
    """A policy for the library."""
    if isinstance(policy, Policy):
        return to_bytes(policy.to_json(), "policy")
    if isinstance(policy, Mapping):
        policy = json.dumps(policy)
    return to_bytes(policy, "policy")


def find_problems(text: bytes) -> Tuple[Error, ...]:
    """Problems come also with a failure, so the status alone does not decide."""
    from ctypes import byref, c_void_p

    lib = library()
    problems, error = c_void_p(), c_void_p()
    status = lib.pgrant_policy_validate(text, len(text), byref(problems), byref(error))
    first = from_handle(error.value, status) if status else None
    if not problems.value:
        return (first,) if first else ()
    found = json.loads(take_text(problems.value))["problems"]
    return tuple(from_document(one) for one in found) or ((first,) if first else ())
