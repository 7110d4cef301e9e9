"""More about leases: later starts, extensions, labels, ad-hoc privileges, broken glass, the audit trail."""

from __future__ import annotations

import asyncio
import datetime

import pytest

import pgrant

HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime.now(datetime.timezone.utc)


def test_labels_and_ticket(client):
    granted = client.grant("sales-read", to="ada", duration=HOUR, reason="x", requester="boss", ticket="OPS-17",
                           labels={"team": "data", "zone": "ü"}, connection_limit=2)
    lease = granted.lease
    assert (lease.ticket, lease.labels, lease.requester) == ("OPS-17", {"team": "data", "zone": "ü"}, "boss")
    assert client.leases(ticket="OPS-17", labels={"team": "data"}, requester="boss") == (lease,)
    assert client.leases(ticket="OPS-17", labels={"team": "other"}) == ()
    assert client.leases(ticket="OPS-17", expiring_within=HOUR * 2) == (lease,)
    assert client.leases(ticket="OPS-17", expiring_before=NOW) == ()
    assert client.leases(states="active", limit=1) and not client.leases(states=["failed"])
    client.revoke(lease)


def test_later_start(client, box):
    granted = client.grant("sales-read", to="later", duration="30m", reason="x", starting_in="2h")
    assert granted.lease.state == "scheduled" and not granted.lease.is_active
    assert granted.lease.starts_at > granted.lease.granted_at or granted.lease.starts_at > NOW + HOUR
    assert box.as_grantee(granted.credentials, "SELECT 1").returncode != 0
    at = client.grant("sales-read", to="later", duration="30m", reason="x", starting_at=NOW + 3 * HOUR)
    assert abs(at.lease.starts_at - NOW - 3 * HOUR) < datetime.timedelta(milliseconds=1)
    assert len(client.revoke_grantee("later").ends) == 2
    with pytest.raises(pgrant.InvalidArgumentError) as caught:
        client.grant("sales-read", to="later", duration="30m", reason="x", starting_at=datetime.datetime.now())
    assert caught.value.field == "starting_at"


def test_extend(client):
    granted = client.grant("sales-read", to="longer", duration=HOUR, reason="x")
    extended = client.extend(granted.lease, by="30m", reason="not done yet", key="once")
    assert extended.expires_at - granted.lease.expires_at == datetime.timedelta(minutes=30)
    assert client.extend(granted.lease.id, by="30m", reason="not done yet", key="once").expires_at == extended.expires_at
    with pytest.raises(pgrant.InvalidArgumentError) as caught:
        client.extend(granted.lease, by="8h")
    assert caught.value.field == "by"
    client.revoke(granted.lease)
    with pytest.raises(pgrant.StaleError):
        client.extend(granted.lease, by=60)
    with pytest.raises(pgrant.NotFoundError):
        client.extend("nosuchlease", by=60)


def test_ad_hoc(client, box):
    rule = {"database": "shop", "schema": "sales", "tables": "customers", "privileges": ["SELECT"]}
    granted = client.grant(to="adhoc", duration=HOUR, reason="x", ad_hoc=[rule])
    assert granted.lease.bundles[0].startswith("adhoc-")
    assert box.as_grantee(granted.credentials, "SELECT count(*) FROM sales.customers").returncode == 0
    assert "42501" in box.as_grantee(granted.credentials, "SELECT count(*) FROM sales.orders").stderr
    client.revoke(granted.lease)
    for bad in ([{"database": "shop"}], [{**rule, "privileges": ["FLY"]}], [{}]):
        with pytest.raises(pgrant.InvalidArgumentError):
            client.grant(to="adhoc", duration=HOUR, reason="x", ad_hoc=bad)


def test_broken_glass(client):
    for person in ("glass1", "glass2"):
        client.grant("billing-read", to=person, duration=HOUR, reason="x")
    other = client.grant("sales-read", to="glass3", duration=HOUR, reason="x")
    assert {end.lease.person for end in client.revoke_bundle("billing-read").ends} >= {"glass1", "glass2"}
    assert client.leases(id=other.lease.id)
    assert "glass3" in {end.lease.person for end in client.revoke_all().ends}
    assert not client.leases(states="active")


