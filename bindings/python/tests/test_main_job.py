"""The main job, verb by verb, on the calling thread."""

from __future__ import annotations

import datetime
import json
import threading

import pytest
from conftest import CONNECTOR, POLICY

import pgrant


def test_check(admin):
    report = admin.check()
    assert report.connection.tls.name_verified and report.connection.ssl_mode == "verify-full"
    assert report.connection.tls.not_after > datetime.datetime.now(datetime.timezone.utc)
    assert report.server.platform == "azure" and not report.login.superuser
    assert report.login.role == "pgadmin" and report.login.connection_limit is None
    assert {"shop", "billing"} <= {one.name for one in report.databases}
    assert all(one.remedy for one in (*report.problems, *report.warnings))


def test_bootstrap_again_has_nothing_to_do(admin, connector):
    plan = admin.plan_bootstrap(CONNECTOR, creators=["app_owner"])
    assert not plan and len(plan) == 0 and plan.not_granted
    reset = admin.plan_bootstrap(CONNECTOR, creators="app_owner", reset_password=True)
    assert [step.secret for step in reset.steps if step.secret] == ["connector"]
    with pytest.raises(pgrant.SecretError):
        admin.apply(reset)


def test_profile_least(admin, connector):
    plan = admin.plan_bootstrap("least_connector", profile="least", issuers=2)
    assert any("issuer" in step.sql for step in plan.steps)
    assert not any("CREATEROLE" in step.sql and "least_connector" in step.sql for step in plan.steps)
    for bad in (dict(profile="most"), dict(issuers=-1), dict(issuers=1001)):
        with pytest.raises(pgrant.InvalidArgumentError) as caught:
            admin.plan_bootstrap("least_connector", **bad)
        assert caught.value.field in bad


def test_inspect(client):
    seen = []
    snapshot = client.inspect(progress=seen.append)
    assert json.loads(snapshot.json)["format"] == "pgrant.snapshot/1"
    assert snapshot.current_role == CONNECTOR and snapshot.taken_at.tzinfo is not None
    shop = snapshot.database("shop")
    assert {"sales", "Odd.Schema"} <= {schema.name for schema in shop.schemas}
    orders = next(one for one in shop.objects if (one.schema, one.name) == ("sales", "orders"))
    assert orders.kind == "partitioned table" and orders.owner == "app_owner"
    assert [item.privileges for item in orders.acl if item.grantee == "pgrant_sales_read"] == [("SELECT",)]
    assert [role for role in snapshot.roles if role.name == CONNECTOR][0].create_role
    assert seen and seen[-1].done == seen[-1].total and {"shop", "billing"} <= {one.place for one in seen}
    assert all(one.verb == "inspect" for one in seen)
    with pytest.raises(KeyError):
        snapshot.database("nowhere")
    narrow = client.inspect(databases="shop", objects=False, privileges=False)
    assert not narrow.memberships and not narrow.database("shop").objects
    assert not narrow.database("billing").inspected


def test_plan_and_apply(client):
    assert not client.plan(POLICY) and client.plan(pgrant.Policy(POLICY)).executor == CONNECTOR
    more = {"version": 1, "bundles": {"orders-read": {"grants": [
        {"database": "shop", "schema": "sales", "tables": "orders", "privileges": ["SELECT"]}]}}}
    plan = client.plan(more)
    assert plan and client.plan(json.dumps(more)).steps == plan.steps
    assert "CREATE ROLE pgrant_orders_read" in plan.render()
    again = pgrant.Plan.from_json(plan.json)
    assert again == plan and again.bundles[0].name == "orders-read"
    said = []
    report = client.apply(again, progress=said.append)
    assert report.plan.steps == plan.steps and not any(one.failed for one in report.databases)
    assert {"", "shop"} <= {one.database for one in report.databases}
    assert said[-1].done == said[-1].total > 0
    assert not client.plan(more)
    dropped = client.plan({"version": 1, "dropped_bundles": ["orders-read"]})
    client.apply(dropped)


def test_logs(connector, client):
    said = []
    policy = {"version": 1, "bundles": {"logged": POLICY["bundles"]["sales-read"]}}
    with pgrant.Client(connector, on_log=said.append) as talking:
        talking.apply(talking.plan(policy))
    assert any("shop" in one.message for one in said)
    assert {one.verb for one in said} == {"apply"} and {one.level for one in said} <= {10, 20, 30, 40}


