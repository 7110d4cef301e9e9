"""Bad input: a clear exception that names the parameter, and nothing sent."""

from __future__ import annotations

import datetime
import gc
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from test_main_job import blocked

import pgrant

NOWHERE = "host=127.0.0.1 port=1 user=u sslmode=require"


@pytest.fixture
def nowhere():
    with pgrant.Client(NOWHERE, keep_connections=False) as client:
        yield client


@pytest.mark.parametrize("arguments, field", [
    (dict(bundles=[], to="a", duration=60), "bundles"),
    (dict(bundles="b", to="a", duration=0), "duration"),
    (dict(bundles="b", to="a", duration=-1), "duration"),
    (dict(bundles="b", to="a", duration=2**63), "duration"),
    (dict(bundles="b", to="a", duration=10**30), "duration"),
    (dict(bundles="b", to="a", duration=2**64 + 60), "duration"),
    (dict(bundles="b", to="a", duration="soon"), "duration"),
    (dict(bundles="b", to="a", duration="1m1h"), "duration"),
    (dict(bundles="b", to="a", duration="9" * 400 + "s"), "duration"),
    (dict(bundles="b", to="a", duration=datetime.timedelta(days=-1)), "duration"),
    (dict(bundles="b", to="a\0b", duration=60), None),
    (dict(bundles="b", to="a\udcff", duration=60), None),
    (dict(bundles="b", to="a", to_role="b", duration=60), None),
    (dict(bundles="b", duration=60), None),
    (dict(bundles=["b", 1], to="a", duration=60), "bundles"),
    (dict(bundles="b", to="a", duration=60, key="k" * 201), "key"),
])
def test_grant(nowhere, arguments, field):
    with pytest.raises(pgrant.InvalidArgumentError) as caught:
        nowhere.grant(**{"reason": "x", **arguments})
    assert isinstance(caught.value, ValueError)
    if field:
        assert caught.value.field == field


@pytest.mark.parametrize("arguments", [dict(duration=None), dict(duration=1.5), dict(duration=True), dict(to=1),
                                       dict(bundles=None), dict(reason=b"\xff\xfe", to=["x"])])
def test_wrong_types(nowhere, arguments):
    with pytest.raises((TypeError, pgrant.InvalidArgumentError)):
        nowhere.grant(**{"bundles": "b", "to": "a", "duration": 60, "reason": "x", **arguments})


@pytest.mark.parametrize("policy, field", [
    ({"version": 2}, "version"), ({"version": 1, "bundels": {}}, "bundels"), ("[" * 5000, None), ("", None),
    ("\udcff", None), ('{"version": 1}\0', None), ({"version": 1, "bundles": {"b": {"grants": []}}}, None),
])
def test_policies(nowhere, policy, field):
    for function in (nowhere.plan, pgrant.Policy):
        with pytest.raises(pgrant.InvalidArgumentError) as caught:
            function(policy)
        if field:
            assert caught.value.field == field
    assert pgrant.Policy.problems(policy)


def test_policy_with_several_problems():
    rule = {"database": "", "schema": "s", "tables": "*", "privileges": []}
    problems = pgrant.Policy.problems({"version": 1, "bundles": {"b": {"grants": [rule]}}})
    assert len(problems) > 1 and all(isinstance(one, pgrant.InvalidArgumentError) for one in problems)


@pytest.mark.parametrize("plan", ["", "{}", "[]", '{"format": "pgrant.plan/2"}', 7, None, {"format": "pgrant.plan/1"}])
def test_plans(nowhere, plan):
    with pytest.raises((pgrant.InvalidArgumentError, TypeError)):
        nowhere.apply(plan)
    with pytest.raises((pgrant.InvalidArgumentError, TypeError)):
        pgrant.Plan.from_json(plan)


@pytest.mark.parametrize("settings, field", [
    (dict(lock_timeout=-1), "lock_timeout"), (dict(lock_timeout=float("nan")), "lock_timeout"),
    (dict(statement_timeout=1e300), "statement_timeout"), (dict(connect_timeout=0), "connect_timeout"),
    (dict(connection_limit=0), "connection_limit"), (dict(connection_limit=2**70), "connection_limit"),
    (dict(login_prefix="Not Good"), "login_prefix"), (dict(maximum_duration=0), "maximum_duration"),
    (dict(endpoint="port=x"), "endpoint"), (dict(password="a\0b"), None), (dict(timeout=-1), "timeout"),
])
def test_settings(settings, field):
    with pytest.raises(pgrant.InvalidArgumentError) as caught:
        pgrant.Client(NOWHERE, **settings)
    if field:
        assert caught.value.field == field


def test_unknown_settings_are_type_errors(nowhere):
    with pytest.raises(TypeError):
        pgrant.Client(NOWHERE, lock_time=1)
    with pytest.raises(TypeError):
        nowhere.check(7)
    with pytest.raises(TypeError):
        pgrant.AsyncClient(NOWHERE, lock_time=1)


