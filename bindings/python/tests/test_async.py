"""The verbs as coroutines: all of them, many at once, cancelled, on several loops."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import threading
import time
import weakref

import pytest
from conftest import CONNECTOR, POLICY
from test_main_job import blocked

import pgrant
from pgrant import aio


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_both_clients_have_the_same_verbs():
    def verbs(kind):
        return {name: inspect.signature(value) for name, value in vars(kind).items()
                if hasattr(value, "__wrapped__") and not name.startswith("_")}

    assert verbs(pgrant.Client).keys() == verbs(pgrant.AsyncClient).keys() != set()
    assert verbs(pgrant.Client) == verbs(pgrant.AsyncClient)
    for name in verbs(pgrant.AsyncClient):
        assert inspect.iscoroutinefunction(getattr(pgrant.AsyncClient, name))
        assert getattr(pgrant.Client, name).__doc__ == getattr(pgrant.AsyncClient, name).__doc__


def test_all_verbs(connector, client, box):
    async def job():
        async with pgrant.AsyncClient(box.spec()) as admin:
            assert (await admin.check()).login.role == "pgadmin"
            assert not await admin.plan_bootstrap(CONNECTOR, creators=["app_owner"])
        async with pgrant.AsyncClient(connector) as work:
            snapshot = await work.inspect()
            assert snapshot.database("shop").objects
            plan = await work.plan({"version": 1, "bundles": {"async-read": POLICY["bundles"]["sales-read"]}})
            assert plan
            said = []
            report = await work.apply(plan, progress=said.append)
            assert report.databases and said[-1].done == said[-1].total
            granted = await work.grant("async-read", to="bob", duration="10m", reason="x")
            assert granted.credentials.password
            assert granted.lease in await work.leases(bundle="async-read")
            assert (await work.revoke(granted.lease)).login_dropped
            await work.grant("async-read", to_role="grace", duration="10m", reason="x")
            assert len((await work.revoke_grantee("grace")).ends) == 1
            assert (await work.expire()).ends == ()
            with pytest.raises(pgrant.NotFoundError):
                await work.revoke("nosuchlease")

    run(job())


def test_many_at_once(connector, client):
    async def job():
        async with pgrant.AsyncClient(connector) as work:
            granted = await asyncio.gather(*(
                work.grant("sales-read", to=f"p{number}", duration="10m", reason="x") for number in range(40)))
            assert len({one.lease.id for one in granted}) == 40
            ends = await asyncio.gather(*(work.revoke(one.lease) for one in granted))
            assert all(end.login_dropped for end in ends)

    run(job())


def test_the_loop_is_never_blocked(connector, client):
    async def job():
        async with pgrant.AsyncClient(connector) as work:
            await work.check()
            longest, last = 0.0, time.perf_counter()
            began = last
            task = asyncio.ensure_future(work.inspect(include_system_schemas=True, objects=False))
            while not task.done():
                await asyncio.sleep(0)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now
            await task
            return longest, time.perf_counter() - began

    longest, whole = run(job())
    assert longest < whole / 2


def test_cancelled_task_waits_for_its_operation(connector, client, box, ended):
    async def job():
        async with pgrant.AsyncClient(connector, lock_timeout=60) as work:
            await work.check()
            with blocked(box):
                task = asyncio.ensure_future(work.grant("sales-read", to="late", duration=60, reason="x"))
                await asyncio.sleep(0.3)
                assert not task.done()
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()  # the impatient changes nothing
                started = time.monotonic()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert time.monotonic() - started < 20
                queue = aio._queues[asyncio.get_running_loop()]
                assert not queue.waiting and not work._running
            assert not await work.leases(grantee="late")
            with pytest.raises(asyncio.TimeoutError):
                with blocked(box):
                    await asyncio.wait_for(work.grant("sales-read", to="late", duration=60, reason="x"), 0.3)
            assert not await work.leases(grantee="late", all=True)

    run(job())
    assert len(ended) == 5 and all(ended)


def test_closing_cancels_what_is_under_way(connector, client, box):
    async def job():
        work = pgrant.AsyncClient(connector)
        await work.check()
        with blocked(box):
            task = asyncio.ensure_future(work.grant("sales-read", to="late", duration=60, reason="x"))
            await asyncio.sleep(0.3)
            await work.aclose()
            await work.aclose()
        with pytest.raises(pgrant.CancelledError):
            await task
        with pytest.raises(pgrant.InvalidStateError):
            await work.check()

    run(job())


def test_timeout_of_the_client(connector, client, box):
    async def job():
        async with pgrant.AsyncClient(connector, timeout=30) as work:
            await work.check()
            work.timeout = 0.4
            with blocked(box):
                with pytest.raises(pgrant.TimeoutError):
                    await work.grant("sales-read", to="late", duration=60, reason="x")

    run(job())


def test_progress_that_raises(connector, client):
    class Enough(Exception):
        pass

    def stop(progress):
        raise Enough

    async def job():
        async with pgrant.AsyncClient(connector) as work:
            with pytest.raises(Enough):
                await work.inspect(progress=stop)
            await work.check()

    run(job())


def test_events(connector, client):
    async def job():
        said = []

        async def listen(work):
            async for event in work.events():
                said.append(event)

        async with pgrant.AsyncClient(connector) as work:
            listener = asyncio.ensure_future(listen(work))
            await asyncio.sleep(0)
            await work.inspect()
            await work.apply(await work.plan({"version": 1, "bundles": {"events": POLICY["bundles"]["sales-read"]}}))
        await listener
        return said

    said = run(job())
    assert {type(one).__name__ for one in said} == {"Progress", "LogEntry"}
    assert {one.verb for one in said} == {"inspect", "apply"}


@pytest.mark.parametrize("kind", ["coroutine", "function"])
def test_password_is_asked_for(box, kind):
    where = []

    def on_a_thread(what):
        where.append(threading.current_thread())
        return box.password("pgadmin")

    async def on_the_loop(what):
        await asyncio.sleep(0.01)
        where.append(threading.current_thread())
        return box.password("pgadmin").encode()

    async def job():
        ask = on_the_loop if kind == "coroutine" else on_a_thread
        async with pgrant.AsyncClient(box.spec("pgadmin", secret="prompt"), password=ask) as work:
            await work.check()

    run(job())
    assert where and (where[0] is threading.main_thread()) == (kind == "coroutine")


def test_password_function_that_fails(box):
    async def ask(what):
        raise KeyError("vault is closed")

    async def job():
        async with pgrant.AsyncClient(box.spec("pgadmin", secret=""), password=ask, keep_connections=False) as work:
            with pytest.raises(pgrant.SecretError) as caught:
                await work.check()
            assert isinstance(caught.value.__cause__, KeyError)

    run(job())


def test_large_documents_are_handled_beside_the_loop(connector, client, ended):
    large = json.dumps(POLICY) + " " * 200_000

    async def job():
        threads = set()
        async with pgrant.AsyncClient(connector) as work:
            start = work._start
            work._start = lambda *given: (threads.add(threading.current_thread()), start(*given))[1]
            assert not await work.plan(large)
            assert threads and threading.main_thread() not in threads
            with pytest.raises(pgrant.InvalidArgumentError):
                await work.plan("[" * 70_000)
            # Cancelled while it is being started, it is waited for all the same.
            slow = threading.Event()
            work._start = lambda *given: (slow.wait(5), start(*given))[1]
            task = asyncio.ensure_future(work.plan(large))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done()
            slow.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not work._running

    run(job())
    assert all(ended)


def test_loops_on_several_threads(connector, client):
    failures = []

    async def job(name):
        async with pgrant.AsyncClient(connector) as work:
            granted = await work.grant("sales-read", to=name, duration=600, reason="x")
            await asyncio.gather(*(work.leases() for _ in range(10)))
            await work.revoke(granted.lease)

    def work(name):
        try:
            run(job(name))
        except BaseException as why:
            failures.append(why)

    threads = [threading.Thread(target=work, args=(f"loop{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert not failures


def test_a_client_belongs_to_one_loop(connector, client):
    work = pgrant.AsyncClient(connector)
    run(work.check())

    async def job():
        with pytest.raises(pgrant.InvalidStateError):
            await work.check()

    run(job())


def test_nothing_is_left_of_a_loop(connector, client):
    async def job():
        async with pgrant.AsyncClient(connector) as work:
            await work.check()
        return weakref.ref(aio._queues[asyncio.get_running_loop()])

    queue = run(job())
    gc.collect()
    assert queue() is None and not aio._queues


def test_operation_that_no_server_is_needed_for():
    async def job():
        async with pgrant.AsyncClient("host=127.0.0.1 port=1 user=u sslmode=require", keep_connections=False) as work:
            results = await asyncio.gather(*(work.check() for _ in range(20)), return_exceptions=True)
            assert {type(one) for one in results} == {pgrant.ConnectError}

    run(job())
