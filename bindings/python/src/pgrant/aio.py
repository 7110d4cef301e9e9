"""The client for asyncio: the same verbs as coroutines, on one queue for each event loop."""

from __future__ import annotations

import asyncio
import functools
import inspect
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Coroutine, Dict, Generic, Optional, Set, Type, TypeVar

from . import _ffi, _lease_verbs, _verbs
from ._call import call
from ._errors import CancelledError, Error, InvalidStateError, TimeoutError
from ._library import library
from ._operation import Request, refuse, reply
from ._queue import Queue
from ._runtime import tags
from .client import ClientBase
from .events import Event, read_event, tell

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")
R = TypeVar("R")
Self = TypeVar("Self", bound="AsyncClient")

#: Events that the loop handles in one go, so that its other callbacks have their turn.
_AT_ONCE = 256
#: Bytes above which a document is written and read beside the loop, on a thread of its executor.
_LARGE = 1 << 16


class LoopQueue:
    """The queue of one event loop, which watches its descriptor."""

    def __init__(self) -> None:
        self.queue = Queue()
        #: Futures of operations under way, by tag.
        self.waiting: Dict[int, asyncio.Future[None]] = {}
        #: Who hears of LOG, PROGRESS, STORE (tag of the operation) and SECRET (tag of the client)
        #: events, and destroys SECRET and STORE events.
        self.listening: Dict[int, Callable[[int, int], None]] = {}
        self._users = 0

    def join(self, loop: asyncio.AbstractEventLoop) -> None:
        """A client uses it from now on."""
        if self._users == 0:
            loop.add_reader(self.queue.fd, self._drain)
        self._users += 1

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        self._users -= 1
        if self._users == 0 and not loop.is_closed():
            loop.remove_reader(self.queue.fd)

    def _drain(self) -> None:
        lib = library()
        kind_of, tag_of, destroy = lib.pgrant_event_kind, lib.pgrant_event_tag, lib.pgrant_event_destroy
        for _ in range(_AT_ONCE):
            event = self.queue.next()
            if event is None:
                return
            kind, tag = kind_of(event), tag_of(event)
            if kind == _ffi.EVENT_COMPLETION:
                destroy(event)
                future = self.waiting.pop(tag, None)
                if future is not None and not future.done():
                    future.set_result(None)
                continue
            listener = self.listening.get(tag)
            if listener is not None:
                listener(kind, event)
            if listener is None or kind not in (_ffi.EVENT_SECRET, _ffi.EVENT_STORE):
                destroy(event)


_queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue] = weakref.WeakKeyDictionary()


def _listener(method: weakref.WeakMethod[Callable[[int], None]]) -> Callable[[int, int], None]:
    """Answers a client's SECRET events as long as there is the client."""

    def heard(kind: int, event: int) -> None:
        answer = method()
        if answer is not None:
            answer(event)
        else:
            library().pgrant_event_destroy(event)

    return heard


