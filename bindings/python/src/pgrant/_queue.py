"""Waiting for operations on the calling thread."""

from __future__ import annotations

import select
import time
from collections import deque
from ctypes import byref, c_void_p
from typing import Callable, Deque, Optional, TypeVar

from . import _ffi
from ._call import Handle, call, call_for_handle
from ._errors import CancelledError, TimeoutError, from_handle
from ._library import library
from ._operation import OnEvent, Request
from ._runtime import shared, tags

T = TypeVar("T")
Answer = Callable[[int], None]


class Queue(Handle):
    """A completion queue with its descriptor."""

    __slots__ = ("enabled", "fd")

    def __init__(self) -> None:
        lib = library()
        super().__init__(call_for_handle(lib.pgrant_queue_create), lib.pgrant_queue_destroy)
        self.fd: int = lib.pgrant_queue_fd(self.pointer)
        self.enabled = False

    def enable(self) -> None:
        """LOG and PROGRESS events come from now on."""
        if not self.enabled:
            for kind in (_ffi.EVENT_LOG, _ffi.EVENT_PROGRESS):
                call(library().pgrant_queue_enable, self.pointer, kind, 1)
            self.enabled = True

    def next(self) -> Optional[int]:
        """The next event, to be destroyed by the caller; None if there is none now."""
        event, error = c_void_p(), c_void_p()
        status = library().pgrant_queue_next(self.pointer, byref(event), byref(error))
        if status:
            raise from_handle(error.value, status)
        return event.value


class Waiter:
    """Runs requests for one subject, each on the thread that calls.

    That thread polls the descriptors itself, so that signals (Ctrl-C) reach it, and runs the
    caller's functions: for progress, for logs, and for secrets, which any waiting thread answers.
    """

    def __init__(self, secrets: Optional[Queue] = None, answer: Optional[Answer] = None) -> None:
        self._secrets, self._answer = secrets, answer
        self._idle: Deque[Queue] = deque()

    def run(
        self,
        start: Callable[[Optional[int], int], int],
        request: Request[T],
        *,
        on_log: Optional[OnEvent] = None,
        timeout: Optional[float] = None,
    ) -> T:
        try:
            queue = self._idle.pop()
        except IndexError:
            queue = Queue()
        if on_log or request.progress:
            queue.enable()
        lib = library()
        deadline = None if timeout is None else time.monotonic() + timeout
        tag = next(tags)
        operation = start(queue.pointer, tag)
        try:
            try:
                done = self._wait(queue, tag, request, on_log, deadline)
            except BaseException:
                self._cancel(operation, queue, tag)
                raise
            if not done:
                self._cancel(operation, queue, tag)
                return _take_late(request, operation, timeout)
            return request.take(operation)
        finally:
            lib.pgrant_operation_destroy(operation)
            self._idle.append(queue)

    def _wait(
        self,
        queue: Queue,
        tag: int,
        request: Optional[Request[T]],
        on_log: Optional[OnEvent],
        deadline: Optional[float],
    ) -> bool:
        """False: the deadline has passed."""
        poll = select.poll()
        poll.register(queue.fd, select.POLLIN)
        if self._secrets is not None:
            poll.register(self._secrets.fd, select.POLLIN)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            ready = [fd for fd, _ in poll.poll(None if left is None else min(left, 3600.0) * 1000 + 1)]
            if queue.fd in ready and self._drain(queue, tag, request, on_log):
                return True
            if self._secrets is not None and self._secrets.fd in ready:
                self._answer_one()

    def _drain(
        self, queue: Queue, tag: int, request: Optional[Request[T]], on_log: Optional[OnEvent]
    ) -> bool:
        """Whether the operation has completed."""
        lib = library()
        while True:
            event = queue.next()
            if event is None:
                return False
            try:
                if lib.pgrant_event_tag(event) != tag:
                    continue  # of an operation that was given up
                if lib.pgrant_event_kind(event) == _ffi.EVENT_COMPLETION:
                    return True
                if request is not None and lib.pgrant_event_kind(event) == _ffi.EVENT_STORE:
                    if request.store is not None:
                        request.store.answer(event)
                elif request is not None:
                    from .events import read_event, tell  # their classes take a while to import

                    tell(read_event(event, request.verb), request.progress, on_log)
            finally:
                lib.pgrant_event_destroy(event)

    def _answer_one(self) -> None:
        event = self._secrets.next() if self._secrets else None
        if event is None:
            return  # another thread was first
        try:
            if self._answer and library().pgrant_event_kind(event) == _ffi.EVENT_SECRET:
                self._answer(event)
        finally:
            library().pgrant_event_destroy(event)

    def _cancel(self, operation: int, queue: Queue, tag: int) -> None:
        """Returns when it has ended: what it was given up for may need that."""
        call(library().pgrant_operation_cancel, operation)
        self._wait(queue, tag, None, None, None)


def _take_late(request: Request[T], operation: int, timeout: Optional[float]) -> T:
    """What came of an operation whose time was up: it may have been done just before."""
    try:
        return request.take(operation)
    except CancelledError as why:
        raise TimeoutError(f"{request.verb} took longer than {timeout} s, and was cancelled") from why


def run_on_runtime(request: Request[T]) -> T:
    """Runs what belongs to no client."""
    runtime = shared().pointer
    return Waiter().run(lambda queue, tag: request.start(runtime, queue, tag), request)