def test_grant_and_revoke_a_login(client, box):
    granted = client.grant("sales-read", to="ada", duration=datetime.timedelta(hours=1), reason="look at orders")
    lease, credentials = granted.lease, granted.credentials
    assert lease.is_active and lease.person == "ada" and lease.bundles == ("sales-read",)
    assert lease.grantee_kind == "ephemeral_login" and lease.reason == "look at orders"
    assert lease.expires_at - lease.granted_at == datetime.timedelta(hours=1)
    assert credentials.password not in repr(granted) + repr(credentials) + credentials.conninfo
    assert int(box.as_grantee(credentials, "SELECT count(*) FROM sales.customers").stdout) > 0
    assert "42501" in box.as_grantee(credentials, "DELETE FROM sales.customers").stderr
    assert lease in client.leases(bundle="sales-read", grantee="ada")
    assert client.leases(id=lease.id) == (lease,)
    end = client.revoke(lease)
    assert end.lease.state == "ended" and end.login_dropped and end.lease.ended_at
    assert box.as_grantee(credentials, "SELECT 1").returncode != 0
    assert not client.leases(id=lease.id) and client.leases(id=lease.id, all=True) == (end.lease,)
    client.revoke(lease.id)  # may be repeated


def test_existing_role_and_idempotency_key(client):
    first = client.grant(["sales-read", "billing-read"], to_role="grace", duration="30m", reason="x", requester="boss",
                         key="grace-1")
    assert first.credentials is None and first.lease.grantee == "grace" and first.lease.requester == "boss"
    assert set(first.lease.bundles) == {"sales-read", "billing-read"}
    again = client.grant(["sales-read", "billing-read"], to_role="grace", duration="30m", reason="x", requester="boss",
                         key="grace-1")
    assert again.lease.id == first.lease.id
    report = client.revoke_grantee("grace")
    assert [end.lease.id for end in report.ends] == [first.lease.id] and not report.failures
    with pytest.raises(pgrant.NotFoundError):
        client.revoke_grantee("nobody at all")


def test_expire(client):
    import time

    client.grant("sales-read", to="eve", duration=1, reason="short")
    time.sleep(1.2)
    report = client.expire()
    assert "eve" in [end.lease.person for end in report.ends] and report.ghost_sessions == 0
    assert not client.expire().ends


def test_many_threads_use_one_client(client):
    granted, failures = [], []

    def work(number):
        try:
            granted.append(client.grant("sales-read", to=f"t{number}", duration=600, reason="x"))
            client.revoke(granted[-1].lease)
        except Exception as why:
            failures.append(why)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and len({one.lease.id for one in granted}) == 16


def test_password_from_a_function(box):
    asked = []

    def ask(what):
        asked.append(what)
        return box.password("pgadmin")

    spec = box.spec("pgadmin", secret="prompt")
    with pgrant.Client(spec, password=ask) as client:
        assert client.check().login.role == "pgadmin"
    assert asked and all(isinstance(what, str) for what in asked)
    threads_at_once = []
    with pgrant.Client(box.spec("pgadmin", secret=""), password=ask, keep_connections=False) as client:
        threads = [threading.Thread(target=lambda: threads_at_once.append(client.check())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(threads_at_once) == 8


def test_password_function_that_fails(box):
    def ask(what):
        raise KeyError("vault is closed")

    with pgrant.Client(box.spec("pgadmin", secret=""), password=ask, keep_connections=False) as client:
        with pytest.raises(pgrant.SecretError) as caught:
            client.check()
    assert isinstance(caught.value.__cause__, KeyError) and "KeyError" in str(caught.value)
    with pgrant.Client(box.spec("pgadmin", secret=""), password=lambda what: None, keep_connections=False) as client:
        with pytest.raises(pgrant.SecretError):
            client.check()


def test_set_password(box):
    with pgrant.Client(box.spec("pgadmin", secret=""), password="wrong", keep_connections=False) as client:
        with pytest.raises(pgrant.AuthenticationError):
            client.check()
        client.set_password(box.password("pgadmin"))
        client.check()
    with pgrant.Client(box.spec("pgadmin")) as client:
        with pytest.raises(pgrant.InvalidStateError):
            client.set_password("x")


def test_exception_in_a_progress_function_ends_the_verb(client):
    class Enough(Exception):
        pass

    def stop(progress):
        raise Enough

    with pytest.raises(Enough):
        client.inspect(progress=stop)
    client.check()


def test_timeout(connector, box):
    with pgrant.Client(connector, timeout=30) as client:
        client.check()
        client.timeout = 0.3
        with blocked(box):
            with pytest.raises(TimeoutError) as caught:
                client.grant("sales-read", to="late", duration=60, reason="x")
    assert type(caught.value) is pgrant.TimeoutError


class blocked:
    """Somebody holds the ledger's tables, so that grants wait."""

    def __init__(self, box):
        self.box = box

    def __enter__(self):
        import subprocess

        from conftest import ENVIRONMENT

        report = self.box.report()
        where = f"host={report.socket_directory} port={report.port} user={report.superuser} dbname=pgrant"
        tables = self.box.sql("SELECT string_agg(oid::regclass::text, ', ') FROM pg_class WHERE relkind = 'r'"
                              " AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_)')",
                              "pgrant")
        self.process = subprocess.Popen(["psql", "-XAtq", where], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=ENVIRONMENT, text=True)
        self.process.stdin.write(f"BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "locked"

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
