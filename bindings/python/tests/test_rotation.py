"""New passwords, kept in files or by the program."""

from __future__ import annotations

import asyncio
import os
import stat
import threading

import pytest
from conftest import CONNECTOR

import pgrant

APP = "App/1"


@pytest.fixture(scope="module")
def app(client, box):
    """A login whose password the connector may change."""
    box.sql(f'CREATE ROLE "{APP}" LOGIN; GRANT "{APP}" TO {CONNECTOR} WITH ADMIN OPTION')
    return APP


@pytest.fixture
def logs_in(box):
    def try_it(password, login=APP):
        where = box.spec(login, secret="env:NONE", dbname="postgres").conninfo()
        return box.psql(where, "SELECT 1", password, check=False).returncode == 0

    return try_it


class Vault:
    """What a program would keep elsewhere."""

    def __init__(self):
        self.current = self.waiting = self.before = None
        self.calls, self.threads, self.trouble = [], set(), {}

    def _called(self, what, login):
        assert login == APP
        self.calls.append(what)
        self.threads.add(threading.get_ident())
        if what in self.trouble:
            raise self.trouble.pop(what)

    def pending(self, login):
        self._called("pending", login)
        return self.waiting

    def put_pending(self, login, secret):
        self._called("put_pending", login)
        self.waiting = secret

    def promote(self, login):
        self._called("promote", login)
        if self.waiting:
            self.current, self.waiting, self.before = self.waiting, None, self.current

    def retire(self, login):
        self._called("retire", login)
        self.before = None


class AsyncVault:
    def __init__(self, client, hangs=None):
        self.vault, self.client, self.hangs = Vault(), client, hangs
        self.hanging = asyncio.Event()

    async def _step(self, what, *arguments):
        value = getattr(self.vault, what)(*arguments)
        await self.client.check()  # the client works meanwhile
        if what == self.hangs:
            self.hanging.set()
            await asyncio.sleep(60)
        return value

    async def pending(self, login):
        return await self._step("pending", login)

    async def put_pending(self, login, secret):
        await self._step("put_pending", login, secret)

    async def promote(self, login):
        await self._step("promote", login)

    async def retire(self, login):
        await self._step("retire", login)


def test_files(client, app, logs_in, tmp_path):
    store = pgrant.FileSecretStore(tmp_path)
    assert store.current(app) is None
    passwords, steps = [], []
    for _ in range(2):
        report = client.rotate(store, login=app, progress=steps.append)
        assert report == pgrant.RotationReport(login=app, resumed=False)
        passwords.append(store.current(app))
    assert logs_in(passwords[1]) and not logs_in(passwords[0])
    assert os.listdir(tmp_path) == [os.path.basename(store.current_path(app))] == ["App%2F1.password"]
    assert stat.S_IMODE(os.stat(store.current_path(app)).st_mode) == 0o600
    assert [one.place for one in steps[:5]] == ["pending", "alter", "prove", "promote", "retire"]
    assert {one.total for one in steps} == {5} and len(client.audit(action="rotate")) >= 2


def test_a_store_of_the_program(client, app, logs_in):
    vault = Vault()
    assert not client.rotate(vault, login=app, password_iterations=10000).resumed
    assert vault.calls == ["pending", "put_pending", "promote", "retire"]
    assert vault.threads == {threading.get_ident()}
    first = vault.current
    client.rotate(vault, login=app)
    assert logs_in(vault.current) and not logs_in(first) and vault.waiting is vault.before is None


@pytest.mark.parametrize("what", ["pending", "put_pending", "promote", "retire"])
def test_a_store_that_fails(client, app, logs_in, what):
    vault = Vault()
    client.rotate(vault, login=app)
    trouble = vault.trouble[what] = KeyError("the vault is shut")
    with pytest.raises(pgrant.SecretError, match="KeyError") as caught:
        client.rotate(vault, login=app)
    assert caught.value.__cause__ is trouble
    assert logs_in(vault.current) or logs_in(vault.waiting)
    assert client.rotate(vault, login=app).resumed == (what == "promote")
    vault.trouble[what] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        client.rotate(vault, login=app)
    client.rotate(vault, login=app)
    assert logs_in(vault.current)


