"""Connection specs and integrations: where a connection goes and how it is secured."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Dict, Mapping, Tuple, Union

from ._call import Handle, call, call_for_handle, call_for_text, to_bytes, to_key
from ._errors import Error, from_document, refuse
from ._library import library

if TYPE_CHECKING:
    from .reports import SpecWarning

Value = Union[str, int, bool, bytes]


class ConnectionSpec:
    """Where a connection goes and how it is secured. Immutable; shows no secret.

    Takes what libpq takes, a URI or key/value pairs, or a mapping or JSON object with the same
    keywords, and single keywords, which go before those. All of them also know `secret`, which says
    where the password comes from: "env:NAME", "file:/path", or "prompt". Nothing is read from the
    environment, service files or password files. The SSL mode is verify-full unless given.

    >>> spec = ConnectionSpec("host=db.example dbname=shop", user="pgrant", secret="env:PW")
    >>> spec
    ConnectionSpec('dbname=shop host=db.example user=pgrant secret=env:PW')
    >>> spec.host, spec.port, spec.database, spec.sslmode
    ('db.example', 5432, 'shop', 'verify-full')
    >>> ConnectionSpec("host=db.example sslmode=sometimes")
    Traceback (most recent call last):
    pgrant.InvalidArgumentError: ...

    Raises InvalidArgumentError, which names the keyword in `field` and repeats no value.
    """

    __slots__ = ("_handle", "_lock", "_recipe")

    def __init__(self, spec: Union[str, Mapping[str, Any], ConnectionSpec] = "", /, **keywords: Value) -> None:
        lib = library()
        if isinstance(spec, ConnectionSpec):
            text, settings = spec._recipe
        else:
            text, settings = _spec_text(spec), {}
        settings = {**settings, **{word: _value(word, value) for word, value in keywords.items()}}
        self._recipe: Tuple[bytes, Dict[str, bytes]] = (text, settings)
        self._lock = threading.Lock()  # the library's handle is for one thread at a time
        pointer = call_for_handle(lib.pgrant_spec_parse, text, len(text))
        self._handle = Handle(pointer, lib.pgrant_spec_destroy)
        for word, value in settings.items():
            call(lib.pgrant_spec_set, pointer, to_key(word, word), value, len(value))

    def replace(self, **keywords: Value) -> ConnectionSpec:
        """A copy with other values for these keywords; "" takes one away.

        >>> ConnectionSpec("host=a user=b").replace(user="c").user
        'c'
        """
        return type(self)(self, **keywords)

    def get(self, keyword: str) -> str:
        """The value of a keyword, "" if it was not set and for those that hold secrets. Of `host`,
        `port`, `dbname`, `user`, `sslmode` and `sslrootcert` what is in effect."""
        with self._lock:
            return call_for_text(library().pgrant_spec_get, self._handle.pointer, to_key(keyword, "keyword"))

    @property
    def host(self) -> str:
        return self.get("host")

    @property
    def port(self) -> int:
        """The port; of several servers the first one's."""
        return int(self.get("port").split(",")[0])

    @property
    def database(self) -> str:
        return self.get("dbname")

    @property
    def user(self) -> str:
        return self.get("user")

    @property
    def sslmode(self) -> str:
        return self.get("sslmode")

    @property
    def sslrootcert(self) -> str:
        return self.get("sslrootcert")

    @property
    def platform(self) -> str:
        """"azure" or "generic"."""
        return self.get("platform")

    def validate(self) -> None:
        """Raises the first problem, if the spec is not complete and consistent."""
        with self._lock:
            call(library().pgrant_spec_validate, self._handle.pointer)

    def problems(self) -> Tuple[Error, ...]:
        """All that keeps the spec from being used.

        >>> [problem.field for problem in ConnectionSpec("host=db.example sslcert=/c").problems()]
        ['sslkey']
        """
        return tuple(from_document(one) for one in json.loads(self._text("problems"))["problems"])

    def warnings(self) -> Tuple[SpecWarning, ...]:
        """What works and is not safe, or not wise.

        >>> [warning.id for warning in ConnectionSpec("host=h user=u sslmode=prefer").warnings()]
        ['may-be-plain-text']
        """
        from .reports import SpecWarning

        return tuple(
            SpecWarning(one["id"], one["field"] or "", one["message"], one["hint"] or "")
            for one in json.loads(self._text("warnings"))["warnings"]
        )

    def to_json(self) -> str:
        """The JSON object of it. What is a secret shows as "literal" or "<hidden>"."""
        return self._text("to_json")

    def to_dict(self) -> Dict[str, Any]:
        """The same as a dictionary."""
        made: Dict[str, Any] = json.loads(self.to_json())
        return made

    def conninfo(self) -> str:
        """Key/value pairs for libpq, without any secret."""
        return self._text("to_conninfo")

    def uri(self) -> str:
        """A URI for libpq, without any secret."""
        return self._text("to_uri")

    def __str__(self) -> str:
        return self._text("to_string")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def _text(self, what: str) -> str:
        with self._lock:
            return call_for_text(getattr(library(), "pgrant_spec_" + what), self._handle.pointer)


class Integration(ConnectionSpec):
    """A managed instance under a unique name of its own, with labels.

    >>> shop = Integration({"name": "shop1", "host": "db.example", "user": "pgrant"})
    >>> shop.name, shop.host
    ('shop1', 'db.example')
    """

    __slots__ = ()

    def __init__(self, spec: Union[str, Mapping[str, Any], ConnectionSpec], /, **keywords: Value) -> None:
        super().__init__(spec, **keywords)
        if not self.name:
            refuse("name", "an integration needs a name")

    @property
    def name(self) -> str:
        return self.get("name")

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Dict[str, str] = self.to_dict().get("labels") or {}
        return labels

    @staticmethod
    def schema() -> Dict[str, Any]:
        """JSON Schema (draft 2020-12) of an integration, enough to draw a form from."""
        made: Dict[str, Any] = json.loads(call_for_text(library().pgrant_integration_schema))
        return made


def _spec_text(spec: Union[str, Mapping[str, Any]]) -> bytes:
    return to_bytes(json.dumps(dict(spec)) if isinstance(spec, Mapping) else spec, "spec")


def _value(keyword: str, value: Value) -> bytes:
    if isinstance(value, bool):
        return b"1" if value else b"0"
    return to_bytes(str(value) if isinstance(value, int) else value, keyword)