class _Work(Generic[T]):
    """A verb under way."""

    __slots__ = (
        "_client", "_failure", "_loop", "_operation", "_queue", "_request", "_storing", "_tag", "_timer", "timed_out",
    )  # fmt: skip

    def __init__(self, queue: LoopQueue, request: Request[T]) -> None:
        self._queue, self._request = queue, request
        self._loop = asyncio.get_running_loop()
        self._tag = next(tags)
        self._operation: Optional[int] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._failure: Optional[Exception] = None
        self._client: Optional[AsyncClient] = None
        self._storing: Optional[asyncio.Future[None]] = None
        self.timed_out = False

    async def run(self, client: AsyncClient) -> T:
        request = self._request
        future = self._queue.waiting[self._tag] = self._loop.create_future()
        talks = request.progress or client._on_log or client._readers
        if talks:
            self._queue.queue.enable()
        if talks or request.store is not None:
            self._client = client
            self._queue.listening[self._tag] = self._heard
        try:
            if request.large and any(isinstance(one, bytes) and len(one) > _LARGE for one in request.arguments):
                await self._beside(self._start, client)
            else:
                self._start(client)
            if client.timeout is not None:
                self._timer = self._loop.call_later(client.timeout, self._time_out)
            await future
        except asyncio.CancelledError:
            await self._end()
            raise
        if self._failure is not None:
            raise self._failure
        assert self._operation is not None
        if request.large:
            return await self._beside(request.take, self._operation)
        return request.take(self._operation)

    def cancel(self) -> None:
        if self._operation is not None:
            call(library().pgrant_operation_cancel, self._operation)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._storing is not None:
            self._storing.cancel()  # what the operation has not waited for
        self._queue.waiting.pop(self._tag, None)
        self._queue.listening.pop(self._tag, None)
        if self._operation is not None:
            library().pgrant_operation_destroy(self._operation)
            self._operation = None

    def _start(self, client: AsyncClient) -> None:
        self._operation = client._start(self._request, self._queue.queue.pointer, self._tag)

    def _time_out(self) -> None:
        self.timed_out = True
        self.cancel()

    async def _end(self) -> None:
        """Cancels the operation and waits for its completion, however often somebody is impatient."""
        if self._operation is None:
            return
        self.cancel()
        while self._tag in self._queue.waiting:
            again = self._queue.waiting[self._tag] = self._loop.create_future()
            try:
                await again
            except asyncio.CancelledError:
                pass

    async def _beside(self, function: Callable[..., R], *arguments: Any) -> R:
        """Runs a function on a thread; it is waited for also when the task is cancelled."""
        future = self._loop.run_in_executor(None, function, *arguments)
        cancelled: Optional[asyncio.CancelledError] = None
        while not future.done():
            try:
                await asyncio.wait({future})
            except asyncio.CancelledError as why:
                cancelled = why
        if cancelled is not None:
            raise cancelled
        return future.result()

    def _heard(self, kind: int, event: int) -> None:
        client = self._client
        if kind == _ffi.EVENT_STORE:
            self._ask_store(event)
            return
        said = read_event(event, self._request.verb)
        if client is None or said is None:
            return
        for reader in client._readers:
            reader.put_nowait(said)
        if self._failure is None:
            try:
                tell(said, self._request.progress, client._on_log)
            except Exception as why:  # the verb ends with what the caller's function raised
                self._failure = why
                self.cancel()

    def _ask_store(self, event: int) -> None:
        client, desk = self._client, self._request.store
        if client is None or desk is None:
            library().pgrant_event_destroy(event)
            return
        self._storing = asyncio.ensure_future(desk.answer_later(event))
        client._tasks.add(self._storing)
        self._storing.add_done_callback(client._tasks.discard)