def test_asyncio(connector, app, logs_in):
    async def job():
        async with pgrant.AsyncClient(connector) as client:
            store = AsyncVault(client)
            assert (await client.rotate(store, login=app)).login == app
            assert logs_in(store.vault.current)
            plain = Vault()  # beside the loop
            await client.rotate(plain, login=app)
            assert logs_in(plain.current) and threading.get_ident() not in plain.threads
            plain.trouble["promote"] = OSError("no")
            with pytest.raises(pgrant.SecretError) as caught:
                await client.rotate(plain, login=app)
            assert isinstance(caught.value.__cause__, OSError)
            for what in ("pending", "put_pending", "promote", "retire"):
                store = AsyncVault(client, hangs=what)
                task = asyncio.ensure_future(client.rotate(store, login=app))
                await asyncio.wait_for(store.hanging.wait(), 20)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(task, 20)
                await asyncio.sleep(0)
                assert not client._tasks
                store.hangs = None
                await client.rotate(store, login=app)
                assert logs_in(store.vault.current)
            store.hangs, client.timeout = "promote", 1.0
            with pytest.raises(pgrant.TimeoutError):
                await client.rotate(store, login=app)

    asyncio.run(job())


def test_its_own_login(admin, box, tmp_path, logs_in):
    store, me = pgrant.FileSecretStore(tmp_path), "self_rotator"
    first = pgrant.password()
    plan = admin.plan_bootstrap(me, ledger_database="self_ledger")
    admin.apply(plan, secrets={"connector": first})
    spec = box.spec(me, secret="prompt")
    with pgrant.Client(spec, password=lambda _: store.current(me) or first, ledger_database="self_ledger",
                       keep_connections=False) as client:
        for _ in range(2):
            assert client.rotate(store).login == me
        assert client.check().login.role == me
    assert not logs_in(first, me) and logs_in(store.current(me), me)
    with pgrant.Client(f"{spec.conninfo()} secret=file:{store.current_path(me)}") as client:
        assert client.check().login.role == me


def test_bad_input(client, app, tmp_path):
    vault = Vault()
    for store in (pgrant.FileSecretStore(tmp_path / "missing"), pgrant.FileSecretStore(__file__)):
        with pytest.raises(pgrant.SecretError) as caught:
            client.rotate(store, login=app)
        assert caught.value.field == "store" and caught.value.hint
    tmp_path.chmod(0o750)
    with pytest.raises(pgrant.SecretError):
        client.rotate(pgrant.FileSecretStore(tmp_path), login=app)
    assert not os.listdir(tmp_path)
    for store in (None, "somewhere", object()):
        with pytest.raises(pgrant.InvalidArgumentError) as caught:
            client.rotate(store)
        assert caught.value.field == "store"
    with pytest.raises(TypeError):
        client.rotate(pgrant.FileSecretStore(7))
    for arguments in (dict(login="a\0b"), dict(login="\udcff"), dict(password_iterations=0)):
        with pytest.raises(pgrant.InvalidArgumentError):
            client.rotate(vault, **arguments)
    with pytest.raises(pgrant.NotFoundError):
        client.rotate(vault, login="nobody at all")
    with pytest.raises(TypeError):
        client.rotate(AsyncVault.__new__(AsyncVault), login=app)
    assert not vault.calls
    vault.waiting = ""  # no password
    with pytest.raises(pgrant.SecretError):
        client.rotate(vault, login=app)


def test_leases_are_in_the_way(client, app):
    vault = Vault()
    granted = client.grant("sales-read", to="rotated", duration="10m", reason="x")
    with pytest.raises(pgrant.ConflictError):
        client.rotate(vault, login=granted.credentials.user, during_leases=True)
    client.revoke(granted.lease)
    if client.check().server.version < 160000:
        return  # there, an existing role's access does not end by itself
    granted = client.grant("sales-read", to_role=app, duration="10m", reason="x")
    with pytest.raises(pgrant.ConflictError):
        client.rotate(vault, login=app)
    client.rotate(vault, login=app, during_leases=True)
    client.revoke(granted.lease)