def test_audit(client):
    granted = client.grant("sales-read", to="audited", duration=HOUR, reason="x", requester="boss")
    client.revoke(granted.lease)
    rows = client.audit(lease=granted.lease)
    assert {"grant"} <= {row.action for row in rows} and all(row.lease == granted.lease.id for row in rows)
    assert all(row.at.tzinfo for row in rows) and all(row.login for row in rows)
    assert [row.action for row in client.audit(lease=granted.lease.id, action="grant")] == ["grant"]
    assert not client.audit(before=NOW - HOUR * 24 * 365) and client.audit(within=HOUR, limit=1, since=NOW - HOUR)
    verdict = client.verify_audit()
    assert verdict and verdict.intact and verdict.entries >= len(rows) and verdict.broken == ()


def test_audit_that_somebody_changed(client, box):
    def change(outcome):
        """What it takes: a superuser who disables what keeps everybody else from it."""
        triggers = box.sql("SELECT tgname FROM pg_trigger WHERE tgrelid = 'pgrant.audit'::regclass", "pgrant").split()
        again = "; ".join(f"ALTER TABLE pgrant.audit ENABLE ALWAYS TRIGGER {name}" for name in triggers)
        return box.sql(
            "BEGIN; ALTER TABLE pgrant.audit DISABLE TRIGGER USER; WITH first AS (SELECT chain, n, outcome FROM"
            " pgrant.audit WHERE action = 'grant' ORDER BY chain, n LIMIT 1), changed AS (UPDATE pgrant.audit a SET"
            f" outcome = '{outcome}' FROM first f WHERE (a.chain, a.n) = (f.chain, f.n)) SELECT outcome FROM first;"
            f" {again}; COMMIT", "pgrant")

    assert client.verify_audit()
    before = change("another")
    verdict = client.verify_audit()
    assert not verdict and verdict.broken
    change(before)
    assert client.verify_audit()


def test_adopt_shows_what_it_would_do(client):
    report = client.adopt()
    assert not report.written and isinstance(report.leases, tuple) and isinstance(report.left, tuple)


def test_the_same_with_asyncio(connector, client):
    async def job():
        async with pgrant.AsyncClient(connector) as work:
            granted = await work.grant("sales-read", to="twice", duration=HOUR, reason="x", labels={"a": "b"})
            assert (await work.extend(granted.lease, by=60)).labels == {"a": "b"}
            assert len((await work.revoke_bundle("sales-read")).ends) >= 1
            assert (await work.revoke_all()).failures == ()
            assert await work.audit(lease=granted.lease) and await work.verify_audit()
            assert not (await work.adopt()).written

    asyncio.run(job())


@pytest.mark.parametrize("arguments, field", [
    (dict(by=0), "by"), (dict(by=-60), "by"), (dict(by="soon"), "by"), (dict(by=2**64 + 60), "by"), (dict(by=60, key=""), None)])
def test_bad_extensions(client, arguments, field):
    with pytest.raises((pgrant.InvalidArgumentError, pgrant.NotFoundError)) as caught:
        client.extend("abc", **arguments)
    if field:
        assert caught.value.field == field


@pytest.mark.parametrize("arguments", [
    dict(labels={"": "x"}), dict(labels={"a b": "x"}), dict(labels={"a": "x" * 201}), dict(ticket="x" * 201),
    dict(starting_in=-1), dict(starting_in="91d"), dict(connection_limit=0), dict(labels={"a\0": "x"})])
def test_bad_requests(client, arguments):
    with pytest.raises(pgrant.InvalidArgumentError):
        client.grant(**{"bundles": "sales-read", "to": "a", "duration": 60, "reason": "x", **arguments})


def test_bad_filters(client):
    for bad in (dict(states="nowhere"), dict(limit=0), dict(limit=2**40), dict(expiring_within="x")):
        with pytest.raises(pgrant.InvalidArgumentError):
            client.leases(**bad)
    for bad in (dict(limit=0), dict(within=-1), dict(since=datetime.datetime.now())):
        with pytest.raises(pgrant.InvalidArgumentError):
            client.audit(**bad)
