"""Answering what a rotation asks of the program's own store."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Optional, Tuple

from . import _ffi
from ._call import call
from ._errors import refuse as refuse_argument
from ._library import library
from ._operation import refuse, reply

_METHODS = {
    _ffi.STORE_PENDING: "pending",
    _ffi.STORE_PUT_PENDING: "put_pending",
    _ffi.STORE_PROMOTE: "promote",
    _ffi.STORE_RETIRE: "retire",
}


class StoreDesk:
    """The store of one rotation."""

    __slots__ = ("_store", "failure")

    def __init__(self, store: Any) -> None:
        for method in _METHODS.values():
            if not callable(getattr(store, method, None)):
                refuse_argument("store", f"the store has no method {method}")
        self._store = store
        #: What the store raised last; the cause of a SecretError.
        self.failure: Optional[BaseException] = None

    @property
    def is_async(self) -> bool:
        return any(inspect.iscoroutinefunction(getattr(self._store, method)) for method in _METHODS.values())

    def answer(self, event: int) -> None:
        """On this thread. What is no Exception, as Ctrl-C, passes."""
        try:
            function, arguments = self._call(event)
            self._tell(event, function(*arguments))
        except Exception as why:
            self._fail(event, why)

    async def answer_later(self, event: int) -> None:
        """On the running loop, and beside it if the store has plain functions. Destroys the event."""
        import asyncio

        try:
            function, arguments = self._call(event)
            if inspect.iscoroutinefunction(function):
                value = await function(*arguments)
            else:
                value = await asyncio.get_running_loop().run_in_executor(None, function, *arguments)
                value = await value if inspect.isawaitable(value) else value
            self._tell(event, value)
        except Exception as why:
            self._fail(event, why)
        finally:
            library().pgrant_event_destroy(event)  # refuses what was not answered

    def _call(self, event: int) -> Tuple[Callable[..., Any], Tuple[str, ...]]:
        lib = library()
        request = lib.pgrant_event_store_request(event)
        arguments: Tuple[str, ...] = (lib.pgrant_event_message(event).decode("utf-8", "replace"),)
        if request == _ffi.STORE_PUT_PENDING:
            arguments += (lib.pgrant_event_secret(event).decode("utf-8"),)
        return getattr(self._store, _METHODS[request]), arguments

    def _tell(self, event: int, value: Any) -> None:
        lib = library()
        if value is not None and lib.pgrant_event_store_request(event) == _ffi.STORE_PENDING:
            reply(event, value)
        else:
            call(lib.pgrant_event_confirm, event)

    def _fail(self, event: int, why: Exception) -> None:
        self.failure = why
        refuse(event, f"the store of secrets raised {type(why).__name__}")