@pytest.mark.parametrize("spec", ["", "user=u", "host=h sslmode=verify-ca"])
def test_specs_that_are_not_complete(spec):
    for kind in (pgrant.Client, pgrant.AsyncClient):
        with pytest.raises(pgrant.InvalidArgumentError) as caught:
            kind(spec)
        assert caught.value.field in ("host", "sslrootcert")


def test_nobody_to_ask():
    with pytest.raises(pgrant.SecretError):
        pgrant.Client(NOWHERE + " secret=prompt")
    pgrant.Client(NOWHERE + " secret=prompt", password="x").close()


def test_specs_hide_secrets_everywhere():
    spec = pgrant.ConnectionSpec("postgresql://u:hunter2@h/d", sslpassword="hunter2")
    shown = [repr(spec), str(spec), spec.to_json(), spec.conninfo(), spec.uri(), spec.get("password")]
    assert not any("hunter2" in text for text in shown)
    for bad in ("host=h secret=hunter2", "postgresql://u:hunt@hunter2@h/d", "password='hunter2"):
        with pytest.raises(pgrant.InvalidArgumentError) as caught:
            pgrant.ConnectionSpec(bad)
        assert "hunter2" not in str(caught.value) + repr(caught.value)
    assert "hunter2" not in repr(spec.replace(user="x")) and spec.replace(user="x").get("secret") == "literal"


def test_keywords_with_nul():
    for word in ("host\0", "ho\0st"):
        with pytest.raises(pgrant.InvalidArgumentError):
            pgrant.ConnectionSpec("host=h", **{word: "x"})
    with pytest.raises(pgrant.InvalidArgumentError):
        pgrant.ConnectionSpec("host=h").get("host\0x")


@pytest.mark.parametrize("length", [0.5, "24", None])
def test_password_length_of_a_wrong_type(length):
    with pytest.raises(TypeError):
        pgrant.password(length)


@pytest.mark.parametrize("length", [-1, 1, 22, 129, 2**64, 2**80])
def test_password_length_out_of_range(length):
    with pytest.raises(pgrant.InvalidArgumentError):
        pgrant.password(length)


@pytest.mark.parametrize("text", ["x" * 64, "", "a\0b", "\udcff", "é" * 32])
def test_names(text):
    with pytest.raises(pgrant.InvalidArgumentError):
        pgrant.quote_identifier(text)


def test_huge_text():
    with pytest.raises(pgrant.InvalidArgumentError):
        pgrant.quote_literal("x" * (64 * 1024 * 1024 + 1))


def test_closed_client(connector):
    client = pgrant.Client(NOWHERE)
    client.close()
    client.close()
    with pytest.raises(pgrant.InvalidStateError):
        client.check()
    with pytest.raises(pgrant.InvalidStateError):
        client.set_password("x")


def test_forgotten_handles_are_given_back():
    client, spec = pgrant.Client(NOWHERE), pgrant.ConnectionSpec(NOWHERE)
    kept = [client._client._finalizer, spec._handle._finalizer]
    assert all(one.alive for one in kept)
    del client, spec
    gc.collect()
    assert not any(one.alive for one in kept)


def test_closing_while_others_work(connector, client):
    other, results = pgrant.Client(connector), []

    def work():
        while True:
            try:
                results.append(other.leases())
            except pgrant.InvalidStateError:
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(results) < 8:
        time.sleep(0.01)
    other.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_sandbox_that_there_is_not(tmp_path):
    with pytest.raises(pgrant.NotFoundError):
        pgrant.Sandbox(tmp_path / "nothing")
    with pytest.raises(pgrant.Error):
        pgrant.Sandbox.start(tmp_path / "no" / "parent", version=18)
    for bad in (dict(version=3), dict(profile="x"), dict(port=70000), dict(settings={"not a setting": "x"})):
        with pytest.raises(pgrant.Error):
            pgrant.Sandbox.start(**bad)


def test_password_of_a_login_that_there_is_not(box):
    with pytest.raises(pgrant.NotFoundError):
        box.password("nobody")


def test_interrupt(connector, client, box, ended):
    """Ctrl-C reaches a thread that waits, and the operation ends with it."""
    with blocked(box), pgrant.Client(connector, lock_timeout=60) as waiting:
        timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            waiting.grant("sales-read", to="interrupted", duration=60, reason="x")
        assert time.monotonic() - started < 20
    assert not client.leases(grantee="interrupted", all=True)
    assert ended == [True, True]


def test_fork():
    program = f"""
import os, pgrant
client = pgrant.Client({NOWHERE!r}, keep_connections=False)
spec = client.spec
def refused(kind):
    try: client.check()
    except kind: return True
assert refused(pgrant.ConnectError)
child = os.fork()
if child == 0:
    good = refused(pgrant.InvalidStateError) and spec.host == "127.0.0.1"
    client.close()
    client = pgrant.Client(spec, keep_connections=False)
    os._exit(0 if good and refused(pgrant.ConnectError) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert refused(pgrant.ConnectError)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_process_ends_with_everything_open(connector):
    program = f"""
import pgrant, threading
client = pgrant.Client({NOWHERE!r})
threading.Thread(target=client.check, daemon=True).start()
"""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, capture_output=True)
    assert time.monotonic() - started < 30
