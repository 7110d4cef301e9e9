"""Operations: what a verb asks for, as a value, and how what came of it is taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Generic, Mapping, Optional, Tuple, TypeVar, Union

from ._call import OptionValue, call, call_for_handle, call_for_text, make_options
from ._errors import Error, SecretError
from ._library import library

if TYPE_CHECKING:
    from ._store import StoreDesk

T = TypeVar("T")


OnEvent = Callable[[Any], object]


class Request(Generic[T]):
    """What a verb asks for. One definition serves `Client` and `AsyncClient`."""

    __slots__ = ("verb", "function", "arguments", "kind", "settings", "fields", "read", "progress", "large", "store")

    def __init__(
        self,
        verb: str,
        function: str,
        read: Callable[[Mapping[str, Any], str], T],
        *arguments: Union[bytes, int],
        kind: int = 0,
        settings: Optional[Mapping[str, OptionValue]] = None,
        fields: Optional[Mapping[str, str]] = None,
        progress: Optional[OnEvent] = None,
        large: bool = False,
        store: Optional[StoreDesk] = None,
    ) -> None:
        self.verb = verb
        self.function = function
        #: Makes the result of the document and its text.
        self.read = read
        #: Texts and numbers that stand before the options.
        self.arguments = arguments
        #: Which options it takes; 0: none.
        self.kind = kind
        self.settings = settings or {}
        #: The verb's parameters by the options' keys.
        self.fields = fields or {}
        self.progress = progress
        #: What goes in or comes out may be megabytes.
        self.large = large
        #: Who answers its STORE events.
        self.store = store

    def start(self, subject: Optional[int], queue: Optional[int], tag: int) -> int:
        """Starts it on a client or a runtime; gives the operation's handle."""
        lib = library()
        arguments: Tuple[Any, ...] = ()
        for one in self.arguments:
            arguments += (one, len(one)) if isinstance(one, bytes) else (one,)
        function = getattr(lib, self.function)
        if not self.kind:
            return call_for_handle(function, subject, *arguments, queue, tag)
        options = make_options(self.kind, self.settings, self.fields)
        try:
            return call_for_handle(function, subject, *arguments, options, queue, tag)
        except Exception as why:
            raise renamed(why, self.fields)
        finally:
            lib.pgrant_options_destroy(options)

    def take(self, operation: int) -> T:
        """What came of an operation that has completed, or raises it."""
        lib = library()
        try:
            result = call_for_handle(lib.pgrant_operation_take, operation)
        except Exception as why:
            if isinstance(why, SecretError) and self.store is not None:
                why.__cause__ = self.store.failure
            raise renamed(why, self.fields)
        try:
            text = call_for_text(lib.pgrant_result_to_json, result)
        finally:
            lib.pgrant_result_destroy(result)
        return self.read(json.loads(text), text)


def renamed(why: Exception, fields: Mapping[str, str]) -> Exception:
    """An error about an option names the parameter that it was made of."""
    if isinstance(why, Error) and why.field:
        why.field = fields.get(why.field, why.field)
    return why


def reply(event: int, secret: Union[str, bytes, None]) -> None:
    """Answers what a SECRET event asks for."""
    lib = library()
    if secret is None:
        refuse(event, "no password was given")
        return
    data = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else bytes(secret)
    call(lib.pgrant_event_reply, event, data, len(data))


def refuse(event: int, reason: str) -> None:
    data = reason.encode()
    call(library().pgrant_event_refuse, event, data, len(data))