def _awaiting(verb: Callable[P, Request[T]]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The verb as a coroutine function."""

    @functools.wraps(verb)
    async def method(self: Any, /, *arguments: P.args, **keywords: P.kwargs) -> T:
        made: T = await self._run(verb(*arguments, **keywords))
        return made

    return method


class AsyncClient(ClientBase):
    """One instance, as one login, for asyncio. Every verb is a coroutine; any number may run at
    once. Cancelling a task cancels its verb, which ends only when the operation has: what it was
    about to commit has then happened or not, and nothing goes on behind one's back.

        async with AsyncClient("host=db.example user=pgrant secret=env:PW") as client:
            print((await client.check()).findings)

    A client belongs to the event loop that first uses it. The function for passwords may be a
    coroutine function; another one runs on a thread of the loop's executor.
    """

    def _made(self) -> None:
        # Weak, or the queues, which are kept by their loops, would keep these.
        self._loop: Optional[weakref.ref[asyncio.AbstractEventLoop]] = None
        self._queue: Optional[LoopQueue] = None
        self._tag = next(tags)
        self._running: Set[_Work[Any]] = set()
        self._ended: Optional[asyncio.Future[None]] = None
        self._tasks: Set[asyncio.Future[None]] = set()
        self._readers: Set[asyncio.Queue[Optional[Event]]] = set()

    check = _awaiting(_verbs.check)
    inspect = _awaiting(_verbs.inspect)
    plan = _awaiting(_verbs.plan)
    plan_bootstrap = _awaiting(_verbs.plan_bootstrap)
    apply = _awaiting(_verbs.apply)
    grant = _awaiting(_lease_verbs.grant)
    extend = _awaiting(_lease_verbs.extend)
    leases = _awaiting(_lease_verbs.leases)
    revoke = _awaiting(_lease_verbs.revoke)
    revoke_grantee = _awaiting(_lease_verbs.revoke_grantee)
    revoke_bundle = _awaiting(_lease_verbs.revoke_bundle)
    revoke_all = _awaiting(_lease_verbs.revoke_all)
    expire = _awaiting(_lease_verbs.expire)
    adopt = _awaiting(_lease_verbs.adopt)
    audit = _awaiting(_lease_verbs.audit)
    verify_audit = _awaiting(_lease_verbs.verify_audit)
    rotate = _awaiting(_verbs.rotate)

    async def events(self) -> AsyncIterator[Event]:
        """What this client's operations say on their way, Progress and LogEntry, until it is
        closed. Those who iterate slowly get all of it, later.

            async for event in client.events():
                print(event)
        """
        self._use_loop().queue.enable()
        said: asyncio.Queue[Optional[Event]] = asyncio.Queue()
        self._readers.add(said)
        try:
            while True:
                event = await said.get()
                if event is None:
                    return
                yield event
        finally:
            self._readers.discard(said)

    def _use_loop(self) -> LoopQueue:
        loop = asyncio.get_running_loop()
        if self._queue is None:
            if self._tag == 0:
                raise InvalidStateError("the client is closed")
            queue = _queues.get(loop)
            if queue is None:
                queue = _queues[loop] = LoopQueue()
            queue.join(loop)
            try:
                self._open(queue.queue.pointer if self._ask else None, self._tag)
            except BaseException:
                queue.leave(loop)
                raise
            if self._ask:
                queue.listening[self._tag] = _listener(weakref.WeakMethod(self._secret_event))
            self._queue, self._loop = queue, weakref.ref(loop)
        if self._loop is None or self._loop() is not loop:
            raise InvalidStateError("the client belongs to another event loop")
        return self._queue

    async def _run(self, request: Request[T]) -> T:
        work = _Work(self._use_loop(), request)
        self._running.add(work)
        try:
            return await work.run(self)
        except CancelledError as why:
            if work.timed_out:
                raise TimeoutError(f"{request.verb} took longer than {self.timeout} s, and was cancelled") from why
            raise self._explain(why)
        except Error as why:
            raise self._explain(why)
        finally:
            work.close()
            self._running.discard(work)
            if self._ended is not None and not self._running and not self._ended.done():
                self._ended.set_result(None)

    def _secret_event(self, event: int) -> None:
        task = asyncio.ensure_future(self._answer(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, event: int) -> None:
        lib = library()
        try:
            asked_for = lib.pgrant_event_message(event).decode("utf-8", "replace")
            try:
                secret = None
                if self._ask is not None:
                    if inspect.iscoroutinefunction(self._ask):
                        secret = await self._ask(asked_for)
                    else:
                        secret = await asyncio.get_running_loop().run_in_executor(None, self._ask, asked_for)
                        secret = await secret if inspect.isawaitable(secret) else secret
                reply(event, secret)
            except Exception as why:
                self._ask_failure = why
                refuse(event, f"the function for passwords raised {type(why).__name__}")
        finally:
            lib.pgrant_event_destroy(event)  # refuses what was not answered

    async def aclose(self) -> None:
        """Cancels what is under way, waits for its end, and closes. May be repeated."""
        loop = self._loop() if self._loop else None
        if self._queue is None or loop is None:
            self._tag = 0
            return
        for work in self._running:
            work.cancel()
        while self._running:
            self._ended = asyncio.get_running_loop().create_future()
            await self._ended
        self._close()
        self._queue.listening.pop(self._tag, None)
        self._queue.leave(loop)
        self._queue, self._tag = None, 0
        for reader in self._readers:
            reader.put_nowait(None)

    async def __aenter__(self: Self) -> Self:
        self._use_loop()
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        await self.aclose()
